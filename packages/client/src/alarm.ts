/**
 * Alarm: one timer of the platform, for what is due next.
 *
 * (A1) It never rings late. It may ring early: whoever hears it looks at what is due, and sets it again.
 */
import type { Platform, Timer } from "./platform.js";

const timerMsMax = 2 ** 31 - 1;

export class Alarm {
  readonly #platform: Platform;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #dueMs = Infinity;

  constructor(platform: Platform, onDue: () => void) {
    this.#platform = platform;
    this.#ring = () => {
      this.#timer = undefined;
      this.#dueMs = Infinity;
      onDue();
    };
  }

  /** Rings at `dueMs` at the latest; `Infinity` asks for nothing. */
  set(dueMs: number): void {
    if (dueMs >= this.#dueMs) return; // (A1)
    if (this.#timer !== undefined) this.#platform.clearTimer(this.#timer);
    this.#dueMs = dueMs;
    const ms = Math.max(1, Math.ceil(dueMs - this.#platform.now()));
    this.#timer = this.#platform.setTimer(this.#ring, Math.min(timerMsMax, ms));
  }

  clear(): void {
    if (this.#timer !== undefined) this.#platform.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Infinity;
  }
}
