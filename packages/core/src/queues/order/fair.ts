/**
 * Fair: the oldest first; where messages have groups, the groups take turns and none is locked.
 *
 * (F1) Without groups there is one, and this is the order of sequences.
 */
import type { Entry } from "../message/message.js";
import type { Rate } from "../types.js";
import type { Ordered, ReadyOrder } from "./order.js";
import { Rotation } from "./rotation.js";
import { type Line, wakeHead } from "./sleepers.js";

export class FairOrder implements ReadyOrder {
  readonly #rotation: Rotation;
  readonly #wake: (sequence: number) => void;

  constructor(groupRate: () => Rate | undefined, wake: (sequence: number) => void) {
    this.#rotation = new Rotation(groupRate);
    this.#wake = wake;
  }

  get resumesMs(): number {
    return this.#rotation.resumesMs;
  }

  get nextSequence(): number {
    return this.#rotation.find(undefined)?.entries.peek()?.message.sequence ?? Infinity;
  }

  ready(entry: Entry): void {
    const group = this.#rotation.of(entry.message.group);
    // one that had nothing, and waits only to be forgotten, is back
    if (group.entries.size === 0) this.#rotation.withdraw(group);
    group.entries.push(entry);
    this.#rotation.offer(group);
  }

  unready(entry: Entry): void {
    const group = this.#rotation.find(entry.message.group);
    if (group === undefined) return;
    group.entries.remove(entry);
    wakeHead(group, this.#wake); // (O3)
    if (group.entries.size === 0) this.#rotation.spent(group);
  }

  lineOf({ group }: Ordered): Line | undefined {
    return this.#rotation.find(group);
  }

  take(nowMs: number): Entry | undefined {
    const group = this.#rotation.next(nowMs);
    if (group === undefined) return undefined;
    const entry = group.entries.pop();
    wakeHead(group, this.#wake); // (O3)
    if (group.entries.size === 0) this.#rotation.spent(group);
    else this.#rotation.offer(group);
    return entry;
  }
}
