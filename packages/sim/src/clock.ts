/**
 * Clock: simulated time, and what happens when.
 *
 * Time stands still until the next event is taken; then it jumps there.
 *
 * (T1) Events happen in the order of their time, and among equals in the order in which they were set.
 * (T2) Time never goes back.
 */
import { type Deadline, Deadlines } from "@mpreg/core/base";

/** Something that will happen. Reusable: it can be set again once it has happened. */
export interface Happening extends Deadline {
  happen(): void;
}

/** What happens is a function. */
export class Moment implements Happening {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  happen: () => void;

  constructor(happen: () => void) {
    this.happen = happen;
  }
}

export class Clock {
  readonly #agenda = new Deadlines<Happening>();
  #nowMs = 0;

  /** Simulated time since the start of the world. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the next event happens; `Infinity` when there is none. */
  get nextMs(): number {
    return this.#agenda.nextDueMs;
  }

  /** Sets when `happening` happens, moving it if it was set before. */
  set(happening: Happening, atMs: number): void {
    this.#agenda.set(happening, Math.max(atMs, this.#nowMs)); // (T2)
  }

  cancel(happening: Happening): void {
    this.#agenda.remove(happening);
  }

  /** Runs `happen` after `delayMs`. */
  after(delayMs: number, happen: () => void): Moment {
    const moment = new Moment(happen);
    this.set(moment, this.#nowMs + delayMs);
    return moment;
  }

  /** Takes the next event up to `untilMs`, with time set to it; without one, time is set to `untilMs`. */
  next(untilMs: number): Happening | undefined {
    const happening = this.#agenda.takeDue(untilMs); // (T1)
    if (happening !== undefined) this.#nowMs = happening.dueMs;
    else if (untilMs > this.#nowMs && untilMs !== Infinity) this.#nowMs = untilMs;
    return happening;
  }
}
