/** What mpreg wants to reach with calls that survive: each target is a bound on a figure, or on a ratio of two, of the same run. */
import { verdictOn } from "../lib/verdicts.mjs";
import { failuresOf } from "./timeline.mjs";

/**
 * @typedef {object} Measured what was measured, by measurement; what was not is not there
 * @property {import("./features.mjs").Features} [features]
 * @property {import("./overload.mjs").Overload} [overload]
 * @property {import("./intermediates.mjs").Intermediates} [intermediates]
 * @property {{ timeline: import("./timeline.mjs").Timeline }} [restarts]
 * @property {{ timeline: import("./timeline.mjs").Timeline }} [kills]
 * @property {import("./reroutes.mjs").Reroutes} [reroutes]
 *
 * @typedef {import("../lib/verdicts.mjs").Bound & { measure: (measured: Measured) => number | undefined }} Target
 */

/** @type {Target[]} */
const featureTargets = [64, 512].flatMap((inFlight) =>
  [
    ["deadlines", "with a deadline of its own against the plain one"],
    ["retries", "of an idempotent function with retries against the plain one"],
    ["tracing", "with tracing, 1 % of the callers sampled, against the same program without"],
    ["all", "with all three against the same program without"],
  ].map(([variant, text]) => ({
    id: `features-${variant}-${inFlight}`,
    text: `echo ${text}, ${inFlight} in flight`,
    bound: "at least",
    limit: 0.85,
    unit: "×",
    measure: ({ features }) =>
      features?.rows.find((row) => row.variant === variant && row.inFlight === inFlight)?.own.ratio,
  })),
);

/** @type {Target[]} */
const overloadTargets = [
  { admission: "learned", text: "the limit is learned" },
  { admission: "set", text: "the limit is set" },
].flatMap(({ admission, text }) => [
  {
    id: `overload-goodput-${admission}`,
    text: `goodput at 5× the capacity against the best at any load, ${text}`,
    bound: "at least",
    limit: 0.85,
    unit: "×",
    measure: ({ overload }) => {
      const most = pointAt(overload, admission, 5);
      const own = overload?.rows.filter((row) => row.admission === admission) ?? [];
      return most && most.goodput / Math.max(...own.map(({ goodput }) => goodput));
    },
  },
  {
    id: `overload-memory-${admission}`,
    text: `resident memory of the node at the end of 5× the capacity against its begin, ${text}`,
    bound: "at most",
    limit: 1.1,
    unit: "×",
    measure: ({ overload }) => {
      const most = pointAt(overload, admission, 5);
      return most && most.rssMb.last / most.rssMb.first;
    },
  },
]);

/** @type {Target[]} */
const intermediateTargets = [64, 1_024].map((mib) => ({
  id: `intermediates-${mib}`,
  text: `extra resident memory of the coordinator and the client, intermediates of ${sizeText(mib)}, the worse`,
  bound: "at most",
  limit: 64,
  unit: "MiB",
  measure: ({ intermediates }) => {
    const row = intermediates?.rows.find((each) => each.mib === mib && each.way === "kept");
    if (row === undefined) return undefined;
    return row.failure === null ? Math.max(row.extraMib.entry, row.extraMib.client) : Infinity;
  },
}));

/** @type {Target[]} */
const rerouteTargets = [
  { signal: "SIGKILL", limit: 50, text: "a call in flight runs elsewhere after its link has broken, the slowest" },
  {
    signal: "SIGSTOP",
    limit: 250,
    text: "a call in flight runs elsewhere after a silent node was found out, the slowest",
  },
].map(({ signal, limit, text }) => ({
  id: `reroutes-${signal}`,
  text,
  bound: "at most",
  limit,
  unit: "ms",
  measure: ({ reroutes }) => reroutes?.rows.find((row) => row.signal === signal)?.reroutedMs.max,
}));

/** @type {Target[]} */
export const targets = [
  ...featureTargets,
  ...overloadTargets,
  ...intermediateTargets,
  {
    id: "restarts-failures",
    text: "calls that fail while all nodes are restarted, one after the other",
    bound: "at most",
    limit: 0,
    unit: "calls",
    measure: ({ restarts }) => restarts && failuresOf(Object.values(restarts.timeline.kinds)),
  },
  {
    id: "kills-failures",
    text: "calls of idempotent functions that fail while nodes are killed",
    bound: "at most",
    limit: 0,
    unit: "calls",
    measure: ({ kills }) => kills && failuresOf([kills.timeline.kinds.idempotent, kills.timeline.kinds.graph]),
  },
  ...rerouteTargets,
];

/**
 * @param {Measured} measured
 * @returns {import("../lib/verdicts.mjs").Verdict[]}
 */
export function judge(measured) {
  return targets.map((target) => verdictOn(target, target.measure(measured)));
}

/** @param {number} mib */
export function sizeText(mib) {
  return mib >= 1_024 ? `${mib / 1_024} GiB` : `${mib} MiB`;
}

/**
 * @param {import("./overload.mjs").Overload | undefined} overload
 * @param {string} admission
 * @param {number} factor
 */
function pointAt(overload, admission, factor) {
  return overload?.rows.find((row) => row.admission === admission && row.factor === factor);
}
