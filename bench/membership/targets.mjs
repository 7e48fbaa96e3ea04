/** What mpreg wants to reach with membership: each target is a bound on a figure of the run. */
import { verdictOn } from "../lib/verdicts.mjs";

/**
 * @typedef {object} Measured what was measured, by measurement; what was not is not there
 * @property {import("./convergence.mjs").Convergence} [convergence]
 * @property {import("./detection.mjs").Detection} [detection]
 * @property {import("./traffic.mjs").Traffic} [traffic]
 * @property {import("./processes.mjs").Processes} [processes]
 *
 * @typedef {import("../lib/verdicts.mjs").Bound & { measure: (measured: Measured) => number | undefined }} Target
 */

/** @type {Target[]} */
const convergenceTargets = [
  { lossRatio: 0, limit: 2_000 },
  { lossRatio: 0.25, limit: 2_600 },
].map(({ lossRatio, limit }) => ({
  id: `convergence-100-${lossRatio * 100}`,
  text: `all of 100 nodes know of a change, ${lossRatio * 100} % of the gossip lost, the slowest`,
  bound: "at most",
  limit,
  unit: "ms",
  measure: ({ convergence }) => {
    const row = convergence?.rows.find((each) => each.nodes === 100 && each.lossRatio === lossRatio);
    return row && slowestMs(row);
  },
}));

/** @type {Target[]} */
const detectionTargets = [
  { profile: "local", limit: 1_500 },
  { profile: "lan", limit: 5_000 },
].map(({ profile, limit }) => ({
  id: `detection-${profile}`,
  text: `a crash is noticed and routed around, profile ${profile}, p99, the worst of all sizes and ways to crash`,
  bound: "at most",
  limit,
  unit: "ms",
  measure: ({ detection }) => {
    const rows = detection?.rows.filter((row) => row.profile === profile) ?? [];
    return rows.length === 0 ? undefined : Math.max(...rows.flatMap(({ unrouted, down }) => [unrouted.p99, down.p99]));
  },
}));

/** @type {Target[]} */
export const targets = [
  ...convergenceTargets,
  {
    id: "convergence-serf",
    text: "the slowest change of any size and loss rate, against Serf's model of the same",
    bound: "at most",
    limit: 1,
    unit: "×",
    measure: ({ convergence }) =>
      convergence && Math.max(...convergence.rows.map((row) => slowestMs(row) / row.serfMs)),
  },
  ...detectionTargets,
  {
    id: "traffic-growth",
    text: "what an idle node of 200 sends, against one of 20",
    bound: "at most",
    limit: 1.5,
    unit: "×",
    measure: ({ traffic }) => {
      const [small, large] = [20, 200].map((size) => traffic?.rows.find(({ nodes }) => nodes === size));
      return small && large && large.bytesPerSecond / small.bytesPerSecond;
    },
  },
  {
    id: "traffic-200",
    text: "what an idle node of 200 sends",
    bound: "at most",
    limit: 5_000,
    unit: "bytes/s",
    measure: ({ traffic }) => traffic?.rows.find(({ nodes }) => nodes === 200)?.bytesPerSecond,
  },
  {
    id: "sockets-200",
    text: "sockets of a node of 200, the most",
    bound: "at most",
    limit: 40,
    unit: "sockets",
    measure: ({ traffic }) => traffic?.rows.find(({ nodes }) => nodes === 200)?.socketsMax,
  },
  {
    id: "forming-24",
    text: "24 processes are one mesh, after the last has started, the slowest round",
    bound: "at most",
    limit: 5_000,
    unit: "ms",
    measure: (measured) => {
      const row = realRow(measured, 24);
      return row && Math.max(...row.formingMs);
    },
  },
  {
    id: "register-5",
    text: "from `register()` to the first answer at another of 5 processes, p50",
    bound: "at most",
    limit: 20,
    unit: "ms",
    measure: (measured) => realRow(measured, 5)?.registered.p50,
  },
  {
    id: "register-24",
    text: "from `register()` to the first answer at another of 24 processes, p50",
    bound: "at most",
    limit: 300,
    unit: "ms",
    measure: (measured) => realRow(measured, 24)?.registered.p50,
  },
];

/**
 * @param {Measured} measured
 * @returns {import("../lib/verdicts.mjs").Verdict[]}
 */
export function judge(measured) {
  return targets.map((target) => verdictOn(target, target.measure(measured)));
}

/** @param {import("./convergence.mjs").Row} row */
function slowestMs({ added, removed }) {
  return Math.max(added.max, removed.max);
}

/**
 * @param {Measured} measured
 * @param {number} size
 */
function realRow({ processes }, size) {
  return processes?.rows.find(({ nodes }) => nodes === size);
}
