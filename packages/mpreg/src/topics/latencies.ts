/**
 * Latencies: how long things took, counted in classes that are 2 % wide, from a microsecond to hours, in memory that does not grow.
 *
 * (L1) A percentile is the upper end of its class: at most 2 % more than what was measured, never less. The longest is exact.
 */
const firstMs = 0.001;
const growth = 1.02;
const classes = 1_200;
const logGrowth = Math.log(growth);

export class Latencies {
  readonly #counts = new Float64Array(classes);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const index = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) / logGrowth);
    const place = Math.min(index, classes - 1);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get percentiles(): { readonly p50: number; readonly p99: number; readonly max: number } {
    return { p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#maxMs };
  }

  /** (L1) */
  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let index = 0; index < classes; index++) {
      left -= this.#counts[index] ?? 0;
      if (left <= 0) return Math.min(firstMs * growth ** index, this.#maxMs);
    }
    return this.#maxMs;
  }
}
