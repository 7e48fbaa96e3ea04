/**
 * Check wiped: what was purged or deleted does not come back.
 *
 * (W1) Nobody who asks after a purge, or a deletion, was answered gets what was sent before it was asked for.
 * (W2) A queue that is made anew has nothing of the one before.
 */
import { type History, type Tell, deliveryName, endMsOf } from "./history.js";

export function checkWiped(history: History, tell: Tell): void {
  for (const delivery of history.deliveries) {
    const { queue, message, askedMs, deadLetter } = delivery;
    const bornMs = history.reborn.get(queue) ?? Infinity;
    if (askedMs >= bornMs && endMsOf(message.end) < bornMs && queue === message.queue)
      tell("wiped", `${deliveryName(delivery)} was sent to the queue before it was made anew`); // (W2)
    for (const wiping of history.wipings) {
      if (message.end.kind === "done" && message.end.spooled) continue; // it was elsewhere
      if (wiping.queue !== queue || deadLetter !== undefined || wiping.end.kind !== "done") continue;
      if (endMsOf(message.end) >= wiping.askedMs || askedMs <= wiping.end.atMs || mayBeBack(history, queue)) continue;
      tell("wiped", `${deliveryName(delivery)}, after the ${wiping.what} of ${wiping.askedMs.toFixed(1)} ms`); // (W1)
    }
  }
}

/** Dead letters go back to it: they were elsewhere when it was purged. */
function mayBeBack(history: History, queue: string): boolean {
  return history.queueOf(queue).settings.deadLetter !== undefined;
}
