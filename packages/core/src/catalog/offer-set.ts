/**
 * Offer set: what one node offers, with a digest that its origin can sign.
 *
 * The digest is a Merkle tree of two levels: functions are spread over parts by their names, each part is hashed in the
 * order of the names and of the versions of one name, and the hashes of all parts together (Merkle, "A Digital Signature Based on a Conventional
 * Encryption Function", 1987). Whoever holds the set can check it, whoever it came from.
 *
 * (F1) The same offers have the same digest, in whatever order they came.
 * (F2) A change costs the hash of its part, not of everything.
 */
import { hash32 } from "../structures/index.js";
import type { OfferEntry } from "../wire/index.js";

/** SHA-256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const partCount = 64;
const digestBytes = 32;
const lengthBytes = 4;

interface Part {
  readonly funs: Set<string>;
  /** `undefined` when it has to be made anew. */
  digest: Uint8Array | undefined;
}

export class OfferSet {
  readonly #sha256: Sha256;
  /** By function: one entry per version, in the order of the texts, the one without first. */
  readonly #entries = new Map<string, readonly OfferEntry[]>();
  #size = 0;
  readonly #parts: Part[] = Array.from({ length: partCount }, () => ({ funs: new Set(), digest: undefined }));

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** How many offers there are. */
  get size(): number {
    return this.#size;
  }

  /** The function in all its versions. */
  get(fun: string): readonly OfferEntry[] {
    return this.#entries.get(fun) ?? none;
  }

  *entries(): Generator<OfferEntry> {
    for (const entries of this.#entries.values()) yield* entries;
  }

  /** Takes away all versions of the functions `removed`, and then adds; answers how to take the changes back. */
  change(added: readonly OfferEntry[], removed: readonly string[]): () => void {
    const before = new Map<string, readonly OfferEntry[]>();
    const set = (fun: string, entries: readonly OfferEntry[]): void => {
      if (!before.has(fun)) before.set(fun, this.get(fun));
      this.#set(fun, entries);
    };
    for (const fun of removed) set(fun, none);
    for (const entry of added) {
      const { fun, version } = entry.offer;
      const others = this.get(fun).filter(({ offer }) => offer.version !== version);
      set(fun, others.length === 0 ? [entry] : [...others, entry].sort(byVersion));
    }
    return () => {
      for (const [fun, entries] of before) this.#set(fun, entries);
    };
  }

  /** (F1) (F2) */
  digest(): Uint8Array {
    const all = new Uint8Array(partCount * digestBytes);
    this.#parts.forEach((part, index) => {
      if (part.funs.size > 0) all.set((part.digest ??= this.#digestOf(part)), index * digestBytes);
    });
    return this.#sha256(all);
  }

  #set(fun: string, entries: readonly OfferEntry[]): void {
    const part = this.#parts[hash32(fun) % partCount] as Part;
    part.digest = undefined;
    this.#size += entries.length - this.get(fun).length;
    if (entries.length === 0) {
      this.#entries.delete(fun);
      part.funs.delete(fun);
    } else {
      this.#entries.set(fun, entries);
      part.funs.add(fun);
    }
  }

  #digestOf({ funs }: Part): Uint8Array {
    const entries = [...funs].sort().flatMap((fun) => this.get(fun).map(({ bytes }) => bytes));
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

function byVersion(a: OfferEntry, b: OfferEntry): number {
  return (a.offer.version ?? "") < (b.offer.version ?? "") ? -1 : 1;
}

const none: readonly OfferEntry[] = [];
