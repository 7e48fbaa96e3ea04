/** A clock that tests move by hand, and what is due on it. */
import { Deadlines, type DueItem, type Timers } from "../../src/base/index.js";

export class Clock implements Timers {
  nowMs = 0;
  readonly #deadlines = new Deadlines<DueItem>();

  readonly schedule = (item: DueItem, dueMs: number): void => {
    this.#deadlines.set(item, dueMs);
  };

  readonly unschedule = (item: DueItem): void => {
    this.#deadlines.remove(item);
  };

  /** How much waits for its time. */
  get scheduled(): number {
    return this.#deadlines.size;
  }

  get nextDueMs(): number {
    return this.#deadlines.nextDueMs;
  }

  /** Lets `forMs` pass, from one thing that is due to the next. */
  advance(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const item = this.#deadlines.takeDue(endMs);
      if (item === undefined) break;
      this.nowMs = Math.max(this.nowMs, item.dueMs);
      item.onDue(this.nowMs);
    }
    this.nowMs = endMs;
  }

  /** Nothing happens for `forMs`; then what was due meanwhile happens at once, late. */
  standStill(forMs: number): void {
    this.nowMs += forMs;
    this.advance(0);
  }
}
