/**
 * On the way: since when the oldest of what was sent to a node, and was not taken there, is on its way.
 *
 * (O1) It is known to `markMs`: a message counts as sent with the first that was sent less than that before it.
 * (O2) At most `marksMax` times are kept; what is sent beyond counts with the last of them.
 */

interface Mark {
  /** All bytes that were sent until the next mark. */
  bytes: number;
  readonly atMs: number;
}

const markMs = 100;
const marksMax = 256;

export class OnTheWay {
  readonly #marks: Mark[] = [];

  /** When the oldest was sent; Infinity: all was taken. */
  get sinceMs(): number {
    return this.#marks[0]?.atMs ?? Infinity;
  }

  sent(bytes: number, nowMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && (nowMs - last.atMs < markMs || this.#marks.length >= marksMax)) last.bytes += bytes;
    else this.#marks.push({ bytes, atMs: nowMs });
  }

  /** Answers since when the oldest of them was on its way. */
  taken(bytes: number): number {
    const { sinceMs } = this;
    let left = bytes;
    for (let [first] = this.#marks; first !== undefined && left > 0; [first] = this.#marks) {
      const gone = Math.min(left, first.bytes);
      first.bytes -= gone;
      left -= gone;
      if (first.bytes === 0) this.#marks.shift();
    }
    return sinceMs;
  }

  /** Nothing of it is awaited any more. Answers since when the oldest was on its way. */
  clear(): number {
    const { sinceMs } = this;
    this.#marks.length = 0;
    return sinceMs;
  }
}
