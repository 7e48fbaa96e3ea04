/**
 * Outlet: where deliveries go out together, usually a link; one client's subscriptions, or all that another node wants.
 *
 * (U1) A message goes to an outlet once, for all of its subscriptions that are ready for it.
 * (U2) An outlet has at most `windowBytes` on their way that were not taken, or one message of any size.
 * (U3) A subscription can be named only by the outlet to which it belongs.
 */
import { Chain, type ChainNode } from "../../structures/index.js";

/** What a subscription is to its outlet. */
export interface Queued<S> extends ChainNode<S> {
  /** Whether it is in the queue; the outlet's. */
  isQueued: boolean;
}

export class Outlet<S extends Queued<S>> {
  readonly id: number;
  readonly #windowBytes: number;
  /** By number. (U3) */
  readonly subscriptions: Map<number, S> = new Map();
  /** Those that have something to tell, the next one first. */
  readonly queue: Chain<S> = new Chain();
  untakenBytes = 0;
  /** The numbers of those that are ready for the message in hand: the first `readyCount`. (U1) */
  readonly ready: number[] = [];
  readyCount = 0;

  constructor(id: number, windowBytes: number) {
    this.id = id;
    this.#windowBytes = windowBytes;
  }

  /** (U2) */
  hasWindow(length: number): boolean {
    return this.untakenBytes === 0 || this.untakenBytes + length <= this.#windowBytes;
  }

  /** Puts `subscription` behind the others that have something to tell. */
  enqueue(subscription: S): void {
    if (subscription.isQueued) return;
    subscription.isQueued = true;
    this.queue.push(subscription);
  }

  dequeue(subscription: S): void {
    if (!subscription.isQueued) return;
    subscription.isQueued = false;
    this.queue.remove(subscription);
  }
}
