/**
 * Open load: calls come at the times that were drawn for them, whether those before have ended or not, as from many users
 * who know nothing of each other. A child module.
 *
 * A call's time counts from when it was due: where the generator or a queue is late, that is the caller's wait.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../lib/eventually.mjs";
import { percentile } from "../lib/stats.mjs";
import { importMpreg } from "./build.mjs";

/** @type {any[]} */
let clients = [];

/** @param {{ url: string, clients: number }} wanted */
export async function open({ url, clients: count }) {
  const { connect } = await importMpreg();
  clients = await Promise.all(Array.from({ length: count }, () => connect(url)));
  await Promise.all(clients.map((client) => eventually(() => client.call("work", []))));
}

/**
 * @typedef {object} Outcome
 * @property {number} offered calls per second that came
 * @property {number} goodput calls per second that were answered within their time
 * @property {Record<string, number>} failed calls per second that ended otherwise, by code
 * @property {number | null} p50Ms of those that were answered
 * @property {number | null} p99Ms
 */

/**
 * Calls for a while; what ends after the first `settleMs` counts.
 *
 * @param {{ callsPerSecond: number, settleMs: number, measuredMs: number, timeoutMs: number }} job
 * @returns {Promise<Outcome>}
 */
export async function drive({ callsPerSecond, settleMs, measuredMs, timeoutMs }) {
  const startedMs = performance.now();
  const fromMs = startedMs + settleMs;
  const untilMs = fromMs + measuredMs;
  const isMeasured = (/** @type {number} */ atMs) => atMs >= fromMs && atMs < untilMs;
  /** @type {number[]} */
  const latenciesMs = [];
  /** @type {Record<string, number>} */
  const failures = {};
  let offered = 0;
  const callOnce = async (/** @type {any} */ client, /** @type {number} */ dueMs) => {
    let code;
    try {
      await client.call("work", [], { timeoutMs });
    } catch (error) {
      code = /** @type {{ code?: string }} */ (error).code ?? String(error);
    }
    const atMs = performance.now();
    if (!isMeasured(atMs)) return;
    if (code === undefined && atMs - dueMs <= timeoutMs) latenciesMs.push(atMs - dueMs);
    else failures[code ?? "late"] = (failures[code ?? "late"] ?? 0) + 1;
  };

  /** @type {Set<Promise<void>>} */
  const underWay = new Set();
  let number = 0;
  let dueMs = startedMs;
  for (;;) {
    // exponential gaps: nobody waits for anybody else
    while (dueMs <= performance.now()) {
      if (isMeasured(dueMs)) offered++;
      const call = callOnce(clients[number++ % clients.length], dueMs).finally(() => underWay.delete(call));
      underWay.add(call);
      dueMs += (-Math.log(1 - Math.random()) * 1_000) / callsPerSecond;
    }
    if (performance.now() >= untilMs) break;
    await sleep(1);
  }
  await Promise.all(underWay);
  const seconds = measuredMs / 1_000;
  return {
    offered: offered / seconds,
    goodput: latenciesMs.length / seconds,
    failed: Object.fromEntries(Object.entries(failures).map(([code, count]) => [code, count / seconds])),
    p50Ms: latenciesMs.length === 0 ? null : percentile(latenciesMs, 0.5),
    p99Ms: latenciesMs.length === 0 ? null : percentile(latenciesMs, 0.99),
  };
}
