/**
 * Waiting: what keeps `mpreg start` from being ready, told when it takes long.
 *
 * (W1) Told on the log after some seconds, then again after twice as long each time.
 * (W2) Whoever waits stays alive: an import that never settles keeps no process running by itself.
 */
import type { Logger } from "@mpreg/node";

const toldAfterMs = 5_000;

/** Waits for `work`, however long it takes. `what` names it, as in "still waiting for …". */
export async function waitFor<T>(work: Promise<T>, what: string, log: Logger): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tellIn = (delayMs: number, waitedMs: number): void => {
    timer = setTimeout(() => {
      const seconds = (waitedMs + delayMs) / 1000;
      log.warn({ seconds }, `still waiting for ${what}`);
      tellIn(delayMs * 2, waitedMs + delayMs); // (W1)
    }, delayMs); // (W2)
  };
  tellIn(toldAfterMs, 0);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
