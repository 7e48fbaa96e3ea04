/**
 * Agreement: how soon all nodes know what one of them offers, whatever is lost on the way.
 *
 * The bounds are what hashicorp/serf's convergence simulator gives for 100 nodes with a gossip interval of 200 ms: 2.0 s
 * clean, 2.6 s with a quarter of the messages lost. What we take is in docs/benchmarks.
 */
import { describe, expect, test } from "vitest";
import { SimulatedCluster } from "../../src/cluster/cluster.js";
import { isLong } from "../support/long.js";

const sizes = isLong ? [5, 20, 100, 200] : [5, 20, 60];
const boundMs = (lossRatio: number): number => (lossRatio === 0 ? 2_000 : 2_600);

describe.for(sizes)("of %i nodes", (nodes) => {
  test.for([0, 0.05, 0.25])(
    "with %d of the gossip lost all learn what is added, and what is removed",
    async (lossRatio) => {
      const cluster = new SimulatedCluster({ seed: nodes, nodes, lossRatio });
      await cluster.form();
      const node = cluster.nodes[Math.floor(nodes / 2)]!;
      node.register("late", () => "late");
      await cluster.until(() => cluster.isOffered("late", true), boundMs(lossRatio));
      node.unregister("late");
      await cluster.until(() => cluster.isOffered("late", false), boundMs(lossRatio));
      expect(cluster.world.violations).toEqual([]);
    },
  );
});
