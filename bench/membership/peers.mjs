/**
 * Peers: as many processes of ours and of Serf, of which one after the other is lost, and how soon all others know.
 *
 * A process that is killed leaves broken connections behind, which ours hear of and Serf, which speaks UDP, does not. One
 * that is stopped leaves nothing: both have to find out. So both ways are measured.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../lib/eventually.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { median } from "../lib/stats.mjs";
import { withMesh } from "../mpreg/mesh.mjs";
import { serfVersion, whySerfIsUnavailable, withSerf } from "../peers/serf.mjs";

const profiles = ["local", "lan"];
const signals = /** @type {const} */ (["SIGKILL", "SIGSTOP"]);
const noticedWithinMs = 60_000;
const settleMs = 5_000;

/**
 * @typedef {{ name: string, pid: number, takeLosses: () => any }} Process
 * @typedef {{ program: "mpreg" | "Serf", profile: string, signal: (typeof signals)[number], nodes: number,
 *   halfMs: number[], allMs: number[] }} Row by loss: ms until half of the others knew, and all
 * @typedef {{ version: string, rows: Row[] }} Peers
 */

/** @type {import("./measurement.mjs").Measurement} */
export const peers = {
  name: "serf",
  title: "real processes: time until every other one knows that one is lost, beside Serf",
  whyUnavailable: whySerfIsUnavailable,
  measure: async ({ peers: { nodes, losses } }, onProgress) => {
    /** @type {Row[]} */
    const rows = [];
    for (const profile of profiles) {
      const lose = (/** @type {Row["program"]} */ program) => async (/** @type {readonly Process[]} */ all) => {
        const processes = [...all];
        await sleep(settleMs);
        for (const signal of signals) {
          const row = await loseSome(processes, { signal, losses });
          rows.push({ program, profile, signal, nodes, ...row });
          onProgress(
            `${program} ${profile} ${signal}: all knew after ${row.allMs.map((ms) => ms.toFixed()).join(", ")} ms`,
          );
        }
      };
      await withMesh({ nodes, profile }, ({ members }) =>
        lose("mpreg")(
          members.map(({ name, child }) => ({ name, pid: child.pid, takeLosses: () => child.call("takeLosses") })),
        ),
      );
      await withSerf({ nodes, profile }, lose("Serf"));
    }
    return { version: serfVersion(), rows };
  },
};

/**
 * Takes the last of the processes from the list, again and again.
 *
 * @param {Process[]} processes
 * @param {{ signal: (typeof signals)[number], losses: number }} how
 */
async function loseSome(processes, { signal, losses }) {
  const halfMs = [];
  const allMs = [];
  for (let loss = 0; loss < losses; loss++) {
    await sleep(1_000 + Math.random() * 1_000); // nobody's intervals are met on purpose
    const victim = /** @type {Process} */ (processes.pop());
    const startedMs = monotonicMs();
    process.kill(victim.pid, signal);
    const times = (await awaitLoss(victim.name, processes)).map((atMs) => atMs - startedMs);
    if (signal === "SIGSTOP") process.kill(victim.pid, "SIGKILL"); // stopped, it would not hear that the run has ended
    halfMs.push(median(times));
    allMs.push(Math.max(...times));
  }
  return { halfMs, allMs };
}

/**
 * @param {string} lost
 * @param {Process[]} others
 * @returns {Promise<number[]>} when each of the others took it for down
 */
async function awaitLoss(lost, others) {
  /** @type {Map<Process, number>} */
  const knownMs = new Map();
  await eventually(async () => {
    for (const other of others) {
      for (const { atMs, name } of await other.takeLosses()) if (name === lost) knownMs.set(other, atMs);
    }
    if (knownMs.size < others.length) throw new Error(`${knownMs.size} of ${others.length} know that ${lost} is lost`);
  }, noticedWithinMs);
  return [...knownMs.values()];
}
