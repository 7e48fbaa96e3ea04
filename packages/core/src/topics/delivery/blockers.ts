/**
 * Blockers: subscriptions that want publishers to wait while they have no room (`block-publisher`).
 *
 * Owns who waits for which of them, and since when. Waiting publishers are told to go on by `delivery.ts`.
 *
 * (L1) While there is no such subscription, looking for one costs nothing.
 * (L2) At most `blockedPublishersMax` publishers wait for one subscription.
 * (L3) The time of one for which nobody waits does not run.
 */
import { MpregError } from "../../base/index.js";
import type { Scratch } from "../../structures/index.js";
import type { TopicsLimits } from "../limits.js";
import type { Subscription, SubscriptionBuffer } from "./subscription.js";

export class Blockers {
  readonly #limits: TopicsLimits;
  /** Those that keep publishers waiting. */
  readonly #blocking = new Set<Subscription>();
  /** How many would. */
  #count = 0;

  constructor(limits: TopicsLimits) {
    this.#limits = limits;
  }

  /** Whether some publisher may wait. */
  get isBlocking(): boolean {
    return this.#blocking.size > 0;
  }

  add({ terms }: Subscription): void {
    if (terms.overflow === "block-publisher") this.#count += 1;
  }

  remove(subscription: Subscription): void {
    if (subscription.terms.overflow !== "block-publisher") return;
    this.#count -= 1;
    this.#blocking.delete(subscription);
  }

  /** Whether one of `targets` lets a publisher wait with a message of `length` bytes. Throws `overloaded`. (L1, L2) */
  blocks(targets: Scratch<Subscription>, publisherId: number, length: number, nowMs: number): boolean {
    if (this.#count === 0) return false;
    let isBlocked = false;
    for (let at = 0; at < targets.size; at++) {
      const subscription = targets.at(at);
      if (subscription.terms.overflow !== "block-publisher" || subscription.isReadyFor(length)) continue;
      const { buffer } = subscription;
      if (buffer === undefined || buffer.hasRoom(length)) continue;
      this.#wait(subscription, buffer, publisherId, nowMs);
      isBlocked = true;
    }
    return isBlocked;
  }

  /** A publisher is gone: it need not be resumed. */
  forget(publisherId: number): void {
    for (const subscription of this.#blocking) {
      const { buffer } = subscription;
      buffer?.blocking?.publishers.delete(publisherId);
      if (buffer?.blocking?.publishers.size === 0) buffer.blocking = undefined; // (L3)
    }
  }

  /** Tells `found` of those for which publishers wait, and whether they have waited for `blockMsMax`. */
  each(nowMs: number, found: (subscription: Subscription, isStalled: boolean) => void): void {
    for (const subscription of this.#blocking) {
      const blocking = subscription.buffer?.blocking;
      if (blocking === undefined) this.#blocking.delete(subscription);
      else found(subscription, nowMs - blocking.sinceMs >= this.#limits.blockMsMax);
    }
  }

  #wait(subscription: Subscription, buffer: SubscriptionBuffer, publisherId: number, nowMs: number): void {
    const { publishers } = (buffer.blocking ??= { publishers: new Set(), sinceMs: nowMs });
    this.#blocking.add(subscription);
    if (publishers.size >= this.#limits.blockedPublishersMax && !publishers.has(publisherId)) {
      const message = `Cannot publish: ${publishers.size} publishers wait for one subscription already`;
      throw new MpregError("overloaded", message);
    }
    publishers.add(publisherId);
  }
}
