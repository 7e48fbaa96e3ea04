/** Catalog: who offers which function with which resources. */
import type { OfferRecord, StepTerms } from "../wire/index.js";
import type { Breaker, Latency } from "../structures/index.js";

/** What else its owner has said of a function. */
export type OfferTraits = Pick<OfferRecord, "idempotent" | "version" | "tags" | "concurrencyMax">;

/** One function offered by one owner, in one version. `T` is whatever the caller routes to. */
export interface Offer<T> {
  readonly owner: T;
  readonly fun: string;
  /** The registration's own resources and its node's, without repetition. */
  readonly resources: readonly string[];
  readonly traits: OfferTraits;
  /** How long calls of this function took there, as this node has measured. */
  readonly latency: Latency;
  /** Whether calls of this function have failed there too often. */
  readonly breaker: Breaker;
}

/** What an offer must have, and should have, to be taken. */
export type WantedTerms = Pick<StepTerms, "version" | "prefer">;

/** The offers that will do. */
export interface Candidates<T> {
  readonly all: readonly Offer<T>[];
  /** The same, the better ones first: an offer is taken only when none of an earlier tier can be. */
  readonly tiers: readonly (readonly Offer<T>[])[];
  /** Offers of the function whose breaker is tripped, at present. */
  readonly broken: ReadonlySet<Offer<T>>;
}
