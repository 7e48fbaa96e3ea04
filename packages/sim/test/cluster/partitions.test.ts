/** Partitions, restarts and wrong clocks: whatever a cluster goes through, it agrees again, on what is. */
import { describe, expect, test } from "vitest";
import { SimulatedCluster } from "../../src/cluster/cluster.js";

const reconcileMs = 30_000;

describe("a partition of ten minutes", () => {
  test.for([2, 3])(
    "into %i parts: each goes on alone, and all agree again within two reconciliations",
    { timeout: 300_000 },
    async (parts) => {
      const cluster = new SimulatedCluster({ seed: parts, nodes: 24 });
      const { world, nodes } = cluster;
      await cluster.form();
      const groups = Array.from({ length: parts }, (_, part) => nodes.filter((_node, index) => index % parts === part));
      const heal = world.faults.partition(...groups.map((group) => group.map(({ name }) => name)));
      await world.sleep(60_000);
      for (const group of groups) {
        const [first, second] = group;
        expect(first!.nodes()).toHaveLength(group.length);
        const fun = `f${second!.name.slice(1)}`;
        expect(await first!.call(fun)).toBe(Number(second!.name.slice(1)));
        first!.register(`during-${first!.name}`, () => 1); // what is added on one side is known on both
        second!.unregister(fun); // and what is removed comes back on neither
      }
      await world.sleep(540_000);
      heal();
      await cluster.untilAgreed(2 * reconcileMs);
      expect(world.violations).toEqual([]);
    },
  );
});

test("after ten minutes in which nodes are killed and started again at random all agree on who is there", async () => {
  const cluster = new SimulatedCluster({ seed: 11, nodes: 40 });
  const { world, nodes } = cluster;
  await cluster.form();
  const random = world.random("kills");
  for (let second = 0; second < 600; second += 5) {
    const node = nodes[random.integer(0, nodes.length - 1)]!;
    const down = nodes.filter(({ state }) => state === "down").length;
    if (node.state === "up" && down < 12) node.crash({ silent: random.chance(0.5) });
    else if (node.state === "down") node.restart({ keepKey: random.chance(0.5) });
    await world.sleep(5_000);
  }
  for (const node of nodes) node.restart({ keepKey: true });
  await cluster.untilAgreed(2 * reconcileMs);
  expect(world.violations).toEqual([]);
}, 300_000);

test("clocks that jump by an hour change nothing", async () => {
  const cluster = new SimulatedCluster({ seed: 12, nodes: 12 });
  await cluster.form();
  const reported: string[] = [];
  cluster.world.observers.add((observation) => {
    if (observation.kind === "reported") reported.push(observation.event.kind);
  });
  cluster.nodes.forEach((node, index) => {
    node.setWallClock((index % 2 === 0 ? 1 : -1) * 3_600_000);
  });
  await cluster.world.sleep(120_000);
  expect(reported).toEqual([]);
  expect(cluster.disagreement()).toBeUndefined();
});
