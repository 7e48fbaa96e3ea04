/**
 * Event queue: events for one reader, who takes them in his own time.
 *
 * (Q1) It keeps `eventsMax` events that were not taken. Beyond, the oldest are dropped, and the reader is told how many in
 *      their place: never in silence.
 * (Q2) When it ends, what was kept is still read; then the reader is done. A reader that leaves is done at once and nothing
 *      is kept for it any more.
 * (Q3) When it fails, what was kept is still read; then the error is thrown, once.
 */
import { Fifo } from "./fifo.js";

/** Told in the place of events that a reader did not take in time. */
export interface Missed {
  readonly kind: "missed";
  /** How many. */
  readonly count: number;
}

interface Take<T> {
  readonly resolve: (result: IteratorResult<T | Missed, undefined>) => void;
  readonly reject: (error: Error) => void;
}

export class EventQueue<T extends object> implements AsyncIterableIterator<T | Missed> {
  readonly #eventsMax: number;
  readonly #onEnd: () => void;
  readonly #kept = new Fifo<T>();
  /** Whoever has asked for what was not there yet. */
  readonly #takes = new Fifo<Take<T>>();
  #failure: { readonly error: Error } | undefined;
  #missed = 0;
  #isOver = false;

  constructor(eventsMax: number, onEnd: () => void) {
    this.#eventsMax = eventsMax;
    this.#onEnd = onEnd;
  }

  push(event: T): void {
    if (this.#isOver) return;
    const take = this.#takes.shift();
    if (take !== undefined) return take.resolve({ value: event, done: false });
    if (this.#kept.size >= this.#eventsMax) {
      this.#kept.shift();
      this.#missed += 1; // (Q1)
    }
    this.#kept.push(event);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
    for (let take = this.#takes.shift(); take !== undefined; take = this.#takes.shift()) take.resolve(done);
  }

  /** Ends it with `error`, once what is kept was taken. (Q3) */
  fail(error: Error): void {
    if (this.#isOver) return;
    const take = this.#takes.shift();
    if (take === undefined) this.#failure = { error };
    else take.reject(error);
    this.end();
  }

  next(): Promise<IteratorResult<T | Missed, undefined>> {
    if (this.#missed > 0) {
      const missed: Missed = { kind: "missed", count: this.#missed };
      this.#missed = 0;
      return Promise.resolve({ value: missed, done: false });
    }
    const event = this.#kept.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#failure !== undefined) return this.#throw(this.#failure.error);
    if (this.#isOver) return Promise.resolve(done); // (Q2)
    return new Promise((resolve, reject) => {
      this.#takes.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T | Missed, undefined>> {
    while (this.#kept.shift() !== undefined); // (Q2)
    this.#missed = 0;
    this.#failure = undefined;
    this.end();
    return Promise.resolve(done);
  }

  /** (Q3) */
  #throw(error: Error): Promise<never> {
    this.#failure = undefined;
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const done = { value: undefined, done: true } as const;
