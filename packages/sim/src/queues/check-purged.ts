/**
 * Check purged: what was purged or deleted does not come back, wherever it was on its way to.
 *
 * (P1) A queue that was purged gives nothing more that had a place in it before: places only rise.
 * (P2) A queue that was deleted gives nothing, until it is created again.
 * (P3) A dead letter that was there when its queue was purged or deleted, and that no redrive can have moved before, is nowhere any more. (Of queues whose
 *      messages are acknowledged once: else another copy of it may be elsewhere.)
 */
import { mayHaveRun } from "./check-redrive.js";
import { type History, type Tell, type Wiping, deliveryName } from "./history.js";

export function checkPurged(history: History, tell: Tell): void {
  for (const wiping of history.wipings) {
    if (wiping.end.kind !== "done") continue;
    const { queue, what } = wiping;
    const doneMs = wiping.end.atMs;
    const before = lastBefore(history, wiping);
    for (const delivery of history.deliveries) {
      if (delivery.queue !== queue || delivery.askedMs <= doneMs) continue;
      if (history.livesBy(queue, delivery.askedMs) !== history.livesBy(queue, wiping.askedMs)) continue;
      const isBack = what === "delete" || delivery.lease.sequence <= before; // (P1, P2)
      if (isBack) tell("purged", `${deliveryName(delivery)}, after the ${what} of ${wiping.askedMs.toFixed(1)} ms`);
    }
    checkLetters(history, wiping, doneMs, tell);
  }
}

/** The last place that something had in the queue, in this life of it, as somebody knows who knew it before the purge. */
function lastBefore(history: History, { queue, askedMs }: Wiping): number {
  const life = history.livesBy(queue, askedMs);
  const isCounted = (fromMs: number, toMs: number): boolean =>
    toMs < askedMs && history.livesBy(queue, fromMs) === life;
  let last = 0;
  for (const { queue: of, end, askedMs: fromMs } of history.sent) {
    if (of !== queue || end.kind !== "done" || end.spooled || end.duplicate) continue;
    if (isCounted(fromMs, end.atMs)) last = Math.max(last, end.sequence);
  }
  for (const delivery of history.deliveries) {
    if (delivery.queue === queue && isCounted(delivery.askedMs, delivery.gotMs))
      last = Math.max(last, delivery.lease.sequence);
  }
  return last;
}

/** (P3) */
function checkLetters(history: History, { queue, what, askedMs }: Wiping, doneMs: number, tell: Tell): void {
  for (const look of history.browsed) {
    if (look.queue !== queue || look.atMs >= askedMs || mayHaveRun(history, queue, look.askedMs, doneMs).length > 0)
      continue;
    const letters = look.messages.filter(({ message: { queue: from } }) => from !== queue && history.isOnce(from));
    const wasThere = new Set(letters.map(({ message }) => message));
    for (const delivery of history.deliveries) {
      if (!wasThere.has(delivery.message) || delivery.askedMs <= doneMs) continue;
      tell(
        "purged",
        `${deliveryName(delivery)} was in "${queue}", of which the ${what} ended at ${doneMs.toFixed(1)} ms`,
      );
    }
  }
}
