/** Within: how long something is waited for that goes on whoever waits. */
import { MpregError } from "../base/index.js";
import type { CancelSignal } from "../rpc/index.js";
import { onAbort } from "../structures/index.js";
import type { Clock } from "./clock.js";
import { cancelled } from "./options.js";

export interface Patience {
  /** In ms; 0: as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: CancelSignal | undefined;
  /** What is said when that is over. */
  readonly late: string;
  /** Nobody waits for it any more. */
  readonly gaveUp?: () => void;
}

/** `told`, unless the time allowed is over before, or the signal aborts: what becomes of it then is unknown. */
export function within<T>(clock: Clock, told: Promise<T>, { timeoutMs, signal, late, gaveUp }: Patience): Promise<T> {
  if (timeoutMs === 0 && signal === undefined) return told;
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const stop = (): void => {
      for (const each of stops.splice(0)) each();
    };
    const giveUp = (error: MpregError): void => {
      stop();
      gaveUp?.();
      reject(error);
    };
    if (signal !== undefined) {
      const leave = onAbort(signal, () => {
        giveUp(cancelled(signal, "unknown"));
      });
      stops.push(leave);
    }
    if (timeoutMs > 0) {
      const timer = clock.setTimer(() => {
        giveUp(new MpregError("deadline", late, { outcome: "unknown" }));
      }, timeoutMs);
      stops.push(() => {
        clock.clearTimer(timer);
      });
    }
    told.finally(stop).then(resolve, reject);
  });
}
