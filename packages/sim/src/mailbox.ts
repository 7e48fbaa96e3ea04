/**
 * Mailbox: what a process has received and not yet looked at, and when it looks.
 *
 * A turn of the process takes everything that is there, as an event loop does. A paused process takes no turns: what
 * comes waits, and so does the time it would have spent.
 *
 * (M1) Items are taken in the order in which they came.
 * (M2) A paused process does nothing; once resumed it takes what has come meanwhile, and timers that were due.
 * (M3) A dead process does nothing ever again.
 */
import type { Clock, Happening } from "./clock.js";

/** How long a process takes to get to something, in ms. */
const turnMs = 0.01;

export class Mailbox<T> implements Happening {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly #clock: Clock;
  readonly #turn: (items: readonly T[]) => void;
  #items: T[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #late: (() => void)[] = [];

  /** `turn` gets what has come since the last turn; possibly nothing, when it was only woken. */
  constructor(clock: Clock, turn: (items: readonly T[]) => void) {
    this.#clock = clock;
    this.#turn = turn;
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  post(item: T): void {
    if (this.#state === "dead") return; // (M3)
    this.#items.push(item);
    this.wakeAt(this.#clock.nowMs);
  }

  /** Takes a turn at `atMs`, or earlier if there is reason to; never twice at the same time. */
  wakeAt(atMs: number): void {
    if (this.#state !== "running" || atMs === Infinity) return;
    const wakeMs = Math.max(atMs, this.#clock.nowMs + turnMs);
    if (this.heapIndex < 0 || this.dueMs > wakeMs) this.#clock.set(this, wakeMs);
  }

  /** Runs `happen` after `delayMs`, or when the process runs again; answers how to cancel that. */
  after(delayMs: number, happen: () => void): () => void {
    const moment = this.#clock.after(delayMs, () => {
      if (this.#state === "running") happen();
      else if (this.#state === "paused") this.#late.push(happen); // (M2)
    });
    return () => {
      this.#clock.cancel(moment);
      this.#late = this.#late.filter((each) => each !== happen);
    };
  }

  pause(): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#clock.cancel(this);
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const late = this.#late;
    this.#late = [];
    for (const happen of late) happen();
    this.wakeAt(this.#clock.nowMs);
  }

  kill(): void {
    this.#state = "dead";
    this.#items = [];
    this.#late = [];
    this.#clock.cancel(this);
  }

  happen(): void {
    const items = this.#items;
    this.#items = [];
    this.#turn(items); // (M1)
  }
}
