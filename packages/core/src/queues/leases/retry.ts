/** Retry: how long a message waits that was not acknowledged. */
import type { Random } from "../../base/index.js";
import type { Retry } from "../types.js";

/** After its `receives`th receive: doubled each time, up to a bound; with jitter between half of that and all of it. */
export function retryDelay(retry: Retry | undefined, receives: number, random: Random): number {
  if (retry === undefined) return 0;
  const delayMs = Math.min(retry.maxMs, retry.baseMs * 2 ** Math.min(receives - 1, 40));
  return retry.jitter ? Math.ceil(delayMs / 2 + (random.next() * delayMs) / 2) : delayMs;
}
