/**
 * Match: the offers of one function, and which of them will do.
 *
 * (M1) An offer is a candidate when it has every resource asked for, and a version of the range, where one is asked for.
 * (M2) Answers are cached until the offers change. The cache of a function is bounded, the catalog bounds all of them
 *      together, and long questions are not remembered: strangers ask.
 */
import type { Semver } from "../base/index.js";
import { isOf, tiersOf } from "./tiers.js";
import type { Candidates, Offer, WantedTerms } from "./types.js";

const cachedQueriesMax = 256;
const cachedCharactersMax = 1_000;

interface Answer<T> {
  readonly resources: readonly string[];
  readonly version: string | undefined;
  readonly prefer: readonly string[];
  readonly found: Candidates<T>;
}

export class FunctionOffers<T> {
  readonly #semver: Semver;
  #offers: readonly Offer<T>[] = none;
  /** The answer to the question without conditions. */
  #all: Candidates<T> | undefined = undefined;
  readonly #cache = new Map<string, Answer<T>>();
  /** Those of them whose breaker is tripped. */
  readonly broken: Set<Offer<T>> = new Set();

  constructor(semver: Semver) {
    this.#semver = semver;
  }

  get offers(): readonly Offer<T>[] {
    return this.#offers;
  }

  /** How many answers are cached. */
  get cached(): number {
    return this.#cache.size;
  }

  set(offers: readonly Offer<T>[]): void {
    this.#offers = offers;
    for (const offer of this.broken) if (!offers.includes(offer)) this.broken.delete(offer);
    this.#all = undefined;
    this.forget();
  }

  /** Forgets the cached answers. (M2) */
  forget(): void {
    this.#cache.clear();
  }

  candidates(resources: readonly string[], terms: WantedTerms | undefined): Candidates<T> {
    const { version, prefer = none } = terms ?? noTerms;
    if (version === undefined && prefer.length === 0) {
      if (resources.length === 0) return (this.#all ??= this.among(this.#offers, none, undefined));
    }
    const key = keyOf(resources, version, prefer);
    const known = this.#cache.get(key);
    // a name may hold the separator: only the names themselves tell questions apart
    if (
      known !== undefined &&
      known.version === version &&
      isSame(known.resources, resources) &&
      isSame(known.prefer, prefer)
    ) {
      return known.found;
    }
    const found = this.among(this.#offers, resources, terms);
    if (key.length > cachedCharactersMax) return found; // (M2)
    if (this.#cache.size >= cachedQueriesMax) this.#cache.clear();
    this.#cache.set(key, { resources, version, prefer, found });
    return found;
  }

  /** Those of `offers` that will do. (M1) */
  among(offers: readonly Offer<T>[], resources: readonly string[], terms: WantedTerms | undefined): Candidates<T> {
    const all = offers.filter(
      (offer) => covers(offer.resources, resources) && isOf(offer, terms?.version, this.#semver),
    );
    return { all, tiers: tiersOf(all, terms, this.#semver), broken: this.broken };
  }
}

/** True when `offered` has every one of `asked`. (M1) */
export function covers(offered: readonly string[], asked: readonly string[]): boolean {
  return asked.every((resource) => offered.includes(resource));
}

function keyOf(resources: readonly string[], version: string | undefined, prefer: readonly string[]): string {
  const names = resources.length === 1 ? (resources[0] as string) : resources.join("\0");
  if (version === undefined && prefer.length === 0) return names;
  return `${names}\0\0${version ?? ""}\0\0${prefer.join("\0")}`;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((name, index) => name === other[index]));
}

const none: readonly never[] = [];
const noTerms: WantedTerms = {};
