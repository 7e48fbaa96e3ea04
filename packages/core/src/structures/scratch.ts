/**
 * Scratch: a list that is filled and emptied again for every message.
 *
 * An array whose `length` is set to 0 gives its memory back, and grows anew with the next `push`: as much work as what a small
 * message costs otherwise.
 *
 * (H1) What is beyond `size` is nobody's. It is held until {@link release}, so whoever owned it calls that when it goes.
 */
export class Scratch<T> {
  readonly #items: T[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item at `index`, which is below {@link size}. */
  at(index: number): T {
    return this.#items[index] as T;
  }

  push(item: T): void {
    this.#items[this.#size++] = item;
  }

  clear(): void {
    this.#size = 0;
  }

  /** Empties it, and lets go of what it has held. */
  release(): void {
    this.#size = 0;
    this.#items.length = 0;
  }
}
