/**
 * Overload: what a node still does of use when it is offered more than it can do, with the admission control and without.
 *
 * Handlers wait for one of some places behind them, so the capacity is known: places by time. Every point has fresh
 * processes: nothing of one load is left for the next.
 */
import { withChildren } from "../lib/child.mjs";
import { residentBytes } from "../lib/memory.mjs";
import { median } from "../lib/stats.mjs";

const nodeModule = new URL("../mpreg/overload-node.mjs", import.meta.url);
const loadModule = new URL("../mpreg/open-load.mjs", import.meta.url);

const places = 10;
const workMs = 20;
const clients = 8;
const timeoutMs = 500;
const sampleEveryMs = 100;

/** Calls per second that the places behind the handlers can do. */
export const capacity = (places / workMs) * 1_000;

/** @type {readonly { name: "learned" | "set" | "off", title: string }[]} */
export const admissions = [
  { name: "learned", title: "as it is (the limit is learned)" },
  { name: "set", title: `concurrencyMax: ${places}` },
  { name: "off", title: "without admission control" },
];

/**
 * @typedef {{ admission: "learned" | "set" | "off", factor: number, rssMb: { first: number, last: number, max: number } }
 *   & import("../mpreg/open-load.mjs").Outcome} Row `factor`: offered load in capacities; `rssMb`: of the node while it was
 *   measured: in the first fifth of that time, in the last, and the most
 * @typedef {{ capacity: number, timeoutMs: number, rows: Row[] }} Overload
 */

/** @type {import("./measurement.mjs").Measurement} */
export const overload = {
  name: "overload",
  title: "offered load against goodput and p99, with and without admission control",
  measure: async ({ overload: budget }, onProgress) => {
    /** @type {Row[]} */
    const rows = [];
    for (const factor of budget.factors) {
      for (const { name: admission } of admissions) {
        const row = await measurePoint(budget, admission, factor);
        rows.push(row);
        onProgress(
          `${factor}x, ${admission}: ${row.goodput.toFixed()} of ${row.offered.toFixed()} calls/s in time, ` +
            `p99 ${row.p99Ms?.toFixed() ?? "–"} ms, ${row.rssMb.first.toFixed()} to ${row.rssMb.last.toFixed()} MB`,
        );
      }
    }
    return { capacity, timeoutMs, rows };
  },
};

/**
 * @param {import("./measurement.mjs").Budget["overload"]} budget
 * @param {Row["admission"]} admission
 * @param {number} factor
 * @returns {Promise<Row>}
 */
function measurePoint({ warmUpMs, settleMs, measuredMs }, admission, factor) {
  return withChildren(async (open) => {
    const node = open(nodeModule);
    const load = open(loadModule);
    const url = await node.call("open", { admission, places, workMs });
    await load.call("open", { url, clients });
    await load.call("drive", { callsPerSecond: capacity / 2, settleMs: 0, measuredMs: warmUpMs, timeoutMs });

    const driven = load.call("drive", { callsPerSecond: capacity * factor, settleMs, measuredMs, timeoutMs });
    /** @type {number[]} */
    const sampledMb = [];
    const startedMs = performance.now();
    const timer = setInterval(() => {
      const sinceMs = performance.now() - startedMs;
      if (sinceMs > settleMs && sinceMs < settleMs + measuredMs) sampledMb.push(residentBytes(node.pid) / 1e6);
    }, sampleEveryMs);
    const outcome = await driven.finally(() => clearInterval(timer));
    const fifth = Math.ceil(sampledMb.length / 5);
    const rssMb = {
      first: median(sampledMb.slice(0, fifth)),
      last: median(sampledMb.slice(-fifth)),
      max: Math.max(...sampledMb),
    };
    return { admission, factor, rssMb, ...outcome };
  });
}
