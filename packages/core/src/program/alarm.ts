/**
 * Alarm: one timer of the platform, for what is due next.
 *
 * (A1) It never rings late. It may ring early: whoever hears it looks at what is due, and sets it again.
 */
import type { Clock, ClockTimer } from "./clock.js";

const timerMsMax = 2 ** 31 - 1;

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: ClockTimer | undefined;
  #dueMs = Infinity;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#ring = () => {
      this.#timer = undefined;
      this.#dueMs = Infinity;
      onDue();
    };
  }

  /** Rings at `dueMs` at the latest; `Infinity` asks for nothing. */
  set(dueMs: number): void {
    if (dueMs >= this.#dueMs) return; // (A1)
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#dueMs = dueMs;
    const ms = Math.max(1, Math.ceil(dueMs - this.#clock.now()));
    this.#timer = this.#clock.setTimer(this.#ring, Math.min(timerMsMax, ms));
  }

  clear(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Infinity;
  }
}
