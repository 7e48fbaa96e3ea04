/** Replies of the JSON protocol that nobody reads: what they may take together. */
import { expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { startLog } from "../support/log.js";
import { type RawWebSocket, frame, rawWebSocket } from "../support/raw-socket.js";

const megabyte = 1024 * 1024;

test("replies that nobody reads take so much together, and whoever has left most unread is cut off (G2)", async () => {
  const { log, lines } = startLog("warn");
  const node = await startNode({ log, limits: { repliesBytesMax: 40 * megabyte } });
  let made = 0;
  node.register("make", (bytes: number) => {
    made += 1;
    return "x".repeat(bytes);
  });
  const ask = async (raw: RawWebSocket, bytes: number, times: number): Promise<void> => {
    const before = made;
    const request = { role: "rpc", cmds: [{ name: "made", fun: "make", args: [bytes] }] };
    for (let i = 0; i < times; i++) raw.socket.write(frame(JSON.stringify({ ...request, u: `${bytes} ${i}` })));
    await eventually("all is made", () => made === before + times);
  };
  const silent = async (): Promise<RawWebSocket> => {
    const raw = await rawWebSocket(node.url, "json");
    raw.socket.pause();
    return raw;
  };
  const [little, most, some] = [await silent(), await silent(), await silent()];
  await ask(little, megabyte, 14);
  await ask(most, megabyte, 40);
  await ask(some, megabyte, 20);
  await eventually("one is cut off", () => lines.length > 0);
  expect(lines).toEqual([
    expect.objectContaining({
      msg: "connection ended",
      protocol: "json-v1",
      reason:
        "the replies that wait to be read exceed 41943040 bytes (limits.repliesBytesMax), and this connection held most",
    }),
  ]);
  for (const raw of [little, some]) raw.socket.resume();
  await eventually("the others read all of theirs", () => {
    return little.lastReceived().includes(`"u":"1048576 13"`) && some.lastReceived().includes(`"u":"1048576 19"`);
  });
  await ask(little, 100, 1); // and what they have read does not count any more
  await ask(some, 30 * megabyte, 1);
  await eventually("there is room for a large one", () => some.lastReceived().includes(`"u":"31457280 0"`));
  most.socket.resume();
  await eventually("who was cut off notices", () => most.ended());
  expect(lines).toHaveLength(1);
});
