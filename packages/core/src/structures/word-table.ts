/**
 * Word table: small numbers for the words that are in use, so that whoever compares many of them compares numbers.
 *
 * (N1) A word has one number as long as it is in use, and equal words have the same.
 * (N2) A word that is not in use any more leaves nothing; its number is given to another.
 * (N3) At most half of the places are taken; of more than 1,024, at least an eighth.
 */
import { emptyPlace } from "./probing.js";
import type { TopicWords } from "./topic-words.js";

/** Numbers below it are free for the caller to mean something else by. */
export const firstWordNumber = 2;

const placesMin = 64;
const placesKept = 1_024;

export class WordTable {
  /** Two numbers for each place: the hash of a word, and its number or 0. */
  #places = new Int32Array(placesMin * 2);
  #mask = placesMin - 1;
  #size = 0;
  /** By number: the words, their hashes, and how often each is in use. */
  #texts: string[] = [];
  #hashes: number[] = [];
  #uses: number[] = [];
  /** Numbers to be given again, among others that were given up since. */
  #free: number[] = [];

  /** How many words are in use. */
  get size(): number {
    return this.#size;
  }

  /** What the tables take, 24 bytes for each number that was given among it. */
  get bytes(): number {
    return this.#places.byteLength + this.#texts.length * 24;
  }

  /** The number of word `index` of `words`; 0 when it is not in use. */
  find(words: TopicWords, index: number): number {
    const places = this.#places;
    const hash = words.hashes[index] as number;
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const number = places[at * 2 + 1] as number;
      if (number === 0) return 0;
      if (places[at * 2] === hash && this.#isWord(number, words, index)) return number;
    }
  }

  /** Uses word `index` of `words` once more; answers its number. */
  use(words: TopicWords, index: number): number {
    const found = this.find(words, index);
    if (found !== 0) {
      (this.#uses[found] as number)++;
      return found;
    }
    const number = this.#newNumber();
    const hash = words.hashes[index] as number;
    this.#texts[number] = words.word(index);
    this.#hashes[number] = hash;
    this.#uses[number] = 1;
    this.#size += 1;
    this.#put(hash, number);
    if (this.#size * 2 > this.#mask) this.#resize((this.#mask + 1) * 2); // (N3)
    return number;
  }

  /** The word with that number is used once less. */
  release(number: number): void {
    const uses = (this.#uses[number] as number) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#size -= 1;
    this.#texts[number] = "";
    emptyPlace(this.#places, this.#mask, this.#hashes[number] as number, number);
    if (this.#size === 0)
      this.#clear(); // (N2)
    else {
      this.#free.push(number);
      this.#trim();
      if (this.#mask >= placesKept && this.#size * 8 < this.#mask) this.#resize((this.#mask + 1) / 2); // (N3)
    }
  }

  #newNumber(): number {
    for (let number = this.#free.pop(); number !== undefined; number = this.#free.pop()) {
      if (this.#uses[number] === 0) return number;
    }
    return Math.max(this.#texts.length, firstWordNumber);
  }

  /** Gives up the numbers behind the last one in use. (N2) */
  #trim(): void {
    while (this.#uses.at(-1) === 0) {
      this.#texts.pop();
      this.#hashes.pop();
      this.#uses.pop();
    }
  }

  #isWord(number: number, words: TopicWords, index: number): boolean {
    const own = this.#texts[number] as string;
    const start = words.starts[index] as number;
    if ((words.starts[index + 1] as number) - 1 - start !== own.length) return false;
    const { text } = words;
    for (let i = 0; i < own.length; i++) if (own.charCodeAt(i) !== text.charCodeAt(start + i)) return false;
    return true;
  }

  #put(hash: number, number: number): void {
    let at = hash & this.#mask;
    while (this.#places[at * 2 + 1] !== 0) at = (at + 1) & this.#mask;
    this.#places[at * 2] = hash;
    this.#places[at * 2 + 1] = number;
  }

  #clear(): void {
    this.#places = new Int32Array(placesMin * 2);
    this.#mask = placesMin - 1;
    this.#texts = [];
    this.#hashes = [];
    this.#uses = [];
    this.#free = [];
  }

  #resize(places: number): void {
    const old = this.#places;
    this.#places = new Int32Array(places * 2);
    this.#mask = places - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#put(old[at] as number, old[at + 1] as number);
    }
  }
}
