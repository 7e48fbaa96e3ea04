/** Strangers who claim, ask for or hold on to much: what it costs the node, measured in a process of its own. */
import { kinds, writeCall } from "@mpreg/core/wire";
import { describe, expect, test } from "vitest";
import { clientOf } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { rawConnection, upgradeHeaders } from "../support/http.js";
import { startProcess } from "../support/processes.js";
import { frame, frameHead, rawWebSocket } from "../support/raw-socket.js";
import { Stranger, codec, frameOf } from "../support/stranger.js";

const megabyte = 1024 * 1024;

/** Runs `attack` against a node of its own and answers by how many megabytes it grew, and what a client gets after. */
async function costOf(attack: (url: string) => Promise<void>, limits: object = {}) {
  const node = await startProcess({ name: "target", limits });
  const client = await clientOf(node);
  const before = await client.call<number>("memory");
  await attack(node.url);
  const after = await client.call<number>("memory");
  return {
    grownMb: (after - before) / megabyte,
    answer: await client.call("echo", ["unharmed"]),
    stderr: node.stderr(),
  };
}

const handshake = (): string => {
  const headers = Object.entries(upgradeHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\nhost: localhost\r\n${headers.join("")}\r\n`;
};

describe("the node's memory does not follow", () => {
  test("what a hundred frames claim to bring and never do", async () => {
    const { grownMb, answer } = await costOf(async (url) => {
      for (let i = 0; i < 100; i++) {
        const socket = await rawConnection(url);
        socket.resume();
        socket.write(handshake());
        socket.write(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0x03, 0xff, 0xff, 0xff, 1, 2, 3, 4, 9, 9, 9)); // 64 MiB, it says
      }
    });
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(60);
  });

  test("the counts in messages: steps, bindings, array items", async () => {
    const million = new Uint8Array(megabyte);
    const { grownMb, answer } = await costOf(async (url) => {
      const stranger = await Stranger.connect(url);
      for (let id = 1; id <= 60; id += 3) {
        stranger.send(
          frameOf((w) => w.begin(kinds.request).u32(id).u32(0).u32(0).u8(0).endFields().varint(1_000_000).raw(million)),
          frameOf((w) =>
            w
              .begin(kinds.request)
              .u32(id + 1)
              .u32(0)
              .u32(0)
              .u8(0)
              .endFields()
              .varint(1)
              .text("a")
              .text("echo")
              .u32(0)
              .texts([])
              .varint(50_000_000),
          ),
          frameOf((w) => {
            const args = Uint8Array.of(0xdd, 0x3f, 0xff, 0xff, 0xff);
            writeCall(w, id + 2, {
              fun: "echo",
              resources: [],
              args,
              timeoutMs: 0,
              waitForCapacityMs: 0,
              summary: false,
              terms: undefined,
            });
          }),
        );
      }
      for (let id = 1; id <= 60; id++) await stranger.message("failure", id);
    });
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(100);
  });

  test("results that a client asks for and does not read", async () => {
    const { grownMb, answer } = await costOf(
      async (url) => {
        const stranger = await Stranger.connect(url);
        const args = codec.encode([new Uint8Array(megabyte)], "args");
        stranger.socket.pause();
        for (let id = 1; id <= 200; id++) {
          stranger.send(
            frameOf((w) => {
              writeCall(w, id, {
                fun: "echo",
                resources: [],
                args,
                timeoutMs: 0,
                waitForCapacityMs: 0,
                summary: false,
                terms: undefined,
              });
            }),
          );
        }
        await eventually(
          "all of it is on its way",
          () => stranger.socket.bufferedAmount === 0 || stranger.goodbye !== undefined,
        );
        stranger.socket.resume();
        expect(["slow", "transport"]).toContain((await stranger.dismissed()).code);
      },
      { queueBytesMax: 8 * megabyte },
    );
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(150);
  });

  test("what strangers begin to say, and do not end: hundreds of megabytes in large messages", async () => {
    const { grownMb, answer } = await costOf(async (url) => {
      const piece = Buffer.alloc(4 * megabyte);
      for (let i = 0; i < 150; i++) {
        const { socket } = await rawWebSocket(url, "json");
        socket.write(frameHead(16 * megabyte));
        await new Promise((resolve) => socket.write(piece, resolve));
      }
    });
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(250); // of 600 MB that came, 64 MiB are kept
  });

  test("what strangers say byte by byte", async () => {
    const { grownMb, answer } = await costOf(
      async (url) => {
        const all = await Promise.all(Array.from({ length: 100 }, () => rawWebSocket(url, "native")));
        for (const { socket } of all) {
          socket.setNoDelay();
          socket.write(frameHead(60_000));
        }
        for (let i = 0; i < 3_000; i++) {
          await Promise.all(all.map(({ socket }) => new Promise((resolve) => socket.write(Buffer.alloc(1), resolve))));
        }
      },
      { strangerBytesMax: 2 * megabyte },
    );
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(60);
  });

  test("JSON replies that twenty clients ask for and do not read", async () => {
    const { grownMb, answer } = await costOf(
      async (url) => {
        for (let i = 0; i < 20; i++) {
          const { socket, ended } = await rawWebSocket(url, "json");
          socket.pause();
          const cmds = [
            { name: "part", fun: "echo", args: ["x".repeat(megabyte / 16)] },
            { name: "reply", fun: "echos", args: new Array(32).fill("part") },
          ];
          for (let u = 0; u < 20 && !ended(); u++) {
            const request = { role: "rpc", u: String(u), cmds };
            await new Promise((resolve) => socket.write(frame(JSON.stringify(request)), resolve));
          }
        }
      },
      { answersBytesMax: 64 * megabyte },
    );
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(320); // of 800 MB
  });

  test("connections that come and go", async () => {
    const { grownMb, answer } = await costOf(async (url) => {
      for (let round = 0; round < 20; round++) {
        await Promise.all(
          Array.from({ length: 25 }, async () => {
            const stranger = await Stranger.connect(url);
            stranger.socket.terminate();
          }),
        );
      }
    });
    expect(answer).toBe("unharmed");
    expect(grownMb).toBeLessThan(60);
  });
});
