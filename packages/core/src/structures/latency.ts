/**
 * Latency: an exponentially weighted moving average that fades while nothing is measured, so that a slow spell is
 * forgiven after a while.
 */
import { Quantile } from "./quantile.js";

const weight = 0.2;
const fadeMs = 10_000;

export class Latency {
  #averageMs = 0;
  #measuredMs = -Infinity;
  readonly #tail = new Quantile(0.95);

  measured(durationMs: number, nowMs: number): void {
    const knownMs = this.expectedMs(nowMs);
    this.#averageMs = knownMs === 0 ? durationMs : knownMs + (durationMs - knownMs) * weight;
    this.#measuredMs = nowMs;
    this.#tail.add(durationMs);
  }

  /** What about one in twenty takes longer than, in ms; `undefined` before enough were measured. It does not fade. */
  get p95Ms(): number | undefined {
    return this.#tail.value;
  }

  /** What the next one is expected to take, in ms; 0 when nothing was measured in the last ten seconds. */
  expectedMs(nowMs: number): number {
    const elapsedMs = nowMs - this.#measuredMs;
    return elapsedMs >= fadeMs ? 0 : this.#averageMs * (1 - elapsedMs / fadeMs);
  }
}
