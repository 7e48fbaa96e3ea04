/**
 * Draining: subscriptions that take nothing new, and end when all that waits for them is on its way.
 *
 * They are no more than a set of those that were asked to; that nothing new comes is the exchange's, what waits is told as always.
 *
 * (D1) One that drains ends once, when nothing waits for it, or before where anybody ends it.
 */
import type { Subscription } from "./subscription.js";

export class Draining {
  readonly #all = new Set<Subscription>();
  #done: Subscription[] = [];

  /** Answers false for one that drains already. */
  begin(subscription: Subscription): boolean {
    if (this.#all.has(subscription)) return false;
    this.#all.add(subscription);
    return true;
  }

  has(subscription: Subscription | undefined): boolean {
    return this.#all.size > 0 && subscription !== undefined && this.#all.has(subscription);
  }

  /** It is over. Answers whether it was draining. (D1) */
  end(subscription: Subscription): boolean {
    return this.#all.delete(subscription);
  }

  /** Nothing waits for `subscription` any more. */
  toldAll(subscription: Subscription): void {
    if (this.has(subscription)) this.#done.push(subscription);
  }

  /** One that is to be ended, if there is any. */
  next(): Subscription | undefined {
    return this.#done.pop();
  }
}
