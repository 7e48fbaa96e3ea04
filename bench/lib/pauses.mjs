/**
 * Pauses: when a process that does nothing but wait was not run for a while: no core was free for it, or the machine stood
 * still. What was measured at that time waited as well.
 */
import { monotonicMs } from "./monotonic.mjs";

const lookEveryMs = 5;

/** Shorter ones belong to a machine on which all cores are busy. */
export const pauseMsMin = 100;

/** @typedef {{ atMs: number, ms: number }} Pause by the clock that processes share, and how long */

/** @returns {() => Pause[]} ends the looking, and tells what was seen */
export function watchPauses() {
  /** @type {Pause[]} */
  const pauses = [];
  let lookedMs = monotonicMs();
  const look = () => {
    const nowMs = monotonicMs();
    const lateMs = nowMs - lookedMs - lookEveryMs;
    if (lateMs >= pauseMsMin) pauses.push({ atMs: lookedMs, ms: lateMs });
    lookedMs = nowMs;
  };
  const timer = setInterval(look, lookEveryMs).unref();
  return () => {
    look();
    clearInterval(timer);
    return pauses;
  };
}
