/** Kills: again and again one of the nodes is killed with SIGKILL and, a while later, started again, while clients go on asking. */
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "../lib/monotonic.mjs";
import { describeTimeline, measureTimeline } from "./timeline.mjs";

/** @type {import("./measurement.mjs").Measurement} */
export const kills = {
  name: "kills",
  title: "real processes: one node after the other killed with SIGKILL under load",
  measure: async ({ kills: { kills: count, everyMs, downMs, ...wanted } }, onProgress) => {
    const timeline = await measureTimeline(wanted, async ({ nodes, tell, awaitAll }) => {
      await sleep(everyMs / 2);
      for (let kill = 0; kill < count; kill++) {
        const nextMs = monotonicMs() + everyMs;
        const node = nodes[kill % nodes.length];
        tell("killed", node.name);
        node.signal("SIGKILL");
        await node.gone();
        await sleep(downMs);
        await node.start();
        await awaitAll();
        tell("ready again", node.name);
        await sleep(Math.max(0, nextMs - monotonicMs()));
      }
    });
    onProgress(describeTimeline(timeline));
    return { timeline, everyMs, downMs };
  },
};
