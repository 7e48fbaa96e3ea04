/**
 * Check kept: what a queue has taken it gives, until it is acknowledged.
 *
 * (K1) A message whose send was answered was acknowledged by a receiver, here or as a dead letter, or done by a function, whatever crashed: all queues were
 *      emptied.
 * (K2) In a `broadcast`, once for each subscription; in a `quorum`, for as many as are needed.
 *
 * Left out is what may go otherwise: purged, deleted, expired, dropped to make room, done with its idempotency key, or in memory with its node.
 */
import { type Delivery, type History, type SentMessage, type Tell, mayBeAcknowledged, nameOf } from "./history.js";

export function checkKept(history: History, tell: Tell): void {
  const executed = new Set(
    history.executions.flatMap(({ message, result }) => (result === undefined ? [] : [message])),
  );
  for (const [message, deliveries] of history.byMessage()) {
    if (message.end.kind !== "done" || message.end.duplicate || mayGo(history, message)) continue;
    if (executed.has(message) && history.isOnce(message.queue)) continue;
    const acknowledged = deliveries.filter(mayBeAcknowledged);
    const { settings, subscriptions } = history.queueOf(message.queue);
    const lines = new Set(acknowledged.map(lineOf));
    const isDead = lines.has(undefined) && subscriptions.length > 0; // of all subscriptions together
    const wanted =
      settings.guarantee?.kind === "quorum" ? settings.guarantee.needed : Math.max(1, subscriptions.length);
    if (lines.size >= wanted || isDead) continue;
    const times = `${deliveries.length} times delivered, ${lines.size} of ${wanted} times acknowledged`;
    tell("kept", `${nameOf(message)} was taken at ${message.end.atMs.toFixed(1)} ms and is lost: ${times}`);
  }
}

/** The subscription whose copy it is, here or among the dead letters. */
function lineOf({ subscription, deadLetter }: Delivery): string | undefined {
  return subscription ?? deadLetter?.subscription;
}

function mayGo(history: History, message: SentMessage): boolean {
  if (history.mayLeave(message)) return true;
  if (message.after.some((other) => mayGo(history, other))) return true; // it never can be received then
  const { idempotencyKey } = message;
  if (idempotencyKey === undefined) return false;
  return history.deliveries.some(
    (other) =>
      other.queue === message.queue &&
      other.message !== message &&
      other.message.idempotencyKey === idempotencyKey &&
      mayBeAcknowledged(other),
  );
}
