/**
 * Counters: what has become of work, in plain numbers that are read when somebody asks.
 *
 * Owns the numbers and the bound on how many functions have numbers of their own. What they are called outside, and in
 * which format they are told, is the driver's business.
 *
 * (N1) Numbers only grow: two readings tell what happened between them.
 * (N2) At most `functionsMax` functions are counted by name; what comes after them is counted together, and the names of
 *      functions that nobody offers, which strangers choose, are never kept.
 * (N3) Counting work takes two look-ups by name at most, and no memory.
 */
import type { ErrorCode } from "../base/index.js";

/** How work can end: well, with an error, or because whoever asked is gone. */
export type EndCode = "ok" | ErrorCode | "caller-gone";

/** Upper bounds of a histogram's classes, in ms; beyond the last there is one more class. */
export const durationBoundsMs: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** How much work has begun and ended, and how long it took. */
export class WorkCounter {
  started = 0;
  /** Ends by code; codes that did not occur have no entry. */
  readonly ended: Map<EndCode, number> = new Map();
  /** How many of those that took their time fell into each class of {@link durationBoundsMs}. */
  readonly durations: number[] = new Array<number>(durationBoundsMs.length + 1).fill(0);
  durationMsSum = 0;
  #ok = 0;

  /** Work has ended after `durationMs`. */
  end(code: EndCode, durationMs: number): void {
    this.dropped(code);
    let index = 0;
    while (index < durationBoundsMs.length && durationMs > (durationBoundsMs[index] as number)) index += 1;
    (this.durations[index] as number) += 1;
    this.durationMsSum += durationMs;
  }

  /** Work has ended before its time, and how long it would have taken nobody knows. */
  dropped(code: EndCode): void {
    if (code === "ok") this.#ok += 1;
    else this.ended.set(code, (this.ended.get(code) ?? 0) + 1);
  }

  /** How much work has ended with `code`. */
  countOf(code: EndCode): number {
    return code === "ok" ? this.#ok : (this.ended.get(code) ?? 0);
  }

  /** The codes with which work has ended. */
  codes(): EndCode[] {
    return this.#ok > 0 ? ["ok", ...this.ended.keys()] : [...this.ended.keys()];
  }
}

/** What functions are called that are counted together. */
export const otherFunctions = "other";

/** Work by function. */
export class FunctionCounters {
  /** What is counted of functions without an entry of their own. */
  readonly others: WorkCounter = new WorkCounter();
  readonly #functionsMax: number;
  readonly #functions = new Map<string, WorkCounter>();

  constructor(functionsMax: number) {
    this.#functionsMax = functionsMax;
  }

  /** Work on `fun` begins: where its end is to be counted. `isOffered` says whether the name is one that the cluster has. */
  start(fun: string, isOffered: (fun: string) => boolean): WorkCounter {
    const counter = this.#functions.get(fun) ?? this.#added(fun, isOffered);
    counter.started += 1;
    return counter;
  }

  /** Where work on `fun` was counted when it began. */
  of(fun: string): WorkCounter {
    return this.#functions.get(fun) ?? this.others;
  }

  /** The functions with numbers of their own. */
  entries(): IterableIterator<[string, WorkCounter]> {
    return this.#functions.entries();
  }

  /** (N2) */
  #added(fun: string, isOffered: (fun: string) => boolean): WorkCounter {
    const isFull = this.#functions.size >= this.#functionsMax;
    if (isFull || fun === otherFunctions || !isOffered(fun)) return this.others;
    const counter = new WorkCounter();
    this.#functions.set(fun, counter);
    return counter;
  }
}

/** What has become of the steps that a node coordinates. */
export class RpcCounters {
  readonly calls: FunctionCounters;
  /** Steps that were given to another node because the one chosen refused them without having begun. */
  rerouted = 0;
  /** Steps that were run again after the node that ran them was lost. */
  retried = 0;

  constructor(functionsMax: number) {
    this.calls = new FunctionCounters(functionsMax);
  }
}

/** Functions that are counted by name, of the calls that a node coordinates and of those that it runs. */
export const countedFunctionsMax = 500;
