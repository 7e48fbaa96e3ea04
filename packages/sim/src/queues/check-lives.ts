/**
 * Check lives: a message that goes from queue to queue is one message.
 *
 * (V1) It is acknowledged once at most, wherever it was: as it was sent, as a dead letter, and each time that it came back.
 * (V2) Where it was acknowledged, it is given out nowhere else to whom asks after that.
 *
 * Of queues whose messages are acknowledged once. Of one and the same place `check-done.ts` says more.
 */
import { type Delivery, type History, type Tell, ackOf, deliveryName } from "./history.js";

export function checkLives(history: History, tell: Tell): void {
  for (const [message, deliveries] of history.byMessage()) {
    if (!history.isOnce(message.queue)) continue;
    const acked = deliveries.find((each) => ackOf(each) !== undefined);
    const ack = acked && ackOf(acked);
    if (acked === undefined || ack?.end.kind !== "done") continue;
    const { atMs } = ack.end;
    for (const other of deliveries) {
      if (isSamePlace(acked, other)) continue;
      if (ackOf(other) !== undefined)
        tell("one-life", `${deliveryName(acked)} and ${deliveryName(other)} were both acknowledged`); // (V1)
      else if (other.askedMs > atMs)
        tell("one-life", `${deliveryName(other)}, though ${deliveryName(acked)} was acknowledged`); // (V2)
    }
  }
}

function isSamePlace(one: Delivery, other: Delivery): boolean {
  return (
    one.queue === other.queue && one.lease.queue === other.lease.queue && one.lease.sequence === other.lease.sequence
  );
}
