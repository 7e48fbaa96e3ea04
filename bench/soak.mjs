/**
 * The soak: minutes of full load on two nodes, with memory sampled all the way.
 *
 * Its own mode (`--soak`), because it takes as long as it takes. The result is kept beside the figures of the last run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { withChildren } from "./lib/child.mjs";
import { judgeGrowth } from "./lib/growth.mjs";
import { describeCommit } from "./lib/machine.mjs";
import { openCluster } from "./mpreg/cluster.mjs";

const loadModule = new URL("mpreg/soak-load.mjs", import.meta.url);
const heapTolerance = { noiseMb: 2, noiseFraction: 0.05 };
// The allocator and the collector hand pages back when they like, so resident memory wanders more than the heap.
const residentTolerance = { noiseMb: 8, noiseFraction: 0.1 };

/**
 * @typedef {object} SoakResult
 * @property {string} commit
 * @property {string} date ISO 8601
 * @property {number} minutes
 * @property {Record<string, number>} operations how often each kind of traffic ran
 * @property {Record<string, { heapUsed: import("./lib/growth.mjs").Growth, rss: import("./lib/growth.mjs").Growth }>} processes
 * @property {{ atMs: number, memory: Record<string, { rss: number, heapUsed: number }> }[]} samples bytes
 */

/**
 * @param {number} minutes
 * @param {(line: string) => void} onProgress
 * @returns {Promise<SoakResult>}
 */
export function runSoak(minutes, onProgress) {
  const durationMs = minutes * 60_000;
  const intervalMs = Math.min(10_000, durationMs / 30);
  return withChildren(async (open) => {
    const nodeFlags = ["--expose-gc"];
    const shared = { add: "add", sum: "sum" };
    const cluster = { entry: shared, worker: { ...shared, far: "identity", fail: "fail", wait: "wait" } };
    const { url, nodes } = await openCluster(open, cluster, { nodeFlags });
    const load = open(loadModule, { nodeFlags });
    const members = { ...nodes, client: load };

    /** @type {SoakResult["samples"]} */
    const samples = [];
    const startMs = performance.now();
    const atMs = () => Math.round(performance.now() - startMs);
    const running = load.call("run", { url, durationMs }, durationMs + 120_000);
    /** @type {unknown} */
    let failure;
    running.catch((error) => (failure = error));
    while (atMs() + intervalMs < durationMs && failure === undefined) {
      await Promise.race([sleep(intervalMs), running.catch(() => {})]);
      if (failure !== undefined) break;
      /** @type {SoakResult["samples"][number]["memory"]} */
      const memory = {};
      for (const [name, child] of Object.entries(members)) memory[name] = await child.call("sampleMemory");
      samples.push({ atMs: atMs(), memory });
      onProgress(`${(atMs() / 60_000).toFixed(1)} min  ${describe(memory)}`);
    }
    const operations = await running;

    const processes = Object.fromEntries(
      Object.keys(members).map((name) => {
        const series = (/** @type {"rss" | "heapUsed"} */ key) =>
          samples.map((sample) => ({ atMs: sample.atMs, bytes: sample.memory[name][key] }));
        return [
          name,
          {
            heapUsed: judgeGrowth(series("heapUsed"), heapTolerance),
            rss: judgeGrowth(series("rss"), residentTolerance),
          },
        ];
      }),
    );
    return { commit: describeCommit(), date: new Date().toISOString(), minutes, operations, processes, samples };
  });
}

/** @param {SoakResult} result */
export function isGrowing({ processes }) {
  return Object.values(processes).some(({ heapUsed, rss }) => heapUsed.growing || rss.growing);
}

/** @param {SoakResult["samples"][number]["memory"]} memory */
function describe(memory) {
  return Object.entries(memory)
    .map(([name, { rss, heapUsed }]) => `${name} ${(rss / 1e6).toFixed(1)} MB (heap ${(heapUsed / 1e6).toFixed(1)})`)
    .join("  ");
}
