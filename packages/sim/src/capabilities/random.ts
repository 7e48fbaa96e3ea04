/**
 * Random: reproducible randomness from a seed, split into streams that do not disturb each other.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's PractRand), seeded through a mixing function (MurmurHash3's finaliser).
 *
 * (R1) The same seed gives the same numbers, on every platform.
 * (R2) What one stream draws has no influence on another, so that more traffic on one link does not change the rest.
 */
import type { Random } from "@mpreg/core/base";

export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    // a seed of 53 bits: both halves count; integers of 32 bits only, which every platform adds alike (R1)
    this.#a = mix(seed >>> 0);
    this.#b = mix((this.#a ^ Math.floor(seed / 2 ** 32)) + 0x9e3779b9);
    this.#c = mix(this.#b + 0x9e3779b9);
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** A stream of its own, the same for the same `label`. (R2) */
  split(label: string): SeededRandom {
    let hash = mix(this.#a ^ Math.imul(this.#c, 31));
    for (let i = 0; i < label.length; i++) hash = mix(hash ^ label.charCodeAt(i)) + i;
    return new SeededRandom((hash >>> 0) + (mix(this.#b ^ hash) & 0xfffff) * 2 ** 32);
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    return this.u32() / 2 ** 32;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.u32();
    return bytes;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** A number from `min` up to `max`. */
  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of `items`, of which there must be at least one. */
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }

  /** The items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }
}

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
