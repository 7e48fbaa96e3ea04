/**
 * Match: the offers of one function, and which of them have all the resources asked for.
 *
 * (M1) An offer is a candidate when it has every resource asked for.
 * (M2) Answers are cached until the offers change. The cache of a function is bounded, the catalog bounds all of them
 *      together, and long questions are not remembered: strangers ask.
 */
import type { Offer } from "./types.js";

const cachedQueriesMax = 256;
const cachedCharactersMax = 1_000;

interface Answer<T> {
  readonly asked: readonly string[];
  readonly found: readonly Offer<T>[];
}

export class FunctionOffers<T> {
  #offers: readonly Offer<T>[] = [];
  readonly #cache = new Map<string, Answer<T>>();

  get offers(): readonly Offer<T>[] {
    return this.#offers;
  }

  /** How many answers are cached. */
  get cached(): number {
    return this.#cache.size;
  }

  set(offers: readonly Offer<T>[]): void {
    this.#offers = offers;
    this.forget();
  }

  /** Forgets the cached answers. (M2) */
  forget(): void {
    this.#cache.clear();
  }

  candidates(resources: readonly string[]): readonly Offer<T>[] {
    if (resources.length === 0) return this.#offers;
    const key = resources.length === 1 ? (resources[0] as string) : resources.join("\0");
    const known = this.#cache.get(key);
    // a name may hold the separator: only the names themselves tell questions apart
    if (known !== undefined && isSame(known.asked, resources)) return known.found; // (M1)
    const found = this.#offers.filter((offer) => covers(offer.resources, resources));
    if (key.length > cachedCharactersMax) return found; // (M2)
    if (this.#cache.size >= cachedQueriesMax) this.#cache.clear();
    this.#cache.set(key, { asked: resources, found });
    return found;
  }
}

/** True when `offered` has every one of `asked`. (M1) */
export function covers(offered: readonly string[], asked: readonly string[]): boolean {
  return asked.every((resource) => offered.includes(resource));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
