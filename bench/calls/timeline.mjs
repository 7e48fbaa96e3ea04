/**
 * Timelines: what callers saw, over time, while something was done to the nodes.
 *
 * Owns how calls become figures. What is done to the nodes is `restarts.mjs` and `kills.mjs`.
 */
import { withChildren } from "../lib/child.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { watchPauses } from "../lib/pauses.mjs";
import { percentile, summarize } from "../lib/stats.mjs";
import { withStartedNodes } from "../mpreg/started-nodes.mjs";

const moduleUrl = new URL("../mpreg/timeline-functions.mjs", import.meta.url);
const loadModule = new URL("../mpreg/timeline-load.mjs", import.meta.url);
const bucketMs = 250;
const answersWithinMs = 60_000;

/**
 * @typedef {{ atMs: number, node: string, what: "asked to end" | "killed" | "ready again" }} Happening since the load began
 * @typedef {{ calls: number, failed: Record<string, number>, tookMs: import("../lib/stats.mjs").Summary | null }} Kind calls, those
 *   that failed by code, and how long those that did not took
 * @typedef {{ atMs: number, p50: number | null, max: number | null, failed: number }} Bucket of the calls that were due then
 *
 * @typedef {object} Timeline
 * @property {number} nodes
 * @property {number} callsPerSecond
 * @property {Record<string, Kind>} kinds
 * @property {Happening[]} happenings
 * @property {number} bucketMs
 * @property {Bucket[]} buckets
 * @property {import("../lib/pauses.mjs").Pause[]} [pauses] since the load began
 */

/**
 * What is done to the nodes while clients ask them.
 *
 * @typedef {object} Stage
 * @property {readonly import("../mpreg/started-nodes.mjs").StartedNode[]} nodes
 * @property {(what: Happening["what"], node: string) => void} tell that it happens now
 * @property {() => Promise<void>} awaitAll until all nodes know of all
 */

/**
 * @param {{ nodes: number, callsPerSecond: number }} wanted
 * @param {(stage: Stage) => Promise<void>} act
 * @returns {Promise<Timeline>}
 */
export function measureTimeline({ nodes: count, callsPerSecond }, act) {
  return withStartedNodes({ nodes: count, moduleUrl }, (nodes) =>
    withChildren(async (open) => {
      const load = open(loadModule);
      const awaitAll = () => load.call("awaitOffers", count);
      await load.call("open", { urls: nodes.map(({ url }) => url) });
      await awaitAll();
      const startedMs = monotonicMs();
      const pausesSeen = watchPauses();
      await load.call("startLoad", { callsPerSecond });
      /** @type {Happening[]} */
      const happenings = [];
      const tell = (/** @type {Happening["what"]} */ what, /** @type {string} */ node) =>
        void happenings.push({ atMs: monotonicMs() - startedMs, node, what });
      await act({ nodes, tell, awaitAll });
      const calls = await load.call("stopLoad", undefined, answersWithinMs);
      const pauses = pausesSeen().map(({ atMs, ms }) => ({ atMs: atMs - startedMs, ms }));
      return { nodes: count, callsPerSecond, happenings, pauses, ...figuresOf(calls, startedMs) };
    }),
  );
}

/**
 * @param {readonly import("../mpreg/timeline-load.mjs").Call[]} calls
 * @param {number} startedMs
 * @returns {Pick<Timeline, "kinds" | "bucketMs" | "buckets">}
 */
export function figuresOf(calls, startedMs) {
  /** @type {Record<string, Kind>} */
  const kinds = {};
  for (const [kind, own] of Object.entries(groupBy(calls, ({ kind }) => kind))) {
    const times = timesOf(own);
    const failed = Object.entries(groupBy(own.filter(isFailed), ({ code }) => String(code)));
    kinds[kind] = {
      calls: own.length,
      failed: Object.fromEntries(failed.map(([code, those]) => [code, those.length])),
      tookMs: times.length === 0 ? null : summarize(times),
    };
  }
  const indexOf = (/** @type {number} */ atMs) => Math.max(0, Math.floor((atMs - startedMs) / bucketMs));
  const byBucket = groupBy(calls, ({ atMs }) => String(indexOf(atMs)));
  const buckets = Object.entries(byBucket)
    .map(([index, own]) => {
      const times = timesOf(own);
      const spread =
        times.length === 0 ? { p50: null, max: null } : { p50: percentile(times, 0.5), max: Math.max(...times) };
      return { atMs: Number(index) * bucketMs, ...spread, failed: own.filter(isFailed).length };
    })
    .toSorted((a, b) => a.atMs - b.atMs);
  return { kinds, bucketMs, buckets };
}

/** How long those took that did not fail. @param {readonly import("../mpreg/timeline-load.mjs").Call[]} calls */
function timesOf(calls) {
  return calls.filter((call) => !isFailed(call)).map(({ tookMs }) => tookMs);
}

/** @param {{ code: string | null }} call */
function isFailed({ code }) {
  return code !== null;
}

/** How many of those calls failed. @param {readonly Kind[]} kinds */
export function failuresOf(kinds) {
  return kinds.flatMap(({ failed }) => Object.values(failed)).reduce((sum, count) => sum + count, 0);
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {Record<string, T[]>}
 */
function groupBy(items, keyOf) {
  /** @type {Record<string, T[]>} */
  const groups = {};
  for (const item of items) (groups[keyOf(item)] ??= []).push(item);
  return groups;
}

/** @param {Timeline} timeline */
export function describeTimeline({ kinds }) {
  return Object.entries(kinds)
    .map(([kind, { calls, failed, tookMs }]) => {
      const failures = Object.entries(failed).map(([code, count]) => `, ${count} ${code}`);
      return `${kind}: ${calls} calls${failures.join("")}, p99 ${tookMs?.p99.toFixed()} ms, max ${tookMs?.max.toFixed()} ms`;
    })
    .join("; ");
}
