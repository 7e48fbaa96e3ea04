/**
 * Own stop: how one of several processes is asked to end.
 *
 * (E1) By the process that watches over it, or by SIGTERM to it alone: then it is started again. What a terminal or a supervisor
 *      sends to all of them at once asks it no second time.
 */
import { Stopped } from "../stop.js";
import { stopMessage } from "./messages.js";

/** Rejects with {@link Stopped} when this process is asked to end. */
export function processStopRequested(): Promise<never> {
  const stop = new Promise<never>((_resolve, reject) => {
    process.on("message", (message) => {
      if (message === stopMessage) reject(new Stopped("asked to end with the others"));
    });
    process.on("SIGTERM", () => {
      reject(new Stopped("asked to end by SIGTERM"));
    });
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined); // (E1)
  });
  stop.catch(() => undefined); // it may come when nobody waits
  return stop;
}
