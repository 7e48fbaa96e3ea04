/** What a node of an idle cluster sends, and how many sockets it holds, by size of the cluster: simulated. */
import { runJobs } from "../lib/pool.mjs";
import { median } from "../lib/stats.mjs";

const module = new URL("../mpreg/simulated.mjs", import.meta.url);
const timeoutMs = 900_000;

/**
 * @typedef {{ nodes: number, bytesPerSecond: number, cpuPercent: number, socketsMedian: number, socketsMax: number, observersMin: number }} Row
 * @typedef {{ rows: Row[] }} Traffic
 */

/** @type {import("./measurement.mjs").Measurement} */
export const traffic = {
  name: "traffic",
  title: "simulated: what an idle node sends, and its sockets",
  measure: async ({ traffic: sizes, trafficMs }, onProgress) => {
    const jobs = sizes.toSorted((a, b) => b - a).map((nodes) => ({ nodes, seed: 1, ...trafficMs }));
    const answers = await runJobs(jobs, {
      module,
      function: "measureTraffic",
      timeoutMs,
      onDone: ({ nodes }, { bytesPerSecond }) => {
        onProgress(`${nodes} nodes: each sends ${bytesPerSecond.toFixed()} bytes/s`);
      },
    });
    const rows = answers.map(({ bytesPerSecond, cpuPercent, sockets, observersMin }, index) => ({
      nodes: jobs[index].nodes,
      bytesPerSecond,
      cpuPercent,
      socketsMedian: median(sockets),
      socketsMax: Math.max(...sockets),
      observersMin,
    }));
    return { rows: rows.toReversed() };
  },
};
