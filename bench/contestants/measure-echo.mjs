const loadModule = new URL("../lib/echo-load.mjs", import.meta.url);

/**
 * Measures an echo that is being served, with a load generator in a process of its own.
 *
 * @param {typeof import("../lib/child.mjs").openChild} open
 * @param {Parameters<typeof import("../lib/echo-load.mjs").measureEcho>[0]} job
 * @returns {Promise<Record<string, number>>}
 */
export function measureEcho(open, job) {
  return open(loadModule).call("measureEcho", job);
}
