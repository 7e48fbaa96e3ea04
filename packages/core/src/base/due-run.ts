/**
 * Due run: items that are set in the order in which they are due, in a ring. To set, take and remove one takes constant time.
 *
 * Owns the ring. Which run an item belongs to, and what is set out of order, is `deadlines.ts`.
 *
 * (R1) An item is due no earlier than the one before it; who sets one looks at `lastDueMs`.
 * (R2) The first and the last slot that are in use hold items; between them are at most as many holes as the ring has slots,
 *      which are closed before it grows: it is never longer than four times the most items it has held.
 * (R3) An item knows its slot: `heapIndex` is `base` plus that.
 */
import type { HeapItem } from "./heap.js";

const slotsMin = 16;
/** A ring that was longer is let go when it is empty. */
const slotsKeptMax = 1_024;

/** Set before it is pushed; its place in a run is its place in a heap otherwise. */
interface RunItem extends HeapItem {
  readonly dueMs: number;
}

export class DueRun<T extends RunItem> {
  readonly #base: number;
  #ring: (T | undefined)[] = emptyRing(slotsMin);
  /** Positions count on for ever; their slots are what is left of them by the ring's length, a power of two. */
  #start = 0;
  #end = 0;
  #size = 0;
  #lastDueMs = -Infinity;

  constructor(base: number) {
    this.#base = base;
  }

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#size === 0 ? undefined : this.#at(this.#start);
  }

  /** When the last item is due, `-Infinity` when there is none. */
  get lastDueMs(): number {
    return this.#lastDueMs;
  }

  push(item: T): void {
    if (this.#end - this.#start === this.#ring.length) this.#makeRoom();
    this.#put(item);
    this.#size += 1;
    this.#lastDueMs = item.dueMs;
  }

  /** Removes an item that is in this run. */
  remove(item: T): void {
    this.#ring[item.heapIndex - this.#base] = undefined;
    item.heapIndex = -1;
    this.#size -= 1;
    if (this.#size === 0) {
      this.#start = this.#end = 0;
      this.#lastDueMs = -Infinity;
      if (this.#ring.length > slotsKeptMax) this.#ring = emptyRing(slotsMin);
      return;
    }
    while (this.#at(this.#start) === undefined) this.#start += 1; // (R2)
    let last = this.#at(this.#end - 1);
    for (; last === undefined; last = this.#at(this.#end - 1)) this.#end -= 1;
    this.#lastDueMs = last.dueMs;
  }

  #at(position: number): T | undefined {
    return this.#ring[position & (this.#ring.length - 1)];
  }

  #put(item: T): void {
    const slot = this.#end & (this.#ring.length - 1);
    this.#ring[slot] = item;
    item.heapIndex = this.#base + slot; // (R3)
    this.#end += 1;
  }

  /** Closes the holes; where they are few, in a ring of twice the length. (R2) */
  #makeRoom(): void {
    const { length } = this.#ring;
    const items: T[] = [];
    for (let position = this.#start; position < this.#end; position++) {
      const item = this.#at(position);
      if (item !== undefined) items.push(item);
    }
    this.#ring = emptyRing(items.length > length / 2 ? length * 2 : length);
    this.#start = this.#end = 0;
    for (const item of items) this.#put(item);
  }
}

function emptyRing<T>(slots: number): (T | undefined)[] {
  return new Array<T | undefined>(slots).fill(undefined);
}
