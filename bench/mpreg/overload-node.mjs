/**
 * A node whose function waits for a place in a pool, as handlers do that ask a database: a child module.
 *
 * The pool serves in the order of arrival whoever asks, also for callers that have given up meanwhile: it knows nothing of
 * deadlines, and has no bound of its own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { importMpreg } from "./build.mjs";

/** As little as the options allow: everything that comes is run at once. */
const unbounded = { executionsMax: 1e9, queuedMax: 1e9, asksPerLinkMax: 1e9 };

/**
 * @param {{ admission: "learned" | "set" | "off", places: number, workMs: number }} wanted
 * @returns {Promise<string>} the node's URL
 */
export async function open({ admission, places, workMs }) {
  const { createNode } = await importMpreg();
  const limits = admission === "off" ? unbounded : {};
  const node = await createNode({ name: "entry", port: 0, log: "error", limits });
  const concurrencyMax = { learned: undefined, set: places, off: 1e9 }[admission];
  const use = poolOf(places);
  const work = () => use(() => sleep(workMs));
  node.register("work", work, concurrencyMax === undefined ? {} : { concurrencyMax });
  return node.url;
}

/** @param {number} places */
function poolOf(places) {
  let free = places;
  /** @type {(() => void)[]} */
  const waiting = [];
  let first = 0;
  return async (/** @type {() => Promise<void>} */ task) => {
    if (free > 0) free--;
    else await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    await task();
    if (first === waiting.length) free++;
    else waiting[first++]();
    if (first > 10_000 && first * 2 > waiting.length) (waiting.splice(0, first), (first = 0));
  };
}
