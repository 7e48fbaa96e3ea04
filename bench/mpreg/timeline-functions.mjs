/** What each node of the timelines offers, as a module of `mpreg start`. */
import { setTimeout as sleep } from "node:timers/promises";

const workMs = 10;

/** @param {any} node */
export function register(node) {
  const work = async (/** @type {number} */ number) => {
    await sleep(workMs);
    return number;
  };
  node.register("work", work, { idempotent: true });
  node.register("once", work);
}
