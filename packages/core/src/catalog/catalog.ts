/**
 * Catalog: the merged view of what every known node offers.
 *
 * Owns the offers of all owners. Who the owners are and how their records travel is membership's and the link's
 * business; which of several candidates is taken is routing's.
 *
 * (C1) An owner has at most one offer per function name and version.
 * (C2) The view depends only on what the owners announced last, not on the order in which it was heard.
 * (C3) A forgotten owner leaves nothing behind.
 */
import type { Semver } from "../base/index.js";
import { Breaker, Latency } from "../structures/index.js";
import { FunctionOffers } from "./match.js";
import type { Candidates, Offer, OfferTraits, WantedTerms } from "./types.js";

const cachedMax = 4096;
const plainTraits: OfferTraits = { idempotent: "no", version: undefined, tags: [], concurrencyMax: undefined };

export class Catalog<T extends object> {
  readonly semver: Semver;
  readonly #functions = new Map<string, FunctionOffers<T>>();
  /** What each owner offers, by function. */
  readonly #owners = new Map<T, Map<string, readonly Offer<T>[]>>();
  readonly #rank: (owner: T) => string;
  readonly #none: Candidates<T> = { all: [], tiers: [], broken: new Set() };
  /** Answers that are cached for all functions together. */
  #cached = 0;

  /** `rank` orders the candidates, the same way on every node. */
  constructor(rank: (owner: T) => string, semver: Semver) {
    this.#rank = rank;
    this.semver = semver;
  }

  /** Adds `owner`'s offer, or replaces the one it had under that name and version. */
  add(owner: T, fun: string, resources: readonly string[], traits: OfferTraits = plainTraits): void {
    const has = [...new Set(resources)].sort();
    const offer: Offer<T> = { owner, fun, resources: has, traits, latency: new Latency(), breaker: new Breaker() };
    const own = this.of(owner, fun).filter((known) => known.traits.version !== traits.version); // (C1)
    this.#put(owner, fun, [...own, offer]);
  }

  has(owner: T, fun: string): boolean {
    return this.#owners.get(owner)?.has(fun) === true;
  }

  /** Answers whether there was such an offer. */
  remove(owner: T, fun: string, version?: string): boolean {
    const before = this.of(owner, fun);
    const rest = before.filter(({ traits }) => traits.version !== version);
    if (rest.length === before.length) return false;
    this.#put(owner, fun, rest);
    return true;
  }

  /** Drops all versions of the function that `owner` offers. */
  removeAll(owner: T, fun: string): void {
    if (this.has(owner, fun)) this.#put(owner, fun, []);
  }

  /** Drops everything `owner` offers. */
  forget(owner: T): void {
    for (const fun of [...(this.#owners.get(owner)?.keys() ?? [])]) this.removeAll(owner, fun); // (C3)
  }

  /** The offers of `fun` with all of `resources`, as `terms` want them. */
  candidates(fun: string, resources: readonly string[], terms?: WantedTerms): Candidates<T> {
    const entry = this.#functions.get(fun);
    if (entry === undefined) return this.#none;
    const before = entry.cached;
    const found = entry.candidates(resources, terms);
    this.#cached += entry.cached - before;
    if (this.#cached > cachedMax) this.#forgetAnswers();
    return found;
  }

  /** As {@link candidates}, of one owner. */
  candidatesOf(owner: T, fun: string, resources: readonly string[], terms?: WantedTerms): Candidates<T> {
    return this.#functions.get(fun)?.among(this.of(owner, fun), resources, terms) ?? this.#none;
  }

  /** Every version of `fun` that `owner` offers. */
  of(owner: T, fun: string): readonly Offer<T>[] {
    return this.#owners.get(owner)?.get(fun) ?? this.#none.all;
  }

  /** What `owner` offers under exactly this version. */
  offerOf(owner: T, fun: string, version: string | undefined): Offer<T> | undefined {
    return this.of(owner, fun).find(({ traits }) => traits.version === version);
  }

  /** The breaker of the offer has opened or closed; answers whether that is an offer still. */
  tripped(offer: Offer<T>): boolean {
    const { owner, fun, breaker } = offer;
    if (!this.of(owner, fun).includes(offer)) return false;
    const broken = this.#functions.get(fun)?.broken;
    if (breaker.isTripped) broken?.add(offer);
    else broken?.delete(offer);
    return true;
  }

  offersOf(fun: string): readonly Offer<T>[] {
    return this.#functions.get(fun)?.offers ?? [];
  }

  /** The functions that `owner` offers. */
  functionsOf(owner: T): Iterable<string> {
    return this.#owners.get(owner)?.keys() ?? [];
  }

  /** How many functions `owner` offers, each version counted. */
  countOf(owner: T): number {
    let count = 0;
    for (const offers of this.#owners.get(owner)?.values() ?? []) count += offers.length;
    return count;
  }

  functions(): IterableIterator<string> {
    return this.#functions.keys();
  }

  /** Sets all that `owner` offers of `fun`. */
  #put(owner: T, fun: string, own: readonly Offer<T>[]): void {
    let entry = this.#functions.get(fun);
    if (entry === undefined) this.#functions.set(fun, (entry = new FunctionOffers<T>(this.semver)));
    const others = entry.offers.filter((known) => known.owner !== owner);
    this.#cached -= entry.cached;
    entry.set([...others, ...own].sort((a, b) => this.#order(a, b)));
    if (entry.offers.length === 0) this.#functions.delete(fun);
    const functions = this.#owners.get(owner) ?? new Map<string, readonly Offer<T>[]>();
    this.#owners.set(owner, functions);
    if (own.length > 0) functions.set(fun, own);
    else functions.delete(fun);
    if (functions.size === 0) this.#owners.delete(owner);
  }

  /** (C2) */
  #order(a: Offer<T>, b: Offer<T>): number {
    if (a.owner !== b.owner) return this.#rank(a.owner) < this.#rank(b.owner) ? -1 : 1;
    return (a.traits.version ?? "") < (b.traits.version ?? "") ? -1 : 1;
  }

  /** (M2) */
  #forgetAnswers(): void {
    for (const entry of this.#functions.values()) entry.forget();
    this.#cached = 0;
  }
}
