/**
 * Catalog: the merged view of what every known node offers.
 *
 * Owns the offers of all owners. Who the owners are and how their records travel is membership's and the link's
 * business; which of several candidates is taken is routing's.
 *
 * (C1) An owner has at most one offer per function name.
 * (C2) The view depends only on what the owners announced last, not on the order in which it was heard.
 * (C3) A forgotten owner leaves nothing behind.
 */
import { Latency } from "../structures/index.js";
import { FunctionOffers } from "./match.js";
import type { Offer, OfferTraits } from "./types.js";

const cachedMax = 4096;
const plainTraits: OfferTraits = { idempotent: "no" };

export class Catalog<T extends object> {
  readonly #functions = new Map<string, FunctionOffers<T>>();
  readonly #owners = new Map<T, Set<string>>();
  readonly #rank: (owner: T) => string;
  readonly #none: readonly Offer<T>[] = [];
  /** Answers that are cached for all functions together. */
  #cached = 0;

  /** `rank` orders the candidates, the same way on every node. */
  constructor(rank: (owner: T) => string) {
    this.#rank = rank;
  }

  /** Adds `owner`'s offer, or replaces the one it had under that name. */
  add(owner: T, fun: string, resources: readonly string[], traits: OfferTraits = plainTraits): void {
    const offer: Offer<T> = { owner, fun, resources: [...new Set(resources)].sort(), traits, latency: new Latency() };
    let entry = this.#functions.get(fun);
    if (entry === undefined) this.#functions.set(fun, (entry = new FunctionOffers<T>()));
    const others = entry.offers.filter((known) => known.owner !== owner); // (C1)
    const rank = (known: Offer<T>): string => this.#rank(known.owner);
    const offers = [...others, offer].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)); // (C2)
    this.#set(entry, offers);
    let names = this.#owners.get(owner);
    if (names === undefined) this.#owners.set(owner, (names = new Set()));
    names.add(fun);
  }

  has(owner: T, fun: string): boolean {
    return this.#owners.get(owner)?.has(fun) === true;
  }

  /** Answers whether there was such an offer. */
  remove(owner: T, fun: string): boolean {
    const names = this.#owners.get(owner);
    if (names === undefined || !names.delete(fun)) return false;
    if (names.size === 0) this.#owners.delete(owner);
    const entry = this.#functions.get(fun);
    if (entry === undefined) return true;
    const rest = entry.offers.filter((offer) => offer.owner !== owner);
    this.#set(entry, rest);
    if (rest.length === 0) this.#functions.delete(fun);
    return true;
  }

  /** Drops everything `owner` offers. */
  forget(owner: T): void {
    for (const fun of [...(this.#owners.get(owner) ?? [])]) this.remove(owner, fun); // (C3)
  }

  /** The offers of `fun` with all of `resources`. */
  candidates(fun: string, resources: readonly string[]): readonly Offer<T>[] {
    const entry = this.#functions.get(fun);
    if (entry === undefined) return this.#none;
    const before = entry.cached;
    const found = entry.candidates(resources);
    this.#cached += entry.cached - before;
    if (this.#cached > cachedMax) this.#forgetAnswers();
    return found;
  }

  /** (M2) */
  #forgetAnswers(): void {
    for (const entry of this.#functions.values()) entry.forget();
    this.#cached = 0;
  }

  #set(entry: FunctionOffers<T>, offers: readonly Offer<T>[]): void {
    this.#cached -= entry.cached;
    entry.set(offers);
  }

  offersOf(fun: string): readonly Offer<T>[] {
    return this.#functions.get(fun)?.offers ?? [];
  }

  /** How many functions `owner` offers. */
  countOf(owner: T): number {
    return this.#owners.get(owner)?.size ?? 0;
  }

  functions(): IterableIterator<string> {
    return this.#functions.keys();
  }
}
