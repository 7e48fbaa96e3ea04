/**
 * Load: the loops that measure. The same ones for every contestant.
 *
 * Throughput is counted for a time, not for a number of calls, so that a slow contestant does not stretch the run and a
 * fast one is not over before it is warm.
 */
import { percentile } from "./stats.mjs";

/**
 * @typedef {object} Budget how long one contestant is measured in one round
 * @property {number} warmUpMs load before the first figure counts
 * @property {number} sequentialCalls calls one after the other for the latencies
 * @property {number} loadMs time at each number of calls in flight
 * @property {number} settleMs quiet time before memory is read
 */

/**
 * Calls one after the other.
 *
 * @param {() => Promise<unknown>} call
 * @param {number} count
 * @returns {Promise<number[]>} microseconds of each call
 */
export async function timeSequential(call, count) {
  const latenciesUs = new Array(count);
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    await call();
    latenciesUs[i] = (performance.now() - startMs) * 1000;
  }
  return latenciesUs;
}

/**
 * Keeps `inFlight` calls running for `durationMs`, then waits for the last of them.
 *
 * @param {() => Promise<unknown>} call
 * @param {number} inFlight
 * @param {number} durationMs
 * @returns {Promise<number>} calls per second
 */
export async function loadInFlight(call, inFlight, durationMs) {
  let stopped = false;
  let done = 0;
  const startMs = performance.now();
  const timer = setTimeout(() => (stopped = true), durationMs);
  const worker = async () => {
    while (!stopped) {
      await call();
      done++;
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, worker));
  } finally {
    clearTimeout(timer);
    stopped = true;
  }
  return (done / (performance.now() - startMs)) * 1000;
}

/**
 * The whole echo measurement of one contestant in one round.
 *
 * @param {() => Promise<unknown>} call
 * @param {Budget} budget
 */
export async function measureCalls(call, budget) {
  await timeSequential(call, Math.ceil(budget.sequentialCalls / 2));
  const latenciesUs = await timeSequential(call, budget.sequentialCalls);
  await loadInFlight(call, 64, budget.warmUpMs);
  const callsPerSecondAt64 = await loadInFlight(call, 64, budget.loadMs);
  await loadInFlight(call, 512, budget.warmUpMs / 2);
  const callsPerSecondAt512 = await loadInFlight(call, 512, budget.loadMs);
  return {
    sequentialP50Us: percentile(latenciesUs, 0.5),
    sequentialP99Us: percentile(latenciesUs, 0.99),
    callsPerSecondAt64,
    callsPerSecondAt512,
  };
}
