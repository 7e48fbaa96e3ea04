/**
 * Path: the way from one host to another, and what it is like at the moment.
 *
 * A path has one direction; the way back is a path of its own, so that a network can work one way only.
 *
 * (P1) What blocks, slows or throttles a path counts: it is as before only when all of that has ended.
 */
import type { SeededRandom } from "../capabilities/random.js";

/** How long a path takes and how much it carries. */
export interface PathOptions {
  /** Shortest and longest time that bytes are on their way, in ms. */
  readonly latencyMs: readonly [min: number, max: number];
  /** Bytes carried per ms. */
  readonly bytesPerMs: number;
}

/** Told when a path is blocked, open again, or quicker than before. */
export interface PathUser {
  pathChanged(): void;
}

export class Path {
  readonly users: Set<PathUser> = new Set();
  readonly #options: PathOptions;
  readonly #random: SeededRandom;
  #blocks = 0;
  readonly #factors: number[] = [];
  readonly #limits: number[] = [];

  constructor(options: PathOptions, random: SeededRandom) {
    this.#options = options;
    this.#random = random;
  }

  get blocked(): boolean {
    return this.#blocks > 0;
  }

  get bytesPerMs(): number {
    return Math.min(this.#options.bytesPerMs / this.#slowness, ...this.#limits);
  }

  latencyMs(): number {
    const [min, max] = this.#options.latencyMs;
    return this.#random.between(min, max) * this.#slowness;
  }

  /** Nothing arrives until the function that comes back is called. What is sent meanwhile waits. */
  block(): () => void {
    this.#blocks += 1;
    if (this.#blocks === 1) this.#changed();
    return once(() => {
      this.#blocks -= 1; // (P1)
      if (this.#blocks === 0) this.#changed();
    });
  }

  /** Everything takes `factor` times as long until the function that comes back is called. */
  slow(factor: number): () => void {
    return this.#hold(this.#factors, factor);
  }

  /** At most `bytesPerMs` are carried until the function that comes back is called. */
  throttle(bytesPerMs: number): () => void {
    return this.#hold(this.#limits, bytesPerMs);
  }

  get #slowness(): number {
    return this.#factors.length === 0 ? 1 : this.#factors.reduce((product, factor) => product * factor, 1);
  }

  #hold(numbers: number[], number: number): () => void {
    numbers.push(number);
    return once(() => {
      numbers.splice(numbers.indexOf(number), 1); // (P1)
      this.#changed(); // what waits is no longer as slow
    });
  }

  #changed(): void {
    for (const user of [...this.users]) user.pathChanged();
  }
}

function once(undo: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    undo();
  };
}
