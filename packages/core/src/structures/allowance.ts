/**
 * Allowance: how often something may happen, on average (a token bucket).
 *
 * (A1) Over any time t it is allowed at most `perSecond * t + capacity` times, and as often as was added.
 */
export class Allowance {
  readonly #perSecond: number;
  readonly #capacity: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, capacity: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#left = capacity;
    this.#atMs = nowMs;
  }

  /** Adds a part of one, up to the capacity. */
  add(share: number): void {
    this.#left = Math.min(this.#capacity, this.#left + share);
  }

  /** Takes one; answers whether there was one. */
  take(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#atMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#capacity, this.#left + gained); // (A1)
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
