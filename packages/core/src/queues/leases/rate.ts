/**
 * Pace: when the next of something may happen that has a rate (the generic cell rate algorithm, ITU-T I.371): one number.
 *
 * (P1) Over any time t it allows at most `burst + perSecond * t`.
 * (P2) Another rate holds from when it is first asked for: nobody waits on for a slower one.
 */
import type { Rate } from "../types.js";

export class Pace {
  /** When all that was taken would have happened at the rate alone. */
  #arrivalMs = -Infinity;

  /** When one may be taken; a time that is past says now. */
  allowedMs({ burst, perSecond }: Rate, nowMs: number): number {
    const eachMs = 1_000 / perSecond;
    this.#arrivalMs = Math.min(this.#arrivalMs, nowMs + burst * eachMs); // (P2) at this rate it is never more
    return this.#arrivalMs - (burst - 1) * eachMs;
  }

  /** Takes one, which has to be allowed. */
  take(rate: Rate, nowMs: number): void {
    this.#arrivalMs = Math.max(this.#arrivalMs, nowMs) + 1_000 / rate.perSecond; // (P1)
  }

  /** Whether it says the same as a new one from now on. */
  isFresh(nowMs: number): boolean {
    return this.#arrivalMs <= nowMs;
  }
}
