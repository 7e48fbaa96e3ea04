/**
 * Breaker: whether work may go where it has failed (the circuit breaker of Nygard, "Release It!", 2007).
 *
 *   closed ──too many failures──▶ open ──its time is over──▶ half-open ──one success──▶ closed
 *                                   ▲                            │
 *                                   └─────────one failure────────┘
 *
 * (K1) It opens after `inARowMax` failures in a row, or when half of at least `windowMin` that ended in a window did.
 * (K2) It is open for a second, twice as long each time it opens again, half a minute at most; half of that by chance, so
 *      that many of them are not tried at the same time.
 * (K3) Half-open, it lets one piece of work through at a time (the probe), and only the probe's end counts.
 * (K4) Closed, work costs a count.
 */
const inARowMax = 5;
const windowMin = 20;
const windowMs = 10_000;
const openMsMin = 1_000;
const openMsLimit = 30_000;

export type BreakerState = "closed" | "open" | "half-open";

export class Breaker {
  #openForMs = 0;
  #openUntilMs = 0;
  #inARow = 0;
  #successes = 0;
  #failures = 0;
  #windowMs = -Infinity;
  #probe: object | undefined = undefined;
  #reason = "";

  /** Open or half-open. */
  get isTripped(): boolean {
    return this.#openForMs > 0;
  }

  /** Until when it is open, and after what; only while it is tripped. */
  get openUntilMs(): number {
    return this.#openUntilMs;
  }

  /** For how long it is open at most; 0 = it is closed. */
  get openMsMax(): number {
    return this.#openForMs;
  }

  get reason(): string {
    return this.#reason;
  }

  state(nowMs: number): BreakerState {
    if (!this.isTripped) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "half-open";
  }

  /** Whether work may begin. */
  admits(nowMs: number): boolean {
    return !this.isTripped || (nowMs >= this.#openUntilMs && this.#probe === undefined);
  }

  /** Work that was admitted has begun. (K3) */
  began(work: object): void {
    if (this.isTripped) this.#probe = work;
  }

  /** Work has ended without saying anything, or is no longer wanted. */
  released(work: object): void {
    if (this.#probe === work) this.#probe = undefined;
  }

  /** Work has succeeded; answers whether that has closed it. */
  succeeded(work: object): boolean {
    if (!this.isTripped) {
      this.#successes += 1; // (K4)
      this.#inARow = 0;
      return false;
    }
    if (this.#probe !== work) return false;
    this.#openForMs = 0;
    this.#probe = undefined;
    return true;
  }

  /** Work has failed; answers whether that has opened it. `chance`: a number in [0, 1). */
  failed(work: object, nowMs: number, chance: number): boolean {
    if (this.isTripped) {
      if (this.#probe !== work) return false;
      this.#open(this.#openForMs * 2, nowMs, chance);
      return true;
    }
    if (nowMs - this.#windowMs > windowMs) {
      this.#windowMs = nowMs;
      this.#failures = 0;
      this.#successes = 0;
    }
    this.#failures += 1;
    this.#inARow += 1;
    const all = this.#failures + this.#successes;
    const isHalf = all >= windowMin && this.#failures * 2 >= all;
    if (this.#inARow < inARowMax && !isHalf) return false;
    const several = isHalf ? `${this.#failures} of ${all} calls` : `${this.#inARow} calls in a row`;
    this.#reason = `${several} were lost there or ran out of time`; // (K1)
    this.#open(openMsMin, nowMs, chance);
    return true;
  }

  #open(forMs: number, nowMs: number, chance: number): void {
    this.#openForMs = Math.min(openMsLimit, forMs);
    this.#openUntilMs = nowMs + this.#openForMs * (0.5 + chance / 2); // (K2)
    this.#probe = undefined;
    this.#inARow = 0;
    this.#windowMs = -Infinity;
  }
}
