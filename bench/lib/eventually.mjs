import { setTimeout as sleep } from "node:timers/promises";

/**
 * Tries until it works: for what a cluster that has just started reaches by itself.
 *
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {number} [timeoutMs]
 * @returns {Promise<T>}
 */
export async function eventually(attempt, timeoutMs = 15_000) {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(50);
    }
  }
}
