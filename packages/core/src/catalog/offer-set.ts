/**
 * Offer set: what one node offers, with a digest that its origin can sign.
 *
 * The digest is a Merkle tree of two levels: functions are spread over parts by their names, each part is hashed in the
 * order of the names, and the hashes of all parts together (Merkle, "A Digital Signature Based on a Conventional
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
  readonly #entries = new Map<string, OfferEntry>();
  readonly #parts: Part[] = Array.from({ length: partCount }, () => ({ funs: new Set(), digest: undefined }));

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(fun: string): OfferEntry | undefined {
    return this.#entries.get(fun);
  }

  entries(): IterableIterator<OfferEntry> {
    return this.#entries.values();
  }

  /** Makes the changes; answers how to take them back. */
  change(added: readonly OfferEntry[], removed: readonly string[]): () => void {
    const before = new Map<string, OfferEntry | undefined>();
    const set = (fun: string, entry: OfferEntry | undefined): void => {
      if (!before.has(fun)) before.set(fun, this.#entries.get(fun));
      this.#set(fun, entry);
    };
    for (const fun of removed) set(fun, undefined);
    for (const entry of added) set(entry.offer.fun, entry);
    return () => {
      for (const [fun, entry] of before) this.#set(fun, entry);
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

  #set(fun: string, entry: OfferEntry | undefined): void {
    const part = this.#parts[hash32(fun) % partCount] as Part;
    part.digest = undefined;
    if (entry === undefined) {
      this.#entries.delete(fun);
      part.funs.delete(fun);
    } else {
      this.#entries.set(fun, entry);
      part.funs.add(fun);
    }
  }

  #digestOf({ funs }: Part): Uint8Array {
    const entries = [...funs].sort().map((fun) => (this.#entries.get(fun) as OfferEntry).bytes);
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
