/**
 * Holders: what of a program leases messages of queues, for who is about to end its connection.
 *
 * (H1) What nobody has begun to work on is given back before, uncounted: others would get it only when its lease is over.
 * (H2) From then on nothing is leased any more.
 */
import { MpregError } from "../../base/index.js";
import type { Clock } from "../clock.js";

export interface Holder {
  /** Leases nothing more and gives back what it has; is fulfilled once the queue has heard of that, or does not for {@link giveBackMs}. */
  leave(): Promise<unknown>;
  /** Leases nothing more, gives back what has not begun, and waits for what has. */
  drain?(): Promise<unknown>;
}

/** For how long it is waited that a queue hears what was given back: its leases end by themselves. */
export const giveBackMs = 1_000;

export class Holders {
  readonly #all = new Set<Holder>();
  #isLeaving = false;

  get size(): number {
    return this.#all.size;
  }

  /** Answers how to leave them. */
  add(holder: Holder): () => void {
    this.#all.add(holder);
    return () => {
      this.#all.delete(holder);
    };
  }

  /** Throws `closed` where nothing is leased any more. (H2) */
  check(): void {
    if (this.#isLeaving) throw new MpregError("closed", "Nothing is received any more: the program is closing");
  }

  /** (H1) */
  leave(): Promise<void> {
    this.#isLeaving = true;
    return all([...this.#all].map((holder) => holder.leave()));
  }

  /** As {@link leave}, and waits for what has begun. */
  drain(): Promise<void> {
    this.#isLeaving = true;
    return all([...this.#all].map((holder) => holder.drain?.() ?? holder.leave()));
  }
}

function all(ends: readonly Promise<unknown>[]): Promise<void> {
  return Promise.allSettled(ends).then(() => undefined); // what a processor ends with, its program hears from that
}

/** Is fulfilled when `told` has ended, however, or after {@link giveBackMs}. */
export function heardOrLate(clock: Clock, told: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, giveBackMs);
    const ended = (): void => {
      clock.clearTimer(timer);
      resolve();
    };
    told.then(ended, ended);
  });
}
