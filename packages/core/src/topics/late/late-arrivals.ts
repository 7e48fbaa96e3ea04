/**
 * Late arrivals: messages of other nodes that waited for long before this node took them.
 *
 * Of the past each node tells what was published there, by when that was. Who was served here goes by when it heard something last; so what
 * was published before that, and taken here behind it, is in nobody's answer.
 *
 * (L1) A time that is asked for is not whole where something was published before it, and taken here after it began.
 * (L2) At most `spansMax` spans are kept; beyond, the two oldest are one.
 */

interface Span {
  sinceMs: number;
  untilMs: number;
}

/** Less than the time by which clients ask for more than they miss. */
const lateMsMin = 500;
/** What two nodes take for the beginning of one time differs by the way between them. */
const apartMs = 400;
const spansMax = 64;

export class LateArrivals {
  /** From when something was published until it was taken; apart from each other, the oldest first. */
  #spans: Span[] = [];

  get size(): number {
    return this.#spans.length;
  }

  /** A message was taken that had been published at `sinceMs`; what was taken before `keptMs` is asked for by nobody. */
  took(sinceMs: number, nowMs: number, keptMs: number): void {
    if (nowMs - sinceMs < lateMsMin) return;
    const span = { sinceMs, untilMs: nowMs };
    for (let last = this.#spans.at(-1); last !== undefined && last.untilMs >= span.sinceMs; last = this.#spans.at(-1)) {
      span.sinceMs = Math.min(span.sinceMs, last.sinceMs);
      this.#spans.pop();
    }
    this.#spans.push(span);
    while ((this.#spans[0] as Span).untilMs < keptMs) this.#spans.shift();
    if (this.#spans.length <= spansMax) return;
    const [oldest, next] = this.#spans as [Span, Span];
    next.sinceMs = oldest.sinceMs; // (L2)
    this.#spans.shift();
  }

  /** Whether all that was taken since then was published since then. (L1) */
  isNoneSince(sinceMs: number): boolean {
    return this.#spans.every(({ sinceMs: from, untilMs }) => untilMs < sinceMs || from >= sinceMs + apartMs);
  }
}
