/**
 * Sweeping: rows that are nothing any more, of messages that were purged and of queues that were deleted, leave the disk some at a time. In one go a million of
 * them kept the node from everything else for seconds.
 *
 * Owns the line of what is to be swept, on one node. What is gone, and since when, is told by `purging.ts` and found by `recovery.ts`.
 *
 * (S1) Before its first row leaves it is on the disk that all of it is gone: by the mark of the purge, or for want of the queue's record. Wherever a crash
 *      comes, the next start goes on.
 * (S2) Each look begins at the first row, and the last one finds none: what was written behind the purge goes, too.
 * (S3) One batch is on its way at a time, of {@link rowsMax} rows at most. One that is refused is tried again.
 */
import type { DueItem, MpregError, Timers } from "../../base/index.js";
import { type Operation, compareKeys } from "../../journal/index.js";
import { getU32, messageKey, queueKey, readKey, tableNames } from "../store/tables.js";
import type { Writes } from "../store/writes.js";

/** (S3) */
export const rowsMax = 1_000;

/** How long it waits after the disk has refused a batch. */
const refusedWaitMs = 1_000;

interface Job {
  readonly queue: number;
  readonly tables: readonly string[];
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** What it needs of its node. */
export interface SweepingHost {
  readonly timers: Timers;
  readonly writes: Writes;
}

export class Sweeping implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #host: SweepingHost;
  readonly #jobs: Job[] = [];
  #isWriting = false;
  #isClosed = false;

  constructor(host: SweepingHost) {
    this.#host = host;
  }

  /** Whether rows of that queue are to be swept yet. */
  has(queue: number): boolean {
    return this.#jobs.some((job) => job.queue === queue);
  }

  /** All of a queue's messages before `sequence`. (S1) */
  messages(queue: number, sequence: number): void {
    const tables = [tableNames.messages, tableNames.leases, tableNames.acks];
    this.#add({ queue, tables, from: messageKey(queue, 0), to: messageKey(queue, sequence) });
  }

  /** All of a queue. (S1) */
  queue(queue: number): void {
    this.#add({ queue, tables: Object.values(tableNames), from: queueKey(queue), to: queueKey(queue + 1) });
  }

  onDue(): void {
    this.#goOn();
  }

  close(): void {
    this.#isClosed = true;
    this.#host.timers.unschedule(this);
  }

  #add(job: Job): void {
    this.#jobs.push(job);
    this.#goOn();
  }

  #goOn(): void {
    for (let job = this.#jobs[0]; job !== undefined && !this.#isWriting && !this.#isClosed; job = this.#jobs[0]) {
      const operation = this.#next(job);
      if (operation === undefined) this.#jobs.shift();
      else this.#write(operation);
    }
  }

  #write(operation: Operation): void {
    this.#isWriting = true;
    const done = (): void => {
      this.#isWriting = false;
      this.#goOn();
    };
    const failed = (error: MpregError, nowMs: number): void => {
      this.#isWriting = false;
      if (error.outcome === "unknown" || this.#isClosed) return; // the next start goes on (S1)
      this.#host.timers.schedule(this, nowMs + refusedWaitMs);
    };
    this.#host.writes.write([operation], { done, failed });
  }

  /** (S2) */
  #next(job: Job): Operation | undefined {
    const { store, frozen } = this.#host.writes;
    if (frozen !== undefined) return undefined;
    for (const table of job.tables) {
      // messages are long: only the first is looked at, and the numbers of the others follow from its own
      const limit = table === tableNames.messages ? 1 : rowsMax;
      const rows = store?.range(table, { from: job.from, to: job.to, limit }) ?? [];
      const [first, last] = [rows[0]?.key, rows.at(-1)?.key];
      if (first === undefined || last === undefined) continue;
      const to = table === tableNames.messages ? behind(first, job.to) : new Uint8Array([...last, 0]);
      return { kind: "delete-range", table, from: first, to };
    }
    return undefined;
  }
}

/** The key of the message {@link rowsMax} behind that of `key`, and no more than `to`. */
function behind(key: Uint8Array, to: Uint8Array): Uint8Array {
  const later = messageKey(getU32(key, 0), readKey(key).sequence + rowsMax);
  return compareKeys(later, to) < 0 ? later : to;
}
