/**
 * Fifo: what waits in the order in which it came, in a ring that doubles when it is full.
 *
 * An array's own `shift` moves everything behind it once the array is large.
 *
 * (F1) Items leave in the order in which they came.
 * (F2) An item that has left is not referenced any more.
 * (F3) A ring that a burst has made large is given up when it is empty.
 */

const capacityMin = 16;
const idleCapacityMax = 1024;

export class Fifo<T extends object> {
  #ring = emptyRing<T>(capacityMin);
  #mask = capacityMin - 1;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many items the ring has room for. */
  get places(): number {
    return this.#mask + 1;
  }

  push(item: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#ring[(this.#head + this.#size) & this.#mask] = item;
    this.#size += 1;
  }

  /** The oldest item, left where it is. */
  get first(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Removes the oldest item; answers it. (F1) */
  shift(): T | undefined {
    const item = this.#ring[this.#head];
    if (item === undefined) return undefined;
    this.#ring[this.#head] = undefined; // (F2)
    this.#head = (this.#head + 1) & this.#mask;
    this.#size -= 1;
    if (this.#size === 0 && this.#mask >= idleCapacityMax) this.#reset(); // (F3)
    return item;
  }

  #grow(): void {
    const ring = emptyRing<T>((this.#mask + 1) * 2);
    for (let index = 0; index < this.#size; index++) ring[index] = this.#ring[(this.#head + index) & this.#mask];
    this.#ring = ring;
    this.#mask = ring.length - 1;
    this.#head = 0;
  }

  #reset(): void {
    this.#ring = emptyRing<T>(capacityMin);
    this.#mask = capacityMin - 1;
    this.#head = 0;
  }
}

function emptyRing<T>(capacity: number): (T | undefined)[] {
  return new Array<T | undefined>(capacity).fill(undefined);
}
