/**
 * Due heap: sequences by the time at which each is due, in typed arrays: 16 bytes for each, and half as much again while it grows.
 *
 * (H1) They leave in the order of their times, and of their sequences among equals.
 */

const sizeMin = 64;

export class DueHeap {
  #dueMs = new Float64Array(sizeMin);
  #sequences = new Float64Array(sizeMin);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** When the first is due; `Infinity` if there is none. */
  get firstMs(): number {
    return this.#size === 0 ? Infinity : (this.#dueMs[0] as number);
  }

  push(dueMs: number, sequence: number): void {
    if (this.#size === this.#dueMs.length) this.#resize(Math.ceil(this.#size * 1.5));
    this.#rise(this.#size++, dueMs, sequence);
  }

  /** The first leaves; there is one. */
  shift(): number {
    const first = this.#sequences[0] as number;
    this.#size -= 1;
    if (this.#size > 0) this.#sink(0, this.#dueMs[this.#size] as number, this.#sequences[this.#size] as number);
    if (this.#size >= sizeMin && this.#size * 4 < this.#dueMs.length) this.#resize(this.#size * 2);
    return first;
  }

  /** Only those stay of which it says so. */
  keep(stays: (sequence: number) => boolean): void {
    let kept = 0;
    for (let at = 0; at < this.#size; at++) {
      const sequence = this.#sequences[at] as number;
      if (!stays(sequence)) continue;
      this.#sequences[kept] = sequence;
      this.#dueMs[kept] = this.#dueMs[at] as number;
      kept += 1;
    }
    this.#size = kept;
    for (let at = (kept >> 1) - 1; at >= 0; at--)
      this.#sink(at, this.#dueMs[at] as number, this.#sequences[at] as number);
    this.#resize(Math.max(sizeMin, kept));
  }

  #resize(length: number): void {
    const [dueMs, sequences] = [new Float64Array(length), new Float64Array(length)];
    dueMs.set(this.#dueMs.subarray(0, this.#size));
    sequences.set(this.#sequences.subarray(0, this.#size));
    this.#dueMs = dueMs;
    this.#sequences = sequences;
  }

  #rise(at: number, dueMs: number, sequence: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(dueMs, sequence, parent)) break;
      this.#copy(parent, at);
      at = parent;
    }
    this.#put(at, dueMs, sequence);
  }

  #sink(at: number, dueMs: number, sequence: number): void {
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#isBefore(this.#dueMs[right] as number, this.#sequences[right] as number, child))
        child = right;
      if (this.#isBefore(dueMs, sequence, child)) break;
      this.#copy(child, at);
      at = child;
    }
    this.#put(at, dueMs, sequence);
  }

  #isBefore(dueMs: number, sequence: number, at: number): boolean {
    const otherMs = this.#dueMs[at] as number;
    return dueMs < otherMs || (dueMs === otherMs && sequence < (this.#sequences[at] as number)); // (H1)
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#dueMs[from] as number, this.#sequences[from] as number);
  }

  #put(at: number, dueMs: number, sequence: number): void {
    this.#dueMs[at] = dueMs;
    this.#sequences[at] = sequence;
  }
}
