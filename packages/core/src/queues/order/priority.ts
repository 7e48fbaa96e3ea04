/**
 * Priority: the highest first, the oldest of these.
 *
 * (P1) With `ageMs`, a message gains one priority for each so long a wait. Which of two comes first does not change while both
 *      wait, so the oldest of each priority are compared when one is taken, and nothing moves meanwhile.
 */
import { Heap } from "../../base/index.js";
import { type Entry, isBefore } from "../message/message.js";
import type { ReadyOrder } from "./order.js";

export const prioritiesMax = 9;

const none: readonly Entry[] = [];

export class PriorityOrder implements ReadyOrder {
  readonly resumesMs: number = Infinity;
  readonly nextSequence: number = -Infinity;
  readonly #ageMs: () => number | undefined;
  readonly #levels: Heap<Entry>[] = [];

  constructor(ageMs: () => number | undefined) {
    this.#ageMs = ageMs;
    for (let priority = 0; priority <= prioritiesMax; priority++) this.#levels.push(new Heap<Entry>(isBefore));
  }

  enter(): void {
    // only what is available has a place here
  }

  ready(entry: Entry): void {
    this.#level(entry.message.priority).push(entry);
  }

  unready(entry: Entry): void {
    this.#level(entry.message.priority).remove(entry);
  }

  delay(): void {
    // as in `enter`
  }

  leave(): void {
    // as in `enter`
  }

  takeBehind(): undefined {
    // none depends on another
  }

  lead(): boolean {
    return true;
  }

  behind(): readonly Entry[] {
    return none;
  }

  leads(): boolean {
    return true;
  }

  take(): Entry | undefined {
    const ageMs = this.#ageMs();
    let best: Entry | undefined;
    let bestMs = Infinity;
    for (let priority = prioritiesMax; priority >= 0; priority--) {
      const entry = this.#level(priority).peek();
      if (entry === undefined) continue;
      if (ageMs === undefined) return this.#level(priority).pop();
      const asIfSentMs = entry.message.sentMs - priority * ageMs; // (P1)
      if (asIfSentMs >= bestMs) continue;
      best = entry;
      bestMs = asIfSentMs;
    }
    if (best !== undefined) this.#level(best.message.priority).remove(best);
    return best;
  }

  #level(priority: number): Heap<Entry> {
    return this.#levels[priority] as Heap<Entry>;
  }
}
