/**
 * Load: what this node knows of how busy and how quick a candidate is, from its own dispatches.
 *
 * Latency is an exponentially weighted moving average that jumps up at once and sinks slowly, and fades while
 * nothing is measured ("peak EWMA", Twitter Finagle's load balancer), so that a slow spell is noticed at once and
 * forgiven after a while.
 *
 * (B1) `inFlight` counts what was started and has not ended; it never goes below zero.
 */
const fadeMs = 10_000;

export class Load {
  inFlight = 0;
  #latencyMs = 0;
  #measuredMs = 0;

  started(): void {
    this.inFlight += 1;
  }

  /** Something started `durationMs` ago has ended. */
  ended(durationMs: number, nowMs: number): void {
    this.inFlight -= 1; // (B1)
    const elapsedMs = nowMs - this.#measuredMs;
    this.#measuredMs = nowMs;
    const weight = elapsedMs >= fadeMs ? 0 : 1 - elapsedMs / fadeMs;
    const fadedMs = this.#latencyMs * weight;
    this.#latencyMs = durationMs > fadedMs ? durationMs : fadedMs * 0.9 + durationMs * 0.1;
  }

  /** Something ended without telling how long such work takes (cancelled, or its node was lost). */
  dropped(): void {
    this.inFlight -= 1;
  }

  /** Expected latency; 0 when nothing was measured lately. */
  latencyMs(nowMs: number): number {
    const elapsedMs = nowMs - this.#measuredMs;
    return elapsedMs >= fadeMs ? 0 : this.#latencyMs * (1 - elapsedMs / fadeMs);
  }
}
