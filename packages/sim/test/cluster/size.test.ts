/** Size: what a node costs does not grow with the cluster. */
import { expect, test } from "vitest";
import { SimulatedCluster } from "../../src/cluster/cluster.js";
import { isLong } from "../support/long.js";

const minuteMs = 60_000;

test("idle traffic of a node hardly grows with the cluster, and its sockets are few", async () => {
  const small = new SimulatedCluster({ seed: 7, nodes: 20 });
  const large = new SimulatedCluster({ seed: 7, nodes: isLong ? 200 : 100 });
  const traffic: number[] = [];
  for (const cluster of [small, large]) {
    await cluster.form();
    await cluster.world.sleep(2 * minuteMs); // links that nobody wants are closed by then
    traffic.push(await cluster.traffic(2 * minuteMs));
  }
  const [bytesSmall, bytesLarge] = traffic as [number, number];
  expect(bytesLarge).toBeLessThan(1.5 * bytesSmall);
  expect(bytesLarge).toBeLessThan(5_000);
  expect(Math.max(...large.sockets())).toBeLessThanOrEqual(40);
  expect(Math.min(...large.observers())).toBeGreaterThanOrEqual(3);
}, 600_000);

test("nobody forgets anybody while nothing happens", async () => {
  const cluster = new SimulatedCluster({ seed: 8, nodes: 5, clockRates: true });
  await cluster.form();
  const observed: string[] = [];
  cluster.world.observers.add((observation) => {
    if (observation.kind === "reported") observed.push(observation.event.kind);
  });
  await cluster.world.sleep((isLong ? 24 : 1) * 60 * minuteMs);
  expect(observed).toEqual([]);
  expect(cluster.disagreement()).toBeUndefined();
});
