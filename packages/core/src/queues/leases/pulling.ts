/**
 * Pulling: what becomes of messages of a FIFO group that were received together, when the lease of one of them ends without an acknowledgement.
 *
 * (U1) Those behind it go back with it, in their order; their receipts are stale (`behind`). Those before it stay with who has them.
 * (U2) They do not count as received: nothing has gone wrong with them.
 * (U3) Nothing is leased again behind what has gone back: that its end was refused by the disk changes nothing of that.
 */
import type { Operation } from "../../journal/index.js";
import type { QueueHost } from "../host.js";
import type { Lane } from "./lane.js";
import type { LeaseNotes } from "./lease-notes.js";
import { type Entry, type Message, isSettling } from "../message/message.js";

/** What pulling needs of its queue. */
export interface PullingQueue {
  readonly id: number;
  readonly durable: boolean;
  readonly host: QueueHost;
  readonly leaseNotes: LeaseNotes;
  readonly expiry: { isOver(message: Message, nowMs: number): boolean };
  laneOf(entry: Entry): Lane | undefined;
  expireEntry(entry: Entry, nowMs: number): void;
  note(operations: readonly Operation[]): void;
  advance(nowMs: number): void;
}

/** The lease of `entry` has ended by itself. (U1) */
export function pullBehind(queue: PullingQueue, entry: Entry, nowMs: number): void {
  const lane = queue.laneOf(entry);
  for (const other of lane?.behind(entry) ?? []) {
    lane?.settle(other);
    pullBack(queue, other, nowMs);
  }
}

/** What is settling is back in its place, as if it had not been received this time. (U2) */
export function pullBack(queue: PullingQueue, entry: Entry, nowMs: number): void {
  const { lease } = entry;
  if (lease === undefined) return;
  lease.receives -= 1;
  if (queue.durable) {
    queue.leaseNotes.forget(lease);
    if (lease.isWritten) queue.note([rowOf(queue, entry)]); // what its row says would end by itself after a restart, and count
  }
  back(queue, entry, nowMs);
}

/** What is settling is leased again, since the disk had no room for its end. (U3) */
export function leasedAgain(
  queue: PullingQueue,
  { entry, lane }: { readonly entry: Entry; readonly lane: Lane },
  nowMs: number,
): void {
  const { lease } = entry;
  if (!isSettling(entry.state) || lease === undefined) return;
  if (!lane.mayRestoreLease(entry)) return pullBack(queue, entry, nowMs);
  lane.restoreLease(entry, lease, nowMs);
  if (queue.durable) queue.leaseNotes.add(lease, nowMs);
  queue.advance(nowMs);
}

/** What goes back with messages that are released, once that is on the disk, by the same batch. */
export class Pulled {
  readonly operations: Operation[] = [];
  readonly #queue: PullingQueue;
  readonly #released: readonly { readonly entry: Entry; readonly lane: Lane }[];
  readonly #all: { readonly entry: Entry; readonly lane: Lane }[] = [];

  constructor(queue: PullingQueue, released: readonly { readonly entry: Entry; readonly lane: Lane }[], nowMs: number) {
    this.#queue = queue;
    this.#released = released;
    for (const { entry, lane } of released) {
      for (const other of lane.behind(entry)) {
        lane.settle(other);
        this.#all.push({ entry: other, lane });
        if (other.lease !== undefined) other.lease.receives -= 1; // (U2)
        if (!queue.durable || other.lease === undefined) continue;
        queue.leaseNotes.forget(other.lease);
        this.operations.push(rowOf(queue, other));
        other.lease.isWritten = true;
      }
      lane.arm(nowMs);
    }
  }

  done(nowMs: number): void {
    for (const { entry } of this.#all) back(this.#queue, entry, nowMs);
    // what was to be acknowledged then, and could not be
    for (const { entry } of this.#released) if (entry.state !== "gone") pullBehind(this.#queue, entry, nowMs);
  }

  undo(nowMs: number): void {
    for (const one of this.#all) {
      if (one.entry.state === "gone") continue;
      if (one.entry.lease !== undefined) one.entry.lease.receives += 1;
      leasedAgain(this.#queue, one, nowMs);
    }
  }
}

function rowOf({ id, host }: PullingQueue, entry: Entry): Operation {
  const lease = entry.lease;
  if (lease === undefined) throw new Error("what was leased has a lease");
  return host.tables.putLease(id, entry, lease, { leased: false, wallMs: host.wallMs(), durationMs: 0 });
}

function back(queue: PullingQueue, entry: Entry, nowMs: number): void {
  if (!isSettling(entry.state)) return;
  if (entry.lease !== undefined) entry.lease.ended = "behind";
  if (queue.expiry.isOver(entry.message, nowMs)) queue.expireEntry(entry, nowMs);
  else queue.laneOf(entry)?.putBack(entry, 0, nowMs);
}
