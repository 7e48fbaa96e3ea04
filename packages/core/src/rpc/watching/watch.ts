/**
 * Watch: one request as those see it who watch it: what happens while it runs, what has happened so far, and what came of
 * it.
 *
 * Owns how events (`events.ts`) are told: by the coordinator, while nothing but the answer is promised. Who may watch, and
 * what is remembered of requests that have ended, is `watches.ts`.
 *
 * (E1) What nobody watches costs no event: without anybody who listens none is made.
 * (E2) Events of a request are told in the order in which they happened, before its end, and none after it.
 * (E3) An event that cannot be told at once is dropped and counted, and the watcher told how many are missing: an answer
 *      never waits for an event.
 *      Over one link: what was not told when it broke may be missing without a word, the end included.
 * (E4) Whoever begins to watch later is told first what has happened, in the same words.
 */
import type { MpregError } from "../../base/index.js";
import type { RequestStep, Value } from "../../wire/index.js";
import { type EventError, type EventSink, type Progress, type RequestEvent, eventBytesMax } from "../events.js";
import { type History, eventsSoFar, planOf, plannedEvent } from "./history.js";
import { bytesOf } from "../results/index.js";
import type { Summary } from "./summary.js";
import type { Task } from "../task.js";
import type { RequestTrace, StepSummary, UnfinishedStep } from "../types.js";
import { OpenSteps, blockedSteps } from "./open-steps.js";

/** Somebody who watches. */
export interface Listener {
  readonly sink: EventSink;
  /** Wants small intermediate results. */
  readonly intermediates: boolean;
}

export class Watch {
  readonly requestId: string;
  readonly #node: string;
  readonly #summary: Summary;
  readonly #steps: readonly RequestStep[];
  readonly #ended: (watch: Watch, trace: RequestTrace) => void;
  readonly #now: () => number;
  #listeners: readonly Listener[];
  readonly #open: OpenSteps;
  /** See {@link History}. */
  readonly #told: RequestEvent[] = [];
  #endedWithout = 0;
  #isEnding = false;

  /** `ended` is told what came of it; `now` is asked when that is not known otherwise. */
  constructor(
    fields: { readonly requestId: string; readonly node: string; readonly summary: Summary },
    steps: readonly RequestStep[],
    asker: Listener | undefined,
    now: () => number,
    ended: (watch: Watch, trace: RequestTrace) => void,
  ) {
    this.requestId = fields.requestId;
    this.#node = fields.node;
    this.#summary = fields.summary;
    this.#open = new OpenSteps(fields.node, (nowMs) => fields.summary.ageMs(nowMs));
    this.#steps = steps;
    this.#listeners = asker === undefined ? nobody : [asker];
    this.#now = now;
    this.#ended = ended;
    if (asker !== undefined) this.#tellBeginning(asker.sink);
  }

  /** Whether anybody hears what happens. */
  get isWatched(): boolean {
    return this.#listeners.length > 0;
  }

  /** Since it was received. */
  get ageMs(): number {
    return this.#summary.ageMs(this.#now());
  }

  /** Steps that have ended, however, and all of them; a single call counts as one. */
  get stepCounts(): { readonly ended: number; readonly total: number } {
    return { ended: this.#summary.stepsEnded + this.#endedWithout, total: Math.max(1, this.#steps.length) };
  }

  /** What is known now. */
  get trace(): RequestTrace {
    return this.#traced({ state: "running", running: this.#open.running });
  }

  /** What is kept of it when it has ended, besides its trace. */
  get history(): History {
    return { plan: planOf(this.#steps), told: this.#told };
  }

  /** Tells `listener` what has happened, and from now on what happens. (E4) */
  add(listener: Listener): void {
    this.#listeners = [...this.#listeners, listener];
    this.#tellHistory(listener.sink);
  }

  remove(listener: Listener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  /** Its inputs are there. A single call, which has no plan, is not told to be ready. */
  stepReady(step: string, nowMs: number): void {
    this.#open.ready(step, nowMs);
    if (this.isWatched && this.#steps.length > 0) this.#tell({ kind: "step-ready", step }); // (E1)
  }

  /** The list is there: the steps of the map, which runs for an item of `itemOf`, run for so many items. */
  mapped(step: string, items: number, itemOf: string | undefined, nowMs: number): void {
    this.#open.mapped(step, items, itemOf, nowMs);
    const event: RequestEvent = { kind: "mapped", step, items };
    if (this.#told.length < toldMax) this.#told.push({ ...event, atMs: this.ageMs });
    this.#tell(event);
  }

  /** A node was given the task. */
  started(task: Task): void {
    const { step, ranOn, attempts, lost } = task;
    this.#open.started(task);
    if (!this.isWatched) return; // (E1)
    if (attempts > 0) {
      const because = lost === undefined ? {} : { because: eventError(lost) };
      this.#tell({ kind: "retried", step, attempts: attempts + 1, ...because });
    }
    this.#tell({ kind: "started", step, node: ranOn });
  }

  /** Its handler has reported something. */
  progress({ step, ranOn: node }: Task, { missed, value, refusal }: Progress): void {
    if (missed > 0) this.#tell({ kind: "missed", count: missed });
    if (refusal !== undefined) return this.#tell({ kind: "progress", step, node, refusal });
    // a node that tells more than it may is not believed to have told anything
    if (value === undefined || value.length > eventBytesMax) return;
    for (const { sink } of this.#listeners) sink.event({ kind: "progress", step, node }, value);
  }

  completed(step: string, node: string, value: Value): void {
    this.#open.completed(step);
    if (!this.isWatched) return; // (E1)
    const bytes = bytesOf(value);
    const small = value instanceof Uint8Array && bytes <= eventBytesMax ? value : undefined;
    const event: RequestEvent = { kind: "result-available", step, node, bytes };
    for (const { sink, intermediates } of this.#listeners) sink.event(event, intermediates ? small : undefined);
  }

  stepFailed(step: string, error: MpregError): void {
    this.#open.ended(step, { status: "failed", code: error.code });
    this.#without({ kind: "step-failed", step, error: eventError(error) });
  }

  skipped(step: string, because: string): void {
    this.#open.ended(step, { status: "skipped" });
    this.#without({ kind: "skipped", step, because });
  }

  /** The request is about to end: what runs does until then. */
  ending(): void {
    this.#isEnding = true;
  }

  /** Nobody wants the result of the step any more, which ran for an item: the map has failed. */
  calledOff(step: string): void {
    if (!this.#isEnding) this.#open.calledOff(step);
  }

  finished(): void {
    this.#end({ kind: "finished" }, { state: "finished", running: [] });
  }

  failed(error: MpregError): void {
    const told = eventError(error);
    this.#end({ kind: "failed", error: told }, { state: "failed", error: told, running: [] });
  }

  /** The asker is gone, and with it the request; those who watch it are told why. */
  abandoned(asker: EventSink, error: MpregError): void {
    this.#listeners = this.#listeners.filter(({ sink }) => sink !== asker);
    this.failed(error);
  }

  #end(event: RequestEvent, end: Pick<RequestTrace, "state" | "error" | "running">): void {
    this.#tell(event);
    this.#listeners = nobody; // (E2)
    this.#ended(this, this.#traced(end));
  }

  #traced(now: Pick<RequestTrace, "state" | "error" | "running">): RequestTrace {
    const summary = this.#summary.finish(this.#now());
    const unfinished = now.state === "finished" ? this.#open.all : this.#unfinished(summary.steps);
    return unfinished.length === 0 ? { ...summary, ...now } : { ...summary, ...now, unfinished };
  }

  #unfinished(ended: readonly StepSummary[]): readonly UnfinishedStep[] {
    const ready = this.#open.all;
    return [...ready, ...blockedSteps(this.#steps, ended, ready)];
  }

  /** A step has ended without a result. */
  #without(event: RequestEvent): void {
    this.#endedWithout += 1;
    this.#told.push({ ...event, atMs: this.ageMs });
    this.#tell(event);
  }

  #tell(event: RequestEvent): void {
    for (const { sink } of this.#listeners) sink.event(event, undefined);
  }

  #tellBeginning(sink: EventSink): void {
    sink.event({ kind: "received", requestId: this.requestId, node: this.#node }, undefined);
    if (this.#steps.length > 0) sink.event(plannedEvent(planOf(this.#steps)), undefined);
  }

  /** (E4) */
  #tellHistory(sink: EventSink): void {
    const { requestId, history, ageMs } = this;
    const known = { requestId, coordinator: this.#node, steps: this.#summary.steps, unfinished: this.#open.all };
    for (const event of eventsSoFar(known, history, ageMs)) sink.event(event, undefined);
  }
}

/** Of how many maps, at most, it is remembered how many items they had. */
const toldMax = 1_000;
const nobody: readonly Listener[] = [];

function eventError({ code, message, outcome, node }: MpregError): EventError {
  return { code, message, outcome, ...(node === undefined ? {} : { node }) };
}
