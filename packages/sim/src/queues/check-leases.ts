/**
 * Check leases: one at a time.
 *
 * (L1) No two deliveries are of one lease.
 * (L2) In one run of the owner, an entry is not leased before the lease before has ended: released, or expired after as long as it was to be.
 *      (Where a consumer extends, not before the end of the extension.)
 * (L3) The same for all of a FIFO group, but for what was received together; the lease of one that ends, ends those behind it, too.
 * (L4) Of messages with the same idempotency key one is leased at a time in one line.
 */
import { type Delivery, type History, type Tell, deliveryName, groupOf, grouped } from "./history.js";

/** A clock of a node, and the world's, do not agree on less. */
const slackMs = 1;

export function checkLeases(history: History, tell: Tell): void {
  const together = grouped(history.deliveries, (delivery) => `${delivery.receive} ${groupOf(history, delivery) ?? ""}`);
  const endOf = (delivery: Delivery): number => {
    const group = groupOf(history, delivery);
    const received = group === undefined ? [] : (together.get(`${delivery.receive} ${group}`) ?? []);
    const before = received.filter(({ lease }) => lease.sequence <= delivery.lease.sequence);
    return Math.min(earliestEndMs(delivery), ...before.map(earliestEndMs)); // (L3)
  };
  for (const [, deliveries] of history.byEntry()) {
    const leases = [...deliveries].sort((a, b) => a.lease.lease - b.lease.lease);
    for (const [at, lease] of leases.entries()) {
      const before = leases.slice(0, at).findLast((other) => other.lease.run === lease.lease.run);
      if (before === undefined) continue;
      if (before.lease.lease === lease.lease.lease) {
        tell("one-lease", `${deliveryName(before)} and ${deliveryName(lease)} are one lease`); // (L1)
      }
      if (lease.gotMs + slackMs < endOf(before)) {
        tell("one-lease", `${deliveryName(lease)}, while ${deliveryName(before)} went on`); // (L2)
      }
    }
  }
  checkGroups(history, tell, endOf);
  checkKeys(history, tell, endOf);
}

/** One receiver of a group at a time: all that another one had of it has been acknowledged, or its lease has ended. (L3) */
function checkGroups(history: History, tell: Tell, endOf: (delivery: Delivery) => number): void {
  const groups = grouped(history.deliveries, (delivery) => groupOf(history, delivery) ?? "");
  for (const [group, deliveries] of groups) {
    const [first] = deliveries;
    if (group === "" || first === undefined) continue;
    // what others have done is gone from its line, leased or not
    if (history.queueOf(first.queue).settings.guarantee?.kind === "quorum") continue;
    for (const lease of deliveries) {
      for (const other of deliveries) {
        if (other.receive === lease.receive || other.lease.run !== lease.lease.run) continue;
        if (other.gotMs > lease.askedMs || history.mayBeWiped(other.message)) continue; // it may have come later
        const ack = other.settlings.find(({ what, end }) => what === "ack" && end.kind !== "refused");
        if (lease.gotMs + slackMs >= Math.min(endOf(other), ack?.askedMs ?? Infinity)) continue;
        tell("one-receiver", `${deliveryName(lease)}, while ${deliveryName(other)} of its group went on`);
        return;
      }
    }
  }
}

/** (L4) */
function checkKeys(history: History, tell: Tell, endOf: (delivery: Delivery) => number): void {
  const keyed = history.deliveries.filter(
    ({ queue, message, deadLetter }) =>
      message.idempotencyKey !== undefined &&
      deadLetter === undefined &&
      !["fire-and-forget", "quorum"].includes(history.queueOf(queue).settings.guarantee?.kind ?? ""),
  );
  const lines = grouped(keyed, ({ queue, subscription, message, lease }) =>
    JSON.stringify([queue, subscription, lease.queue, lease.run, message.idempotencyKey]),
  );
  for (const deliveries of lines.values()) {
    for (const lease of deliveries) {
      for (const other of deliveries) {
        if (other.lease.sequence === lease.lease.sequence || history.mayBeWiped(other.message)) continue;
        if (other.gotMs > lease.askedMs) continue; // it may have come later
        const ack = other.settlings.find(({ what, end }) => what === "ack" && end.kind !== "refused");
        if (lease.gotMs + slackMs >= Math.min(endOf(other), ack?.askedMs ?? Infinity)) continue;
        tell("one-of-a-key", `${deliveryName(lease)}, while ${deliveryName(other)} of its key went on`);
        return;
      }
    }
  }
}

/** When a lease can have ended at the earliest. */
function earliestEndMs({ askedMs, visibleForMs, settlings }: Delivery): number {
  let untilMs = askedMs + visibleForMs;
  for (const { what, askedMs: atMs, visibilityMs, end } of settlings) {
    if (what === "extend" && end.kind === "done") untilMs = Math.max(untilMs, atMs + visibilityMs);
    if (what === "release" && end.kind !== "refused") untilMs = Math.min(untilMs, atMs);
  }
  return untilMs;
}
