/**
 * Withdrawn: functions that some node has offered and taken back while it was there, and that nobody offers now: what was lost with its node is
 * `expected.ts`'s.
 *
 * (W1) Of these the last thousand queues are remembered, until somebody offers them again.
 */
import { queuePrefix } from "../program/index.js";

/** (W1) */
const rememberedMax = 1_000;

export class Withdrawn {
  #functions: Set<string> | undefined;

  has(fun: string): boolean {
    return this.#functions?.has(fun) === true;
  }

  /** Nobody offers it any more. */
  add(fun: string): void {
    if (!fun.startsWith(queuePrefix)) return; // nobody asks for others
    const functions = (this.#functions ??= new Set());
    functions.delete(fun);
    functions.add(fun);
    for (const oldest of functions) {
      if (functions.size <= rememberedMax) break;
      functions.delete(oldest);
    }
  }

  /** Somebody offers it. */
  offered(fun: string): void {
    this.#functions?.delete(fun);
  }
}
