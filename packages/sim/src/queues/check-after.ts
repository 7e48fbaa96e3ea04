/**
 * Check after: what waits for others is not received before they are done.
 *
 * (A1) When it is given out, each of them was acknowledged by as many as have to: asked for, at least, and not refused.
 *
 * Left out are those that may have left in another way, or that were dead letters meanwhile, and what comes back from there: it does not wait any more.
 */
import { type Delivery, type History, type SentMessage, type Tell, deliveryName, nameOf } from "./history.js";

export function checkAfter(history: History, tell: Tell): void {
  const byMessage = history.byMessage();
  for (const [message, deliveries] of byMessage) {
    const { after, end, queue } = message;
    if (after.length === 0 || end.kind !== "done" || end.spooled) continue;
    for (const awaited of after) {
      const theirs = byMessage.get(awaited) ?? [];
      if (history.executions.some((each) => each.message === awaited)) continue; // `check-functions.ts`
      if (history.mayLeave(awaited) || awaited.idempotencyKey !== undefined || hasMoved(awaited, theirs)) continue;
      for (const delivery of deliveries) {
        if (delivery.queue !== queue || delivery.lease.sequence !== end.sequence) continue;
        if (isDone(history, awaited, theirs, delivery.gotMs)) continue;
        tell("after", `${deliveryName(delivery)} was to wait for ${nameOf(awaited)}, which was not done`);
      }
    }
  }
}

/** Whether it was a dead letter. */
function hasMoved({ queue, end }: SentMessage, deliveries: readonly Delivery[]): boolean {
  return deliveries.some(
    (each) => each.queue !== queue || (end.kind === "done" && each.lease.sequence !== end.sequence),
  );
}

/** Whether it may have been done by then. (A1) */
function isDone(history: History, { queue }: SentMessage, deliveries: readonly Delivery[], byMs: number): boolean {
  const { settings, subscriptions } = history.queueOf(queue);
  const done = deliveries.filter(({ settlings }) =>
    settlings.some(({ what, askedMs, end }) => what === "ack" && askedMs <= byMs && end.kind !== "refused"),
  );
  const lines = new Set(done.map(({ subscription }) => subscription));
  const wanted = settings.guarantee?.kind === "quorum" ? settings.guarantee.needed : Math.max(1, subscriptions.length);
  return lines.size >= wanted;
}
