/** Clock: time and timers, as the platform has them that runs a program. */

/** What a platform knows one of its timers by. */
export type ClockTimer = object | number;

export interface Clock {
  /** Monotonic time in ms. */
  now(): number;
  /** The wall clock, in ms since 1970, for display. */
  wallMs(): number;
  /** Runs `callback` in `ms`, which is at most 2^31 - 1. */
  setTimer(callback: () => void, ms: number): ClockTimer;
  clearTimer(timer: ClockTimer): void;
  /** Runs `callback` when what runs now has ended. */
  endOfTurn(callback: () => void): void;
}
