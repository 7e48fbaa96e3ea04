/**
 * Buffer: messages that wait because the consumer of a subscription has not taken what is on its way to it.
 *
 * (B1) It holds at most `messagesMax` messages and `bytesMax` bytes, or one message of any size.
 * (B2) The highest priority is next, and of one priority the message that came first.
 * (B3) What is dropped is counted where it was lost: whoever takes the messages hears, before the next one of that priority,
 *      how many are missing there.
 * (B4) Room is made by dropping the oldest of the lowest priority; a message of a lower one than all that wait goes itself.
 * (B5) What has expired is not handed on, and is no loss: its publisher wanted that.
 * (B6) What it copies lies in chunks of its lane, which leave as its messages do, in the order in which they came: it holds no more than
 *      what waits and two chunks for each priority, and nothing when nothing waits.
 */
import { assert } from "../../base/index.js";
import { Fifo } from "../../structures/index.js";

/**
 * What happens to messages that find no room.
 *
 * - `drop-oldest`: they push out what waits for longest.
 * - `drop-newest`: they are dropped themselves.
 * - `block-publisher`: their publishers wait until there is room.
 * - `disconnect`: the subscription ends.
 */
export type Overflow = "drop-oldest" | "drop-newest" | "block-publisher" | "disconnect";

export const overflows: readonly Overflow[] = ["drop-oldest", "drop-newest", "block-publisher", "disconnect"];

export interface WaitingMessage<A = undefined> {
  /** Nobody writes to it; several buffers may hold the same one. */
  readonly body: Uint8Array;
  readonly priority: number;
  /** Infinity: never. */
  readonly expiresMs: number;
  /** What its owner wants to know of it. */
  readonly about: A | undefined;
  /** Messages that were lost just before this one. (B3) */
  missedBefore: number;
}

/** Hears of a message that is not handed on, what its owner wants to know of it, and whether it had expired. */
export type Unhanded<A> = (about: A, hasExpired: boolean) => void;

/** What all buffers together have not handed on since the start. */
export interface BufferTotals {
  dropped: number;
  expired: number;
}

interface Lane<A> {
  readonly priority: number;
  readonly messages: Fifo<WaitingMessage<A>>;
  /** Messages that were lost behind all that wait. */
  missedBehind: number;
  /** Where copies go next: behind the first `used` bytes. (B6) */
  chunk: Uint8Array;
  used: number;
}

/** An array with memory of its own costs several times what a small message takes to copy (docs/benchmarks/findings.md). */
const chunkBytes = 8 * 1024;
const smallBytesMax = 1024;
const noBytes = new Uint8Array(0);

/** Nobody writes to it. */
const none: [] = [];

export class MessageBuffer<A = undefined> {
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  /** By priority; there once something waits. */
  #lanes: (Lane<A> | undefined)[] = none;
  /** Bit n: the lane of priority n has something to tell. */
  #open = 0;
  #size = 0;
  #bytes = 0;
  readonly #totals: BufferTotals;
  readonly #unhanded: Unhanded<A | undefined> | undefined;
  #dropped = 0;
  /** Whether something was lost since all that waited, and all that was lost, was last told. Its owner says so; it ends by itself. */
  isLosing = false;

  /** `unhanded` is told of each message that was kept, and is not handed on. */
  constructor(messagesMax: number, bytesMax: number, totals: BufferTotals, unhanded?: Unhanded<A | undefined>) {
    this.#totals = totals;
    this.#unhanded = unhanded;
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Messages dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether there is nothing to hand on and nothing to tell. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** Whether it is so empty that publishers who waited for it can go on. */
  get isHalfEmpty(): boolean {
    return this.#size * 2 <= this.#messagesMax && this.#bytes * 2 <= this.#bytesMax;
  }

  /** (B1) */
  hasRoom(length: number): boolean {
    return this.#size === 0 || (this.#size < this.#messagesMax && this.#bytes + length <= this.#bytesMax);
  }

  /** Keeps a message; it must have room. */
  push(body: Uint8Array, priority: number, expiresMs: number, about?: A): void {
    const lane = this.#lane(priority);
    lane.messages.push({ body, priority, expiresMs, about, missedBefore: lane.missedBehind });
    lane.missedBehind = 0;
    this.#size += 1;
    this.#bytes += body.length;
  }

  /** As {@link push}, a copy: `message` is somebody else's. (B6) */
  pushCopy(message: Uint8Array, priority: number, expiresMs: number, about?: A): void {
    this.push(copyInto(this.#lane(priority), message), priority, expiresMs, about);
  }

  /** Makes room for a message by dropping others. Answers false if the message itself is the one to go. (B4) */
  makeRoom(length: number, priority: number, nowMs: number): boolean {
    while (!this.hasRoom(length)) {
      const lowest = this.#lowest();
      if (lowest > priority) return false;
      this.#dropFirst(this.#lanes[lowest] as Lane<A>, nowMs);
    }
    return true;
  }

  /** Messages are missing behind all that wait, which were lost elsewhere. */
  missElsewhere(priority: number, count: number): void {
    this.#lane(priority).missedBehind += count;
  }

  /** Counts a message that was not kept. */
  lose(priority: number): void {
    this.#lane(priority).missedBehind += 1; // (B3)
    this.#dropped += 1;
    this.#totals.dropped += 1;
  }

  /** Drops all that waits; its consumer will be told. */
  loseAll(nowMs: number): void {
    for (const lane of this.#lanes) while (lane !== undefined && lane.messages.size > 0) this.#dropFirst(lane, nowMs);
  }

  /** Removes all that waits, and hands each message to `taken`. */
  takeAll(taken: (message: WaitingMessage<A>) => void, nowMs: number): void {
    while (this.#open !== 0) {
      this.takeMissed(nowMs);
      const message = this.first(nowMs);
      if (message === undefined) continue;
      this.shift(nowMs);
      taken(message);
    }
  }

  /** How many messages are missing just before what is {@link first} now; each is told once. */
  takeMissed(nowMs: number): number {
    const lane = this.#next(nowMs);
    if (lane === undefined) return 0;
    const { first } = lane.messages;
    const missed = first === undefined ? lane.missedBehind : first.missedBefore;
    if (first !== undefined) first.missedBefore = 0;
    else {
      lane.missedBehind = 0;
      this.#closeIfDone(lane);
    }
    return missed;
  }

  /** The message that is next; `undefined` without one, and where {@link takeMissed} has something to tell first. */
  first(nowMs: number): WaitingMessage<A> | undefined {
    const first = this.#next(nowMs)?.messages.first;
    return first === undefined || first.missedBefore > 0 ? undefined : first;
  }

  /** Tells about the first message of each priority that waits, whether something is missing before it or not: one of them is the oldest. */
  eachFirst(tell: (about: A | undefined) => void, nowMs: number): void {
    for (const lane of this.#lanes) {
      if (lane === undefined) continue;
      this.#dropExpired(lane, nowMs);
      const { first } = lane.messages;
      if (first !== undefined) tell(first.about);
    }
  }

  /** Removes what is {@link first} now. */
  shift(nowMs: number): void {
    const lane = this.#next(nowMs);
    if (lane === undefined) return;
    this.#remove(lane);
    this.#closeIfDone(lane);
  }

  /** The lane with the highest priority that has something to tell; nothing at its front has expired. (B2) */
  #next(nowMs: number): Lane<A> | undefined {
    while (this.#open !== 0) {
      const lane = this.#lanes[31 - Math.clz32(this.#open)] as Lane<A>;
      this.#dropExpired(lane, nowMs);
      if (lane.messages.size > 0 || lane.missedBehind > 0) return lane;
      this.#closeIfDone(lane);
    }
    return undefined;
  }

  /** Nothing at its front has expired then. (B5) */
  #dropExpired(lane: Lane<A>, nowMs: number): void {
    for (let { first } = lane.messages; first !== undefined && first.expiresMs <= nowMs; first = lane.messages.first) {
      this.#remove(lane);
      this.#totals.expired += 1;
      this.#unhanded?.(first.about, true);
      missedFirst(lane, first.missedBefore);
    }
  }

  #lane(priority: number): Lane<A> {
    let lane = this.#lanes[priority];
    if (lane === undefined) {
      if (this.#lanes === none) this.#lanes = [];
      lane = { priority, messages: new Fifo(), missedBehind: 0, chunk: noBytes, used: 0 };
      this.#lanes[priority] = lane;
    }
    this.#open |= 1 << priority;
    return lane;
  }

  /** The lowest priority of which a message waits. */
  #lowest(): number {
    let lowest = 0;
    while ((this.#lanes[lowest]?.messages.size ?? 0) === 0) lowest += 1;
    return lowest;
  }

  #dropFirst(lane: Lane<A>, nowMs: number): void {
    const first = this.#remove(lane);
    const hasExpired = first.expiresMs <= nowMs;
    if (hasExpired) this.#totals.expired += 1;
    else {
      this.#dropped += 1;
      this.#totals.dropped += 1;
    }
    this.#unhanded?.(first.about, hasExpired);
    missedFirst(lane, first.missedBefore + (hasExpired ? 0 : 1));
    this.#closeIfDone(lane);
  }

  #remove(lane: Lane<A>): WaitingMessage<A> {
    const first = lane.messages.shift();
    assert(first !== undefined, "there is a message to remove");
    this.#size -= 1;
    this.#bytes -= first.body.length;
    if (lane.messages.size === 0) lane.chunk = noBytes; // (B6)
    return first;
  }

  #closeIfDone(lane: Lane<A>): void {
    if (lane.messages.size === 0 && lane.missedBehind === 0) this.#open &= ~(1 << lane.priority);
    if (this.#open === 0) this.isLosing = false;
  }
}

/** (B6) */
function copyInto<A>(lane: Lane<A>, message: Uint8Array): Uint8Array {
  const { length } = message;
  if (length > smallBytesMax) return message.slice();
  if (lane.used + length > lane.chunk.length) {
    lane.chunk = new Uint8Array(chunkBytes);
    lane.used = 0;
  }
  const start = lane.used;
  lane.used += length;
  lane.chunk.set(message, start);
  return lane.chunk.subarray(start, lane.used);
}

/** So many messages are missing before what is first in `lane` now. */
function missedFirst<A>(lane: Lane<A>, count: number): void {
  const { first } = lane.messages;
  if (first !== undefined) first.missedBefore += count;
  else lane.missedBehind += count;
}
