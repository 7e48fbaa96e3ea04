/** Connecting: what can be in the way, and what the program is told. */
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { connect } from "@mpreg/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { clientOf, startNode } from "../../node/test/support/cluster.js";
import { eventually } from "../../node/test/support/eventually.js";
import { failureOf, told } from "../../node/test/support/failure.js";
import { freePort } from "../../node/test/support/proxy.js";

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A TCP server that accepts and then does `greet`. */
function tcpServer(greet: (socket: Socket) => void): Promise<string> {
  return listening(
    createServer((socket) => {
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => undefined); // the client may hang up whenever it likes
      greet(socket);
    }),
  );
}

/** A WebSocket server that agrees to our subprotocol and then does `greet`. */
async function webSocketServer(greet: (send: (bytes: Uint8Array) => void) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    greet((bytes) => {
      socket.send(bytes);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("connect rejects with not-connected", () => {
  test("when nobody listens there", async () => {
    const port = await freePort();
    expect(told(await failureOf(connect(`ws://127.0.0.1:${port}`)))).toEqual({
      code: "not-connected",
      message: `Cannot connect to ws://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
      step: undefined,
      node: undefined,
      outcome: "not-applied",
    });
  });

  test("when the host has no address", async () => {
    const error = await failureOf(connect("ws://no-such-host.invalid:9001"));
    expect(error.code).toBe("not-connected");
    expect(error.message).toMatch(/^Cannot connect to ws:\/\/no-such-host\.invalid:9001: getaddrinfo E/);
  });

  test("when a web server answers", async () => {
    const url = await listening(createHttpServer((_request, response) => response.end("hello")));
    expect((await failureOf(connect(url))).message).toBe(`Cannot connect to ${url}: Unexpected server response: 200`);
  });

  test("when something that is no web server answers", async () => {
    const url = await tcpServer((socket) => socket.write("220 smtp.example ESMTP\r\n"));
    const error = await failureOf(connect(url));
    expect(error.code).toBe("not-connected");
    expect(error.message).toContain(`Cannot connect to ${url}: Parse Error`);
  });

  test("when the connection is dropped at once", async () => {
    const url = await tcpServer((socket) => socket.destroy());
    expect((await failureOf(connect(url))).message).toMatch(/: (socket hang up|read ECONNRESET)$/);
  });

  test("when a WebSocket server speaks something else", async () => {
    const url = await webSocketServer((send) => {
      send(Buffer.from("welcome!"));
    });
    expect((await failureOf(connect(url))).message).toMatch(
      /^Cannot connect to ws:.*: a message of \d+ bytes in a frame that has 4 left$/,
    );
  });

  test("when the server does not know the subprotocol", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => false });
    onTestFinished(() => {
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await failureOf(connect(url))).message).toBe(`Cannot connect to ${url}: Server sent no subprotocol`);
  });

  test("when nobody answers in time: not the connection, nor the greeting", async () => {
    const silentTcp = await tcpServer(() => undefined);
    expect((await failureOf(connect(silentTcp, { timeoutMs: 50 }))).message).toBe(
      `Cannot connect to ${silentTcp}: Opening handshake has timed out`,
    );
    const silentSocket = await webSocketServer(() => undefined);
    expect((await failureOf(connect(silentSocket, { timeoutMs: 50 }))).message).toBe(
      `Cannot connect to ${silentSocket}: no handshake within 50 ms`,
    );
  });

  test("when the node is closing", async () => {
    const node = await startNode();
    await node.close();
    expect((await failureOf(connect(node.url))).code).toBe("not-connected");
  });
});

describe("a signal", () => {
  test("that is aborted already: nothing is tried", async () => {
    let came = 0;
    const url = await tcpServer(() => (came += 1));
    const error = await failureOf(connect(url, { signal: AbortSignal.abort(new Error("never mind")) }));
    expect(told(error)).toMatchObject({ code: "cancelled", message: "The caller cancelled" });
    expect(error.cause).toEqual(new Error("never mind"));
    const node = await startNode();
    await clientOf(node); // a whole connection takes longer than one that would have been tried
    expect(came).toBe(0);
  });

  test("gives up connecting, and the connection with it", async () => {
    let left = false;
    let came = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (came = resolve));
    const url = await tcpServer((socket) => {
      socket.once("close", () => (left = true));
      socket.resume();
      came();
    });
    const controller = new AbortController();
    const failure = failureOf(connect(url, { signal: controller.signal }));
    await arrived;
    controller.abort(new Error("too slow"));
    const error = await failure;
    expect(told(error)).toMatchObject({ code: "cancelled", message: "The caller cancelled" });
    expect(error.cause).toEqual(new Error("too slow"));
    await eventually("the server sees the client leave", () => left);
  });

  test("that aborts after the client is connected changes nothing", async () => {
    const node = await startNode();
    const controller = new AbortController();
    const client = await clientOf(node, { signal: controller.signal });
    controller.abort();
    expect(await client.call("echo", [1])).toBe(1);
  });
});

describe("connect refuses by name", () => {
  test.each<[unknown, string]>([
    ["127.0.0.1:9001", `connect takes a URL like ws://127.0.0.1:9001, got "127.0.0.1:9001"`],
    ["http://127.0.0.1:9001", `connect takes a URL like ws://127.0.0.1:9001, got "http://127.0.0.1:9001"`],
    ["ws://127.0.0.1:9001/#part", `connect takes a URL like ws://127.0.0.1:9001, got "ws://127.0.0.1:9001/#part"`],
    ["", `connect takes a URL like ws://127.0.0.1:9001, got ""`],
    [[], "connect takes a URL, or an array of 1 to 64, got 0 of them"],
    [["ws://127.0.0.1:9001", "x"], `connect takes a URL like ws://127.0.0.1:9001, got "x"`],
    [undefined, "connect takes a URL like ws://127.0.0.1:9001, got undefined"],
  ])("the URL %j", async (url, message) => {
    expect(told(await failureOf(connect(url as string)))).toMatchObject({ code: "invalid-argument", message });
  });

  test("an option that does not exist, with those that do and the nearest", async () => {
    const error = await failureOf(connect("ws://127.0.0.1:9", { credential: 5 } as never));
    expect(error.code).toBe("invalid-argument");
    expect(error.message).toMatch(
      /^connect has no option "credential"; it has contract, .*messageBytesMax.*; did you mean "credentials"\?$/,
    );
  });

  test.each<[unknown, string]>([
    [null, "connect: the options must be an object, got null"],
    [5_000, "connect: the options must be an object, got number"],
    [{ timeoutMs: NaN }, `timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got NaN`],
    [{ signal: new AbortController() }, "signal must be an AbortSignal, got object"],
    [{ ca: 1 }, "ca must be certificates in PEM (a text or a Uint8Array), got number"],
    [{ contract: "shop" }, "A contract must be an object of functions by name, got string"],
    [{ contract: { price: {} } }, `contract: "price" must be declared with fn({ … })`],
    [{ messageBytesMax: "1" }, `messageBytesMax must be an integer from 1 to 4294967295, got "1"`],
    [{ timeoutMs: 0 }, "timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got 0"],
    [{ timeoutMs: "1s" }, `timeoutMs must be a number of milliseconds above 0 and up to 2147483647, got "1s"`],
    [{ messageBytesMax: 0 }, "messageBytesMax must be an integer from 1 to 4294967295, got 0"],
    [{ messageBytesMax: 2 ** 32 }, "messageBytesMax must be an integer from 1 to 4294967295, got 4294967296"],
    [{ reconnect: 1 }, "reconnect must be true or false, got 1"],
    [{ discover: "no" }, `discover must be true or false, got "no"`],
    [{ credentials: "secret" }, "credentials must be bytes (a Uint8Array), got string"],
  ])("the option %j", async (options, message) => {
    const error = await failureOf(connect("ws://127.0.0.1:9", options as never));
    expect(error.code).toBe("invalid-argument");
    expect(error.message).toBe(message);
  });
});
