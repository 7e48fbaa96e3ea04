/**
 * Deadlines: timers as data. What is due at `nowMs` is asked for; nothing fires by itself.
 *
 * Owns the order of due times. Who sets the clock is the driver's or the simulator's business.
 *
 * (D1) Items leave in the order of `dueMs`, and of insertion among equals.
 * (D2) A removed item never leaves.
 */
import { Heap, type HeapItem } from "./heap.js";

/** Anything that can be due. The three fields belong to the queue; initialise them with 0, 0 and -1. */
export interface Deadline extends HeapItem {
  dueMs: number;
  sequence: number;
}

/** What knows itself what to do when it is due. */
export interface DueItem extends Deadline {
  onDue(nowMs: number): void;
}

/** Something that is due now and then. */
export class Timer implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #onDue: (nowMs: number) => void;

  constructor(onDue: (nowMs: number) => void) {
    this.#onDue = onDue;
  }

  onDue(nowMs: number): void {
    this.#onDue(nowMs);
  }
}

/** Where things are set that are to be due. */
export interface Timers {
  readonly schedule: (item: DueItem, dueMs: number) => void;
  readonly unschedule: (item: DueItem) => void;
}

export class Deadlines<T extends Deadline> {
  readonly #heap = new Heap<T>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence)); // (D1)
  #sequence = 0;

  get size(): number {
    return this.#heap.size;
  }

  /** When the next item is due, `Infinity` when there is none. */
  get nextDueMs(): number {
    return this.#heap.peek()?.dueMs ?? Infinity;
  }

  /** Sets the due time of `item`, moving it if it was set before. */
  set(item: T, dueMs: number): void {
    this.#heap.remove(item);
    item.dueMs = dueMs;
    item.sequence = this.#sequence++;
    this.#heap.push(item);
  }

  remove(item: T): void {
    this.#heap.remove(item); // (D2)
  }

  /** Takes the next item whose time has come. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#heap.peek();
    if (first === undefined || first.dueMs > nowMs) return undefined;
    return this.#heap.pop();
  }
}
