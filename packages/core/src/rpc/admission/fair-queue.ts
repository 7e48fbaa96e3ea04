/**
 * Fair queue: the calls of one function that wait for their turn, shared between priorities and between callers.
 *
 * (Q1) Of two priorities next to each other the higher has two turns for one of the lower (stride scheduling, Waldspurger
 *      1995), so that none starves; within a priority callers take turns (`priority-class.ts`).
 * (Q2) Room is shared as turns are: when there is none, the newest call of whoever has most beyond his share leaves first.
 * (Q3) Who comes after a pause has no turns saved up.
 * (Q4) Pushing, leaving and removing cost O(log callers).
 */
import { type Entry, PriorityClass } from "./priority-class.js";

export const prioritiesCount = 10;
export const defaultPriority = 4;

const strideMax = 2 ** (prioritiesCount - 1);

export class FairQueue<T> {
  readonly #classes: PriorityClass<T>[] = [];
  /** The pass of the class that had the last turn. */
  #pass = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T, caller: string, priority: number): Entry<T> {
    const own = this.#classOf(priority);
    if (own.size === 0) own.pass = Math.max(own.pass, this.#pass + strideMax / own.weight); // (Q3)
    this.#size += 1;
    return own.push(item, caller);
  }

  remove(entry: Entry<T>): void {
    entry.line.owner.remove(entry);
    this.#size -= 1;
  }

  /** Takes what has the next turn. (Q1) */
  shift(): Entry<T> | undefined {
    let next: PriorityClass<T> | undefined;
    for (const each of this.#classes) {
      if (each.size > 0 && (next === undefined || each.pass < next.pass)) next = each;
    }
    if (next === undefined) return undefined;
    this.#pass = next.pass;
    next.pass += strideMax / next.weight;
    this.#size -= 1;
    return next.shift();
  }

  /** About how many leave before what `caller` adds now. */
  aheadOf(caller: string, priority: number): number {
    const own = this.#classOf(priority);
    let weights = own.size === 0 ? own.weight : 0;
    for (const each of this.#classes) if (each.size > 0) weights += each.weight;
    const turns = Math.ceil(((own.aheadOf(caller) + 1) * weights) / own.weight);
    return Math.min(this.#size, turns - 1);
  }

  /** Whether somebody has more beyond his share than `caller` would have with one more. (Q2) */
  isEntitled(caller: string, priority: number): boolean {
    const own = this.#classOf(priority);
    const most = this.#mostBeyondShare(own);
    return most !== undefined && (most !== own || own.longest >= own.lengthOf(caller) + 2);
  }

  /** Takes what is to leave when there is no room for all. (Q2) */
  evict(): Entry<T> | undefined {
    const entry = this.#mostBeyondShare(undefined)?.leastEntitled;
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** The class that has most for its weight; with one more in `growing`. */
  #mostBeyondShare(growing: PriorityClass<T> | undefined): PriorityClass<T> | undefined {
    let most: PriorityClass<T> | undefined;
    let share = 0;
    for (const each of this.#classes) {
      const size = (each.size + (each === growing ? 1 : 0)) / each.weight;
      if (size > share) [most, share] = [each, size];
    }
    return most;
  }

  /** The class of `priority`; those there are stand in the order of their priorities. */
  #classOf(priority: number): PriorityClass<T> {
    let at = 0;
    for (; at < this.#classes.length; at++) {
      const each = this.#classes[at] as PriorityClass<T>;
      if (each.priority === priority) return each;
      if (each.priority < priority) break;
    }
    const made = new PriorityClass<T>(priority);
    this.#classes.splice(at, 0, made);
    return made;
  }
}
