/**
 * Retries: which steps are run again when nobody knows whether they took effect, how soon, and how many of them.
 *
 * What has not begun is no business of this file: it goes to another node at once (`dispatch.ts`, D2).
 *
 * (Y1) Only steps of functions that are idempotent are run again, or with a key, if the function goes by it; and as often
 *      as their terms allow. Whatever a handler has ended is never run again.
 * (Y2) Waits grow exponentially, with full jitter (Brooker, "Exponential Backoff and Jitter", 2015).
 * (Y3) Over any time a node runs at most a fifth of its steps again, and ten per second besides (the retry budget of
 *      Finagle): what is beyond that waits. When everything fails nothing becomes a storm.
 * (Y4) A step that has a right to run again is not given up before its deadline because no node is there just now.
 */
import type { MpregError } from "../../base/index.js";
import type { Offer, OfferTraits } from "../../catalog/index.js";
import { Allowance } from "../../structures/index.js";
import type { StepTerms } from "../../wire/index.js";
import type { RpcHost } from "../host.js";
import { candidatesOf } from "./providers.js";
import { type Peer, type Placing, type Task, waiting } from "../task.js";

const budgetShare = 0.2;
const budgetPerSecond = 10;
const budgetMax = 100;
const waitMsMin = 25;
const waitMsMax = 2_000;

/** Failures that say that the thread, the node, or the way there, was lost while the step may have run. */
const lostCodes: ReadonlySet<string> = new Set(["node-lost", "thread-lost", "closed"]);

export class Retries {
  readonly #host: RpcHost;
  readonly #placing: Placing;
  #budget: Allowance | undefined;
  #size = 0;

  constructor(host: RpcHost, placing: Placing) {
    this.#host = host;
    this.#placing = placing;
  }

  /** How many steps wait to be run again. */
  get size(): number {
    return this.#size;
  }

  /** A step has been started for the first time. (Y3) */
  earn(): void {
    this.#budget?.add(budgetShare);
  }

  /** Whether a step whose run at `offer` has ended with `error` may be run again. (Y1) */
  mayRunAgain(task: Task, offer: Offer<Peer>, error: MpregError): boolean {
    const { terms, attempts } = task;
    if (error.outcome !== "unknown" || !lostCodes.has(error.code)) return false;
    if (terms?.retries !== undefined && attempts >= terms.retries) return false;
    return this.mayRepeat(task, offer);
  }

  /** Whether running the step twice at `offer` does no more than running it once. */
  mayRepeat({ terms }: Task, { traits }: Offer<Peer>): boolean {
    return isRepeatableAt(terms, traits);
  }

  /** Lets the task wait to be run again, after `error`. */
  add(task: Task, error: MpregError, nowMs: number): void {
    task.lost = error;
    const ceilingMs = Math.min(waitMsMax, waitMsMin * 2 ** Math.min(30, Math.max(0, task.attempts - 1)));
    this.#wait(task, error, ceilingMs, nowMs); // (Y2)
  }

  /** The task does not wait any more. */
  remove(): void {
    this.#size -= 1;
  }

  /** The task has waited long enough: it is run again, if there are nodes for it and not too many others. */
  due(task: Task, error: MpregError, nowMs: number): void {
    this.remove();
    const candidates = candidatesOf(this.#host, task).all;
    if (candidates.length === 0) return this.#wait(task, error, waitMsMax, nowMs); // (Y4)
    if (!this.maySpend(nowMs)) {
      // as many as there are come up one after the other
      return this.#wait(task, error, Math.max(waitMsMin, (this.#size * 1_000) / budgetPerSecond), nowMs);
    }
    const { excluded } = task;
    if (excluded !== undefined && candidates.every((offer) => excluded.has(offer))) task.excluded = undefined;
    task.place = waiting;
    this.#host.schedule(task, task.deadlineMs);
    this.#placing.place(task, nowMs);
  }

  #wait(task: Task, error: MpregError, ceilingMs: number, nowMs: number): void {
    task.place = { kind: "retrying", error };
    this.#size += 1;
    this.#host.schedule(task, Math.min(task.deadlineMs, nowMs + this.#host.random.next() * ceilingMs));
  }

  /** Takes one run from the budget; answers whether there was one. (Y3) */
  maySpend(nowMs: number): boolean {
    return (this.#budget ??= new Allowance(budgetPerSecond, budgetMax, nowMs)).take(nowMs);
  }
}

/** Whether the task may be run again, as its function was offered where it has run. (Y1) */
export function isRepeatable({ ranAt, terms }: Task): boolean {
  return ranAt !== undefined && isRepeatableAt(terms, ranAt.traits);
}

/** Whether a function that is offered so may be run again. */
export function isRepeatableAt(terms: StepTerms | undefined, { idempotent }: OfferTraits): boolean {
  return idempotent === "yes" || (idempotent === "with-key" && terms?.idempotencyKey !== undefined);
}
