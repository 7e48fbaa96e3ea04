/**
 * Abandoned: handlers that run on though nobody waits for them any more, because they do not look at their signal.
 *
 * A limit is a promise of how much runs, made to a database, a device or a memory; it is not about how much is waited for.
 *
 * (O1) A handler that runs on holds its permit and its number until it has come to its end, whenever that is.
 * (O2) It is told of once, when it has run on for `toldAfterMs`: it may never end, and then holds its permit for ever. Of one
 *      that was kept from beginning nothing runs, though its module may still load: it is not told of.
 * (O3) Of its call nothing is kept but what is told of it: the arguments may be large.
 */
import { Timer, type Timers } from "../../base/index.js";
import { IdMap } from "../../structures/index.js";
import type { Permit, Task } from "../task.js";

/** What is told of a handler that runs on. */
export interface RunningOn {
  readonly fun: string;
  readonly step: string;
  /** The node that coordinates its request, and the number that it has there. */
  readonly coordinator: string;
  readonly request: number;
  /** For how long nobody has waited for it. */
  readonly forMs: number;
}

export interface AbandonedHost extends Timers {
  nowMs(): number;
  runsOn(handler: RunningOn): void;
}

interface Entry {
  readonly permit: Permit;
  readonly depth: number;
  readonly timer: Timer;
}

/** A handler that looks at its signal may still have to await something that it cannot interrupt. */
const toldAfterMs = 10_000;

export class Abandoned {
  readonly #host: AbandonedHost;
  readonly #entries = new IdMap<Entry>();

  constructor(host: AbandonedHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(id: number): boolean {
    return this.#entries.has(id);
  }

  /** Nobody waits for the task's handler any more. */
  add({ id, fun, step, coordinator, request, depth }: Task, permit: Permit): void {
    const told = { fun, step, coordinator, request, forMs: toldAfterMs }; // (O3)
    const timer = new Timer(() => {
      this.#host.runsOn(told); // (O2)
    });
    this.#entries.set(id, { permit, depth, timer }); // (O1)
    permit.gate.abandoned += 1;
    if (!permit.isRevoked) this.#host.schedule(timer, this.#host.nowMs() + toldAfterMs); // (O2)
  }

  /** The handler of that number has come to its end; answers what it has held. */
  take(id: number): Entry | undefined {
    const entry = this.#entries.take(id);
    if (entry === undefined) return undefined;
    entry.permit.gate.abandoned -= 1;
    this.#host.unschedule(entry.timer);
    return entry;
  }
}
