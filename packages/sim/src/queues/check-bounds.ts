/**
 * Check bounds: a queue has no more messages than it may.
 *
 * (B1) As it says itself.
 * (B2) As can be counted: those that were taken, and of which nobody has asked anything that could have ended them, when one more was.
 */
import { type Delivery, type History, type SentMessage, type Tell, endMsOf, nameOf } from "./history.js";

export function checkBounds(history: History, tell: Tell): void {
  for (const { queue, messages } of history.looked) {
    const { messagesMax = Infinity } = history.queueOf(queue).settings;
    if (messages > messagesMax)
      tell("bounds", `Queue "${queue}" has ${messages} messages; the limit is ${messagesMax}`); // (B1)
  }
  const byMessage = history.byMessage();
  for (const { name, settings } of history.queues.values()) {
    const { messagesMax, overflow, ttlMs, deadLetter } = settings;
    if (messagesMax === undefined || overflow === "drop-oldest" || ttlMs !== undefined || deadLetter !== undefined)
      continue;
    if (history.isForgetful(name)) continue;
    checkCount(
      history.sent.filter(({ queue }) => queue === name),
      (message) => firstEndMs(history, message, byMessage.get(message) ?? []),
      messagesMax,
      tell,
    );
  }
}

/** (B2) */
function checkCount(
  sent: readonly SentMessage[],
  untilMs: (message: SentMessage) => number,
  messagesMax: number,
  tell: Tell,
): void {
  const taken = sent.filter(({ end }) => end.kind === "done" && !end.duplicate && !end.spooled);
  for (const message of taken) {
    const atMs = endMsOf(message.end);
    const there = taken.filter((other) => endMsOf(other.end) <= atMs && untilMs(other) > atMs);
    if (there.length <= messagesMax) continue;
    tell("bounds", `${nameOf(message)} is number ${there.length} in its queue; the limit is ${messagesMax}`);
    return;
  }
}

/** Before this it was there. */
function firstEndMs(history: History, message: SentMessage, deliveries: readonly Delivery[]): number {
  const acks = deliveries.flatMap(({ settlings }) =>
    settlings.flatMap(({ what, askedMs }) => (what === "ack" ? [askedMs] : [])),
  );
  const wipings = history.wipings.flatMap(({ queue, askedMs }) => (queue === message.queue ? [askedMs] : []));
  const repeated = message.idempotencyKey === undefined ? [] : [0]; // done with another one, whenever
  return Math.min(...acks, ...wipings, ...repeated, Infinity);
}
