/**
 * Left: what a handler has asked for and not waited for, once it has ended. It goes on for whoever the handler has worked for.
 *
 * Owns who keeps it: the run of the handler's step, then whoever that is told to, up to the client, as long as there is
 * one that may come back. What it consists of is `node/nested-runs.ts`; how it is kept from one node to the other is
 * `steps-left.ts`.
 *
 * (B1) It is abandoned with the run that keeps it, as when a request is cancelled, and with the client or the link that it
 *      was handed on to.
 * (B2) What has come to its end is kept by nobody.
 */

/** What a handler has left behind. */
export interface Left {
  /** Nobody is there any more for whom it goes on. It has come to its end when that has been done. */
  abandon(): void;
  /** Who keeps it now: is called when it has come to its end. There is one; a later takes its place. */
  keptBy(letGo: () => void): void;
}

/** Takes what was left behind for it. */
export interface LeftTaker {
  left?(left: Left): void;
}

export class LeftBehind {
  readonly #all = new Set<Left>();
  /** The last of it has come to its end by itself. */
  onOver: (() => void) | undefined = undefined;

  get size(): number {
    return this.#all.size;
  }

  add(left: Left): void {
    this.#all.add(left);
    left.keptBy(() => {
      if (this.#all.delete(left) && this.#all.size === 0) this.onOver?.(); // (B2)
    });
  }

  /** From now on it is `taker` that keeps it. */
  handOn(taker: LeftTaker): void {
    for (const left of this.#takeAll()) taker.left?.(left);
  }

  /** (B1) */
  abandon(): void {
    for (const left of this.#takeAll()) left.abandon();
  }

  #takeAll(): readonly Left[] {
    const all = [...this.#all];
    this.#all.clear();
    return all;
  }
}
