/**
 * Entry set: what one node says of itself, entry by entry, with a digest that it can sign.
 *
 * The digest is a Merkle tree of two levels: entries are spread over parts by their names, each part is hashed in the
 * order of the names and of the variants of one name, and the hashes of all parts together (Merkle, "A Digital Signature Based on a Conventional
 * Encryption Function", 1987). Whoever holds the set can check it, whoever it came from.
 *
 * (F1) The same entries have the same digest, in whatever order they came.
 * (F2) A change costs the hash of its part, not of everything.
 */
import { hash32 } from "../structures/index.js";

/** SHA-256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const partCount = 64;
const digestBytes = 32;
const lengthBytes = 4;

/** An entry as its origin wrote it. */
export interface Written {
  readonly bytes: Uint8Array;
}

/** What a set is to know of its entries. */
export interface EntryTraits<E> {
  nameOf(entry: E): string;
  /** Which of several entries of one name it is; empty where there is one only, or it is the first. */
  variantOf(entry: E): string;
  /** What it counts towards the bound of its set. */
  weightOf(entry: E): number;
}

interface Part {
  readonly names: Set<string>;
  /** `undefined` when it has to be made anew. */
  digest: Uint8Array | undefined;
}

export class EntrySet<E extends Written> {
  readonly #sha256: Sha256;
  readonly #traits: EntryTraits<E>;
  /** By name: one entry per variant, in the order of the texts, the one without first. */
  readonly #entries = new Map<string, readonly E[]>();
  #size = 0;
  #weight = 0;
  readonly #parts: Part[] = Array.from({ length: partCount }, () => ({ names: new Set(), digest: undefined }));

  constructor(sha256: Sha256, traits: EntryTraits<E>) {
    this.#sha256 = sha256;
    this.#traits = traits;
  }

  /** What all entries count together. */
  get weight(): number {
    return this.#weight;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** The entries of that name, in all its variants. */
  get(name: string): readonly E[] {
    return this.#entries.get(name) ?? none;
  }

  *entries(): Generator<E> {
    for (const entries of this.#entries.values()) yield* entries;
  }

  /** Takes away all entries of the names `removed`, and then adds; answers how to take the changes back. */
  change(added: readonly E[], removed: readonly string[]): () => void {
    const traits = this.#traits;
    const before = new Map<string, readonly E[]>();
    const set = (name: string, entries: readonly E[]): void => {
      if (!before.has(name)) before.set(name, this.get(name));
      this.#set(name, entries);
    };
    for (const name of removed) set(name, none);
    for (const entry of added) {
      const [name, variant] = [traits.nameOf(entry), traits.variantOf(entry)];
      const others = this.get(name).filter((other) => traits.variantOf(other) !== variant);
      set(name, others.length === 0 ? [entry] : [...others, entry].sort(this.#byVariant));
    }
    return () => {
      for (const [name, entries] of before) this.#set(name, entries);
    };
  }

  /** (F1) (F2) */
  digest(): Uint8Array {
    const all = new Uint8Array(partCount * digestBytes);
    this.#parts.forEach((part, index) => {
      if (part.names.size > 0) all.set((part.digest ??= this.#digestOf(part)), index * digestBytes);
    });
    return this.#sha256(all);
  }

  #set(name: string, entries: readonly E[]): void {
    const part = this.#parts[hash32(name) % partCount] as Part;
    part.digest = undefined;
    const before = this.get(name);
    this.#size += entries.length - before.length;
    this.#weight += this.#weightOf(entries) - this.#weightOf(before);
    if (entries.length === 0) {
      this.#entries.delete(name);
      part.names.delete(name);
    } else {
      this.#entries.set(name, entries);
      part.names.add(name);
    }
  }

  #weightOf(entries: readonly E[]): number {
    return entries.reduce((sum, entry) => sum + this.#traits.weightOf(entry), 0);
  }

  readonly #byVariant = (a: E, b: E): number => (this.#traits.variantOf(a) < this.#traits.variantOf(b) ? -1 : 1);

  #digestOf({ names }: Part): Uint8Array {
    const entries = [...names].sort().flatMap((name) => this.get(name).map(({ bytes }) => bytes));
    const all = new Uint8Array(entries.reduce((sum, { length }) => sum + lengthBytes + length, 0));
    const view = new DataView(all.buffer);
    let at = 0;
    for (const bytes of entries) {
      view.setUint32(at, bytes.length);
      all.set(bytes, at + lengthBytes);
      at += lengthBytes + bytes.length;
    }
    return this.#sha256(all);
  }
}

const none: readonly never[] = [];
