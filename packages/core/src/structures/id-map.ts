/**
 * Id map: values by unsigned 32-bit ids that come and go by the hundred thousand per second.
 *
 * Open addressing with linear probing and backward-shift deletion (Knuth, TAOCP vol. 3, 6.4, algorithm R). The
 * engine's own `Map` keeps every value alive that was in it when it was last rehashed, until the next full garbage
 * collection; with short-lived entries that made a third of a client's time garbage collection
 * (docs/benchmarks/findings.md).
 *
 * (I1) A removed value is not referenced any more.
 * (I2) At most half of the places are taken, so probes stay short for ids of any pattern.
 * (I3) Which ids share a place depends on the seed: whoever chooses ids and does not know it cannot make probes long.
 * (I4) A table of more than 2,048 places is halved when less than an eighth of them is taken: what a burst has made large
 *      is given up while the burst drains.
 * (I5) When a table changes its size, at least half as many values have come or gone since the last time as are moved
 *      now, so that each pays a constant part. Up to a thousand values, an ordinary link's, move nothing.
 */

const capacityMin = 16;
const capacityKept = 2048;

export class IdMap<T extends object> {
  #keys = new Uint32Array(capacityMin);
  #values: (T | undefined)[] = new Array<T | undefined>(capacityMin).fill(undefined);
  #mask = capacityMin - 1;
  #size = 0;
  /** The table is too large for fewer values than that. */
  #sizeMin = 0;
  readonly #seed: number;

  /** `seed` is any number of 32 bits, from a random source where strangers choose the ids. */
  constructor(seed: number = 0) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  /** How many values and gaps there is room for. */
  get places(): number {
    return this.#mask + 1;
  }

  get(id: number): T | undefined {
    for (let at = this.#home(id); ; at = (at + 1) & this.#mask) {
      const value = this.#values[at];
      if (value === undefined || this.#keys[at] === id) return value;
    }
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Sets the value of `id`. */
  set(id: number, value: T): void {
    let at = this.#home(id);
    while (this.#values[at] !== undefined) {
      if (this.#keys[at] === id) {
        this.#values[at] = value;
        return;
      }
      at = (at + 1) & this.#mask;
    }
    this.#keys[at] = id;
    this.#values[at] = value;
    this.#size += 1;
    if (this.#size * 2 > this.#mask) this.#resize((this.#mask + 1) * 2); // (I2)
  }

  /** Removes the value of `id`; answers it. */
  take(id: number): T | undefined {
    let at = this.#home(id);
    for (;;) {
      const value = this.#values[at];
      if (value === undefined) return undefined;
      if (this.#keys[at] === id) {
        this.#close(at);
        this.#size -= 1;
        if (this.#size < this.#sizeMin) this.#resize((this.#mask + 1) / 2); // (I4)
        return value;
      }
      at = (at + 1) & this.#mask;
    }
  }

  /** What there is. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** Removes everything; answers what was there. */
  takeAll(): T[] {
    const values = this.values();
    this.#values.fill(undefined);
    this.#size = 0;
    if (this.#mask >= capacityKept) this.#resize(capacityMin); // (I4)
    return values;
  }

  /** Where an id belongs: Fibonacci hashing, so that ids that share their low bits spread. */
  #home(id: number): number {
    const mixed = Math.imul(id ^ this.#seed, 0x9e3779b1); // (I3)
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  /** Moves what was probed past the emptied place back into it. */
  #close(emptied: number): void {
    let hole = emptied;
    let at = emptied;
    for (;;) {
      at = (at + 1) & this.#mask;
      const value = this.#values[at];
      if (value === undefined) break;
      const home = this.#home(this.#keys[at] as number);
      // it may stay if its home lies behind the hole, seen from where it is
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#keys[hole] = this.#keys[at] as number;
      this.#values[hole] = value;
      hole = at;
    }
    this.#values[hole] = undefined; // (I1)
  }

  #resize(capacity: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(capacity);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    this.#mask = capacity - 1;
    this.#sizeMin = capacity > capacityKept ? capacity / 8 : 0; // (I5)
    for (let old = 0; old < values.length; old++) {
      const value = values[old];
      if (value === undefined) continue;
      let at = this.#home(keys[old] as number);
      while (this.#values[at] !== undefined) at = (at + 1) & this.#mask;
      this.#keys[at] = keys[old] as number;
      this.#values[at] = value;
    }
  }
}
