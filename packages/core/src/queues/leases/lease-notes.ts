/**
 * Lease notes: leases that are not written down yet. Most end within milliseconds, by an acknowledgement, and need no row at all.
 *
 * (N1) A lease that goes on is written when it is `noteMs` to twice as old, and so is what is left of one that ended by itself meanwhile: that it was received.
 * (N2) Nothing is written of a lease whose end is on its way to the disk: its row would be behind what deletes it.
 * (N3) Who leaves in order forgets none.
 * (N4) That a lease is to end at another time is remembered until that is written, or another end is asked for (`extending.ts`).
 */
import type { DueItem } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { QueueHost } from "../host.js";
import { type Lease, isSettling } from "../message/message.js";

/** A crash forgets what was received in the last twice as long, and what is on its way to the disk. */
const noteMs = 25;

export interface NotingQueue {
  readonly id: number;
  readonly host: QueueHost;
  note(operations: readonly Operation[]): void;
}

export class LeaseNotes implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: NotingQueue;
  #leases = new Set<Lease>();
  /** Those that were there when the timer was set, which is theirs. */
  #next = new Set<Lease>();
  /** Made with the first that is to end at another time. (N4) */
  #asked: Map<Lease, object> | undefined;

  constructor(queue: NotingQueue) {
    this.#queue = queue;
  }

  /** A lease has begun, or goes on though its end was to be written; or a delay follows it that nothing says on the disk. */
  add(lease: Lease, nowMs: number): void {
    if (this.#leases.size === 0 && this.#next.size === 0) {
      this.#queue.host.timers.schedule(this, nowMs + noteMs);
    }
    this.#next.add(lease);
  }

  /** Its end is written, or its row is, by somebody else. */
  forget(lease: Lease): void {
    this.#next.delete(lease);
    this.#leases.delete(lease); // it is in both where its receive was asked again
  }

  /** Another end of the lease is asked for, which what was asked before gives way to; `wish`: one that is to be written first. (N4) */
  ask(lease: Lease, wish: object | undefined): void {
    if (wish !== undefined) (this.#asked ??= new Map<Lease, object>()).set(lease, wish);
    else this.#asked?.delete(lease);
  }

  /** Whether that is what was asked last; it is over. */
  isLast(lease: Lease, wish: object): boolean {
    return this.#asked?.get(lease) === wish && this.#asked.delete(lease);
  }

  /** (N1, N2) */
  onDue(nowMs: number): void {
    const { host } = this.#queue;
    if (host.writes.frozen !== undefined) return this.close();
    this.#write(nowMs);
    this.#leases = this.#next;
    this.#next = new Set();
    if (this.#leases.size > 0) host.timers.schedule(this, nowMs + noteMs);
  }

  /** The queue is about to be closed. (N3) */
  leave(nowMs: number): void {
    for (const lease of this.#next) this.#leases.add(lease);
    this.#next.clear();
    this.#write(nowMs);
  }

  #write(nowMs: number): void {
    const { id, host } = this.#queue;
    const wallMs = host.wallMs();
    const rows: Operation[] = [];
    for (const lease of this.#leases) {
      const { state } = lease.entry;
      if (state === "gone" || state === "failing") continue;
      if (isSettling(state)) {
        this.#next.add(lease); // should the store refuse that
        continue;
      }
      const leftMs = state === "available" ? 0 : Math.max(0, lease.dueMs - nowMs);
      const ends = { leased: state === "leased", wallMs, durationMs: leftMs }; // else its delay is, which does not begin anew
      rows.push(host.tables.putLease(id, lease.entry, lease, ends));
      lease.isWritten = true;
    }
    this.#queue.note(rows);
  }

  close(): void {
    this.#leases.clear();
    this.#next.clear();
    this.#asked?.clear();
    this.#queue.host.timers.unschedule(this);
  }
}
