/** Replies of the JSON protocol that nobody reads: what they may take together. */
import type { CreateNodeOptions } from "@mpreg/node";
import { expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { get, upgradeHeaders } from "../support/http.js";
import { startLog } from "../support/log.js";
import { type RawWebSocket, frame, rawWebSocket } from "../support/raw-socket.js";

const megabyte = 1024 * 1024;

/** A node on which what nobody reads may take 40 MiB. */
async function start(limits: CreateNodeOptions["limits"] = {}) {
  const { log, lines } = startLog("warn");
  const node = await startNode({ log, limits: { repliesBytesMax: 40 * megabyte, ...limits } });
  let made = 0;
  node.register("make", (bytes: number) => {
    made += 1;
    return "x".repeat(bytes);
  });
  return {
    node,
    lines,
    /** A connection whose replies nobody reads. */
    silent: async (): Promise<RawWebSocket> => {
      const raw = await rawWebSocket(node.url, "json");
      raw.socket.pause();
      return raw;
    },
    /** Asks for so many replies, and waits until they are made. */
    ask: async (raw: RawWebSocket, megabytes: number, times: number): Promise<void> => {
      const before = made;
      const request = { role: "rpc", cmds: [{ name: "made", fun: "make", args: [megabytes * megabyte] }] };
      for (let i = 0; i < times; i++) raw.socket.write(frame(JSON.stringify({ ...request, u: `reply ${i}` })));
      await eventually("all is made", () => made === before + times);
    },
    /** Reads on until the reply has come. */
    read: async (raw: RawWebSocket, reply: number): Promise<void> => {
      raw.socket.resume();
      await eventually("it has come", () => raw.lastReceived().includes(`"u":"reply ${reply}"`));
    },
  };
}

// what the kernel takes of a connection, up to 10 MB, does not wait here: the sizes leave room for it

test("replies that nobody reads take so much together, and whoever has left most unread is cut off (G2)", async () => {
  const { lines, silent, ask, read } = await start();
  const [little, most, some] = [await silent(), await silent(), await silent()];
  await ask(little, 1, 14);
  await ask(most, 1, 40);
  await ask(some, 1, 20);
  await eventually("one is cut off", () => lines.length > 0);
  expect(lines).toEqual([
    expect.objectContaining({
      msg: "connection ended",
      protocol: "json-v1",
      reason:
        "the replies that wait to be read exceed 41943040 bytes (limits.repliesBytesMax), and this connection held most",
    }),
  ]);
  await read(little, 13);
  await read(some, 19);
  most.socket.resume();
  await eventually("who was cut off notices", () => most.ended());
  const late = await silent();
  await ask(late, 34, 1); // what the others have read does not count any more
  await read(late, 0);
  expect(lines).toHaveLength(1);
});

test("replies to somebody who has left do not count any more", async () => {
  const { node, lines, silent, ask, read } = await start({ connectionsMax: 2 });
  const [leaving, late] = [await silent(), await silent()];
  await ask(leaving, 34, 1);
  leaving.socket.destroy();
  await eventually("the node has noticed", async () => (await get(node.url, upgradeHeaders)).status === 101);
  await ask(late, 34, 1);
  await read(late, 0);
  expect(lines.filter(({ msg }) => msg === "connection ended")).toEqual([]);
});

test("a single reply may be too much (G2)", async () => {
  const { lines, silent, ask } = await start();
  const greedy = await silent();
  await ask(greedy, 60, 1);
  await eventually("it is cut off", () => lines.length > 0);
  greedy.socket.resume();
  await eventually("it notices", () => greedy.ended());
});
