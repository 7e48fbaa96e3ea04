/**
 * Extending: a lease ends at another time. One that is to end at once is released.
 *
 * (E1) To end later counts at once, and is taken back where the disk has no room for it.
 * (E2) To end earlier counts once it is on the disk: what is given to somebody else before that would be the first one's again after a crash.
 * (E3) What is asked last counts.
 */
import type { MpregError } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { Queue } from "../queue.js";
import { type HeldLease, doneEnd, find, told } from "./settling.js";
import type { QueueEnd, SettleEnd } from "../types.js";

/** A lease that is to end at another time. */
interface Asked {
  readonly held: HeldLease;
  readonly number: number;
  readonly beforeMs: number;
  readonly untilMs: number;
  /** (E2) */
  readonly isEarlier: boolean;
}

/** Leases end `visibilityMs` from now. */
export function extend(
  queue: Queue,
  wish: { readonly receipts: readonly string[]; readonly visibilityMs: number },
  end: (end: QueueEnd<"extend">) => void,
  nowMs: number,
): void {
  const operations: Operation[] = [];
  const ends: SettleEnd[] = [];
  const wallMs = queue.host.wallMs();
  const all: Asked[] = [];
  for (const receipt of wish.receipts) {
    const held = find(queue, receipt);
    if ("error" in held) {
      ends.push(held);
      continue;
    }
    ends.push(doneEnd);
    const { entry, lane, lease } = held;
    const untilMs = nowMs + wish.visibilityMs;
    const isEarlier = queue.durable && untilMs < lease.dueMs;
    const asked: Asked = { held, number: lease.number, beforeMs: lease.dueMs, untilMs, isEarlier };
    all.push(asked);
    if (!isEarlier) lane.extend(lease, untilMs, nowMs); // (E1)
    if (!queue.durable) continue;
    operations.push(
      queue.host.tables.putLease(queue.id, entry, lease, { leased: true, wallMs, durationMs: wish.visibilityMs }),
    );
    queue.leaseNotes.forget(lease);
    queue.leaseNotes.ask(lease, asked);
    lease.isWritten = true;
  }
  const done = (at: number): void => {
    for (const asked of all) {
      const { lane, lease } = asked.held;
      const isLast = queue.leaseNotes.isLast(lease, asked);
      if (asked.isEarlier && isLast && goesOn(asked)) lane.extend(lease, asked.untilMs, at);
    }
    end({ kind: "done", value: ends });
  };
  const failed = (error: MpregError, at: number): void => {
    for (const asked of all) {
      const { lane, lease } = asked.held;
      const isLast = queue.leaseNotes.isLast(lease, asked);
      if (asked.isEarlier && !isLast) continue; // (E3)
      if (error.outcome === "unknown" || !goesOn(asked)) continue;
      if (!asked.isEarlier && isLast) lane.extend(lease, asked.beforeMs, at); // (E3)
      queue.leaseNotes.add(lease, at);
    }
    end({ kind: "done", value: told(ends, error) });
  };
  queue.commit(operations, { done, failed }, nowMs);
}

function goesOn({ held: { entry, lease }, number }: Asked): boolean {
  return entry.state === "leased" && lease.number === number;
}
