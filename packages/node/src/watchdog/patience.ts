/**
 * Patience: when an event loop that does not beat counts as blocked.
 *
 * Owns the count alone. It is asked at regular ticks of the thread that watches, and takes no look at a clock:
 *
 * (D1) What stands still together with the watcher is not blocked: a process that was frozen, a machine that has slept.
 *      Either ends with one tick, however long it took.
 * (D2) A loop is blocked when it has not beaten for longer than the limit, and not much longer.
 * (D3) Nothing counts while a debugger may have stopped it.
 */

/** Ticks into which the limit is divided. */
const ticks = 20;

/** How often to ask, and to beat. */
export function tickMsOf(loopBlockedMsMax: number): number {
  return loopBlockedMsMax / ticks;
}

export class Patience {
  #beats = 0;
  #missed = 0;

  /** One tick later: true when the loop that has beaten so often in all is blocked. */
  isOver(beats: number, isInspected: boolean): boolean {
    const isCounted = beats === this.#beats && !isInspected; // (D3)
    this.#missed = isCounted ? this.#missed + 1 : 0; // (D1)
    this.#beats = beats;
    return this.#missed > ticks; // (D2): the first may have been missed just so
  }
}
