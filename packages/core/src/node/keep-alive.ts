/**
 * Keep-alive: when clients that are silent are asked for a sign of life: many in one turn, for a process that is woken for each of them takes
 * several times what the pings take.
 *
 * (K1) Nobody is asked later than without it, nor earlier by more than a fifth of the interval. Who asks as often as this node does not get to
 *      it, for it is asked before.
 * (K2) A turn asks about as many as a turn may take, however many clients there are.
 */

/** Of the interval. No whole number of such parts makes it up: else both sides would ask at the same time. (K1) */
const earlyShare = 0.18;
/** A ping takes about 20 µs. (K2) */
const askedTogether = 64;

/** How much earlier than it has to be a client of `links` may be asked, in ms; 0 where none is asked, or only one. */
export function earlyMsOf(pingIntervalMs: number, links: number): number {
  if (links < 2) return 0;
  return Math.min(pingIntervalMs * earlyShare, Math.ceil((pingIntervalMs * askedTogether) / links)); // (K1, K2)
}

/** The time before `dueMs` at which others are asked, too. */
export function togetherMs(dueMs: number, earlyMs: number): number {
  return earlyMs > 0 ? Math.floor(dueMs / earlyMs) * earlyMs : dueMs;
}
