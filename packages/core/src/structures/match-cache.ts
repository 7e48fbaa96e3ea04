/**
 * Match cache: what was found for topics that come again and again, kept until a pattern changes that might match them.
 *
 * Each change of patterns and each topic has places, by the words that a topic must have for the pattern to match it: its
 * first two, the first, the second, the last, or none. A result is good as long as nothing has changed at any of its topic's
 * places. So who comes and goes with patterns such as `reply.<id>` or `user.<id>.#` costs nobody else their results, and a
 * hit looks at five numbers, however much has changed; only patterns that begin and end with wildcards cost all. Comparing
 * the changes since with the topic would spare those, too, but a hit would cost the more the more often patterns change.
 *
 * (C1) What is found is what the trie would find: every topic that a pattern matches has the pattern's place.
 * (C2) There are at most `entriesMax` results, and they and their topics take at most `bytesMax`.
 * (C3) While there is no room, only a topic that comes again soon takes another's place, of one that was not asked for
 *      lately (second chance; Corbató 1968): topics that come once do not drive out those that come often.
 */
import type { Matched } from "./pattern-trie.js";
import { type TopicWords, mixed } from "./topic-words.js";

export interface MatchCacheLimits {
  /** Topics whose result is kept; 65,536 unless told otherwise. 0: none. */
  readonly entriesMax: number;
  /** Bytes that results and topics may take, as they are counted here: each 128, two per character, four per value; 16 MiB. */
  readonly bytesMax: number;
}

export const defaultMatchCacheLimits: MatchCacheLimits = { entriesMax: 65_536, bytesMax: 16 * 2 ** 20 };

/** An entry is 16 numbers, 64 bytes, of which half are for its values; if those are more they lie elsewhere. */
const entrySize = 16;
const hashAt = 0;
/** The next entry with the same bucket, or -1. */
const nextAt = 1;
/** How many values; -1 where there is no entry. */
const countAt = 2;
/** 1 when it was asked for since the hand of the clock passed it. */
const usedAt = 3;
/** The change after which it was made. */
const madeAt = 4;
/** Two places in each. */
const placesAt = 5;
const morePlacesAt = 6;
const valuesAt = 8;
const inlineMax = entrySize - valuesAt;

const entryBytes = 128;
const roomMin = 64;
/** Places of changes. Place 0 is everybody's. */
const placeMask = 4_095;
const everywhere = 0;
/** What tells places by one word, by another or by two apart. */
const [byFirst, bySecond, byBoth, byLast] = [0x51ed270b, 0x2f0b4c47, 0x68e31da4, 0x7feb352d];

const starCode = 0x2a;
const hashCode = 0x23;

export class MatchCache {
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  /** Changes after which counting begins anew. */
  readonly #changesMax: number;
  /** By place: the last change there. */
  readonly #changedAt = new Int32Array(placeMask + 1);
  #changes = 0;
  #entries = new Int32Array(0);
  /** By entry: its topic, and its values if they are more than fit into it. */
  #topics: string[] = [];
  #large: (Int32Array | undefined)[] = [];
  /** First entry of each bucket, or -1. */
  #buckets = new Int32Array(0);
  /** Entries up to here were used once; those of them that are not now. */
  #usedCount = 0;
  #free: number[] = [];
  /** Hashes of topics that came and found no room, four for each entry: what comes again within about as many is kept. */
  #seen = new Int32Array(0);
  #hand = 0;
  #bytes = 0;
  readonly #matched: { values: Int32Array; start: number; end: number };

  constructor({ entriesMax, bytesMax }: MatchCacheLimits = defaultMatchCacheLimits, changesMax: number = 2 ** 31 - 1) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
    this.#changesMax = changesMax;
    this.#matched = { values: this.#entries, start: 0, end: 0 };
  }

  /** How many results there are. */
  get size(): number {
    return this.#usedCount - this.#free.length;
  }

  /** What they are counted as. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What was kept for the topic, valid until the next call; undefined when there is nothing that is still right. */
  find(words: TopicWords): Matched | undefined {
    const entry = this.#lookUp(words);
    if (entry === -1) return undefined;
    const entries = this.#entries;
    const at = entry * entrySize;
    if (!this.#isFresh(at)) {
      this.#drop(entry);
      return undefined;
    }
    if (entries[at + usedAt] === 0) entries[at + usedAt] = 1; // written once, so that hits do not dirty memory
    const count = entries[at + countAt] as number;
    const matched = this.#matched;
    const isInline = count <= inlineMax;
    matched.values = isInline ? entries : (this.#large[entry] as Int32Array);
    matched.start = isInline ? at + valuesAt : 0;
    matched.end = matched.start + count;
    return matched;
  }

  /** Keeps what was found for a topic that {@link find} did not know, if it is worth it. */
  keep(words: TopicWords, { values, start, end }: Matched): void {
    const count = end - start;
    const bytes = bytesOf(words.text, count);
    if (bytes * 8 > this.#bytesMax || this.#entriesMax === 0) return; // it would drive out too many others
    if (!this.#makeRoom(words.hash, bytes)) return;
    const entry = this.#free.pop() ?? this.#newEntry();
    const entries = this.#entries;
    const at = entry * entrySize;
    const bucket = words.hash & (this.#buckets.length - 1);
    entries[at + hashAt] = words.hash;
    entries[at + nextAt] = this.#buckets[bucket] as number;
    entries[at + countAt] = count;
    entries[at + usedAt] = 0;
    entries[at + madeAt] = this.#changes;
    this.#setPlaces(words, at);
    this.#buckets[bucket] = entry;
    this.#topics[entry] = words.text;
    const isInline = count <= inlineMax;
    const kept = isInline ? entries : new Int32Array(count);
    const first = isInline ? at + valuesAt : 0;
    for (let i = 0; i < count; i++) kept[first + i] = values[start + i] as number;
    if (!isInline) this.#large[entry] = kept;
    this.#bytes += bytes;
  }

  /** A pattern, in normal form, has come or gone: what might be different now is not found any more. (C1) */
  changed(pattern: TopicWords): void {
    if (this.#changes >= this.#changesMax) this.#clear();
    this.#changedAt[placeOfPattern(pattern)] = ++this.#changes;
  }

  #isFresh(at: number): boolean {
    const changedAt = this.#changedAt;
    const made = this.#entries[at + madeAt] as number;
    const places = this.#entries[at + placesAt] as number;
    const more = this.#entries[at + morePlacesAt] as number;
    return (
      (changedAt[everywhere] as number) <= made &&
      (changedAt[places & placeMask] as number) <= made &&
      (changedAt[places >>> 16] as number) <= made &&
      (changedAt[more & placeMask] as number) <= made &&
      (changedAt[more >>> 16] as number) <= made
    );
  }

  /** The places of the patterns that may match a topic. */
  #setPlaces({ count, hashes }: TopicWords, at: number): void {
    const first = count > 0 ? placeOf(byFirst, hashes[0] as number) : everywhere;
    const second = count > 1 ? placeOf(bySecond, hashes[1] as number) : everywhere;
    const both = count > 1 ? placeOf(byBoth, hashes[0] as number, hashes[1]) : everywhere;
    const last = count > 0 ? placeOf(byLast, hashes[count - 1] as number) : everywhere;
    this.#entries[at + placesAt] = first | (second << 16);
    this.#entries[at + morePlacesAt] = both | (last << 16);
  }

  #lookUp({ hash, text }: TopicWords): number {
    const entries = this.#entries;
    if (entries.length === 0) return -1;
    let entry = this.#buckets[hash & (this.#buckets.length - 1)] as number;
    while (entry !== -1) {
      if (entries[entry * entrySize + hashAt] === hash && this.#topics[entry] === text) return entry;
      entry = entries[entry * entrySize + nextAt] as number;
    }
    return -1;
  }

  /** Whether there is room now for a topic. (C2) (C3) */
  #makeRoom(hash: number, bytes: number): boolean {
    if (this.size < this.#entriesMax && this.#bytes + bytes <= this.#bytesMax) return true;
    if (!this.#comesAgain(hash)) return false;
    while (this.size >= this.#entriesMax || this.#bytes + bytes > this.#bytesMax) this.#evict();
    return true;
  }

  /** Whether a topic has come before, not long ago. (C3) */
  #comesAgain(hash: number): boolean {
    if (this.#seen.length === 0) this.#seen = new Int32Array(powerOfTwo(Math.min(this.#entriesMax, 2 ** 18)) * 4);
    const seen = this.#seen;
    const at = ((hash >>> 6) * 4) & (seen.length - 1);
    // four hashes share a place, the latest first: two that come in turns must not make each other forgotten
    if (seen[at] === hash || seen[at + 1] === hash || seen[at + 2] === hash || seen[at + 3] === hash) return true;
    seen.copyWithin(at + 1, at, at + 3);
    seen[at] = hash;
    return false;
  }

  /** Drops the next entry that was not used since the hand was there last. */
  #evict(): void {
    for (;;) {
      const entry = this.#hand;
      this.#hand = entry + 1 === this.#usedCount ? 0 : entry + 1;
      const at = entry * entrySize;
      if ((this.#entries[at + countAt] as number) < 0) continue;
      if (this.#entries[at + usedAt] === 0) {
        this.#drop(entry);
        return;
      }
      this.#entries[at + usedAt] = 0;
    }
  }

  #drop(entry: number): void {
    const entries = this.#entries;
    const at = entry * entrySize;
    const next = entries[at + nextAt] as number;
    const bucket = (entries[at + hashAt] as number) & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === entry) this.#buckets[bucket] = next;
    else {
      let before = this.#buckets[bucket] as number;
      while (entries[before * entrySize + nextAt] !== entry) before = entries[before * entrySize + nextAt] as number;
      entries[before * entrySize + nextAt] = next;
    }
    this.#bytes -= bytesOf(this.#topics[entry] as string, entries[at + countAt] as number);
    entries[at + countAt] = -1;
    this.#topics[entry] = "";
    this.#large[entry] = undefined;
    this.#free.push(entry);
  }

  #newEntry(): number {
    if (this.#usedCount * entrySize === this.#entries.length) this.#grow();
    this.#large.push(undefined);
    return this.#usedCount++;
  }

  #grow(): void {
    const entries = new Int32Array(Math.max(roomMin * entrySize, this.#entries.length * 2));
    entries.set(this.#entries);
    this.#entries = entries;
    this.#buckets = new Int32Array(entries.length / entrySize).fill(-1);
    for (let entry = 0; entry < this.#usedCount; entry++) {
      const at = entry * entrySize;
      const bucket = (entries[at + hashAt] as number) & (this.#buckets.length - 1);
      entries[at + nextAt] = this.#buckets[bucket] as number; // a new one is wanted, so none is free
      this.#buckets[bucket] = entry;
    }
  }

  #clear(): void {
    for (let entry = 0; entry < this.#usedCount; entry++) {
      if ((this.#entries[entry * entrySize + countAt] as number) >= 0) this.#drop(entry);
    }
    this.#changedAt.fill(0);
    this.#changes = 0;
  }
}

/** A place that every topic has that the pattern matches. */
function placeOfPattern(words: TopicWords): number {
  const { count, hashes } = words;
  const isLiteral = (index: number): boolean => {
    return index < count && !words.isOne(index, starCode) && !words.isOne(index, hashCode);
  };
  const isFixed = count > 1 && isLiteral(1) && !words.isOne(0, hashCode); // nothing before it may be longer or shorter
  if (count === 0) return everywhere;
  if (isLiteral(0)) {
    return isFixed ? placeOf(byBoth, hashes[0] as number, hashes[1]) : placeOf(byFirst, hashes[0] as number);
  }
  if (isFixed) return placeOf(bySecond, hashes[1] as number);
  return isLiteral(count - 1) ? placeOf(byLast, hashes[count - 1] as number) : everywhere;
}

function placeOf(by: number, hash: number, other: number = 0): number {
  return (mixed(hash ^ by) ^ Math.imul(other, 0x9e3779b1)) & placeMask || placeMask; // 0 is everybody's
}

function bytesOf(topic: string, count: number): number {
  return entryBytes + topic.length * 2 + (count > inlineMax ? count * 4 : 0);
}

function powerOfTwo(min: number): number {
  return 2 ** (32 - Math.clz32(Math.max(1, min) - 1));
}
