/**
 * Quantile: about which value a given share of what is measured lies under, in two numbers.
 *
 * The estimate goes up a little with what is above it and down a little less with what is below, by a share of itself
 * (Robbins, Monro: "A Stochastic Approximation Method", 1951; in this form, for streams: Ma, Muthukrishnan, Sandler,
 * "Frugal Streaming for Estimating Quantiles", 2013). So it follows what changes, and large steps at first find it soon.
 *
 * (Q1) After some hundred values about the asked share of those that follow is below it.
 * (Q2) Before `knownFrom` values nothing is known.
 */
const knownFrom = 20;
const stepMin = 0.05;
/** So many values are taken with larger steps. */
const largeSteps = 40;
const valueMin = 0.01;

export class Quantile {
  readonly #share: number;
  readonly #up: number;
  readonly #down: number;
  #value = 0;
  #count = 0;

  /** `share`: between 0 and 1; 0.95 for what only every twentieth exceeds. */
  constructor(share: number) {
    this.#share = share;
    this.#up = Math.exp(stepMin * share);
    this.#down = Math.exp(-stepMin * (1 - share));
  }

  /** A value above 0 was measured. */
  add(value: number): void {
    const isAbove = value > this.#value;
    if (this.#count >= largeSteps) {
      this.#value = Math.max(valueMin, this.#value * (isAbove ? this.#up : this.#down));
      return;
    }
    this.#count += 1;
    const step = 2 / this.#count;
    if (this.#count === 1) this.#value = Math.max(valueMin, value);
    else this.#value *= Math.exp(isAbove ? step * this.#share : -step * (1 - this.#share));
    this.#value = Math.max(valueMin, this.#value);
  }

  /** The estimate; `undefined` while too little was measured. (Q2) */
  get value(): number | undefined {
    return this.#count < knownFrom ? undefined : this.#value;
  }
}
