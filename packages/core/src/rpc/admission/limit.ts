/**
 * Limit: how many calls of one function this node runs at a time, learned from how long they take.
 *
 * A gradient limiter, after Netflix's concurrency-limits (Gradient2) and TCP Vegas: the limit grows as long as it is reached
 * and calls take no longer than they do without a crowd, and is halved when they take more than twice as long. Handlers
 * that only wait take as long beside a thousand others: their limit grows until something behind them slows down.
 * Handlers that compute share one thread: each takes as long as there are others, and the limit sinks to a few, so
 * that the rest waits where it can be put in order and refused.
 *
 * Calls that take longer need not do so because there are many of them: their arguments may have grown, another function may hold
 * the thread. So halving is an experiment.
 *
 * (G1) The limit only grows when it was reached.
 * (G2) Latencies are compared by windows: the calls that were begun in a window, at least as many as tell something.
 * (G3) Latency that stays when the limit has been halved is not due to it: it is what is usual from now on, and the limit is
 *      as it was before.
 * (G4) At the least limit nothing is due to the limit.
 * (G5) `1 <= value <= max`.
 * (G6) Where the limit is reached and nothing ends for a while, nothing is learned: what runs only waits, perhaps for one of
 *      those that wait for their turn. The limit grows all the same.
 */

const firstValue = 100;
const leastValue = 4;
/** How much longer than usual calls take when there are too many of them; below a few ms everything is noise. */
const toleratedFactor = 2;
const toleratedMs = 5;
const samplesMin = 10;
const samplesMax = 200;
/** The crowd of a window must have shrunk to that share of the one before to prove anything. */
const crowdShare = 0.8;

/** What was there before the limit was halved. */
interface Experiment {
  readonly value: number;
  readonly latencyMs: number;
  readonly crowd: number;
}

export class AdaptiveLimit {
  readonly #max: number;
  #value: number;
  /** Latency without a crowd; 0 before the first window has ended. */
  #usualMs = 0;
  #startsQuickly = true;
  #experiment: Experiment | undefined;
  #windowStartMs = -Infinity;
  #samples = 0;
  #sumMs = 0;
  #sumCrowd = 0;
  #leastMs = Infinity;
  #reached = false;

  constructor(max: number) {
    this.#max = max;
    this.#value = Math.min(firstValue, max);
  }

  get value(): number {
    return this.#value;
  }

  /** A call that began at `begunMs`, as the `crowd`th of those that ran then, took `durationMs`. */
  measured(begunMs: number, durationMs: number, crowd: number, nowMs: number): void {
    if (begunMs < this.#windowStartMs) return; // (G2)
    this.#samples += 1;
    this.#sumMs += durationMs;
    this.#sumCrowd += crowd;
    if (durationMs < this.#leastMs) this.#leastMs = durationMs;
    if (crowd >= this.#value) this.#reached = true;
    if (this.#samples >= Math.min(samplesMax, Math.max(samplesMin, this.#value / 2))) this.#endWindow(nowMs);
  }

  /** Nothing has ended for a while, and others wait. (G6) */
  stalled(): void {
    this.#value = Math.min(this.#max, this.#value * 2);
  }

  #endWindow(nowMs: number): void {
    const latencyMs = this.#sumMs / this.#samples;
    const crowd = this.#sumCrowd / this.#samples;
    // the first calls may have come all at once: the quickest of them had the least of a crowd
    if (this.#usualMs === 0) this.#usualMs = this.#leastMs;
    if (this.#reached) this.#judge(latencyMs, crowd);
    if (latencyMs < this.#usualMs) this.#usualMs = latencyMs;
    this.#windowStartMs = nowMs;
    this.#samples = 0;
    this.#sumMs = 0;
    this.#sumCrowd = 0;
    this.#leastMs = Infinity;
    this.#reached = false;
  }

  #judge(latencyMs: number, crowd: number): void {
    const before = this.#experiment;
    this.#experiment = undefined;
    if (before !== undefined && crowd < before.crowd * crowdShare) {
      const halfway = (1 + crowd / before.crowd) / 2;
      if (latencyMs > before.latencyMs * halfway) {
        this.#value = before.value; // (G3)
        this.#usualMs = latencyMs;
        return;
      }
    }
    if (latencyMs <= this.#usualMs * toleratedFactor + toleratedMs) this.#grow();
    else this.#halve(latencyMs, crowd);
  }

  #grow(): void {
    const step = this.#startsQuickly ? this.#value : Math.ceil(Math.sqrt(this.#value));
    this.#value = Math.min(this.#max, this.#value + step); // (G5)
  }

  #halve(latencyMs: number, crowd: number): void {
    this.#startsQuickly = false;
    const least = Math.min(leastValue, this.#max);
    if (this.#value <= least) {
      this.#usualMs = latencyMs; // (G4)
      return;
    }
    this.#experiment = { value: this.#value, latencyMs, crowd };
    this.#value = Math.max(least, Math.floor(this.#value / 2));
  }
}
