/**
 * Asleep: messages of which no more is kept than where they are, since when and how long: 12 bytes for each, in slabs that are let go when the
 * last of them has left.
 *
 * (A1) To find, add and take one takes constant time, and so does the oldest, on average.
 */

/** What is known of a message that sleeps. */
export interface Slept {
  /** See `Message`. */
  readonly sentMs: number;
  readonly bytes: number;
  /** Where it is not in the store. */
  readonly content: Uint8Array | undefined;
}

const slabBits = 10;
const slabSize = 1 << slabBits;

class Slab {
  readonly sentMs: Float64Array;
  /** 0: no message is there. */
  readonly bytes: Uint32Array;
  contents: (Uint8Array | undefined)[] | undefined = undefined;
  size = 0;

  constructor() {
    const memory = new ArrayBuffer(slabSize * 12);
    this.sentMs = new Float64Array(memory, 0, slabSize);
    this.bytes = new Uint32Array(memory, slabSize * 8, slabSize);
  }
}

export class Asleep {
  readonly #slabs = new Map<number, Slab>();
  #size = 0;
  /** None is before this one. */
  #first = Infinity;
  #next = 0;

  get size(): number {
    return this.#size;
  }

  /** Sequence of the oldest; `Infinity` if there is none. */
  get first(): number {
    if (this.#size === 0) return Infinity;
    return (this.#first = this.after(this.#first - 1)); // (A1)
  }

  add(sequence: number, { sentMs, bytes, content }: Slept): void {
    const number = Math.floor(sequence / slabSize);
    let slab = this.#slabs.get(number);
    if (slab === undefined) this.#slabs.set(number, (slab = new Slab()));
    const at = sequence % slabSize;
    slab.sentMs[at] = sentMs;
    slab.bytes[at] = bytes;
    if (content !== undefined) (slab.contents ??= new Array<Uint8Array | undefined>(slabSize))[at] = content;
    slab.size += 1;
    if (this.#size === 0 || sequence < this.#first) this.#first = sequence;
    if (sequence >= this.#next) this.#next = sequence + 1;
    this.#size += 1;
  }

  get(sequence: number): Slept | undefined {
    const slab = this.#slabs.get(Math.floor(sequence / slabSize));
    const at = sequence % slabSize;
    const bytes = slab?.bytes[at] ?? 0;
    if (slab === undefined || bytes === 0) return undefined;
    return { sentMs: slab.sentMs[at] as number, bytes, content: slab.contents?.[at] };
  }

  /** It does not sleep any more. */
  take(sequence: number): Slept | undefined {
    const slept = this.get(sequence);
    if (slept === undefined) return undefined;
    const number = Math.floor(sequence / slabSize);
    const slab = this.#slabs.get(number) as Slab;
    const at = sequence % slabSize;
    slab.bytes[at] = 0;
    if (slab.contents !== undefined) slab.contents[at] = undefined;
    slab.size -= 1;
    if (slab.size === 0) this.#slabs.delete(number);
    this.#size -= 1;
    return slept;
  }

  /** None before `sequence` sleeps any more; answers how many did, and how long these were. */
  removeBefore(sequence: number): { readonly messages: number; readonly bytes: number } {
    let [messages, bytes] = [0, 0];
    for (const [number, slab] of this.#slabs) {
      const end = Math.min(slabSize, sequence - number * slabSize);
      for (let at = 0; at < end; at++) {
        const length = slab.bytes[at] as number;
        if (length === 0) continue;
        messages += 1;
        bytes += length;
        slab.bytes[at] = 0;
        if (slab.contents !== undefined) slab.contents[at] = undefined;
        slab.size -= 1;
      }
      if (slab.size === 0) this.#slabs.delete(number);
    }
    this.#size -= messages;
    return { messages, bytes };
  }

  /** Sequence of the oldest of those behind `sequence`; `Infinity` if there is none. */
  after(sequence: number): number {
    let at = Math.max(sequence + 1, this.#first);
    while (this.#size > 0 && at < this.#next) {
      const number = Math.floor(at / slabSize);
      const slab = this.#slabs.get(number);
      const end = (number + 1) * slabSize;
      if (slab !== undefined)
        for (let from = at; from < end; from++) if (slab.bytes[from % slabSize] !== 0) return from;
      at = end;
    }
    return Infinity;
  }
}
