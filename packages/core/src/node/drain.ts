/**
 * Drain: a node that takes itself out of the cluster and loses nothing.
 *
 * (N1) Work that comes after the announcement is refused as not applied, so that it goes elsewhere at once; what was begun
 *      ends as it would have, and questions about it are answered.
 * (N2) It is over when nothing runs and nobody who keeps to the protocol can send anything more; or when its time is.
 * (N3) It is over once.
 * (N4) What this node keeps for others' requests, and what it passes on to who reads it, is needed until it was fetched.
 */
import { Timer, type Timers } from "../base/index.js";

/** What is under way. */
export interface WorkSize {
  readonly requests: number;
  readonly tasks: number;
  /** Results that others may yet fetch here. */
  readonly kept: number;
  /** What comes from other nodes for those who read it here, or through this node. */
  readonly fetches: number;
}

export interface DrainHost extends Timers {
  size(): WorkSize;
  /** Whether others may still ask for something, or wait for an answer. */
  isAsked(nowMs: number): boolean;
  over(left: number): void;
}

/** How often it looks whether those who say nothing any more are all that it waits for. */
const lookMs = 500;

export class Drain {
  readonly #host: DrainHost;
  readonly #untilMs: number;
  #isOver = false;
  readonly #timer = new Timer((nowMs) => {
    this.look(nowMs);
    if (!this.#isOver) this.#schedule(nowMs);
  });

  constructor(host: DrainHost, graceMs: number, nowMs: number) {
    this.#host = host;
    this.#untilMs = nowMs + graceMs;
    this.#schedule(nowMs);
  }

  /** Something may have ended. (N2) */
  look(nowMs: number): void {
    if (this.#isOver) return;
    const { requests, tasks, kept, fetches } = this.#host.size();
    const left = requests + tasks;
    const isNeeded = left + kept + fetches > 0; // (N4)
    if (nowMs < this.#untilMs && (isNeeded || this.#host.isAsked(nowMs))) return;
    this.stop();
    this.#host.over(left);
  }

  /** Nothing is waited for any more. (N3) */
  stop(): void {
    this.#isOver = true;
    this.#host.unschedule(this.#timer);
  }

  #schedule(nowMs: number): void {
    this.#host.schedule(this.#timer, Math.min(this.#untilMs, nowMs + lookMs));
  }
}
