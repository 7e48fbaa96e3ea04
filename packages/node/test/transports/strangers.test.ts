/** What a connection may cost before it has shown that it speaks the protocol, and how many of them there may be. */
import type { AddressInfo } from "node:net";
import { connect } from "@mpreg/client";
import { writeHello } from "@mpreg/core/wire";
import type { CreateNodeOptions } from "@mpreg/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { clientOf, startNode, startPair } from "../support/cluster.js";
import { tls } from "../support/certificate.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { get, rawConnection, upgradeHeaders } from "../support/http.js";
import { startLog } from "../support/log.js";
import { type RawWebSocket, frame, frameHead, rawWebSocket, upgradeRequest } from "../support/raw-socket.js";
import { frameOf } from "../support/stranger.js";

const json = (u: string, fun = "echo", args: readonly unknown[] = [1]): string =>
  JSON.stringify({ role: "rpc", u, cmds: [{ name: "first", fun, args }] });

async function isUnharmed({ url }: { readonly url: string }): Promise<void> {
  expect(await (await clientOf({ url })).call("echo", ["unharmed"])).toBe("unharmed");
}

const limited = (limits: CreateNodeOptions["limits"]): CreateNodeOptions => ({ limits });

describe("a message of a stranger", () => {
  test.each<["native" | "json", string, CreateNodeOptions["limits"]]>([
    ["native", "helloBytesMax", { helloBytesMax: 10_000 }],
    ["json", "firstRequestBytesMax", { firstRequestBytesMax: 10_000 }],
  ])("on the %s protocol is refused above %s, as soon as so much has come (H1)", async (protocol, option, limits) => {
    const node = await startNode({ limits });
    const reason = `1009 a message of more than 10000 bytes before the handshake is over (limits.${option})`;
    const partial = await rawWebSocket(node.url, protocol);
    partial.socket.write(frameHead(60_000_000));
    partial.socket.write(Buffer.alloc(10_100));
    expect(await partial.closed()).toBe(reason);
    const whole = await rawWebSocket(node.url, protocol);
    whole.socket.write(frame(Buffer.alloc(10_001)));
    expect(await whole.closed()).toBe(reason);
    const fragmented = await rawWebSocket(node.url, protocol);
    fragmented.socket.write(frameHead(1, 2, false));
    for (let i = 0; i < 2_000; i++) fragmented.socket.write(Buffer.concat([Buffer.alloc(1), frameHead(1, 0, false)]));
    expect(await fragmented.closed()).toBe(reason);
    await isUnharmed(node);
  });

  test.each<["native" | "json", string]>([
    ["native", "as a stranger"],
    ["json", "once it is known, too"],
  ])(
    "on the %s protocol may not come in pieces that take far more memory than it has bytes, %s (H4)",
    async (protocol, _when) => {
      const node = await startNode(limited({ helloBytesMax: 2_000, messageBytesMax: 20_000 }));
      const raw = await rawWebSocket(node.url, protocol);
      if (protocol === "json") raw.socket.write(frame(json("known")));
      const pings = Buffer.concat(
        Array.from({ length: 400 }, () => Buffer.concat([frameHead(125, 10), Buffer.alloc(125)])),
      );
      raw.socket.write(frameHead(1, 2, false));
      await eventually("the node hangs up", () => {
        if (raw.ended()) return true;
        raw.socket.write(Buffer.concat([Buffer.alloc(1), pings, frameHead(1, 0, false)]));
        return false;
      });
      expect(await raw.closed()).toContain("1008 a message in pieces that take more than 4 times");
      await isUnharmed(node);
    },
  );

  test("may be as long as that: credentials in the hello, arguments in the first request", async () => {
    const node = await startNode(limited({ helloBytesMax: 20_000, firstRequestBytesMax: 20_000 }));
    const client = await connect(node.url, { credentials: new Uint8Array(19_900) });
    await client.close();
    expect((await failureOf(connect(node.url, { credentials: new Uint8Array(20_000) }))).message).toContain(
      "a message of more than 20000 bytes before the handshake is over (limits.helloBytesMax)",
    );
    const raw = await rawWebSocket(node.url, "json");
    raw.socket.write(frame(json("long", "echo", ["x".repeat(19_800)])));
    await eventually("the request is answered", () => raw.received().includes(`"u":"long"`));
  });

  test("is not bounded so any more once the link is open, or the first request was valid", async () => {
    const limits = { helloBytesMax: 1_000, firstRequestBytesMax: 1_000 };
    const { node, client } = await startPair({ limits });
    expect(await client.call("echo", ["x".repeat(100_000)])).toHaveLength(100_000);
    const raw = await rawWebSocket(node.url, "json");
    raw.socket.write(frame(json("short")));
    await eventually("the request is answered", () => raw.received().includes(`"u":"short"`));
    raw.socket.write(frame(json("long", "echo", ["x".repeat(100_000)])));
    await eventually("the long one is answered", () => raw.received().includes(`"u":"long"`));
  });

  test("that is no valid request leaves the connection a stranger's", async () => {
    const node = await startNode(limited({ firstRequestBytesMax: 1_000 }));
    const raw = await rawWebSocket(node.url, "json");
    raw.socket.write(frame(`{"role":"martian","u":"1"}`));
    raw.socket.write(frame(`{"role":"rpc","u":"2","cmds":"none"}`));
    await eventually("both are answered", () => raw.received().includes(`"u":"2"`));
    raw.socket.write(frame(json("long", "echo", ["x".repeat(1_000)])));
    expect(await raw.closed()).toContain("limits.firstRequestBytesMax");
  });
});

test("strangers on the JSON protocol have so much time for their first valid request (H2)", async () => {
  const { log, lines } = startLog("warn");
  const node = await startNode({ log, limits: { firstRequestTimeoutMs: 300 } });
  const punctual = await rawWebSocket(node.url, "json");
  punctual.socket.write(frame(json("punctual")));
  const idle = await rawWebSocket(node.url, "json");
  const babbling = await rawWebSocket(node.url, "json");
  babbling.socket.write(frame("{}"));
  const reason = "no valid request within 300 ms (limits.firstRequestTimeoutMs)";
  expect(await idle.closed()).toBe(`1008 ${reason}`);
  expect(await babbling.closed()).toBe(`1008 ${reason}`);
  expect(lines).toEqual(
    Array.from({ length: 2 }, () => {
      return { level: 40, node: node.name, address: "127.0.0.1", protocol: "json-v1", reason, msg: "connection ended" };
    }),
  );
  punctual.socket.write(frame(json("later")));
  await eventually("who was in time stays", () => punctual.received().includes(`"u":"later"`));
});

describe("the unfinished messages of all strangers together", () => {
  const limits = { strangerBytesMax: 100_000 };

  /** Sends `bytes` of a message that is to be longer. */
  const begin = async ({ url }: { readonly url: string }, bytes: number): Promise<RawWebSocket> => {
    const raw = await rawWebSocket(url, "json");
    raw.socket.write(Buffer.concat([frameHead(1_000_000), Buffer.alloc(bytes)]));
    return raw;
  };

  test("are bounded: the one that holds most is cut off, and whoever holds little goes on (G2)", async () => {
    const { log, lines } = startLog("warn");
    const node = await startNode({ log, limits });
    const small = await rawWebSocket(node.url, "json");
    const request = frame(json("small"));
    small.socket.write(request.subarray(0, 30));
    const medium = await begin(node, 40_000);
    const large = await begin(node, 50_000);
    await begin(node, 30_000);
    await eventually("the largest is cut off", () => large.ended());
    expect([small.ended(), medium.ended()]).toEqual([false, false]);
    small.socket.write(request.subarray(30));
    await eventually("the small one is answered", () => small.received().includes(`"u":"small"`));
    expect(lines.map(({ reason }) => reason)).toEqual([
      "the unfinished messages of strangers exceed 100000 bytes (limits.strangerBytesMax), and this connection held most",
    ]);
  });

  test("do not count any more when they are whole, or their connection is gone", async () => {
    const node = await startNode({ limits });
    const largest = await begin(node, 40_000);
    for (let i = 0; i < 10; i++) {
      const raw = await begin(node, 10_000);
      raw.socket.destroy();
    }
    for (let i = 0; i < 2; i++) {
      const whole = await rawWebSocket(node.url, "json");
      whole.socket.write(frame(" ".repeat(30_000) + `{"role":"martian","u":"whole"}`));
      await eventually("it is answered", () => whole.received().includes(`"u":"whole"`));
    }
    expect(largest.ended()).toBe(false);
  });

  test("do not shut out who has got through the handshake: that is counted apart (G2)", async () => {
    const { log, lines } = startLog("warn");
    const node = await startNode({ log, limits: { ...limits, arrivingBytesMax: 300_000 } });
    const known = await rawWebSocket(node.url, "json");
    const first = frame(json("known", "echo", ["x".repeat(70_000)]));
    known.socket.write(first.subarray(0, 60_000));
    await begin(node, 10); // what was written before has come
    known.socket.write(Buffer.concat([first.subarray(60_000), frameHead(1_000_000), Buffer.alloc(250_000)]));
    await eventually("it is known", () => known.received().includes(`"u":"known"`));
    const stranger = await begin(node, 60_000);
    const another = await begin(node, 70_000);
    await eventually("a stranger is cut off", () => another.ended());
    expect([known.ended(), stranger.ended()]).toEqual([false, false]);
    known.socket.write(Buffer.alloc(100_000));
    await eventually("the known one goes over its own bound", () => known.ended());
    expect(lines.at(-1)).toMatchObject({ reason: expect.stringContaining("(limits.arrivingBytesMax)") });
  });
});

describe("the number of connections", () => {
  test("of strangers is bounded: one more is told so before the upgrade, until one has left or is known (G1)", async () => {
    const node = await startNode(limited({ strangersMax: 3 }));
    const [first, second] = [await rawWebSocket(node.url, "native"), await rawWebSocket(node.url, "json")];
    await rawWebSocket(node.url, "json");
    expect(await get(node.url, upgradeHeaders)).toMatchObject({
      status: 503,
      body: "Refused: the node has 3 connections whose handshake is not over; try again later, or raise limits.strangersMax\n",
    });
    expect((await get(node.url)).status).toBe(426);
    second.socket.write(frame(json("first")));
    await eventually("it is known", () => second.received().includes(`"u":"first"`));
    const client = await clientOf(node);
    first.socket.destroy();
    await eventually("there is room again", async () => (await get(node.url, upgradeHeaders)).status === 101);
    expect(await client.call("echo", [1])).toBe(1);
  });

  test("in all is bounded, until one has left (G1)", async () => {
    const node = await startNode(limited({ connectionsMax: 2 }));
    const leaving = await clientOf(node);
    const staying = await clientOf(node);
    expect((await failureOf(connect(node.url))).message).toContain("503");
    expect((await get(node.url, upgradeHeaders)).body).toBe(
      "Refused: the node has 2 connections; try again later, or raise limits.connectionsMax\n",
    );
    await leaving.close();
    await eventually("there is room again", async () => (await get(node.url, upgradeHeaders)).status === 101);
    expect(await staying.call("echo", [1])).toBe(1);
  });

  test("counts who says nothing at all, so that TCP connections are bounded, too", async () => {
    const node = await startNode(limited({ connectionsMax: 2, strangersMax: 1 }));
    const client = await clientOf(node);
    const silent = [await rawConnection(node.url), await rawConnection(node.url)];
    const dropped = await rawConnection(node.url);
    dropped.resume();
    let isDropped = false;
    dropped.on("close", () => (isDropped = true)).on("end", () => dropped.destroy());
    await eventually("one too many is dropped", () => isDropped);
    for (const each of silent) expect(each.readyState).toBe("open");
    expect(await client.call("echo", [1])).toBe(1);
  });
});

describe("whoever does not say in time what it wants is hung up on (L4)", () => {
  test.each<[string, string]>([
    ["says nothing", ""],
    ["says half a request line", "GET / HT"],
    ["never ends its headers", upgradeRequest("native").slice(0, -2)],
    ["never ends its body", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nabc"],
  ])("a connection that %s", async (_what, said) => {
    const node = await startNode(limited({ handshakeTimeoutMs: 200 }));
    const socket = await rawConnection(node.url);
    let heard = "";
    let ended = false;
    socket.on("data", (piece: Buffer) => (heard += piece.toString())).on("end", () => (ended = true));
    socket.write(said);
    await eventually("the node hangs up", () => ended || socket.destroyed);
    expect(heard).toContain("408 Request Timeout");
  });

  test("a connection that sends a header every now and then", async () => {
    const node = await startNode(limited({ handshakeTimeoutMs: 200 }));
    const socket = await rawConnection(node.url);
    let ended = false;
    socket.resume().on("end", () => (ended = true));
    socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n");
    await eventually("the node hangs up", () => {
      socket.write("x-slow: 1\r\n");
      return ended || socket.destroyed;
    });
  });

  test("a connection that says nothing to a TLS port", async () => {
    const node = await startNode({ tls, limits: { handshakeTimeoutMs: 200 } });
    const socket = await rawConnection(node.url);
    let ended = false;
    socket.resume().on("end", () => (ended = true));
    await eventually("the node hangs up", () => ended || socket.destroyed);
  });
});

test("a dialled node is a stranger, too, until it has proved its key (H1)", async () => {
  const { log, lines } = startLog("warn");
  const hello = frameOf((writer) => {
    const limits = { versionMin: 2, versionMax: 2, messageBytesMax: 1e6, windowBytes: 1e6 };
    const credentials = new Uint8Array(70_000);
    writeHello(writer, { kind: "hello", ...limits, nonce: new Uint8Array(32), identity: undefined, credentials });
  });
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const each of server.clients) each.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    socket.send(hello);
  });
  await new Promise((resolve) => server.once("listening", resolve));
  await startNode({ log, peers: [`ws://127.0.0.1:${(server.address() as AddressInfo).port}`] });
  await eventually("the connection is ended", () => lines.length > 0);
  expect(lines[0]).toMatchObject({ msg: "connection ended", reason: expect.stringContaining("limits.helloBytesMax") });
});
