/** Topics of nodes that cannot be dialled, over a third one, with real sockets. */
import type { MpregNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { clientOf, startNode } from "../../../node/test/support/cluster.js";
import { eventually } from "../../../node/test/support/eventually.js";

test("nodes that nobody can dial hear each other's topics over the one that all have dialled: once, in order, confirmed", async () => {
  const middle = await startNode({});
  const nodes: MpregNode[] = [];
  for (let left = 3; left > 0; left--) nodes.push(await startNode({ advertise: [], peers: [middle.url] }));
  for (const node of nodes) await eventually(`node "${node.name}" knows all nodes`, () => node.nodes().length === 4);
  const [publisher, ...others] = await Promise.all(nodes.map((node) => clientOf(node)));
  const heard: unknown[][] = [];
  for (const client of others) {
    const told: unknown[] = [];
    heard.push(told);
    const subscription = await client.subscribe("numbers.#", {
      overflow: "block-publisher",
      onMessage: ({ payload }) => void told.push(payload),
    });
    await subscription.everywhere();
  }
  for (let i = 0; i < 1_000; i++) await publisher!.publish("numbers.odd", i);
  const all = Array.from({ length: 1_000 }, (_, i) => i);
  await expect.poll(() => heard.map(({ length }) => length), { timeout: 15_000 }).toEqual([1_000, 1_000]);
  expect(heard).toEqual([all, all]);
  const confirmation = await publisher!.publish("numbers.last", 1, { confirm: "subscribers" });
  expect(confirmation).toEqual({ handed: 2, waiting: 0, lost: 0, nodes: 2 });
});
