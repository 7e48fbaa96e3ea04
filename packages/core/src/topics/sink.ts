/** Sink: what topics want of whoever drives them. None of it may call back into them. */

/**
 * Why a subscription is over without having been asked to be.
 *
 * - `overflow`: more came than its buffer holds, and it would rather end than lose messages (`disconnect`).
 * - `stalled`: it has kept publishers waiting for too long (`block-publisher`).
 * - `overloaded`: what waits on this node for all subscriptions is too much, and most of it waited for this one.
 */
export type SubscriptionEnd = "overflow" | "stalled" | "overloaded";

export interface TopicSink {
  /**
   * A message goes out to the subscriptions of `outlet` that are the first `count` of `numbers`. Both are valid until this
   * returns.
   */
  deliver(outlet: number, numbers: readonly number[], count: number, message: Uint8Array): void;
  /** A subscription has been told what it wanted of the backlog: what follows is live. */
  replayed?(outlet: number, number: number): void;
  /** `count` messages of a subscription are missing just here. */
  missed(outlet: number, number: number, count: number): void;
  /** A subscription begins to lose messages because of its consumer: the first since that had last caught up. */
  slow?(outlet: number, number: number): void;
  /** A subscription is over; `lost` messages that waited for it are lost with it. */
  ended(outlet: number, number: number, why: SubscriptionEnd, lost: number): void;
  /** A subscription that was draining is over: all that had waited for it is told, unless it has `ended`. */
  drained?(outlet: number, number: number): void;
  /** A publisher that was `blocked` can try again. */
  resume(publisher: number): void;
}
