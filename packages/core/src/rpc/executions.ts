/**
 * Executions: the tasks that run on this node, and whether there is room for another.
 *
 * (E1) No more run than the node may run at a time, and no more of a function than it allows.
 */
import { MpregError } from "../base/index.js";
import { IdMap } from "../structures/index.js";
import type { Task } from "./task.js";

export class Executions {
  readonly #max: number;
  readonly #maxOf: (fun: string, version: string | undefined) => number | undefined;
  readonly #running = new IdMap<Task>();
  /** How many calls run here of each function that has a bound of its own, each version for itself. */
  readonly #runningOf = new Map<string, number>();

  /** `maxOf`: the bound of a function; `undefined` when it has none of its own. */
  constructor(max: number, maxOf: (fun: string, version: string | undefined) => number | undefined) {
    this.#max = max;
    this.#maxOf = maxOf;
  }

  get size(): number {
    return this.#running.size;
  }

  get(id: number): Task | undefined {
    return this.#running.get(id);
  }

  has(id: number): boolean {
    return this.#running.has(id);
  }

  add(task: Task): void {
    this.#running.set(task.id, task);
    this.#count(task, 1);
  }

  remove(task: Task): void {
    this.#running.take(task.id);
    this.#count(task, -1);
  }

  /** Why no further call of `fun` may run; `undefined` when it may. (E1) */
  refusal(fun: string, version: string | undefined): MpregError | undefined {
    const running = this.#runningOf.get(keyOf(fun, version));
    const isFull =
      this.#running.size >= this.#max || (running !== undefined && running >= (this.#maxOf(fun, version) ?? Infinity));
    if (!isFull) return undefined;
    const what = running === undefined ? `${this.#running.size} handlers run` : `${running} calls of it run`;
    return new MpregError("overloaded", `Cannot run "${fun}": ${what} on this node already`);
  }

  /** Counts the calls of functions that have a bound of their own. */
  #count({ fun, version }: Task, change: 1 | -1): void {
    const key = keyOf(fun, version);
    const running = this.#runningOf.get(key);
    if (running === undefined && (change < 0 || this.#maxOf(fun, version) === undefined)) return;
    const next = (running ?? 0) + change;
    if (next === 0) this.#runningOf.delete(key);
    else this.#runningOf.set(key, next);
  }
}

function keyOf(fun: string, version: string | undefined): string {
  return version === undefined ? fun : `${fun}\0${version}`;
}
