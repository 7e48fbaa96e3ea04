/**
 * Stop: how `mpreg start` is asked to end, and that it does.
 *
 * (O1) The first signal asks; a second one ends the process at once, as if nobody listened.
 * (O2) Nothing that a module has left running, and no peer that is slow to say goodbye, keeps the process alive.
 */

import { durationMsMax } from "../input/options.js";

const closeMsMax = 5_000;
const lingerMs = 100;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What whoever waits gets instead when this process was asked to end. */
export class Stopped extends Error {
  override readonly name: string = "Stopped";
}

/** Rejects with {@link Stopped} at the first signal that asks this process to end. */
export function stopRequested(): Promise<never> {
  const stop = new Promise<never>((_resolve, reject) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, onSignal); // (O1)
      reject(new Stopped(`asked to end by ${signal}`));
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
  stop.catch(() => undefined); // it may come when nobody waits
  return stop;
}

/** How long a close with that grace time may take: no longer than a timer can wait, which would else be over at once. (O2) */
export function closeMsAllowed(graceMs: number): number {
  return Math.min(graceMs + closeMsMax, durationMsMax);
}

/** Waits for `close`, `graceMs` and a little more, but not for ever; then lets the process end within a moment. (O2) */
export async function closeInTime(close: () => Promise<void>, graceMs: number, exitCode: number): Promise<void> {
  const timer = setTimeout(() => process.exit(exitCode), closeMsAllowed(graceMs));
  try {
    await close();
  } finally {
    clearTimeout(timer);
    // with the exit code that is set by then; unref: only if something else still runs
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
