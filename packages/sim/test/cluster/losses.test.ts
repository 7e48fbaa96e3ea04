/** Losses: who is gone is noticed by all, soon, and nobody else is taken for gone. */
import { describe, expect, test } from "vitest";
import { SimulatedCluster } from "../../src/cluster/cluster.js";
import { watchLosses } from "../../src/cluster/losses.js";
import { isLong } from "../support/long.js";

describe.for([
  ["local", 1_500],
  ["lan", 5_000],
] as const)("in the profile %s a node that crashes", ([profile, withinMs]) => {
  test.for([
    ["its connections break", false],
    ["its machine falls silent", true],
  ] as const)("is down for all within the bound, and nothing is sent to it any more: %s", async ([, silent]) => {
    const nodes = isLong ? 200 : 40;
    const cluster = new SimulatedCluster({ seed: 3, nodes, profile });
    await cluster.form();
    for (const index of [1, 7, 13]) {
      const losses = watchLosses(cluster.world);
      cluster.nodes[index]!.crash({ silent });
      await cluster.until(() => cluster.isOffered(`f${index}`, false), withinMs);
      await cluster.until(() => losses.length === cluster.up.length, withinMs);
      expect(new Set(losses.map(({ lost }) => lost))).toEqual(new Set([`n${index}`]));
    }
    expect(cluster.world.violations).toEqual([]);
  });
});

test("nobody is taken for down while processes stand still for a second, and some of the gossip is lost", async () => {
  const [nodes, minutes] = isLong ? [200, 60] : [40, 3];
  const cluster = new SimulatedCluster({ seed: 5, nodes, lossRatio: 0.05 });
  await cluster.form();
  const losses = watchLosses(cluster.world);
  const random = cluster.world.random("pauses");
  for (let second = 0; second < minutes * 60; second++) {
    const node = cluster.nodes[random.integer(0, nodes - 1)]!;
    node.pause();
    cluster.world.after(1_000, () => {
      node.resume();
    });
    await cluster.world.sleep(1_000);
  }
  expect(losses).toEqual([]);
});

test("a node that stands still for ten seconds is down for the others, and comes back by itself", async () => {
  const cluster = new SimulatedCluster({ seed: 6, nodes: 20 });
  await cluster.form();
  const losses = watchLosses(cluster.world);
  cluster.nodes[4]!.pause();
  await cluster.world.sleep(10_000);
  expect(new Set(losses.map(({ lost }) => lost))).toEqual(new Set(["n4"]));
  expect(losses).toHaveLength(19);
  cluster.nodes[4]!.resume();
  await cluster.untilAgreed(5_000);
});
