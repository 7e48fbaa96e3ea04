/**
 * Awaiting: steps that wait until some node offers their function.
 *
 * (W1) They are bounded in number, and each waits no longer than its request said.
 */
import { MpregError } from "../base/index.js";
import type { RpcHost } from "./host.js";
import { candidatesOf } from "./providers.js";
import type { Placing, Task } from "./task.js";

export class Awaiting {
  readonly #host: RpcHost;
  readonly #placing: Placing;
  readonly #max: number;
  /** By the name of the function. */
  readonly #tasks = new Map<string, Set<Task>>();
  #size = 0;

  constructor(host: RpcHost, placing: Placing, max: number) {
    this.#host = host;
    this.#placing = placing;
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  add(task: Task, nowMs: number): void {
    if (this.#size >= this.#max) {
      const message = `Cannot wait for a node that offers "${task.fun}": ${this.#size} steps wait already`;
      return this.#placing.fail(task, new MpregError("overloaded", message), nowMs); // (W1)
    }
    this.#size += 1;
    const tasks = this.#tasks.get(task.fun);
    if (tasks === undefined) this.#tasks.set(task.fun, new Set([task]));
    else tasks.add(task);
    task.excluded = undefined;
    this.#host.schedule(task, Math.min(task.waitUntilMs, task.deadlineMs));
  }

  /** The task does not wait any more, if it did. */
  remove(task: Task): void {
    const tasks = this.#tasks.get(task.fun);
    if (tasks?.delete(task) !== true) return;
    this.#size -= 1;
    if (tasks.size === 0) this.#tasks.delete(task.fun);
  }

  /** Some node has begun to offer `fun`. */
  offered(fun: string, nowMs: number): void {
    const tasks = this.#tasks.get(fun);
    if (tasks === undefined) return;
    for (const task of [...tasks]) {
      if (task.place.kind !== "waiting" || candidatesOf(this.#host, task).all.length === 0) continue;
      this.remove(task);
      this.#host.schedule(task, task.deadlineMs);
      this.#placing.place(task, nowMs);
    }
  }
}
