/**
 * Priority: the highest first, the oldest of these.
 *
 * (P1) With `ageMs`, a message gains one priority for each so long a wait. Which of two comes first does not change while both
 *      wait, so the oldest of each priority are compared when one is taken, and nothing moves meanwhile.
 */
import { Heap } from "../../base/index.js";
import { type Entry, isBefore } from "../message/message.js";
import type { Ordered, ReadyOrder } from "./order.js";
import { type Line, type Sleepers, wakeHead } from "./sleepers.js";

export const prioritiesMax = 9;

class Level implements Line {
  readonly entries: Heap<Entry> = new Heap<Entry>(isBefore);
  sleepers: Sleepers | undefined = undefined;
}

export class PriorityOrder implements ReadyOrder {
  readonly resumesMs: number = Infinity;
  readonly nextSequence: number = -Infinity;
  readonly #ageMs: () => number | undefined;
  readonly #wake: (sequence: number) => void;
  readonly #levels: Level[] = [];

  constructor(ageMs: () => number | undefined, wake: (sequence: number) => void) {
    this.#ageMs = ageMs;
    this.#wake = wake;
    for (let priority = 0; priority <= prioritiesMax; priority++) this.#levels.push(new Level());
  }

  ready(entry: Entry): void {
    this.#level(entry.message).entries.push(entry);
  }

  unready(entry: Entry): void {
    this.#remove(entry);
  }

  take(): Entry | undefined {
    const ageMs = this.#ageMs();
    let best: Entry | undefined;
    let bestMs = Infinity;
    for (let priority = prioritiesMax; priority >= 0; priority--) {
      const entry = this.#levels[priority]?.entries.peek();
      if (entry === undefined) continue;
      if (ageMs === undefined) {
        best = entry;
        break;
      }
      const asIfSentMs = entry.message.sentMs - priority * ageMs; // (P1)
      if (asIfSentMs >= bestMs) continue;
      best = entry;
      bestMs = asIfSentMs;
    }
    if (best !== undefined) this.#remove(best);
    return best;
  }

  lineOf(message: Ordered): Line {
    return this.#level(message);
  }

  #remove(entry: Entry): void {
    const level = this.#level(entry.message);
    level.entries.remove(entry);
    wakeHead(level, this.#wake); // (O3)
  }

  #level({ priority }: { readonly priority: number }): Level {
    return this.#levels[priority] as Level;
  }
}
