/**
 * Match: the offers of one function, and which of them have all the resources asked for.
 *
 * (M1) An offer is a candidate when it has every resource asked for.
 * (M2) Answers are cached until the offers change; the cache is bounded.
 */
import type { Offer } from "./types.js";

const cachedQueriesMax = 256;

export class FunctionOffers<T> {
  #offers: readonly Offer<T>[] = [];
  readonly #cache = new Map<string, readonly Offer<T>[]>();

  get offers(): readonly Offer<T>[] {
    return this.#offers;
  }

  set(offers: readonly Offer<T>[]): void {
    this.#offers = offers;
    this.#cache.clear(); // (M2)
  }

  candidates(resources: readonly string[]): readonly Offer<T>[] {
    if (resources.length === 0) return this.#offers;
    const key = resources.length === 1 ? (resources[0] as string) : resources.join("\0");
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const found = this.#offers.filter((offer) => covers(offer.resources, resources));
    if (this.#cache.size >= cachedQueriesMax) this.#cache.clear();
    this.#cache.set(key, found);
    return found;
  }
}

/** True when `offered` has every one of `asked`. (M1) */
export function covers(offered: readonly string[], asked: readonly string[]): boolean {
  return asked.every((resource) => offered.includes(resource));
}
