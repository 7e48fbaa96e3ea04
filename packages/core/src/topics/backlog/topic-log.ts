/**
 * Topic log: the latest messages of one topic.
 *
 * Owns which of them are kept; the bounds over all topics are `backlog.ts`'s. An entry is named by its index, which goes
 * up by one for each message, so that a reader that comes back knows what has left meanwhile.
 *
 * (G1) Entries are in the order in which they were published: `first` to before `end`.
 * (G2) There are at most `messagesPerTopicMax`, of `bytesPerTopicMax` bytes together, and after `trim` none is older than
 *      `ageMsMax`.
 * (G3) What left the log holds no memory: no entry of it, and no chunk without entries.
 * (G4) A message that is larger than the bound is not kept, and what was before it neither: the newest entry is the newest
 *      message, or there is none.
 */
import { assert } from "../../base/index.js";
import type { Chunk, Chunks } from "./chunks.js";
import type { BacklogLimits } from "../limits.js";

/** Of each entry: its number on this node, when it came, when it expires (Infinity: never), where it lies. No references: a collector would follow each. Its origin stands above the 32 bits of its length. */
const entrySize = 6;
const [sequenceAt, arrivedAt, expiresAt, chunkAt, offsetAt, lengthAt] = [0, 1, 2, 3, 4, 5];
const roomMin = 2;
const originUnit = 2 ** 32;

export class TopicLog {
  readonly topic: string;
  readonly #limits: BacklogLimits;
  readonly #chunks: Chunks;
  #entries = new Float64Array(roomMin * entrySize);
  #mask = roomMin - 1;
  /** The chunks of its entries, the oldest first, which has the number `#firstChunk`. */
  readonly #own: Chunk[] = [];
  #firstChunk = 0;
  #first = 0;
  #end = 0;
  #bytes = 0;
  /** When the newest message came that is not kept any more for want of room; -Infinity while there is none. */
  lostMs: number = -Infinity;
  /** Links of the chain in `backlog.ts`. */
  previous: TopicLog | undefined;
  next: TopicLog | undefined;

  constructor(topic: string, limits: BacklogLimits, chunks: Chunks) {
    this.topic = topic;
    this.#limits = limits;
    this.#chunks = chunks;
    this.previous = undefined;
    this.next = undefined;
  }

  get first(): number {
    return this.#first;
  }

  get end(): number {
    return this.#end;
  }

  get size(): number {
    return this.#end - this.#first;
  }

  /** Of its messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the newest entry came; -Infinity without one. */
  get lastMs(): number {
    return this.size === 0 ? -Infinity : this.arrivedMs(this.#end - 1);
  }

  sequence(index: number): number {
    return this.#field(index, sequenceAt);
  }

  arrivedMs(index: number): number {
    return this.#field(index, arrivedAt);
  }

  expiresMs(index: number): number {
    return this.#field(index, expiresAt);
  }

  length(index: number): number {
    const length = this.#field(index, lengthAt);
    return length < originUnit ? length : length % originUnit;
  }

  /** Where it was published: see `origins.ts`. */
  origin(index: number): number {
    return Math.floor(this.#field(index, lengthAt) / originUnit);
  }

  /** The first entry whose number is at least `sequence`; `end` where there is none. */
  indexFrom(sequence: number): number {
    let [low, high] = [this.#first, this.#end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.sequence(middle) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A view of the message, valid until the log changes. */
  message(index: number): Uint8Array {
    const offset = this.#field(index, offsetAt);
    const chunk = this.#own[this.#field(index, chunkAt) - this.#firstChunk] as Chunk;
    return chunk.bytes.subarray(offset, offset + this.length(index));
  }

  /** Keeps a copy of `message`; answers false if it is too large for that. */
  append(message: Uint8Array, sequence: number, nowMs: number, expiresMs: number, origin: number = 0): boolean {
    const { messagesPerTopicMax, bytesPerTopicMax } = this.#limits;
    const { length } = message;
    this.trim(nowMs);
    if (length > bytesPerTopicMax) {
      this.clear(); // (G4)
      return false;
    }
    while (this.size >= messagesPerTopicMax || this.#bytes + length > bytesPerTopicMax) {
      this.lostMs = this.arrivedMs(this.#first);
      this.shift(); // (G2)
    }
    if (this.size > this.#mask) this.#resize((this.#mask + 1) * 2);
    const own = this.#own;
    let chunk = own[own.length - 1];
    if (chunk === undefined || chunk.used + length > chunk.bytes.length) {
      chunk = this.#chunks.next(length, chunk);
      own.push(chunk);
    }
    chunk.bytes.set(message, chunk.used);
    const place = this.#end & this.#mask;
    const at = place * entrySize;
    const entries = this.#entries;
    entries[at + sequenceAt] = sequence;
    entries[at + arrivedAt] = nowMs;
    entries[at + expiresAt] = expiresMs;
    entries[at + chunkAt] = this.#firstChunk + own.length - 1;
    entries[at + offsetAt] = chunk.used;
    entries[at + lengthAt] = origin === 0 ? length : length + origin * originUnit;
    chunk.used += length;
    chunk.messages += 1;
    this.#chunks.messages += 1;
    this.#end += 1; // (G1)
    this.#bytes += length;
    return true;
  }

  /** Lets go of what is older than it may be. (G2) */
  trim(nowMs: number): void {
    const oldestMs = nowMs - this.#limits.ageMsMax;
    while (this.size > 0 && this.arrivedMs(this.#first) <= oldestMs) this.shift();
  }

  /** Lets go of the oldest entry. */
  shift(): void {
    const chunk = this.#own[0]; // entries lie in the order of their chunks (G1)
    assert(this.size > 0 && chunk !== undefined, "there is an entry to let go of");
    this.#bytes -= this.length(this.#first);
    this.#first += 1;
    chunk.messages -= 1;
    this.#chunks.messages -= 1;
    if (chunk.messages > 0) return;
    this.#own.shift(); // (G3)
    this.#firstChunk += 1;
    this.#chunks.free(chunk);
  }

  clear(): void {
    while (this.size > 0) this.shift();
    if (this.#mask >= roomMin) this.#resize(roomMin);
  }

  #field(index: number, field: number): number {
    return this.#entries[(index & this.#mask) * entrySize + field] as number;
  }

  #resize(room: number): void {
    const [entries, mask] = [this.#entries, this.#mask];
    this.#entries = new Float64Array(room * entrySize);
    this.#mask = room - 1;
    for (let index = this.#first; index < this.#end; index++) {
      const from = (index & mask) * entrySize;
      this.#entries.set(entries.subarray(from, from + entrySize), (index & this.#mask) * entrySize);
    }
  }
}
