/** Rolling restart: every node is asked to end and started again, one after the other, while clients go on asking. */
import { setTimeout as sleep } from "node:timers/promises";
import { describeTimeline, measureTimeline } from "./timeline.mjs";

/** @type {import("./measurement.mjs").Measurement} */
export const restarts = {
  name: "restarts",
  title: "real processes: a rolling restart of all nodes under load",
  measure: async ({ restarts: { quietMs, ...wanted } }, onProgress) => {
    const timeline = await measureTimeline(wanted, async ({ nodes, tell, awaitAll }) => {
      await sleep(quietMs);
      for (const node of nodes) {
        tell("asked to end", node.name);
        node.signal("SIGTERM");
        await node.gone();
        await node.start();
        await awaitAll();
        tell("ready again", node.name);
        await sleep(quietMs);
      }
    });
    onProgress(describeTimeline(timeline));
    return { timeline };
  },
};
