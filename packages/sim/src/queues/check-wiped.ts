/**
 * Check wiped: what was purged or deleted does not come back.
 *
 * (W1) Nobody who asks after a purge, or a deletion, was answered gets what was sent before it was asked for.
 * (W2) A queue that is made anew has nothing of the one before.
 *
 * Of what was elsewhere meanwhile `check-purged.ts` says what can be said.
 */
import { type History, type SentMessage, type Tell, deliveryName, endMsOf } from "./history.js";

export function checkWiped(history: History, tell: Tell): void {
  for (const delivery of history.deliveries) {
    const { queue, message, askedMs, deadLetter } = delivery;
    const isOfAnother = history.livesBy(queue, endMsOf(message.end)) < history.livesBy(queue, askedMs);
    const wasElsewhere = history.isRevived && (isSpooled(message) || mayBeBack(history, queue));
    if (isOfAnother && queue === message.queue && !wasElsewhere)
      tell("wiped", `${deliveryName(delivery)} was sent to the queue before it was made anew`); // (W2)
    for (const wiping of history.wipings) {
      if (isSpooled(message)) continue; // it was elsewhere
      if (wiping.queue !== queue || deadLetter !== undefined || wiping.end.kind !== "done") continue;
      if (endMsOf(message.end) >= wiping.askedMs || askedMs <= wiping.end.atMs || mayBeBack(history, queue)) continue;
      tell("wiped", `${deliveryName(delivery)}, after the ${wiping.what} of ${wiping.askedMs.toFixed(1)} ms`); // (W1)
    }
  }
}

function isSpooled({ end }: SentMessage): boolean {
  return end.kind === "done" && end.spooled;
}

/** Dead letters go back to it: they were elsewhere when it was purged. */
function mayBeBack(history: History, queue: string): boolean {
  return history.queueOf(queue).settings.deadLetter !== undefined;
}
