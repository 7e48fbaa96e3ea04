/** Catalog: who offers which function with which resources. */
import type { OfferRecord } from "../wire/index.js";
import type { Latency } from "../structures/index.js";

/** What else its owner has said of a function. */
export type OfferTraits = Pick<OfferRecord, "idempotent">;

/** One function offered by one owner. `T` is whatever the caller routes to. */
export interface Offer<T> {
  readonly owner: T;
  readonly fun: string;
  /** The registration's own resources and its node's, without repetition. */
  readonly resources: readonly string[];
  readonly traits: OfferTraits;
  /** How long calls of this function took there, as this node has measured. */
  readonly latency: Latency;
}
