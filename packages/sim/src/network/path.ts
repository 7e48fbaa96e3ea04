/**
 * Path: the way from one host to another, and what it is like at the moment.
 *
 * A path has one direction; that back is a path of its own, so that a network can work one way only.
 *
 * (P1) What blocks a path counts: it is open again when everything that blocked it has ended.
 */
import type { SeededRandom } from "../capabilities/random.js";

/** How long a path takes and how much it carries. */
export interface PathOptions {
  /** Shortest and longest time that bytes are on their way, in ms. */
  readonly latencyMs: readonly [min: number, max: number];
  /** Bytes carried per ms. */
  readonly bytesPerMs: number;
}

/** Told when a path changes. */
export interface PathUser {
  pathChanged(): void;
}

export class Path {
  readonly from: string;
  readonly to: string;
  readonly users = new Set<PathUser>();
  readonly #options: PathOptions;
  readonly #random: SeededRandom;
  #blocks = 0;
  #slowness = 1;
  #bytesPerMsMax = Infinity;

  constructor(from: string, to: string, options: PathOptions, random: SeededRandom) {
    this.from = from;
    this.to = to;
    this.#options = options;
    this.#random = random;
  }

  get blocked(): boolean {
    return this.#blocks > 0;
  }

  get bytesPerMs(): number {
    return Math.min(this.#options.bytesPerMs / this.#slowness, this.#bytesPerMsMax);
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
    this.#slowness *= factor;
    return once(() => {
      this.#slowness /= factor;
    });
  }

  /** The receiver reads at most so much until the function that comes back is called. */
  throttle(bytesPerMs: number): () => void {
    const before = this.#bytesPerMsMax;
    this.#bytesPerMsMax = Math.min(before, bytesPerMs);
    return once(() => {
      this.#bytesPerMsMax = before;
      this.#changed();
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
