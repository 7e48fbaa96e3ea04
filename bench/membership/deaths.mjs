/** Death of many: `kill -9` of some of the nodes at once while all call each other, and how long that is seen. */
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../lib/eventually.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { summarize } from "../lib/stats.mjs";

/** How often each survivor calls, and how long it waits for an answer. */
const callEveryMs = 20;
const callTimeoutMs = 5_000;
const loadMs = { before: 2_000, after: 2_000 };
const noticedWithinMs = 30_000;

/**
 * @typedef {object} Deaths
 * @property {number} killed
 * @property {number} survivors
 * @property {import("../lib/stats.mjs").Summary} downMs from the kill until it was told, for each survivor and each node
 * @property {number} answered calls
 * @property {number} slowestMs of the calls that were answered
 * @property {Record<string, number>} failed calls, by error code
 * @property {number} failingMs from the kill until the last failure was told; 0 without one
 * @property {number} wronglyLost how often a survivor was taken for down
 */

/**
 * @param {import("../mpreg/mesh.mjs").Member[]} members
 * @param {{ killed: number, fun: string }} what `fun`: what every node offers
 * @returns {Promise<Deaths>}
 */
export async function measureDeaths(members, { killed, fun }) {
  // spread over the mesh, the seed among the survivors
  const victims = new Set(members.filter((_, index) => (index * killed) % members.length >= members.length - killed));
  const victimNames = new Set([...victims].map(({ name }) => name));
  const survivors = members.filter((member) => !victims.has(member));
  const ask = (/** @type {string} */ name, /** @type {unknown} */ argument) =>
    Promise.all(survivors.map(({ child }) => child.call(name, argument)));

  await ask("takeLosses", undefined);
  await ask("startLoad", { fun, everyMs: callEveryMs, timeoutMs: callTimeoutMs });
  await sleep(loadMs.before);
  const killedMs = monotonicMs();
  for (const { child } of victims) process.kill(child.pid, "SIGKILL");

  /** @type {{ atMs: number, name: string }[]} */
  const losses = [];
  const isVictims = (/** @type {{ name: string }} */ { name }) => victimNames.has(name);
  await eventually(async () => {
    losses.push(...(await ask("takeLosses", undefined)).flat());
    const known = losses.filter(isVictims).length;
    const wanted = survivors.length * victims.size;
    if (known < wanted) throw new Error(`The survivors know of ${known} losses of ${wanted}`);
  }, noticedWithinMs);
  await sleep(loadMs.after);
  const outcomes = await ask("stopLoad", undefined);

  const failures = outcomes.flatMap((outcome) => outcome.failures);
  /** @type {Record<string, number>} */
  const failed = {};
  for (const { code } of failures) failed[code] = (failed[code] ?? 0) + 1;
  return {
    killed: victims.size,
    survivors: survivors.length,
    downMs: summarize(losses.filter(isVictims).map(({ atMs }) => atMs - killedMs)),
    answered: outcomes.reduce((sum, { answered }) => sum + answered, 0),
    slowestMs: Math.max(...outcomes.map(({ slowestMs }) => slowestMs)),
    failed,
    failingMs: Math.max(0, ...failures.map(({ atMs }) => atMs - killedMs)),
    wronglyLost: losses.filter((loss) => !isVictims(loss)).length,
  };
}
