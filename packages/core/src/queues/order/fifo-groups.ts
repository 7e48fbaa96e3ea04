/**
 * FIFO groups: strict order inside each group, and one of it in flight; the groups take turns.
 *
 * (G1) A group's entries stay in it until they leave the lane: what is leased or delayed at its head keeps back all behind it.
 */
import type { Entry } from "../message/message.js";
import type { Rate } from "../types.js";
import type { ReadyOrder } from "./order.js";
import { type Group, Rotation } from "./rotation.js";

export class FifoGroups implements ReadyOrder {
  readonly nextSequence: number = -Infinity;
  readonly #rotation: Rotation;

  constructor(groupRate: () => Rate | undefined) {
    this.#rotation = new Rotation(groupRate);
  }

  get resumesMs(): number {
    return this.#rotation.resumesMs;
  }

  enter(entry: Entry): void {
    const group = this.#rotation.of(entry.message.group);
    if (group.entries.size === 0) this.#rotation.withdraw(group);
    group.entries.push(entry);
    this.#refresh(group);
  }

  ready(entry: Entry): void {
    this.#refresh(this.#rotation.of(entry.message.group));
  }

  unready(entry: Entry): void {
    this.#refresh(this.#rotation.of(entry.message.group));
  }

  leave(entry: Entry): void {
    const group = this.#rotation.of(entry.message.group);
    group.entries.remove(entry);
    if (group.entries.size === 0) this.#rotation.spent(group);
    else this.#refresh(group);
  }

  take(nowMs: number): Entry | undefined {
    return this.#rotation.next(nowMs)?.entries.peek(); // (G1)
  }

  #refresh(group: Group): void {
    if (group.entries.peek()?.state === "available") this.#rotation.offer(group);
    else this.#rotation.withdraw(group);
  }
}
