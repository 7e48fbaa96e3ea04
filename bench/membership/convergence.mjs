/** How soon all nodes know what one of them offers: simulated, at every size and loss rate, beside Serf's model of it. */
import { runJobs } from "../lib/pool.mjs";
import { serfConvergenceMs, serfShareAt } from "../lib/serf-model.mjs";
import { summarize } from "../lib/stats.mjs";

const module = new URL("../mpreg/simulated.mjs", import.meta.url);
const timeoutMs = 900_000;
const lossRatios = [0, 0.05, 0.25];

/**
 * @typedef {import("../lib/stats.mjs").Summary} Summary
 * @typedef {{ nodes: number, lossRatio: number, added: Summary, removed: Summary, serfMs: number }} Row ms until the last
 *   node knew
 * @typedef {{ nodes: number, lossRatio: number, ms: number[], share: number[], serf: { ms: number[], share: number[] } }} Curve
 * @typedef {{ rows: Row[], curves: Curve[] }} Convergence
 */

/** @type {import("./measurement.mjs").Measurement} */
export const convergence = {
  name: "convergence",
  title: "simulated: time until every node knows of a function, and of its end",
  measure: async ({ convergence: sizes }, onProgress) => {
    const jobs = sizes
      .toSorted((a, b) => b.nodes - a.nodes)
      .flatMap(({ nodes, seeds, changes }) =>
        lossRatios.flatMap((lossRatio) =>
          Array.from({ length: seeds }, (_, index) => ({ nodes, lossRatio, changes, seed: index + 1 })),
        ),
      );
    const answers = await runJobs(jobs, {
      module,
      function: "measureConvergence",
      timeoutMs,
      onDone: ({ nodes, lossRatio, seed }, { added, removed }) => {
        const slowestMs = Math.max(...[...added, ...removed].map((times) => times[times.length - 1]));
        onProgress(`${nodes} nodes, ${lossRatio * 100} % lost, seed ${seed}: all knew within ${slowestMs} ms`);
      },
    });
    const sizesUp = sizes.map(({ nodes }) => nodes).toSorted((a, b) => a - b);
    // a full mesh, in which each hears it from one, and a bounded view, in which each hears it from several
    const drawn = [20, sizesUp.at(-1)];
    const clusters = sizesUp.flatMap((nodes) => lossRatios.map((lossRatio) => ({ nodes, lossRatio })));
    const answersOf = (/** @type {{ nodes: number, lossRatio: number }} */ { nodes, lossRatio }) =>
      answers.filter((_, index) => jobs[index].nodes === nodes && jobs[index].lossRatio === lossRatio);
    return {
      rows: clusters.map((cluster) => row(cluster, answersOf(cluster))),
      curves: clusters
        .filter(({ nodes }) => drawn.includes(nodes))
        .map((cluster) => curve(cluster, answersOf(cluster))),
    };
  },
};

/**
 * @param {{ nodes: number, lossRatio: number }} cluster
 * @param {{ added: number[][], removed: number[][] }[]} answers
 * @returns {Row}
 */
function row(cluster, answers) {
  const last = (/** @type {number[][]} */ changes) => summarize(changes.map((times) => times[times.length - 1]));
  return {
    ...cluster,
    added: last(answers.flatMap(({ added }) => added)),
    removed: last(answers.flatMap(({ removed }) => removed)),
    serfMs: serfConvergenceMs(cluster),
  };
}

/**
 * The share of nodes that know, over all changes together, at each moment at which it changed; and what the model says.
 *
 * @param {{ nodes: number, lossRatio: number }} cluster
 * @param {{ added: number[][], removed: number[][] }[]} answers
 * @returns {Curve}
 */
function curve(cluster, answers) {
  const times = answers.flatMap(({ added, removed }) => [...added, ...removed]).flat();
  const ms = [...new Set(times)].toSorted((a, b) => a - b);
  const serfMs = Array.from({ length: serfConvergenceMs(cluster) / 50 + 1 }, (_, index) => index * 50);
  return {
    ...cluster,
    ms,
    share: ms.map((at) => times.filter((time) => time <= at).length / times.length),
    serf: { ms: serfMs, share: serfMs.map((at) => serfShareAt(at, cluster)) },
  };
}
