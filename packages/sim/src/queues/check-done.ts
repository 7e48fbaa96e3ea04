/**
 * Check done: an acknowledgement that was answered is the end of its message in its line.
 *
 * (D1) It is never given out again: not by the same run of the owner with a later lease, and not by another to whom asks after that.
 *      But what a crash forgets is that an entry was leased: where somebody has set back the clock, the lease before that one goes on.
 * (D2) Of all receivers of one entry the acknowledgement of one at most is done: the number of the lease is a fencing token.
 */
import { type History, type Tell, ackOf, deliveryName } from "./history.js";

export function checkDone(history: History, tell: Tell): void {
  for (const [, deliveries] of history.byEntry()) {
    const done = deliveries.filter((delivery) => ackOf(delivery) !== undefined);
    const [first, second] = done;
    if (first === undefined) continue;
    if (history.queueOf(first.queue).settings.guarantee?.kind === "fire-and-forget") continue;
    if (second !== undefined) {
      tell("one-ack", `${deliveryName(first)} and ${deliveryName(second)} were both acknowledged`); // (D2)
    }
    const ackedMs = ackOf(first)?.end.kind === "done" ? (ackOf(first)?.end as { atMs: number }).atMs : Infinity;
    for (const other of deliveries) {
      const isSameRun = other.lease.run === first.lease.run;
      const isForgotten = history.hasClockSteps && history.hasCrashed(first.queue, other.askedMs, ackedMs);
      const isLater = isSameRun ? other.lease.lease > first.lease.lease && !isForgotten : other.askedMs > ackedMs;
      if (isLater) tell("done-for-good", `${deliveryName(other)}, though ${deliveryName(first)} was acknowledged`); // (D1)
    }
  }
}
