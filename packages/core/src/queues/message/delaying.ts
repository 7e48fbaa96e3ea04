/**
 * Delaying: when messages that sleep until their delay is over have to be looked at.
 *
 * Owns the times. Where these messages are is the log's (`message/log.ts`), what becomes of them `sleeping.ts`'s.
 *
 * (Y1) One that is awake by then, or gone, is passed over: times are not looked for.
 * (Y2) In one turn of the node {@link turnMax} are looked at, and the others in the next ones.
 */
import type { DueItem } from "../../base/index.js";
import { DueHeap } from "./due-heap.js";
import { type SleepingQueue, delayOver } from "./sleeping.js";

/** (Y2) */
const turnMax = 1_000;

/** So many times of messages that are awake or gone are kept at least, before they are looked for. */
const staleMin = 1_024;

/** What it needs of its queue. */
export interface DelayingQueue extends SleepingQueue {
  serve(nowMs: number): void;
}

export class Delaying implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: DelayingQueue;
  readonly #times = new DueHeap();
  /** Whether some may have a group. */
  #hasGroups = false;
  #armedMs = Infinity;
  /** When it goes on with what it has not come to. (Y2) */
  #goesOnMs = -Infinity;
  #isClosed = false;

  constructor(queue: DelayingQueue) {
    this.#queue = queue;
  }

  /** A message sleeps until then. */
  add(sequence: number, untilMs: number, hasGroup: boolean): void {
    this.#hasGroups ||= hasGroup;
    const stale = this.#times.size - this.#queue.log.delayed;
    if (stale > staleMin && stale * 2 > this.#times.size) this.forgotten();
    this.#times.push(untilMs, sequence);
    this.#arm();
  }

  /** Many are gone. */
  forgotten(): void {
    this.#times.keep((sequence) => this.#queue.log.isDelayed(sequence));
    this.#arm();
  }

  advance(nowMs: number): void {
    if (this.#armedMs <= nowMs) this.onDue(nowMs);
  }

  onDue(nowMs: number): void {
    const hasPlace = this.#hasGroups || this.#queue.settings.order === "priority";
    for (let turn = 0; turn < turnMax && this.#times.firstMs <= nowMs; turn++)
      delayOver(this.#queue, this.#times.shift(), hasPlace, nowMs);
    this.#goesOnMs = this.#times.firstMs <= nowMs ? nowMs + 1 : -Infinity; // others have their turn
    this.#armedMs = -Infinity;
    this.#arm();
    this.#queue.serve(nowMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.host.timers.unschedule(this);
  }

  #arm(): void {
    const nextMs = Math.max(this.#times.firstMs, this.#goesOnMs);
    if (nextMs === this.#armedMs || this.#isClosed) return;
    this.#armedMs = nextMs;
    if (nextMs === Infinity) this.#queue.host.timers.unschedule(this);
    else this.#queue.host.timers.schedule(this, nextMs);
  }
}
