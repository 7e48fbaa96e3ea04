/**
 * Work slice: how long the node runs handlers before it gives the event loop back, for sockets to be read and timers to ring.
 *
 * Handlers that end at once, or in a microtask, let the next one start, which may end at once: without a bound a long queue of short
 * calls is one single turn, in which nobody is heard who calls, cancels or asks whether the node is alive.
 *
 * (W1) When about `sliceMs` were worked, nothing starts until the event loop has been round; then it goes on by itself.
 * (W2) What comes in counts from when it comes; time in which the event loop waits does not count. Where a handler goes on after a
 *      timer of its own nobody tells of that: then the loop may be let round early, which costs microseconds.
 */
import { performance } from "node:perf_hooks";

/** Long enough that going round is nothing beside it, short enough that a call between two others is not felt. */
const sliceMs = 10;

/** How many may start before somebody looks at the clock, which takes a part of what a call takes. */
const unseenMax = 4;

export class WorkSlice {
  readonly #goOn: () => void;
  /** Worked in the callbacks of the event loop that have ended. */
  #workedMs = 0;
  /** When the callback that runs began, and the time as it was last seen. */
  #beganMs = 0;
  #seenMs = 0;
  /** How often it was asked since then. */
  #asked = 0;
  #isOver = false;

  /** `goOn` is called when the event loop has been round. */
  constructor(goOn: () => void) {
    this.#goOn = goOn;
  }

  /** The event loop has called the node. (W2) */
  entered(nowMs: number): void {
    this.#workedMs += this.#seenMs - this.#beganMs;
    this.#beganMs = nowMs;
    this.seen(nowMs);
  }

  /** It is `nowMs`. */
  seen(nowMs: number): void {
    this.#seenMs = nowMs;
    this.#asked = 0;
  }

  /** Whether whatever would start now is to wait. (W1) */
  isOver(): boolean {
    if (this.#isOver) return true;
    if (++this.#asked > unseenMax) this.seen(performance.now());
    if (this.#workedMs + this.#seenMs - this.#beganMs < sliceMs) return false;
    this.#isOver = true;
    // behind what is ready to be read, and before the timers
    setImmediate(() => {
      this.#isOver = false;
      this.#workedMs = 0;
      this.#beganMs = performance.now();
      this.seen(this.#beganMs);
      this.#goOn();
    });
    return true;
  }
}
