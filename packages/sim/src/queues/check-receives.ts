/**
 * Check receives: how often a message is given out before it is a dead letter.
 *
 * (R1) Never more than `maxReceives` times: its dead letters have room, but where the disk has none, or their queue was deleted, or is elsewhere and the node
 *      has not met anybody since it crashed. (What a crash has forgotten is not counted.)
 * (R2) A dead letter was received as often, and no less.
 */
import { type History, type Tell, deliveryName } from "./history.js";

export function checkReceives(history: History, tell: Tell): void {
  for (const delivery of history.deliveries) {
    const { queue, receives, deadLetter } = delivery;
    const { settings, owner } = history.queueOf(queue);
    if (history.troubled.has(owner)) continue;
    const { maxReceives } = settings;
    if (maxReceives !== undefined && receives > maxReceives && !mayBeRefused(history, queue))
      tell("max-receives", `${deliveryName(delivery)} is its ${receives}th receive; the limit is ${maxReceives}`); // (R1)
    if (deadLetter?.reason !== "max-receives" || !history.queues.has(deadLetter.queue)) continue;
    const allowed = history.queueOf(deadLetter.queue).settings.maxReceives ?? Infinity;
    const isMore = deadLetter.attempts > allowed && mayBeRefused(history, deadLetter.queue);
    if (deadLetter.attempts !== allowed && !isMore)
      tell("max-receives", `${deliveryName(delivery)} died after ${deadLetter.attempts} receives, not ${allowed}`); // (R2)
  }
}

/** Whether dead letters of the queue may have found none. */
function mayBeRefused(history: History, queue: string): boolean {
  const { settings, owner } = history.queueOf(queue);
  const { deadLetter } = settings;
  if (deadLetter === undefined) return false;
  if (history.wipings.some((wiping) => wiping.queue === deadLetter && wiping.what === "delete")) return true;
  return history.queueOf(deadLetter).owner !== owner && history.crashed.has(owner);
}
