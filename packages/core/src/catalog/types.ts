/** Catalog: who offers which function with which resources. */

/** One function offered by one owner. `T` is whatever the caller routes to. */
export interface Offer<T> {
  readonly owner: T;
  readonly fun: string;
  /** The registration's own resources and its node's, without repetition. */
  readonly resources: readonly string[];
}
