/** Bytes that are no messages, from strangers on a real socket: what ends, and that nothing else does. */
import { randomBytes } from "node:crypto";
import { kinds, writeCall, writeGoodbye, writePing } from "@mpreg/core/wire";
import type { Client } from "@mpreg/client";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { rawConnection, upgradeHeaders } from "../support/http.js";
import { startLog } from "../support/log.js";
import { Stranger, codec, frameOf } from "../support/stranger.js";

async function isUnharmed({ client }: { client: Client }): Promise<void> {
  expect(await client.call("echo", ["unharmed"])).toBe("unharmed");
}

const call =
  (id: number, fun = "echo", args: unknown = []) =>
  (writer: Parameters<typeof writeCall>[0]) => {
    const fields = {
      fun,
      resources: [],
      args: codec.encode(args, "args"),
      timeoutMs: 0,
      waitForCapacityMs: 0,
      summary: false,
      terms: undefined,
    };
    writeCall(writer, id, fields);
  };

describe("before the handshake", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ["text", "hello?", /^a message of \d+ bytes in a frame that has 2 left$/],
    ["random bytes", Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb), /^a message of 4294901244 bytes in a frame/],
    ["a message cut short", frameOf((w) => w.begin(kinds.hello).u8(1)), /^a message ends before its last field$/],
    ["a call", frameOf(call(1)), /^a call during the handshake$/],
    [
      "a ping",
      frameOf((w) => {
        writePing(w, 1);
      }),
      /^a ping during the handshake$/,
    ],
    ["a proof", frameOf((w) => w.begin(kinds.prove).raw(new Uint8Array(64))), /^a prove during the handshake$/],
  ])("%s ends the connection, and the reason is told and logged", async (_what, bytes, reason) => {
    const { log, lines } = startLog("warn");
    const pair = await startPair({ log });
    const socket = new WebSocket(pair.node.url, "mpreg.v2");
    const closed = new Promise<[number, string]>((resolve) => {
      socket.on("close", (code, text) => {
        resolve([code, text.toString()]);
      });
    });
    socket.on("open", () => {
      socket.send(bytes);
    });
    expect(await closed).toEqual([1002, expect.stringMatching(reason)]);
    expect(lines).toEqual([
      expect.objectContaining({
        msg: "link refused",
        address: "127.0.0.1",
        reason: { code: "malformed", reason: expect.stringMatching(reason) },
      }),
    ]);
    await isUnharmed(pair);
  });

  test("a goodbye is taken at its word, though nothing was said before", async () => {
    const pair = await startPair();
    const socket = new WebSocket(pair.node.url, "mpreg.v2");
    const closed = new Promise<string>((resolve) => {
      socket.on("close", (_code, text) => {
        resolve(text.toString());
      });
    });
    socket.on("open", () => {
      socket.send(
        frameOf((w) => {
          writeGoodbye(w, "closing", "never mind");
        }),
      );
    });
    expect(await closed).toBe("never mind");
    await isUnharmed(pair);
  });

  test("silence ends the connection after the time for the handshake", async () => {
    const { log, lines } = startLog("warn");
    const pair = await startPair({ log, limits: { handshakeTimeoutMs: 400 } });
    const socket = new WebSocket(pair.node.url, "mpreg.v2");
    const reason = await new Promise<string>((resolve) => {
      socket.on("close", (_code, text) => {
        resolve(text.toString());
      });
    });
    expect(reason).toBe("no handshake within 400 ms");
    expect(lines[0]).toMatchObject({ msg: "link refused", reason: { code: "silent" } });
    await isUnharmed(pair);
  });

  test("a version that this side does not speak is refused with those it does", async () => {
    const { node } = await startPair();
    const socket = new WebSocket(node.url, "mpreg.v2");
    const reason = await new Promise<string>((resolve) => {
      socket.on("close", (code, text) => {
        resolve(`${code} ${text.toString()}`);
      });
      socket.on("open", () => {
        const hello = (w: Parameters<typeof writeCall>[0]) =>
          w.begin(kinds.hello).u8(90).u8(99).raw(randomBytes(32)).u32(1e6).u32(1e6).endFields();
        socket.send(frameOf(hello));
      });
    });
    expect(reason).toBe("1008 this side speaks protocol versions 2 to 2, the other 90 to 99");
  });
});

describe("on an open link", () => {
  test.each<[string, Uint8Array, string | RegExp]>([
    ["random bytes", Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb), /^a message of 4294901244 bytes in a frame/],
    ["a message of no length", Uint8Array.of(0, 0, 0, 0, 0), /^a message of 0 bytes/],
    ["half a length", Uint8Array.of(0, 0, 1), "a frame ends inside a message's length"],
    ["half a message", frameOf(call(1)).subarray(0, 12), /^a message of \d+ bytes in a frame that has 8 left$/],
    [
      "a second hello",
      frameOf((w) => w.begin(kinds.hello).u8(2).u8(2).raw(randomBytes(32)).u32(1).u32(1).endFields()),
      "a hello on a link that is open",
    ],
    ["an open", frameOf((w) => w.begin(kinds.open)), "a open on a link that is open"],
  ])("%s end the link with the reason", async (_what, frame, reason) => {
    const pair = await startPair();
    const stranger = await Stranger.connect(pair.node.url);
    stranger.send(frame);
    expect(await stranger.dismissed()).toEqual({
      code: "malformed",
      reason: typeof reason === "string" ? reason : expect.stringMatching(reason),
    });
    await isUnharmed(pair);
  });

  test("a bad message among good ones of a frame: those before it are answered", async () => {
    const pair = await startPair();
    const stranger = await Stranger.connect(pair.node.url);
    stranger.send(Buffer.concat([frameOf(call(1, "echo", ["first"])), Uint8Array.of(0, 0, 0, 0)]));
    expect((await stranger.dismissed()).code).toBe("malformed");
    await isUnharmed(pair);
  });

  test("a message that expects an answer and is of an unknown kind is answered: unsupported", async () => {
    const { node } = await startPair();
    const stranger = await Stranger.connect(node.url);
    stranger.send(
      frameOf(
        (w) => w.begin(0xff).u32(7),
        (w) => w.begin(0x7f).raw(randomBytes(20)),
        call(8, "echo", ["goes on"]),
      ),
    );
    const { error } = await stranger.message("failure", 7);
    expect([error.code, error.message, error.node]).toEqual([
      "unsupported",
      "Messages of kind 0xff are not known here",
      "solo",
    ]);
    expect(codec.decode((await stranger.message("answer", 8)).value as Uint8Array)).toBe("goes on");
  });

  test("answers and cancellations of ids that nobody asked with change nothing", async () => {
    const { node } = await startPair();
    const stranger = await Stranger.connect(node.url);
    const cancel = (w: Parameters<typeof writeCall>[0]) => w.begin(kinds.cancel).u32(99);
    const answer = (w: Parameters<typeof writeCall>[0]) =>
      w.begin(kinds.answer).u32(1).endFields().raw(codec.encode(1, ""));
    const credit = (w: Parameters<typeof writeCall>[0]) => w.begin(kinds.credit).varint(2 ** 40);
    stranger.send(frameOf(cancel, answer, credit, call(1, "echo", ["goes on"])));
    expect(codec.decode((await stranger.message("answer", 1)).value as Uint8Array)).toBe("goes on");
  });

  test("a message beyond what the node accepts ends the connection before it is read to its end", async () => {
    const pair = await startPair({ limits: { messageBytesMax: 10_000 } });
    const stranger = await Stranger.connect(pair.node.url);
    stranger.send(new Uint8Array(2_000_000));
    expect(await stranger.dismissed()).toEqual({ code: "transport", reason: "code 1009" });
    await isUnharmed(pair);
  });

  test("frames that WebSocket does not allow end the connection", async () => {
    const pair = await startPair();
    for (const bytes of [
      Uint8Array.of(0x82, 0x01, 0x00), // not masked
      Uint8Array.of(0xf2, 0x80, 0, 0, 0, 0), // reserved bits
      Uint8Array.of(0x80, 0x80, 0, 0, 0, 0), // a continuation of nothing
      Uint8Array.of(0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), // 2^64 bytes
      Uint8Array.of(0x89, 0xfe, 0xff, 0xff), // a ping of 65535 bytes
    ]) {
      const socket = await rawConnection(pair.node.url);
      let ended = false;
      socket.on("end", () => (ended = true));
      socket.resume();
      const headers = Object.entries(upgradeHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\n${headers.join("")}\r\n`);
      socket.write(bytes);
      await eventually("the node hangs up", () => ended || socket.destroyed);
    }
    await isUnharmed(pair);
  });
});
