/**
 * Expected: functions that nobody is known to offer, and that somebody probably offers all the same. What is asked of them
 * waits for a while instead of being told that there is no provider, which would be ignorance and not knowledge.
 *
 * (X1) What a node has offered that was lost, and has not left, is expected for `patienceMs`: it, or the way to it, may be
 *      back; and whoever is cut off from all others does not know better.
 * (X2) A node that is to find others expects everything for `patienceMs` at most, and until a moment after it has found the
 *      first: that is how long it takes to hear what all of them offer.
 * (X3) Of what was lost, at most `functionsMax` are remembered, those lost last; what is over is let go with the next loss.
 */

/** About twice as long as it takes to take a node for down. */
const patienceMs = 5_000;
const hearingMs = 1_000;
const functionsMax = 10_000;

export class Expected {
  /** The one that was lost longest ago first. */
  readonly #untilMs = new Map<string, number>();
  #strangeUntilMs = 0;
  #hasFound = false;

  /** How many functions of lost nodes are remembered. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** There are addresses where others may be. (X2) */
  seek(nowMs: number): void {
    if (!this.#hasFound && this.#strangeUntilMs === 0) this.#strangeUntilMs = nowMs + patienceMs;
  }

  /** There is a link to another node. */
  found(nowMs: number): void {
    this.#hasFound = true;
    this.#strangeUntilMs = Math.min(this.#strangeUntilMs, nowMs + hearingMs);
  }

  /** A node that has offered `functions` was lost. (X1) */
  lost(functions: Iterable<string>, nowMs: number): void {
    for (const fun of functions) {
      this.#untilMs.delete(fun);
      this.#untilMs.set(fun, nowMs + patienceMs);
    }
    for (const [fun, untilMs] of this.#untilMs) {
      if (untilMs > nowMs && this.#untilMs.size <= functionsMax) break;
      this.#untilMs.delete(fun); // (X3)
    }
  }

  /** Until when it is worth waiting for somebody to offer `fun`; a time that is over where it is not. */
  untilMs(fun: string): number {
    return Math.max(this.#strangeUntilMs, this.#untilMs.get(fun) ?? 0);
  }
}
