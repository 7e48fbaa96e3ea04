/**
 * Rotation: groups take turns, each as often as its rate allows.
 *
 * (R1) A group that has something to give is in the line, or paused until its rate allows it.
 * (R2) A group that has nothing, and whose rate is as that of a new one, is forgotten.
 * (R3) Where the rate is another one, no group is paused by the one before.
 */
import { type Deadline, Deadlines, Heap } from "../../base/index.js";
import { Chain, type ChainNode } from "../../structures/index.js";
import { type Entry, isBefore } from "../message/message.js";
import { Pace } from "../leases/rate.js";
import type { Rate } from "../types.js";
import type { Line, Sleepers } from "./sleepers.js";

type Place = "out" | "line" | "paused";

export class Group implements ChainNode<Group>, Deadline, Line {
  previous: Group | undefined = undefined;
  next: Group | undefined = undefined;
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  place: Place = "out";
  pace: Pace | undefined = undefined;
  /** FIFO: those that somebody has received, in their order; `undefined` where there are none. */
  flight: Entry[] | undefined = undefined;
  readonly name: string;
  readonly entries: Heap<Entry> = new Heap<Entry>(isBefore);
  sleepers: Sleepers | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

export class Rotation {
  readonly #groups = new Map<string, Group>();
  readonly #line = new Chain<Group>();
  readonly #rate: () => Rate | undefined;
  #paused: Deadlines<Group> | undefined;
  /** The rate by which groups are paused. (R3) */
  #pausedBy: Rate | undefined;

  constructor(rate: () => Rate | undefined) {
    this.#rate = rate;
  }

  get resumesMs(): number {
    return this.#paused?.nextDueMs ?? Infinity;
  }

  find(name: string | undefined): Group | undefined {
    return this.#groups.get(name ?? "");
  }

  of(name: string | undefined): Group {
    const text = name ?? "";
    let group = this.#groups.get(text);
    if (group === undefined) this.#groups.set(text, (group = new Group(text)));
    return group;
  }

  /** The group has something to give. (R1) */
  offer(group: Group): void {
    if (group.place !== "out") return;
    group.place = "line";
    this.#line.push(group);
  }

  /** It has nothing to give just now. */
  withdraw(group: Group): void {
    if (group.place === "line") this.#line.remove(group);
    else if (group.place === "paused") this.#paused?.remove(group);
    group.place = "out";
  }

  /** The group whose turn it is, which is out then. */
  next(nowMs: number): Group | undefined {
    this.#resume(nowMs);
    const rate = this.#rate();
    for (let group = this.#line.first; group !== undefined; group = this.#line.first) {
      this.withdraw(group);
      if (rate === undefined) return group;
      const pace = (group.pace ??= new Pace());
      const allowedMs = pace.allowedMs(rate, nowMs);
      if (allowedMs <= nowMs) {
        pace.take(rate, nowMs);
        return group;
      }
      this.#pause(group, allowedMs);
    }
    return undefined;
  }

  /** Whether the rate of the group, whose turn it is, allows one more; that is taken then. */
  allows(group: Group, nowMs: number): boolean {
    const rate = this.#rate();
    if (rate === undefined) return true;
    const pace = (group.pace ??= new Pace());
    if (pace.allowedMs(rate, nowMs) > nowMs) return false;
    pace.take(rate, nowMs);
    return true;
  }

  /** The group has no entry. (R2) */
  spent(group: Group): void {
    this.withdraw(group);
    const rate = this.#rate();
    if (rate === undefined || group.pace === undefined) this.#groups.delete(group.name);
    else this.#pause(group, group.pace.allowedMs(rate, Infinity) + (rate.burst * 1_000) / rate.perSecond);
  }

  #pause(group: Group, untilMs: number): void {
    group.place = "paused";
    this.#paused ??= new Deadlines<Group>();
    this.#paused.set(group, untilMs);
  }

  #resume(nowMs: number): void {
    const rate = this.#rate();
    const untilMs = rate === this.#pausedBy ? nowMs : Infinity;
    this.#pausedBy = rate;
    const resumed: Group[] = [];
    for (let group = this.#paused?.takeDue(untilMs); group !== undefined; group = this.#paused?.takeDue(untilMs)) {
      group.place = "out";
      resumed.push(group);
    }
    for (const group of resumed) {
      if (group.entries.size > 0) this.offer(group);
      else if (group.pace?.isFresh(nowMs) ?? true) this.#groups.delete(group.name);
      else this.spent(group);
    }
  }
}
