/**
 * Log: the messages of a queue by their sequence, in segments that are let go when the last of them has left. Most of a long line sleep
 * (`asleep.ts`), until somebody looks at them.
 *
 * (L1) To find, add and remove one takes constant time, and so does the oldest, on average.
 * (L2) A message that is handed out is awake, and stays so until it leaves: there is one object of it.
 */
import { Asleep, type Slept } from "./asleep.js";
import type { Message } from "./message.js";

const segmentBits = 9;
const segmentSize = 1 << segmentBits;

interface Segment {
  readonly messages: (Message | undefined)[];
  size: number;
}

/** Where a message sleeps: in the line of its group or priority, in none, or until its delay is over. */
export type Bedroom = "line" | "none" | "delayed";

/** Makes the message again. */
type Waken = (sequence: number, slept: Slept, bedroom: Bedroom) => Message;

export class Log {
  readonly #waken: Waken;
  readonly #segments = new Map<number, Segment>();
  /** Made with the first that sleeps: few queues are as long. */
  #asleep: Asleep | undefined;
  /** Those that sleep in a line. */
  #inLine: Asleep | undefined;
  /** Those that are delayed. */
  #delayed: Asleep | undefined;
  /** Of those awake. */
  #size = 0;
  /** No message that is awake is before this one. */
  #firstSequence = 0;
  #nextSequence = 0;

  constructor(waken: Waken) {
    this.#waken = waken;
  }

  get size(): number {
    return this.#size + this.sleeping;
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.sleepingInNoLine + (this.#inLine?.size ?? 0) + this.delayed;
  }

  get sleepingInNoLine(): number {
    return this.#asleep?.size ?? 0;
  }

  /** How many sleep until their delay is over. */
  get delayed(): number {
    return this.#delayed?.size ?? 0;
  }

  /** Sequence of the oldest that sleeps in no line; `Infinity` if none does. */
  get firstAsleep(): number {
    return this.#asleep?.first ?? Infinity;
  }

  get(sequence: number): Message | undefined {
    return this.#awake(sequence) ?? this.#wake(sequence);
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

  /** A message is inside, asleep. */
  addAsleep(sequence: number, slept: Slept): void {
    (this.#asleep ??= new Asleep()).add(sequence, slept);
  }

  /** The same, in the line of its group or priority. */
  addAsleepInLine(sequence: number, slept: Slept): void {
    (this.#inLine ??= new Asleep()).add(sequence, slept);
  }

  /** The same, until its delay is over. */
  addDelayed(sequence: number, slept: Slept): void {
    (this.#delayed ??= new Asleep()).add(sequence, slept);
  }

  isDelayed(sequence: number): boolean {
    return this.#delayed?.get(sequence) !== undefined;
  }

  /** It sleeps there no more; `undefined` if it did not. */
  takeDelayed(sequence: number): Slept | undefined {
    return this.#delayed?.take(sequence);
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

  /** Removes what sleeps before `sequence`; answers how much: messages that are available, and that are delayed. */
  removeAsleep(sequence: number): { readonly available: number; readonly delayed: number; readonly bytes: number } {
    const removed = { available: 0, delayed: 0, bytes: 0 };
    for (const bedroom of bedrooms) {
      const { messages, bytes } = this.#asleepIn(bedroom)?.removeBefore(sequence) ?? { messages: 0, bytes: 0 };
      removed[bedroom === "delayed" ? "delayed" : "available"] += messages;
      removed.bytes += bytes;
    }
    return removed;
  }

  /** The oldest message. */
  get first(): Message | undefined {
    return this.after(-1);
  }

  /** The oldest message of those behind `sequence`. */
  after(sequence: number): Message | undefined {
    const found = this.lookAfter(sequence);
    return typeof found === "number" ? this.#wake(found) : found;
  }

  /** When the oldest of those behind `sequence` was sent; `Infinity` if there is none. Wakes nobody. */
  sentMsAfter(sequence: number): number {
    const found = this.lookAfter(sequence);
    return (typeof found === "number" ? this.lookAsleep(found)?.sentMs : found?.sentMs) ?? Infinity;
  }

  /** The same, to be looked at only: a message, or the sequence of one that sleeps; of those that sleep perhaps only what is available, or delayed. */
  lookAfter(sequence: number, state?: "available" | "delayed"): Message | number | undefined {
    const awake = this.awakeAfter(sequence);
    let asleep = Infinity;
    if (state !== "delayed")
      asleep = Math.min(this.#asleep?.after(sequence) ?? Infinity, this.#inLine?.after(sequence) ?? Infinity);
    if (state !== "available") asleep = Math.min(asleep, this.#delayed?.after(sequence) ?? Infinity);
    return asleep < (awake?.sequence ?? Infinity) ? asleep : awake;
  }

  /** What is known of a message that sleeps. */
  lookAsleep(sequence: number): Slept | undefined {
    return this.#asleep?.get(sequence) ?? this.#inLine?.get(sequence) ?? this.#delayed?.get(sequence);
  }

  /** Wakes a message that sleeps in a line; does nothing where it does not. */
  wakeInLine(sequence: number): void {
    const slept = this.#inLine?.take(sequence);
    if (slept !== undefined) this.add(this.#waken(sequence, slept, "line"));
  }

  /** Wakes the oldest that sleep in no line, so many at most. */
  wake(most: number): readonly Message[] {
    const woken: Message[] = [];
    while (woken.length < most) {
      const message = this.#wake(this.firstAsleep);
      if (message === undefined) break;
      woken.push(message);
    }
    return woken;
  }

  /** The oldest of those behind `sequence` that are awake. */
  awakeAfter(sequence: number): Message | undefined {
    if (this.#size === 0) return undefined;
    const isFirst = sequence < this.#firstSequence;
    let at = Math.max(sequence + 1, this.#firstSequence);
    while (at < this.#nextSequence) {
      const number = Math.floor(at / segmentSize);
      const messages = this.#segments.get(number)?.messages;
      const end = (number + 1) * segmentSize;
      for (; messages !== undefined && at < end; at++) {
        const message = messages[at % segmentSize];
        if (message === undefined) continue;
        if (isFirst) this.#firstSequence = message.sequence; // (L1)
        return message;
      }
      at = end;
    }
    return undefined;
  }

  #awake(sequence: number): Message | undefined {
    return this.#segments.get(Math.floor(sequence / segmentSize))?.messages[sequence % segmentSize];
  }

  /** (L2) */
  #wake(sequence: number): Message | undefined {
    for (const bedroom of bedrooms) {
      const slept = this.#asleepIn(bedroom)?.take(sequence);
      if (slept === undefined) continue;
      const message = this.#waken(sequence, slept, bedroom);
      this.add(message);
      return message;
    }
    return undefined;
  }

  #asleepIn(bedroom: Bedroom): Asleep | undefined {
    return bedroom === "none" ? this.#asleep : bedroom === "line" ? this.#inLine : this.#delayed;
  }
}

const bedrooms: readonly Bedroom[] = ["none", "line", "delayed"];
