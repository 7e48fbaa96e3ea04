/**
 * Check times: nothing is given out before its time, or after it.
 *
 * (T1) Not before its delay is over.
 * (T2) Not after its TTL.
 *
 * Of the message where it was sent; a dead letter, and what goes back, has times of its own. Left out are worlds in which somebody has set a clock: what goes on over a restart goes on by it.
 */
import { type History, type Tell, deliveryName } from "./history.js";

const slackMs = 5;

export function checkTimes(history: History, tell: Tell): void {
  if (history.hasClockSteps) return;
  for (const delivery of history.deliveries) {
    const { message, queue, lease, askedMs, gotMs } = delivery;
    const { end, delayMs } = message;
    if (queue !== message.queue || end.kind !== "done" || end.spooled || lease.sequence !== end.sequence) continue;
    if (gotMs + slackMs < message.askedMs + delayMs)
      tell(
        "on-time",
        `${deliveryName(delivery)} was sent at ${message.askedMs.toFixed(1)} ms with a delay of ${delayMs} ms`,
      ); // (T1)
    const { ttlMs = Infinity } = history.queueOf(queue).settings;
    if (askedMs > end.atMs + ttlMs + slackMs)
      tell("on-time", `${deliveryName(delivery)} was sent by ${end.atMs.toFixed(1)} ms, and lives for ${ttlMs} ms`); // (T2)
  }
}
