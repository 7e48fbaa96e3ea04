/**
 * Withdrawn: functions that some node has offered and taken back while it was there, and that nobody offers now: what was lost with its node is
 * `expected.ts`'s.
 *
 * (W1) Of these the last thousand queues are remembered, until somebody offers them again.
 */
import { queuePrefix } from "../program/index.js";
import { RecentSet } from "../structures/index.js";

/** (W1) */
const rememberedMax = 1_000;

export class Withdrawn {
  readonly #functions = new RecentSet<string>(rememberedMax);

  has(fun: string): boolean {
    return this.#functions.has(fun);
  }

  /** Nobody offers it any more. */
  add(fun: string): void {
    if (fun.startsWith(queuePrefix)) this.#functions.add(fun); // nobody asks for others
  }

  /** Somebody offers it. */
  offered(fun: string): void {
    this.#functions.delete(fun);
  }
}
