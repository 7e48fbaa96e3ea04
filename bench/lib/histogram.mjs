/** A histogram of times: percentiles of millions of them, to a hundredth of a millisecond, in memory that does not grow. */

const binUs = 10;
const bins = 200_000;

export class Histogram {
  #counts = new Uint32Array(bins);
  #total = 0;

  /** @param {number} us a time that is longer than two seconds counts as two seconds */
  add(us) {
    this.#counts[Math.min(bins - 1, Math.max(0, Math.floor(us / binUs)))]++;
    this.#total++;
  }

  get count() {
    return this.#total;
  }

  /**
   * @param {number} fraction 0.99 for p99
   * @returns {number} ms; the end of the bin in which the nearest rank lies
   */
  percentileMs(fraction) {
    if (this.#total === 0) throw new Error("No percentile of an empty histogram");
    const rank = Math.min(this.#total - 1, Math.floor(this.#total * fraction));
    let before = 0;
    for (let bin = 0; bin < bins; bin++) {
      before += this.#counts[bin];
      if (before > rank) return ((bin + 1) * binUs) / 1e3;
    }
    throw new Error("unreachable: a rank lies in some bin");
  }
}
