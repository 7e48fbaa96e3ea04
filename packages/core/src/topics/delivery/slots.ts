/**
 * Slots: the subscriptions of an exchange by small numbers, which are their values in the matcher.
 *
 * (L1) The number of one that is gone is given to the next one; without any, nothing is left.
 */
export class Slots<S extends object> {
  #all: (S | undefined)[] = [];
  #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Those that are there, and `undefined` where one was. */
  get all(): readonly (S | undefined)[] {
    return this.#all;
  }

  /** The one at a number that is taken. */
  at(slot: number): S {
    return this.#all[slot] as S;
  }

  /** A number for the next one, which is to be set. */
  free(): number {
    return this.#free.pop() ?? this.#all.length;
  }

  set(slot: number, one: S): void {
    this.#all[slot] = one;
    this.#size += 1;
  }

  delete(slot: number): void {
    this.#all[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    if (this.#size > 0) return;
    this.#all = []; // (L1)
    this.#free = [];
  }
}
