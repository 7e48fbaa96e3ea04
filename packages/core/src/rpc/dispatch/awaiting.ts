/**
 * Awaiting: steps that wait until some node offers their function, or its circuits close.
 *
 * (W1) They are bounded in number, and each waits no longer than its request said; for a circuit, as long as it has time.
 * (W2) When the first circuit may be tried again, those that wait for it are looked at: one of them is its probe.
 */
import { MpregError, Timer } from "../../base/index.js";
import type { OpenCircuits } from "./circuits.js";
import type { RpcHost } from "../host.js";
import { candidatesOf } from "./providers.js";
import { type Placing, type Task, waiting } from "../task.js";

interface Waiting {
  readonly tasks: Set<Task>;
  /** (W2) */
  readonly timer: Timer;
}

export class Awaiting {
  readonly #host: RpcHost;
  readonly #placing: Placing;
  readonly #max: number;
  /** By the name of the function. */
  readonly #waiting = new Map<string, Waiting>();
  #size = 0;

  constructor(host: RpcHost, placing: Placing, max: number) {
    this.#host = host;
    this.#placing = placing;
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Waits until `untilMs` at most. `open`: the circuits that it waits for. */
  add(task: Task, untilMs: number, open: OpenCircuits | undefined, nowMs: number): void {
    if (this.#size >= this.#max) {
      const message = `Cannot wait for a node that offers "${task.fun}": ${this.#size} steps wait already`;
      return this.#placing.fail(task, new MpregError("overloaded", message), nowMs); // (W1)
    }
    this.#size += 1;
    let here = this.#waiting.get(task.fun);
    if (here === undefined) {
      const timer = new Timer((dueMs) => {
        this.offered(task.fun, dueMs);
      });
      this.#waiting.set(task.fun, (here = { tasks: new Set(), timer }));
    }
    here.tasks.add(task);
    task.excluded = task.barred && new Set(task.barred);
    this.#host.schedule(task, untilMs);
    if (open === undefined) return;
    task.place = { kind: "waiting", error: open.error };
    if (here.timer.heapIndex < 0 || here.timer.dueMs > open.untilMs) this.#host.schedule(here.timer, open.untilMs);
  }

  /** The task does not wait any more, if it did. */
  remove(task: Task): void {
    const here = this.#waiting.get(task.fun);
    if (here?.tasks.delete(task) !== true) return;
    this.#size -= 1;
    if (here.tasks.size > 0) return;
    this.#waiting.delete(task.fun);
    this.#host.unschedule(here.timer);
  }

  /** A circuit of `fun` has closed. What waits is looked at soon, and not while a task is on its way out. */
  wake(fun: string, nowMs: number): void {
    const here = this.#waiting.get(fun);
    if (here !== undefined) this.#host.schedule(here.timer, nowMs);
  }

  /** Some node has begun to offer `fun`, or may be asked for it again. */
  offered(fun: string, nowMs: number): void {
    const tasks = this.#waiting.get(fun)?.tasks ?? none;
    for (const task of [...tasks]) {
      if (task.place.kind !== "waiting" || candidatesOf(this.#host, task).all.length === 0) continue;
      this.remove(task);
      task.place = waiting;
      this.#host.schedule(task, task.deadlineMs);
      this.#placing.place(task, nowMs);
    }
  }
}

const none: ReadonlySet<Task> = new Set();
