/**
 * Broadcast: events for all who listen, each of whom takes them in his own time.
 *
 * (B1) Every reader is told every event, in order, from the moment it was made until it ends; readers do not wait for
 *      each other, and nobody who publishes waits for one.
 * (B2) A reader keeps `eventsMax` events that were not taken (`event-queue.ts`, Q1).
 * (B3) When the broadcast ends, what was kept is still read; then the reader is done. A reader that ends itself, or by
 *      its signal, is done at once and nothing is kept for it any more.
 */
import { type AbortSource, onAbort } from "./abort-listeners.js";
import { EventQueue, type Missed } from "./event-queue.js";

export class Broadcast<T extends object> {
  readonly #eventsMax: number;
  readonly #readers = new Set<EventQueue<T>>();
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
  read(signal?: AbortSource, first: readonly T[] = []): AsyncIterableIterator<T | Missed> {
    const reader = new EventQueue<T>(this.#eventsMax, () => {
      this.#readers.delete(reader);
      stopListening?.();
    });
    let stopListening: (() => void) | undefined;
    const leave = (): void => void reader.return();
    for (const event of first) reader.push(event);
    if (signal?.aborted === true) leave();
    else if (this.#isOver) reader.end();
    else {
      this.#readers.add(reader);
      if (signal !== undefined) stopListening = onAbort(signal, leave);
    }
    return reader;
  }
}
