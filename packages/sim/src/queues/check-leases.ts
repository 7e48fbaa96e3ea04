/**
 * Check leases: one at a time.
 *
 * (L1) No two deliveries are of one lease.
 * (L2) In one run of the owner, an entry is not leased before the lease before has ended: released, or expired after as long as it was to be.
 *      (Where a consumer extends, not before the end of the extension.)
 */
import { type Delivery, type History, type Tell, deliveryName } from "./history.js";

/** A clock of a node, and the world's, do not agree on less. */
const slackMs = 1;

export function checkLeases(history: History, tell: Tell): void {
  for (const [, deliveries] of history.byEntry()) {
    const leases = [...deliveries].sort((a, b) => a.lease.lease - b.lease.lease);
    for (const [at, lease] of leases.entries()) {
      const before = leases.slice(0, at).findLast((other) => other.lease.run === lease.lease.run);
      if (before === undefined) continue;
      if (before.lease.lease === lease.lease.lease) {
        tell("one-lease", `${deliveryName(before)} and ${deliveryName(lease)} are one lease`); // (L1)
      }
      if (lease.gotMs + slackMs < earliestEndMs(before)) {
        tell("one-lease", `${deliveryName(lease)}, while ${deliveryName(before)} went on`); // (L2)
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
