/**
 * Broadcast: events for all who listen, each of whom takes them in his own time.
 *
 * (B1) Every reader is told every event, in order, from the moment it was made until it ends; readers do not wait for
 *      each other, and nobody who publishes waits for one.
 * (B2) A reader keeps `eventsMax` events that were not taken. Beyond, the oldest are dropped, and the reader is told how
 *      many in their place: never in silence.
 * (B3) When the broadcast ends, what was kept is still read; then the reader is done. A reader that ends itself, or by
 *      its signal, is done at once and nothing is kept for it any more.
 */
import { Fifo } from "./fifo.js";

/** Told in the place of events that a reader did not take in time. */
export interface Missed {
  readonly kind: "missed";
  /** How many. */
  readonly count: number;
}

/** The part of `AbortSignal` that is used. */
interface EndSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export class Broadcast<T extends object> {
  readonly #eventsMax: number;
  readonly #readers = new Set<Reader<T>>();
  #isOver = false;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  /** How many listen. */
  get readers(): number {
    return this.#readers.size;
  }

  publish(event: T): void {
    for (const reader of this.#readers) reader.push(event); // (B1)
  }

  /** Nothing is published any more. */
  end(): void {
    this.#isOver = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** What is published from now on, after `first`, which is told to this reader only. */
  read(signal?: EndSignal, first: readonly T[] = []): AsyncIterableIterator<T | Missed> {
    const reader = new Reader<T>(this.#eventsMax, () => {
      this.#readers.delete(reader);
      signal?.removeEventListener("abort", leave);
    });
    const leave = (): void => void reader.return();
    for (const event of first) reader.push(event);
    if (signal?.aborted === true) leave();
    else if (this.#isOver) reader.end();
    else {
      this.#readers.add(reader);
      signal?.addEventListener("abort", leave, { once: true });
    }
    return reader;
  }
}

type Take<T> = (result: IteratorResult<T | Missed, undefined>) => void;

class Reader<T extends object> implements AsyncIterableIterator<T | Missed> {
  readonly #eventsMax: number;
  readonly #onEnd: () => void;
  readonly #kept = new Fifo<T>();
  /** Whoever has asked for what was not there yet. */
  readonly #takes = new Fifo<Take<T>>();
  #missed = 0;
  #isOver = false;

  constructor(eventsMax: number, onEnd: () => void) {
    this.#eventsMax = eventsMax;
    this.#onEnd = onEnd;
  }

  push(event: T): void {
    const take = this.#takes.shift();
    if (take !== undefined) return take({ value: event, done: false });
    if (this.#kept.size >= this.#eventsMax) {
      this.#kept.shift();
      this.#missed += 1; // (B2)
    }
    this.#kept.push(event);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
    for (let take = this.#takes.shift(); take !== undefined; take = this.#takes.shift()) take(done);
  }

  next(): Promise<IteratorResult<T | Missed, undefined>> {
    if (this.#missed > 0) {
      const missed: Missed = { kind: "missed", count: this.#missed };
      this.#missed = 0;
      return Promise.resolve({ value: missed, done: false });
    }
    const event = this.#kept.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#isOver) return Promise.resolve(done); // (B3)
    return new Promise((resolve) => {
      this.#takes.push(resolve);
    });
  }

  return(): Promise<IteratorResult<T | Missed, undefined>> {
    while (this.#kept.shift() !== undefined); // (B3)
    this.#missed = 0;
    this.end();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const done = { value: undefined, done: true } as const;
