/** Randomness for tests: from a seed, or told beforehand. */
import type { Random } from "../../src/base/index.js";

/** mulberry32 (Tommy Ettinger): small and good enough to vary what tests do. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) };
}

/** Answers `numbers` one after the other and throws when more is drawn than the test has foreseen. */
export function scripted(...numbers: number[]): Random & { readonly left: number } {
  let drawn = 0;
  return {
    next: () => {
      const number = numbers[drawn++];
      if (number === undefined) throw new Error(`number ${drawn} was drawn; the script has ${numbers.length}`);
      return number;
    },
    bytes: (length) => new Uint8Array(length),
    get left() {
      return numbers.length - drawn;
    },
  };
}
