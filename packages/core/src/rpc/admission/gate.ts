/**
 * Gate: what this node knows of one of its functions: how many calls of it run and may, who waits, how long runs take.
 *
 * (T1) `running` counts calls that hold a permit: a handler that waits for a nested call has none.
 * (T2) What is enough for a run is the usual time and four mean deviations, as TCP waits for an answer (Jacobson, "Congestion
 *      Avoidance and Control", 1988), but at most twice the usual time. Where many wait, whoever has his turn has hardly more
 *      time left than is asked for.
 */
import { type HeapItem, Timer } from "../../base/index.js";
import type { ChainNode } from "../../structures/index.js";
import { FairQueue } from "./fair-queue.js";
import { AdaptiveLimit } from "./limit.js";

/** What a function was registered with. */
export interface FunctionBounds {
  /** Calls of it that run at a time; `undefined` = as many as prove to be good. */
  readonly concurrencyMax: number | undefined;
  /** Calls of it that wait at a time. */
  readonly queueMax: number;
}

/** How busy one function of this node is. */
export interface FunctionLoad {
  /** Calls that run; those whose handler waits for a nested call do not count. */
  readonly running: number;
  /** Of those, how many nobody waits for any more: their handlers run on. */
  readonly abandoned: number;
  /** Calls that wait for their turn. */
  readonly queued: number;
  /** How many may run at a time just now. */
  readonly limit: number;
  /** Calls that were refused as `overloaded` since the function was registered. */
  readonly refused: number;
}

const newestWeight = 0.1;
/** How long nothing has to end, at least, before the limit grows for it. */
const stalledMsMin = 500;

export class Gate<T> implements HeapItem, ChainNode<Gate<T>> {
  heapIndex = -1;
  previous: Gate<T> | undefined = undefined;
  next: Gate<T> | undefined = undefined;
  /** It stands among those that may start something. */
  isReady = false;
  readonly fun: string;
  readonly queue: FairQueue<T> = new FairQueue<T>();
  readonly queueMax: number;
  running = 0;
  abandoned = 0;
  refused = 0;
  readonly #fixed: number | undefined;
  readonly #adaptive: AdaptiveLimit;
  #usualMs = 0;
  #deviationMs = 0;
  #lastEndMs = -Infinity;
  /** Is due while calls wait: they may wait for ever for what is learned from those that end. */
  readonly stall: Timer;

  /** `max` bounds a limit that adapts itself; `onStall` is called at the time of {@link stallMs}. */
  constructor(
    fun: string,
    { concurrencyMax, queueMax }: FunctionBounds,
    max: number,
    onStall: (gate: Gate<T>, nowMs: number) => void,
  ) {
    this.fun = fun;
    this.stall = new Timer((nowMs) => {
      onStall(this, nowMs);
    });
    this.queueMax = queueMax;
    this.#fixed = concurrencyMax;
    this.#adaptive = new AdaptiveLimit(max);
  }

  get limit(): number {
    return this.#fixed ?? this.#adaptive.value;
  }

  get hasPermit(): boolean {
    return this.running < this.limit;
  }

  /** How long a run usually takes, waits for nested calls left out; 0 when none has ended yet. */
  get usualMs(): number {
    return this.#usualMs;
  }

  /** How much time is enough for a run, nearly always; 0 when none has ended yet. (T2) */
  get enoughMs(): number {
    return this.#usualMs + Math.min(4 * this.#deviationMs, this.#usualMs);
  }

  /** How long it takes until `count` calls have had their turn; 0 when nothing was measured. */
  turnsMs(count: number): number {
    return (count * this.#usualMs) / this.limit;
  }

  /** How long nothing may end before the limit grows for it; `Infinity` where it is given. */
  get stallMs(): number {
    return this.#fixed === undefined ? Math.max(stalledMsMin, 2 * this.#usualMs) : Infinity;
  }

  /** Raises the limit where it is reached and nothing has ended for so long. */
  raiseIfStalled(nowMs: number): void {
    if (!this.hasPermit && nowMs - this.#lastEndMs >= this.stallMs) this.#adaptive.stalled();
  }

  /** A run has come to its end. */
  measured(begunMs: number, durationMs: number, crowd: number, nowMs: number): void {
    this.#lastEndMs = nowMs;
    const beyondMs = this.#usualMs === 0 ? 0 : durationMs - this.#usualMs;
    this.#usualMs = this.#usualMs === 0 ? durationMs : this.#usualMs + beyondMs * newestWeight;
    this.#deviationMs += (Math.abs(beyondMs) - this.#deviationMs) * newestWeight; // (T2)
    if (this.#fixed === undefined) this.#adaptive.measured(begunMs, durationMs, crowd, nowMs);
  }

  get load(): FunctionLoad {
    const { running, abandoned, queue, limit, refused } = this;
    return { running, abandoned, queued: queue.size, limit, refused };
  }
}
