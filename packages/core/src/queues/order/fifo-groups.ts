/**
 * FIFO groups: strict order inside each group, and one receiver of it at a time; the groups take turns.
 *
 * A group's entries are in its line, or in flight: leased, or on their way to an end of that. What is in flight was received together, and comes before
 * all that is in the line.
 *
 * (G1) Nothing of a group is given to anybody else while some of it is in flight; what is delayed at the head of its line keeps back all behind it.
 * (G2) What comes back has its place before all that was sent after it.
 */
import type { Entry } from "../message/message.js";
import type { Rate } from "../types.js";
import type { Ordered, Places, ReadyOrder } from "./order.js";
import { type Group, Rotation } from "./rotation.js";
import { type Line, wakeHead } from "./sleepers.js";

export class FifoGroups implements ReadyOrder, Places {
  readonly places: Places = this;
  readonly nextSequence: number = -Infinity;
  readonly #rotation: Rotation;
  readonly #wake: (sequence: number) => void;

  constructor(groupRate: () => Rate | undefined, wake: (sequence: number) => void) {
    this.#rotation = new Rotation(groupRate);
    this.#wake = wake;
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
    this.#line(entry);
  }

  unready(entry: Entry): void {
    this.#refresh(this.#rotation.of(entry.message.group));
  }

  delay(entry: Entry): void {
    this.#line(entry);
  }

  leave(entry: Entry): void {
    const group = this.#rotation.of(entry.message.group);
    if (entry.heapIndex >= 0) {
      group.entries.remove(entry);
      wakeHead(group, this.#wake); // (O3)
    } else land(group, entry);
    if (group.entries.size === 0 && group.flight === undefined) this.#rotation.spent(group);
    else this.#refresh(group);
  }

  lineOf({ group }: Ordered): Line | undefined {
    return this.#rotation.find(group);
  }

  take(nowMs: number): Entry | undefined {
    const group = this.#rotation.next(nowMs);
    return group === undefined ? undefined : this.#depart(group);
  }

  takeBehind(last: Entry, nowMs: number): Entry | undefined {
    const group = this.#rotation.find(last.message.group);
    if (group?.entries.peek()?.state !== "available" || !this.#rotation.allows(group, nowMs)) return undefined;
    this.#rotation.withdraw(group);
    return this.#depart(group);
  }

  lead(entry: Entry): boolean {
    if (entry.heapIndex < 0) return true;
    const group = this.#rotation.of(entry.message.group);
    if (group.entries.peek() !== entry) return false; // (G1)
    this.#depart(group);
    this.#rotation.withdraw(group);
    return true;
  }

  behind({ message }: Entry): readonly Entry[] {
    const flight = this.#rotation.find(message.group)?.flight;
    return flight?.filter((other) => other.message.sequence > message.sequence && other.state === "leased") ?? none;
  }

  leads({ message }: Entry): boolean {
    const first = this.#rotation.find(message.group)?.entries.peek();
    return first === undefined || first.message.sequence >= message.sequence;
  }

  /** The first of the line is in flight. */
  #depart(group: Group): Entry | undefined {
    const entry = group.entries.pop();
    if (entry !== undefined) (group.flight ??= []).push(entry);
    wakeHead(group, this.#wake); // (O3)
    return entry;
  }

  /** (G2) */
  #line(entry: Entry): void {
    const group = this.#rotation.of(entry.message.group);
    if (entry.heapIndex < 0) {
      land(group, entry);
      group.entries.push(entry);
    }
    this.#refresh(group);
  }

  #refresh(group: Group): void {
    if (group.flight === undefined && group.entries.peek()?.state === "available") this.#rotation.offer(group);
    else this.#rotation.withdraw(group); // (G1)
  }
}

const none: readonly Entry[] = [];

function land(group: Group, entry: Entry): void {
  const { flight } = group;
  const at = flight?.indexOf(entry) ?? -1;
  if (at < 0) return;
  flight?.splice(at, 1);
  if (flight?.length === 0) group.flight = undefined;
}
