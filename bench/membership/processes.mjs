/**
 * Real processes on this machine: how soon they are one mesh, what they cost while idle, how soon a new function is
 * called, and how long the death of many at once is seen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { median, summarize } from "../lib/stats.mjs";
import { withMesh } from "../mpreg/mesh.mjs";
import { measureDeaths } from "./deaths.mjs";

const profile = "lan";
/** Every node offers it. */
const fun = "work";

/**
 * @typedef {import("../lib/stats.mjs").Summary} Summary
 * @typedef {{ cpuPercent: { median: number, max: number }, bytesPerSecond: { median: number, max: number }, sockets: number }} Idle
 * @typedef {{ nodes: number, formingMs: number[], idle: Idle, registered: Summary,
 *   deaths: import("./deaths.mjs").Deaths[] }} Row `registered`: ms from `register()` to the first answer at another node
 * @typedef {{ rows: Row[] }} Processes
 */

/** @type {import("./measurement.mjs").Measurement} */
export const processes = {
  name: "processes",
  title: "real processes: forming a mesh, idle cost, register to first call, kill -9 of many at once",
  measure: async ({ processes: sizes, idleMs }, onProgress) => {
    /** @type {Row[]} */
    const rows = [];
    for (const size of sizes) rows.push(await measureSize(size, idleMs, onProgress));
    return { rows };
  },
};

/**
 * @param {import("./measurement.mjs").Budget["processes"][number]} size
 * @param {import("./measurement.mjs").Budget["idleMs"]} idleMs
 * @param {(line: string) => void} onProgress
 * @returns {Promise<Row>}
 */
async function measureSize({ nodes, rounds, killed, registrations }, idleMs, onProgress) {
  /** @type {number[]} */
  const formingMs = [];
  /** @type {number[]} */
  const registeredMs = [];
  /** @type {Row["deaths"]} */
  const deaths = [];
  /** @type {Idle | undefined} */
  let idle;
  for (let round = 0; round < rounds; round++) {
    await withMesh({ nodes, profile, functions: [fun] }, async (mesh) => {
      formingMs.push(mesh.formingMs);
      await sleep(idleMs.settleMs);
      idle ??= await measureIdle(mesh.members, idleMs.durationMs);
      registeredMs.push(...(await measureRegistrations(mesh.members, registrations)));
      if (killed > 0) deaths.push(await measureDeaths(mesh.members, { killed, fun }));
    });
    onProgress(`${nodes} processes, round ${round + 1}/${rounds}: one mesh after ${formingMs[round].toFixed()} ms`);
  }
  return { nodes, formingMs, idle: /** @type {Idle} */ (idle), registered: summarize(registeredMs), deaths };
}

/**
 * @param {import("../mpreg/mesh.mjs").Member[]} members
 * @param {number} durationMs
 * @returns {Promise<Idle>}
 */
async function measureIdle(members, durationMs) {
  const each = await Promise.all(members.map(({ child }) => child.call("measureIdle", durationMs)));
  const spread = (/** @type {number[]} */ values) => ({ median: median(values), max: Math.max(...values) });
  return {
    cpuPercent: spread(each.map(({ cpuShare }) => cpuShare * 100)),
    bytesPerSecond: spread(each.map(({ bytesPerSecond }) => bytesPerSecond)),
    sockets: median(each.map(({ sockets }) => sockets)),
  };
}

/**
 * At two nodes at random: one waits for a function, calling again and again, then the other registers it.
 *
 * @param {import("../mpreg/mesh.mjs").Member[]} members
 * @param {number} count
 * @returns {Promise<number[]>} ms
 */
async function measureRegistrations(members, count) {
  const times = [];
  for (let turn = 0; turn < count; turn++) {
    const at = Math.floor(Math.random() * members.length);
    const from = (at + 1 + Math.floor(Math.random() * (members.length - 1))) % members.length;
    const name = `new-${turn}`;
    const answered = members[from].child.call("callUntilAnswered", name);
    await sleep(50 + Math.random() * 100); // the caller waits, and nobody's intervals are met on purpose
    const startedMs = await members[at].child.call("register", name);
    times.push((await answered) - startedMs);
    await members[at].child.call("unregister", name);
  }
  return times;
}
