/**
 * Deadlines: timers as data. What is due at `nowMs` is asked for; nothing fires by itself.
 *
 * Owns the order of due times. Who sets the clock is the driver's or the simulator's business.
 *
 * Most of what is set is given the same time as what was set before it, and so is due after it: a few runs (`due-run.ts`) take
 * such items in constant time, one run for each of the times that are usual. A heap takes what fits none of them.
 *
 * (D1) Items leave in the order of `dueMs`, and of insertion among equals.
 * (D2) A removed item never leaves.
 * (D3) A single item far ahead does not keep a run from those that come after it.
 */
import { DueRun } from "./due-run.js";
import { Heap, type HeapItem } from "./heap.js";

/** Anything that can be due. The three fields belong to the queue; initialise them with 0, 0 and -1: what is set has a `heapIndex` of 0 or more. */
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

/** An item's `heapIndex` has the number of its run, counted from 1, above these bits, and its slot in them: 67 million would fit. */
const slotBits = 26;
const runs = 4;

export class Deadlines<T extends Deadline> {
  readonly #runs = Array.from({ length: runs }, (_, at) => new DueRun<T>((at + 1) << slotBits));
  readonly #heap = new Heap<T>(isBefore);
  #sequence = 0;

  get size(): number {
    let size = this.#heap.size;
    for (const run of this.#runs) size += run.size;
    return size;
  }

  /** When the next item is due, `Infinity` when there is none. */
  get nextDueMs(): number {
    return this.#first()?.dueMs ?? Infinity;
  }

  /** Sets the due time of `item`, moving it if it was set before. */
  set(item: T, dueMs: number): void {
    this.remove(item);
    item.dueMs = dueMs;
    item.sequence = this.#sequence++;
    const run = this.#runFor(dueMs);
    if (run === undefined) this.#heap.push(item);
    else run.push(item);
  }

  remove(item: T): void {
    const { heapIndex } = item;
    if (heapIndex < 1 << slotBits)
      this.#heap.remove(item); // (D2)
    else this.#runAt((heapIndex >> slotBits) - 1).remove(item);
  }

  /** Takes the next item whose time has come. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#first();
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #first(): T | undefined {
    let first = this.#heap.peek();
    for (let at = 0; at < runs; at++) {
      const next = this.#runAt(at).first;
      if (next !== undefined && (first === undefined || isBefore(next, first))) first = next; // (D1)
    }
    return first;
  }

  /** The run whose last item is due least before `dueMs`; an empty one, when there is no other. */
  #runFor(dueMs: number): DueRun<T> | undefined {
    let fitting: DueRun<T> | undefined;
    let fittingDueMs = -Infinity;
    let single: DueRun<T> | undefined;
    for (let at = 0; at < runs; at++) {
      const run = this.#runAt(at);
      const { lastDueMs } = run;
      if (lastDueMs > dueMs) {
        if (run.size === 1) single = run;
      } else if (fitting === undefined || lastDueMs > fittingDueMs) {
        fitting = run;
        fittingDueMs = lastDueMs;
      }
    }
    return fitting ?? (single === undefined ? undefined : this.#emptied(single)); // (D3)
  }

  /** The run, its only item being kept in the heap from now on. */
  #emptied(run: DueRun<T>): DueRun<T> {
    const item = run.first as T;
    run.remove(item);
    this.#heap.push(item);
    return run;
  }

  #runAt(at: number): DueRun<T> {
    return this.#runs[at] as DueRun<T>;
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence); // (D1)
}
