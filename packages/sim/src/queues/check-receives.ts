/**
 * Check receives: how often a message is given out before it is a dead letter.
 *
 * (R1) Never more than `maxReceives` times: its dead letters have room, but where the disk has none. (What a crash has forgotten is not counted.)
 * (R2) A dead letter was received as often, and no less.
 */
import { type History, type Tell, deliveryName } from "./history.js";

export function checkReceives(history: History, tell: Tell): void {
  for (const delivery of history.deliveries) {
    const { queue, receives, deadLetter } = delivery;
    const { settings, owner } = history.queueOf(queue);
    if (history.troubled.has(owner)) continue;
    const { maxReceives } = settings;
    if (maxReceives !== undefined && receives > maxReceives)
      tell("max-receives", `${deliveryName(delivery)} is its ${receives}th receive; the limit is ${maxReceives}`); // (R1)
    if (deadLetter?.reason !== "max-receives" || !history.queues.has(deadLetter.queue)) continue;
    const allowed = history.queueOf(deadLetter.queue).settings.maxReceives ?? Infinity;
    if (deadLetter.attempts !== allowed)
      tell("max-receives", `${deliveryName(delivery)} died after ${deadLetter.attempts} receives, not ${allowed}`); // (R2)
  }
}
