/**
 * Topic words: where the words of a topic or pattern lie and what they are hashed to, read once for all who look them up.
 *
 * One of these is read again and again: nothing is allocated for a topic, and no word is cut out of it.
 *
 * (W1) The words are those of `base/pattern.ts`: none of the empty text, else one more than there are dots.
 * (W2) Equal words have equal hashes, wherever they stand. Which others share them depends on the seed: the multiplier is
 *      drawn from it and every character is mixed, so that whoever does not know it cannot choose words that collide.
 */

const dot = 0x2e;
const roomFirst = 64;

export class TopicWords {
  /** The text that was read last. */
  text = "";
  /** How many words it has. */
  count = 0;
  /** A hash of all of it. */
  hash = 0;
  /** A hash of each word; the first `count` are valid. */
  hashes: Int32Array = new Int32Array(roomFirst);
  /** Where each word begins; it ends one character, the dot, before the next begins: `starts[index + 1] - 1`. */
  starts: Int32Array = new Int32Array(roomFirst + 1);
  readonly #seed: number;
  readonly #multiplier: number;

  /** `seed` is any number of 32 bits, from a random source where strangers choose the words. */
  constructor(seed: number = 0) {
    this.#seed = mixed(seed ^ 0x3c6ef372);
    this.#multiplier = mixed(seed ^ 0x5bd1e995) | 1; // odd, so that no bit of what was before is lost
  }

  /** Reads `text`; answers itself. */
  read(text: string): this {
    const seed = this.#seed;
    const multiplier = this.#multiplier;
    let { hashes, starts } = this;
    let whole = seed;
    let count = 0;
    this.text = text;
    if (text !== "") {
      let hash = seed;
      starts[0] = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code !== dot) {
          hash = Math.imul(hash ^ code, multiplier);
          hash ^= hash >>> 15;
          continue;
        }
        if (count + 1 === hashes.length) {
          this.#grow();
          ({ hashes, starts } = this);
        }
        hash = Math.imul(hash ^ 0x2545f491, 0x85ebca6b);
        hash ^= hash >>> 13;
        hashes[count] = hash;
        whole = Math.imul(whole ^ hash, multiplier);
        whole ^= whole >>> 15;
        count += 1;
        starts[count] = i + 1;
        hash = seed;
      }
      hash = Math.imul(hash ^ 0x2545f491, 0x85ebca6b);
      hash ^= hash >>> 13;
      hashes[count] = hash;
      whole = Math.imul(whole ^ hash, multiplier);
      whole ^= whole >>> 15;
      count += 1;
      starts[count] = text.length + 1;
    }
    this.count = count;
    this.hash = whole;
    return this;
  }

  /** Whether word `index` is the one character `code`. */
  isOne(index: number, code: number): boolean {
    const start = this.starts[index] as number;
    return (this.starts[index + 1] as number) - start === 2 && this.text.charCodeAt(start) === code;
  }

  /** Word `index`. */
  word(index: number): string {
    return this.text.slice(this.starts[index], (this.starts[index + 1] as number) - 1);
  }

  #grow(): void {
    const room = this.hashes.length * 2;
    const hashes = new Int32Array(room);
    hashes.set(this.hashes);
    this.hashes = hashes;
    const starts = new Int32Array(room + 1);
    starts.set(this.starts);
    this.starts = starts;
  }
}

/** The finalizer of MurmurHash3 (Appleby). */
export function mixed(number: number): number {
  let mix = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}
