/** How soon a crash is noticed: simulated, in each profile, whether connections break or a machine falls silent. */
import { runJobs } from "../lib/pool.mjs";
import { summarize } from "../lib/stats.mjs";

const module = new URL("../mpreg/simulated.mjs", import.meta.url);
const timeoutMs = 900_000;

/**
 * @typedef {import("../lib/stats.mjs").Summary} Summary
 * @typedef {{ nodes: number, profile: "local" | "lan", silent: boolean, unrouted: Summary, down: Summary,
 *   wronglyDown: number }} Row ms, over every crash and every node that was left
 * @typedef {{ rows: Row[] }} Detection
 */

/** @type {import("./measurement.mjs").Measurement} */
export const detection = {
  name: "detection",
  title: "simulated: time until every node has noticed a crash",
  measure: async ({ detection: sizes }, onProgress) => {
    const kinds = sizes.flatMap((size) =>
      ["local", "lan"].flatMap((profile) => [false, true].map((silent) => ({ ...size, profile, silent }))),
    );
    const jobs = kinds
      .toSorted((a, b) => b.nodes - a.nodes)
      .flatMap(({ seeds, ...kind }) => Array.from({ length: seeds }, (_, index) => ({ ...kind, seed: index + 1 })));
    const answers = await runJobs(jobs, {
      module,
      function: "measureDetection",
      timeoutMs,
      onDone: ({ nodes, profile, silent, seed }, { downMs }) => {
        const how = silent ? "silent" : "connections break";
        onProgress(`${nodes} nodes, ${profile}, ${how}, seed ${seed}: down within ${Math.max(...downMs).toFixed()} ms`);
      },
    });
    return {
      rows: kinds.map(({ nodes, profile, silent }) => {
        const own = answers.filter((_, index) => {
          const job = jobs[index];
          return job.nodes === nodes && job.profile === profile && job.silent === silent;
        });
        return {
          nodes,
          profile,
          silent,
          unrouted: summarize(own.flatMap(({ unroutedMs }) => unroutedMs)),
          down: summarize(own.flatMap(({ downMs }) => downMs)),
          wronglyDown: own.reduce((sum, { wronglyDown }) => sum + wronglyDown, 0),
        };
      }),
    };
  },
};
