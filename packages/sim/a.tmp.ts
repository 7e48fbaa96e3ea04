import { SimulatedCluster } from "./src/cluster/cluster.js";
for (const [n, loss] of [[100, 0], [100, 0.25], [200, 0], [200, 0.25]] as const) {
  const t = performance.now(); const c = new SimulatedCluster({ seed: n, nodes: n, lossRatio: loss }); const f = await c.form(); const t1 = performance.now();
  c.nodes[7]!.register("late", () => 1); const a = await c.until(() => c.isOffered("late", true), 10_000); c.nodes[7]!.unregister("late"); const b = await c.until(() => c.isOffered("late", false), 10_000);
  console.log(n, loss, "formed", f, Math.round(t1 - t), "ms; add", a, "remove", b, Math.round(performance.now() - t1), "ms");
}
