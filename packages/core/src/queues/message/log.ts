/**
 * Log: the messages of a queue by their sequence, in segments that are let go when the last of them has left.
 *
 * (L1) To find, add and remove one takes constant time, and so does the oldest, on average.
 */
import type { Message } from "./message.js";

const segmentBits = 9;
const segmentSize = 1 << segmentBits;

interface Segment {
  readonly messages: (Message | undefined)[];
  size: number;
}

export class Log {
  readonly #segments = new Map<number, Segment>();
  #size = 0;
  /** No message is before this one. */
  #firstSequence = 0;
  #nextSequence = 0;

  get size(): number {
    return this.#size;
  }

  get(sequence: number): Message | undefined {
    return this.#segments.get(Math.floor(sequence / segmentSize))?.messages[sequence % segmentSize];
  }

  add(message: Message): void {
    const number = Math.floor(message.sequence / segmentSize);
    let segment = this.#segments.get(number);
    if (segment === undefined) {
      segment = { messages: new Array<Message | undefined>(segmentSize).fill(undefined), size: 0 };
      this.#segments.set(number, segment);
    }
    segment.messages[message.sequence % segmentSize] = message;
    segment.size += 1;
    if (this.#size === 0 || message.sequence < this.#firstSequence) this.#firstSequence = message.sequence;
    if (message.sequence >= this.#nextSequence) this.#nextSequence = message.sequence + 1;
    this.#size += 1;
  }

  /** Removes a message that is inside. */
  remove(message: Message): void {
    const number = Math.floor(message.sequence / segmentSize);
    const segment = this.#segments.get(number);
    if (segment?.messages[message.sequence % segmentSize] !== message) return;
    segment.messages[message.sequence % segmentSize] = undefined;
    segment.size -= 1;
    if (segment.size === 0) this.#segments.delete(number);
    this.#size -= 1;
  }

  /** The oldest message. */
  get first(): Message | undefined {
    if (this.#size === 0) return undefined;
    const first = this.after(this.#firstSequence - 1);
    if (first !== undefined) this.#firstSequence = first.sequence; // (L1)
    return first;
  }

  /** The oldest message of those behind `sequence`. */
  after(sequence: number): Message | undefined {
    if (this.#size === 0) return undefined;
    let at = Math.max(sequence + 1, this.#firstSequence);
    while (at < this.#nextSequence) {
      const segment = this.#segments.get(Math.floor(at / segmentSize));
      if (segment === undefined) {
        at = (Math.floor(at / segmentSize) + 1) * segmentSize;
        continue;
      }
      const end = (Math.floor(at / segmentSize) + 1) * segmentSize;
      for (; at < end; at++) {
        const message = segment.messages[at % segmentSize];
        if (message !== undefined) return message;
      }
    }
    return undefined;
  }
}
