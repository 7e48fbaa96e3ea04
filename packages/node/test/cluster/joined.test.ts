/** Programs that wait until their node has met others. */
import { expect, test } from "vitest";
import { startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";

test("who waits is told once so many other nodes are there, at both ends, and at once where they are (J1)", async () => {
  const first = await startNode({ name: "first" });
  const met = first.joined({ peers: 2 });
  const others = await Promise.all(["second", "third"].map((name) => startNode({ name, peers: [first.url] })));
  const known = await met;
  expect(known.map(({ name }) => name).sort()).toEqual(["first", "second", "third"]);
  await Promise.all(others.map((node) => node.joined({ peers: 2, timeoutMs: 60_000 })));
  expect((await first.joined()).length).toBe(3);
  expect((await first.joined({ peers: 0 }))[0]).toMatchObject({ name: "first", state: "self" });
});

test("who waits for a node that does not come is told when the time is over, it is given up, or the node closes", async () => {
  const node = await startNode({ peers: ["ws://127.0.0.1:1"] });
  const late = await failureOf(node.joined({ timeoutMs: 20 }));
  expect(late).toMatchObject({ code: "deadline", message: expect.stringContaining("met 1 other") as string });
  const giving = new AbortController();
  const given = failureOf(node.joined({ peers: 3, signal: giving.signal }));
  giving.abort("enough");
  expect(await given).toMatchObject({ code: "cancelled", cause: "enough" });
  expect(await failureOf(node.joined({ peers: -1 }))).toMatchObject({ code: "invalid-argument" });
  expect(await failureOf(node.joined({ peer: 1 } as object))).toMatchObject({ code: "invalid-argument" });
  const waiting = failureOf(node.joined());
  await node.close();
  expect(await waiting).toMatchObject({ code: "closed" });
});
