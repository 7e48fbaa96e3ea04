/**
 * Trie table: the nodes of a trie in one open-addressing hash table, each found by its parent and its word.
 *
 * What a walk needs to know of a node lies in the place where it is found, 32 bytes side by side: with 100,000 patterns
 * the walk waits for memory and for little else, and a node costs one access where a table of edges and one of nodes cost
 * two.
 *
 * (H1) A node's place may change when another one is removed or room is made, never otherwise.
 * (H2) At most half of the places are taken; of more than 1,024, at least an eighth.
 */
import { mixed } from "./topic-words.js";

/** Numbers of 32 bits that a place has. */
const placeSize = 8;
/** Where in a place stand: the parent, the word, and the node itself, 0 where there is none. */
const parentAt = 0;
const wordAt = 1;
export const nodeAt = 2;
/** The rest is the trie's. */
export const valuesAt = 3;
export const tailValuesAt = 4;
export const childrenAt = 5;
export const tailChildrenAt = 6;
export const stampAt = 7;

const placesMin = 64;
const placesKept = 1_024;

export class TrieTable {
  #slots = new Int32Array(placesMin * placeSize);
  #mask = placesMin - 1;
  #size = 0;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = mixed(seed ^ 0x1b873593);
  }

  /** All places. */
  get slots(): Int32Array {
    return this.#slots;
  }

  get size(): number {
    return this.#size;
  }

  /** Where the child of `parent` by `word` begins in `slots`; -1 when there is none. */
  find(parent: number, word: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let place = this.#home(parent, word) & mask; ; place = (place + 1) & mask) {
      const at = place * placeSize;
      if (slots[at + nodeAt] === 0) return -1;
      if (slots[at] === parent && slots[at + wordAt] === word) return at;
    }
  }

  /** Makes room for `count` nodes more: while they are inserted no place changes. */
  reserve(count: number): void {
    let places = this.#mask + 1;
    while ((this.#size + count) * 2 > places) places *= 2;
    if (places > this.#mask + 1) this.#resize(places); // (H2)
  }

  /** Inserts a child that is not there yet, with nothing known of it; answers where it begins. */
  insert(parent: number, word: number, node: number): number {
    const slots = this.#slots;
    const at = this.#freePlace(parent, word);
    slots.fill(0, at, at + placeSize);
    slots[at + parentAt] = parent;
    slots[at + wordAt] = word;
    slots[at + nodeAt] = node;
    this.#size += 1;
    return at;
  }

  /** Removes the node at `at`, and moves what was probed past it back (Knuth, TAOCP vol. 3, 6.4, algorithm R). */
  remove(at: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = at / placeSize;
    for (let place = (hole + 1) & mask; slots[place * placeSize + nodeAt] !== 0; place = (place + 1) & mask) {
      const from = place * placeSize;
      const home = this.#home(slots[from] as number, slots[from + wordAt] as number) & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue; // its home lies behind the hole
      slots.copyWithin(hole * placeSize, from, from + placeSize);
      hole = place;
    }
    slots[hole * placeSize + nodeAt] = 0;
    this.#size -= 1;
    if (this.#mask >= placesKept && this.#size * 8 < this.#mask) this.#resize((this.#mask + 1) / 2); // (H2)
  }

  /** Sets all stamps to 0. */
  clearStamps(): void {
    for (let at = stampAt; at < this.#slots.length; at += placeSize) this.#slots[at] = 0;
  }

  #home(parent: number, word: number): number {
    const hash = Math.imul(Math.imul(parent, 0x9e3779b1) ^ word ^ this.#seed, 0x85ebca6b);
    return hash ^ (hash >>> 15);
  }

  #freePlace(parent: number, word: number): number {
    let place = this.#home(parent, word) & this.#mask;
    while (this.#slots[place * placeSize + nodeAt] !== 0) place = (place + 1) & this.#mask;
    return place * placeSize;
  }

  #resize(places: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(places * placeSize);
    this.#mask = places - 1;
    for (let from = 0; from < old.length; from += placeSize) {
      if (old[from + nodeAt] === 0) continue;
      const to = this.#freePlace(old[from] as number, old[from + wordAt] as number);
      for (let i = 0; i < placeSize; i++) this.#slots[to + i] = old[from + i] as number;
    }
  }
}
