/**
 * Hedging: a step that takes long is run a second time on another node, and what comes first counts (Dean, Barroso: "The
 * Tail at Scale", 2013).
 *
 * Owns the two runs of such a step; to `dispatch.ts` they are two tasks, to the step's owner they are one.
 *
 * (H1) The owner hears of one end: the first completion, or the failure of the last run that is left.
 * (H2) Only what may be run twice is, once, on another node, and from the budget of retries (`retries.ts`, Y3).
 * (H3) When one run has completed, the other is called off.
 * (H4) A failure says what is known of both runs: what may have taken effect in one may have taken effect.
 */
import type { DueItem, MpregError, Outcome } from "../../base/index.js";
import type { Timings, Value } from "../../wire/index.js";
import type { WorkCounter } from "../counters.js";
import type { Dispatch } from "./dispatch.js";
import type { Progress } from "../events.js";
import type { AbortReason, RpcHost } from "../host.js";
import type { Left } from "../left.js";
import { isRepeatable } from "./retries.js";
import { tellHeard } from "./sending.js";
import type { Task, TaskFields, TaskOwner } from "../task.js";

/** How long a step may run before it is run a second time, where too little was measured. */
const afterMsDefault = 1_000;

/** A step under way, as its owner holds it. */
export type Work = Task | Hedged;

/** Whether a step under way may be run again, whatever of it has run. */
export function mayRunAgain(work: Work): boolean {
  return work instanceof Hedged ? work.isRepeatable : !work.begun || isRepeatable(work);
}

type Host = Pick<RpcHost, "schedule" | "unschedule" | "heard">;

export class Hedging {
  readonly #host: Host;
  readonly #dispatch: Dispatch;

  constructor(host: Host, dispatch: Dispatch) {
    this.#host = host;
    this.#dispatch = dispatch;
  }

  /** Starts a step, with a second run where it asks for that; a failure to place it is told to its owner at once. */
  start(fields: TaskFields, ownDeadline: boolean, nowMs: number): Work {
    const hedge = fields.terms?.hedge;
    if (hedge === undefined) return this.#dispatch.start(fields, ownDeadline, nowMs);
    return new Hedged(fields, hedge, this.#host, this.#dispatch, ownDeadline, nowMs);
  }

  /** The owner no longer wants the step. */
  drop(work: Work, reason: AbortReason): void {
    if (work instanceof Hedged) work.drop(reason);
    else this.#dispatch.drop(work, reason);
  }

  /** Nobody hears its end just now, or somebody does again. */
  heard(work: Work, isHeard: boolean): void {
    if (work instanceof Hedged) for (const run of work.runs) tellHeard(run, isHeard, this.#host);
    else tellHeard(work, isHeard, this.#host);
  }
}

/** A step and, after a while, its second run. */
class Hedged implements TaskOwner, DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly #fields: TaskFields;
  readonly #afterMs: number;
  readonly #host: Host;
  readonly #dispatch: Dispatch;
  readonly #runs: Task[] = [];
  /** Counts the step, once for both runs. */
  #counter: WorkCounter | undefined = undefined;
  /** What is known of a run that has failed. */
  #failed: Outcome | undefined = undefined;
  #isOver = false;

  /** `afterMs`: 0 = by what was measured. */
  constructor(
    fields: TaskFields,
    afterMs: number,
    host: Host,
    dispatch: Dispatch,
    ownDeadline: boolean,
    nowMs: number,
  ) {
    this.#fields = fields;
    this.#afterMs = afterMs;
    this.#host = host;
    this.#dispatch = dispatch;
    const first = dispatch.start({ ...fields, owner: this }, ownDeadline, nowMs);
    if (this.#isOver) return;
    this.#runs.push(first);
    this.#counter = first.counter;
    first.counter = undefined;
    host.schedule(this, this.#hedgeMs(first, nowMs));
  }

  /** The owner has heard of its end, or wants it no longer. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get runs(): readonly Task[] {
    return this.#runs;
  }

  /** Some node may have begun to run it. */
  get begun(): boolean {
    return (this.#failed ?? "not-applied") !== "not-applied" || this.#runs.some((run) => run.begun);
  }

  /** Keeps its runs from beginning, where they have not. */
  revoke(): void {
    for (const run of this.#runs) run.revoke();
  }

  /** Whether what has begun may be run again. */
  get isRepeatable(): boolean {
    return this.#runs.every((run) => !run.begun || isRepeatable(run));
  }

  started(task: Task): void {
    this.#fields.owner.started(task);
  }

  progress(task: Task, progress: Progress): void {
    this.#fields.owner.progress(task, progress);
  }

  left(left: Left): void {
    this.#fields.owner.left(left);
  }

  completed(task: Task, value: Value, timings: Timings | undefined, nowMs: number): void {
    for (const other of this.#runs) if (other !== task) task.attempts += other.attempts + 1; // for the summary
    this.#counter?.end("ok", nowMs - task.readyMs);
    this.#end("cancelled", task); // (H3)
    this.#fields.owner.completed(task, value, timings, nowMs); // (H1)
  }

  failed(task: Task, error: MpregError, nowMs: number): void {
    const known = worse(this.#failed, error.outcome);
    this.#failed = known;
    if (this.#runs.some((run) => run !== task && !run.isOver)) return; // (H1)
    this.#counter?.end(error.code, nowMs - task.readyMs);
    this.#end("cancelled");
    this.#fields.owner.failed(task, error.withOutcome(known), nowMs); // (H4)
  }

  drop(reason: AbortReason): void {
    this.#counter?.dropped(reason);
    this.#end(reason);
  }

  onDue(nowMs: number): void {
    const [first] = this.#runs;
    if (first === undefined || this.#isOver) return;
    const hedgeMs = this.#hedgeMs(first, nowMs);
    if (hedgeMs > nowMs) {
      this.#host.schedule(this, hedgeMs); // it was placed later, or elsewhere
      return;
    }
    const terms = { ...this.#fields.terms, retries: 0 };
    const fields = { ...this.#fields, owner: this, terms, heldBytes: 0, waitUntilMs: 0 };
    const second = this.#dispatch.startSecond(first, fields, nowMs); // (H2)
    if (second !== undefined && !second.isOver) this.#runs.push(second);
  }

  /** When the first run has taken long. */
  #hedgeMs({ place, startedMs }: Task, nowMs: number): number {
    if (place.kind !== "local" && place.kind !== "remote") return nowMs + (this.#afterMs || afterMsDefault);
    return startedMs + (this.#afterMs || (place.offer.latency.p95Ms ?? afterMsDefault));
  }

  /** `completed` may run on: its result is a stream. */
  #end(reason: AbortReason, completed?: Task): void {
    this.#isOver = true;
    this.#host.unschedule(this);
    for (const run of this.#runs) if (run !== completed && !run.isOver) this.#dispatch.drop(run, reason);
  }
}

/** What is known of two runs together: the less is known, the worse. */
function worse(one: Outcome | undefined, other: Outcome): Outcome {
  if (one === "unknown" || other === "unknown") return "unknown";
  return one === "applied" ? one : other;
}
