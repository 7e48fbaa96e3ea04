/**
 * Request: the machine that runs a graph of calls at its coordinator.
 *
 * Owns when steps start, and the end. Which of them wait, run and have ended is `step-table.ts`, the results that others
 * still need are `step-results.ts`; finding nodes for steps is `dispatch.ts`; checking the graph is `plan.ts`.
 *
 *     step:  blocked ──all inputs there──▶ running ──▶ done
 *               └──────an input failed──▶ skipped      └──▶ failed
 *
 * (Q1) A step starts the moment its own inputs are there; no step waits for one it does not use.
 * (Q2) The asker hears exactly one end.
 * (Q3) Nothing starts when some function of the request has no provider: then the request is `not-applied`. (One that
 *      settles starts what it can.)
 * (Q4) A result is let go when its last user has started, or has ended where it has to fetch it, unless it is an output.
 * (Q5) After the end no task of the request runs, and no node keeps a result of it, but for outputs on their way.
 * (Q6) A result that is gone with its node is made again, if all steps that this takes may be run again (`revival.ts`).
 * (Q7) The run of an item starts with the values that it is given, as if its first steps had run. Its time, its tables and
 *      its budget are those of the request.
 * (Q8) A step that may have read of a stream runs again with a new one: what makes it runs again as well.
 * (Q9) An output that was told and is lost before it was fetched is made again in the same way; nobody hears of that but who
 *      waits for it (`told-outputs.ts`).
 * (Q10) A result that turns out to be a stream, and would be read by several, is the failure of its step, before any of them
 *      begins (`readers.ts`).
 */
import { type Deadline, MpregError, type Outcome } from "../../base/index.js";
import type { BoundRef, RequestStep, StepMap, Timings, Value, WireBinding } from "../../wire/index.js";
import type { Progress } from "../events.js";
import type { Hedging } from "../dispatch/hedging.js";
import type { AbortReason, RpcHost } from "../host.js";
import type { ItemRun } from "./map-item.js";
import { Mapping, type MappingOwner } from "./mapping.js";
import { callsOf } from "../graph/plan.js";
import { candidatesOf, firstWithoutProvider } from "../dispatch/providers.js";
import { bytesOf, isFetchable, isRef, isStream } from "../results/index.js";
import { isRepeatable } from "../dispatch/retries.js";
import { type Presence, onceOnly, reviving, revivalsMax } from "./revival.js";
import { readersOf, severalReaders } from "./readers.js";
import type { RunFields } from "./run-fields.js";
import { type Left, LeftBehind } from "../left.js";
import { type Run, callerGone } from "../run.js";
import { StepResults } from "./step-results.js";
import { reportsOf } from "./step-states.js";
import { StepTable } from "./step-table.js";
import type { Task, TaskOwner } from "../task.js";
import { ToldOutputs, timeIsOver } from "./told-outputs.js";
import { inheriting, watchedIf } from "../graph/terms.js";

export class RequestRun implements Run, ItemRun, TaskOwner, MappingOwner, Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  #fields: RunFields;
  readonly #host: RpcHost;
  readonly #hedging: Hedging;
  readonly #ended: (run: RequestRun) => void;
  readonly #table: StepTable;
  /** Steps that run and may have to fetch inputs: they need all of them until they have ended. (Q4) */
  readonly #fetching = new Set<number>();
  #revivals = 0;
  readonly #values: StepResults;
  #wasRepeatable = true;
  #over = false;
  /** What its asker was told of. (Q9) */
  #told: ToldOutputs | undefined = undefined;
  #left: LeftBehind | undefined = undefined;
  /** Steps whose result lacks a part that is an output. */
  readonly #unusable = new Map<number, MpregError>();

  constructor(fields: RunFields, host: RpcHost, hedging: Hedging, onEnd: (run: RequestRun) => void) {
    this.#fields = fields;
    this.#host = host;
    this.#hedging = hedging;
    this.#ended = onEnd;
    const { message, plan, item } = fields;
    const given = item?.given ?? noValues;
    this.#table = new StepTable(plan, message.steps, given.length);
    this.#values = new StepResults(message.steps, message.outputs, given, fields.budget, fields.results);
  }

  start(nowMs: number): void {
    const { message, deadlineMs, plan, item } = this.#fields;
    if (item !== undefined) return this.#launchAll(this.#table.readyAtStart(), nowMs); // (Q7)
    if (message.waitForCapacityMs === 0 && !message.settle) {
      const error = firstWithoutProvider(this.#host, callsOf(message.steps));
      if (error !== undefined) return this.#expectProviders(error, nowMs); // (Q3)
    }
    this.#fields.expecting.delete(this);
    this.#host.schedule(this, deadlineMs);
    this.#launchAll(plan.roots, nowMs);
  }

  /** Waits while somebody may begin to offer what nobody does, or ends with `error`. (Q3) */
  #expectProviders(error: MpregError, nowMs: number): void {
    const { message, deadlineMs, expecting } = this.#fields;
    let untilMs = deadlineMs;
    for (const step of callsOf(message.steps)) {
      if (candidatesOf(this.#host, step).all.length === 0)
        untilMs = Math.min(untilMs, this.#host.expectedUntilMs(step.fun));
    }
    if (untilMs <= nowMs) return this.fail(error);
    expecting.add(this);
    this.#host.schedule(this, untilMs);
  }

  started(task: Task): void {
    this.#fields.watch?.started(task);
  }

  progress(task: Task, progress: Progress): void {
    if (!this.#over) this.#fields.watch?.progress(task, progress);
  }

  left(left: Left): void {
    if (this.#over || this.#told !== undefined) return this.#fields.asker.left?.(left);
    (this.#left ??= new LeftBehind()).add(left);
  }

  completed(task: Task, value: Value, timings: Timings | undefined, nowMs: number): void {
    if (this.#over) {
      if (isRef(value)) this.#fields.results.release(value);
      return;
    }
    const { summary, watch, message, item } = this.#fields;
    if (isStream(value)) {
      const refusal = this.#refusedStream(task.index);
      if (refusal !== undefined) this.#fields.results.release(value);
      if (refusal !== undefined) return this.#failedAt(task.index, refusal, isRepeatable(task), nowMs);
    }
    const told = summary?.stepEnded(task, bytesOf(value), timings, nowMs, message.steps, item);
    if (told !== undefined) item?.path?.ended(task.index, this.#step(task.index).bindings, told, nowMs);
    watch?.completed(task.step, task.ranOn, value);
    this.#stepEnded(task.index, value, isRepeatable(task), nowMs);
  }

  /** Makes the run of an item. */
  run(fields: RunFields): ItemRun {
    return new RequestRun(fields, this.#host, this.#hedging, () => undefined);
  }

  mapped(mapping: Mapping, value: Uint8Array, nowMs: number): void {
    const { summary, watch, message, item } = this.#fields;
    const { work, isRepeatable: mayRepeat } = mapping;
    const told = summary?.mapEnded(mapping, value.length, nowMs, message.steps, item);
    if (told !== undefined) item?.path?.ended(work.index, work.step.bindings, told, nowMs);
    watch?.completed(work.step.name, this.#host.nodeName, value);
    this.#stepEnded(work.index, value, mayRepeat, nowMs);
  }

  #stepEnded(index: number, value: Value, mayRepeat: boolean, nowMs: number): void {
    this.#letGoFetched(index, isStream(value));
    this.#table.done(index, mayRepeat); // whether or not there is room for the result
    const refusal = this.#values.keep(index, value);
    if (refusal !== undefined) return this.fail(this.#placed(refusal, index), nowMs);
    for (const dependent of this.#table.dependentsOf(index)) {
      if (this.#table.inputCame(dependent)) this.#launch(dependent, nowMs); // (Q1)
      if (this.#isOver) return;
    }
    this.#told?.made(index, nowMs);
    this.#finishWhenDone(nowMs);
  }

  failed(task: Task, error: MpregError, nowMs: number): void {
    if (this.#over) return;
    const mayRepeat = isRepeatable(task);
    const left = error.code === "result-lost" ? this.#revive(task, error, mayRepeat, nowMs) : error;
    if (left !== undefined) this.#failedAt(task.index, left, mayRepeat, nowMs);
  }

  mapFailed(mapping: Mapping, error: MpregError, nowMs: number): void {
    const { work, isRepeatable: mayRepeat } = mapping;
    const { index, given } = work;
    const refs = [...given.entries()].flatMap(([at, value]) => (isRef(value) ? [{ index: at, ref: value }] : []));
    const isLost = error.code === "result-lost" && mayRepeat && refs.length > 0;
    if (isLost) mapping.giveBackSteps();
    const left = isLost ? this.#revive({ index, refs }, error, mayRepeat, nowMs) : error;
    if (left !== undefined) this.#failedAt(index, this.#placed(left, index), mayRepeat, nowMs);
  }

  /** Why those that need the result of the step cannot have it, which is a stream. (Q10) */
  #refusedStream(index: number): MpregError | undefined {
    const { steps, outputs, yieldsStreams } = this.#fields.message;
    if (yieldsStreams === true) this.#values.yieldOutputs(index, outputs);
    const isRead = (step: number): boolean => this.#table.of(step).kind === "blocked";
    const waiting = [...this.#table.dependentsOf(index)].filter(isRead).map((step) => steps[step] as RequestStep);
    const { name, fun } = this.#step(index);
    const readers = readersOf(index, waiting, this.#values.hasYielded(index) ? [] : outputs);
    if (readers.length <= 1) return undefined;
    return this.#placed(severalReaders(name, fun, readers), index);
  }

  /** A step has failed, and nothing can be done about it here. */
  #failedAt(index: number, error: MpregError, mayRepeat: boolean, nowMs: number): void {
    this.#letGoFetched(index, false);
    this.#stepFailed(index, error, mayRepeat, nowMs);
    this.#finishWhenDone(nowMs);
  }

  fail(error: MpregError, nowMs?: number): void {
    if (this.#over) return;
    const outcome = this.outcomeWith(error.outcome);
    if (this.#told !== undefined) return this.#told.leave(error.withOutcome(outcome));
    this.#stop(error.code === "deadline" ? "deadline" : "cancelled");
    const { watch, asker, item } = this.#fields;
    if (error.code === "cancelled") this.#left?.abandon();
    else this.#left?.handOn(asker);
    const told = error.withOutcome(outcome).at({ request: watch?.requestId });
    if (item === undefined) watch?.failed(told);
    asker.failed(told, nowMs); // (Q2)
  }

  abandon(): void {
    if (this.#over) return;
    this.drop("caller-gone");
    const { asker, watch, item } = this.#fields;
    if (item === undefined) watch?.abandoned(asker, callerGone());
  }

  /** Ends all that runs; nobody is told. */
  drop(reason: AbortReason): void {
    if (this.#over) return;
    this.#stop(reason);
    this.#left?.abandon();
  }

  outcomeWith(outcome: Outcome): Outcome {
    return this.#table.outcomeWith(outcome);
  }

  /** Whether all that has run may be run again. */
  get isRepeatable(): boolean {
    return this.#over ? this.#wasRepeatable : this.#table.mayRunAgain();
  }

  onDue(nowMs: number): void {
    if (this.#fields.expecting.has(this) && nowMs < this.#fields.deadlineMs) return this.start(nowMs);
    if (this.#told !== undefined) return this.#told.leave(timeIsOver());
    const open = this.#table.firstOpen();
    const { name } = this.#step(open);
    const message = `The time allowed for the request ran out; ${this.#table.left} of ${this.#table.states.length} steps had not ended, "${name}" among them`;
    this.fail(this.#placed(new MpregError("deadline", message), open));
  }

  /** Any launch may have ended the request. */
  get #isOver(): boolean {
    return this.#over;
  }

  #launchAll(steps: Iterable<number>, nowMs: number): void {
    for (const step of steps) {
      this.#launch(step, nowMs);
      if (this.#isOver) return;
    }
  }

  #launch(index: number, nowMs: number): void {
    const { message, origin, request, deadlineMs, summary, watch } = this.#fields;
    const step = this.#step(index);
    watch?.stepReady(step.name, nowMs);
    if (step.map !== undefined) return this.#launchMap(index, step, step.map, nowMs);
    const bound: Uint8Array[] = [];
    let refs: BoundRef[] | undefined;
    let missing: MpregError | undefined;
    for (const [at, binding] of step.bindings.entries()) {
      const value = this.#part(binding);
      if (value instanceof MpregError) missing ??= value;
      else if (isRef(value)) (refs ??= []).push({ index: at, ref: value });
      bound.push(value instanceof Uint8Array ? value : noBytes);
    }
    if (refs === undefined || missing !== undefined) this.#values.letGo(step.bindings);
    if (missing !== undefined) {
      this.#stepFailed(index, this.#placed(missing, index), true, nowMs);
      return this.#finishWhenDone(nowMs);
    }
    const ownDeadline = step.timeoutMs > 0 && nowMs + step.timeoutMs < deadlineMs;
    const fields = {
      owner: this,
      index,
      fun: step.fun,
      step: step.name,
      resources: step.resources,
      template: step.template,
      bound,
      refs,
      deadlineMs: ownDeadline ? nowMs + step.timeoutMs : deadlineMs,
      keepUntilMs: deadlineMs,
      waitUntilMs: message.waitForCapacityMs === 0 ? 0 : nowMs + message.waitForCapacityMs,
      depth: origin.depth,
      request,
      coordinator: this.#host.self.nodeId,
      caller: origin.caller,
      connection: origin.connection,
      timings: summary !== undefined,
      relay: undefined,
      terms: watchedIf(watch?.isWatched === true, inheriting(step.terms, origin.priority)),
      heldBytes: 0,
    };
    if (refs !== undefined) this.#fetching.add(index);
    const task = this.#hedging.start(fields, ownDeadline, nowMs);
    // a task that could not be placed has failed already, and so may the whole request have
    if (!task.isOver) this.#table.begun(index, { kind: "running", task });
  }

  /** The inputs of a map are needed until its last item has ended. */
  #launchMap(index: number, step: RequestStep, map: StepMap, nowMs: number): void {
    this.#fetching.add(index); // (Q4)
    const given: Value[] = [];
    for (const binding of step.bindings) {
      const value = this.#part(binding);
      if (value instanceof MpregError) return this.#failedAt(index, this.#placed(value, index), true, nowMs);
      given.push(value);
    }
    const mapping = new Mapping({ index, step, map, given }, this.#fields, this, this.#host, nowMs);
    this.#table.begun(index, { kind: "mapping", mapping });
    mapping.start(nowMs);
  }

  /** Lets go of what the step has fetched, now that it has ended. (Q4) */
  #letGoFetched(index: number, isStreaming: boolean): void {
    if (!this.#fetching.delete(index)) return;
    const { bindings } = this.#step(index);
    if (isStreaming) this.#values.handOn(bindings);
    else this.#values.letGo(bindings);
  }

  #stepFailed(index: number, error: MpregError, mayRepeat: boolean, nowMs: number): void {
    if (this.#over) return;
    this.#table.failed(index, error, mayRepeat);
    this.#fields.watch?.stepFailed(this.#step(index).name, error);
    if (!this.#fields.message.settle || this.#told !== undefined) return this.fail(error, nowMs);
    this.#table.skipDependents(index, (skipped, because) => {
      const { name, bindings } = this.#step(skipped);
      this.#fields.watch?.skipped(name, this.#step(because).name);
      this.#values.letGo(bindings);
    });
  }

  #finishWhenDone(nowMs: number): void {
    if (this.#over || this.#table.left > 0 || this.#told !== undefined) return;
    const { message, asker, summary, isSummaryTold, watch, item } = this.#fields;
    const outputs: (Value | undefined)[] = [];
    for (const binding of message.outputs) {
      const isThere = this.#table.hasEnded(binding.step) && !this.#values.hasYielded(binding.step);
      const value = isThere ? this.#part(binding) : undefined;
      if (!(value instanceof MpregError)) {
        outputs.push(value);
        continue;
      }
      const error = this.#placed(value, binding.step).withOutcome("applied");
      if (!message.settle) return this.fail(error, nowMs);
      // the step has run, but not to what was asked of it
      this.#unusable.set(binding.step, error);
      outputs.push(undefined);
    }
    this.#left?.handOn(asker);
    const reports = message.settle ? reportsOf(this.#table.states, this.#unusable) : undefined;
    if (!this.#holdsOutputs()) {
      this.#values.handOver(message.outputs);
      this.#stop("cancelled");
    }
    if (item !== undefined) return asker.results(outputs, undefined, undefined, nowMs); // (Q2)
    watch?.finished();
    asker.results(outputs, reports, isSummaryTold === true ? summary?.finish(nowMs) : undefined, nowMs); // (Q2)
  }

  /** Ends all that runs. (Q5) */
  #stop(reason: AbortReason): void {
    const { item, watch } = this.#fields;
    if (item !== undefined) this.#wasRepeatable = this.#table.mayRunAgain();
    else watch?.ending();
    this.#over = true;
    this.#fields.expecting.delete(this);
    this.#host.unschedule(this);
    for (const [index, state] of this.#table.end().entries()) {
      if (state.kind !== "running" && state.kind !== "mapping") continue;
      if (state.kind === "mapping") state.mapping.stop(reason);
      else if (!state.task.isOver) this.#hedging.drop(state.task, reason);
      if (item !== undefined) watch?.calledOff(this.#step(index).name); // the request may go on
    }
    this.#values.end(); // (Q5)
    this.#told?.end();
    this.#ended(this);
  }

  /** What a binding stands for; an error where the result has no such part. */
  #part(binding: WireBinding): Value | MpregError {
    return this.#values.part(binding, this.#step(binding.step).name);
  }

  /** Has what is gone with its node made again, and then the step that needs it run; answers why not. (Q6) */
  #revive(
    { index, refs }: Pick<Task, "index" | "refs">,
    error: MpregError,
    mayRepeat: boolean,
    nowMs: number,
  ): MpregError | undefined {
    const { steps } = this.#fields.message;
    const hasRun = error.outcome !== "not-applied";
    if (hasRun && !mayRepeat) return onceOnly(error, this.#step(index).name);
    if (hasRun && this.#revivals >= (this.#step(index).terms?.retries ?? revivalsMax)) return error;
    const isLost = (holder: string): boolean => this.#host.nameOf(holder) === error.node;
    const named = (refs ?? []).filter(({ ref }) => isLost(ref.holder) || (hasRun && ref.isStream)); // (Q8)
    const lost = (named.length > 0 ? named : (refs ?? [])).map((ref) => steps[index]?.bindings[ref.index]?.step ?? -1);
    if (lost.some((step) => this.#table.of(step).kind === "given")) return error; // a matter of the request around it
    return this.#runAgain(lost, index, error, nowMs);
  }

  /** Has the results `lost` made again, and then `needing` run, where there is such a step. (Q6) */
  #runAgain(
    lost: readonly number[],
    needing: number | undefined,
    error: MpregError,
    nowMs: number,
  ): MpregError | undefined {
    const { steps } = this.#fields.message;
    const isLost = (holder: string): boolean => this.#host.nameOf(holder) === error.node;
    const presenceOf = (step: number): Presence => {
      const { kind } = this.#table.of(step);
      if (kind === "given") return "there";
      if (kind !== "done") return "coming";
      const value = this.#values.of(step);
      if (value === undefined || lost.includes(step)) return "gone";
      return isRef(value) && isLost(value.holder) ? "gone" : "there";
    };
    const revival = reviving(lost, steps, presenceOf, (step) => this.#table.isRepeatable(step));
    if (revival.kind === "once-only") return onceOnly(error, this.#step(revival.step).name);
    if (++this.#revivals > revivalsMax) return error;
    const ready = this.#table.again(revival.steps, needing, error.outcome, presenceOf);
    if (needing !== undefined) this.#fetching.delete(needing);
    for (const step of revival.steps) {
      this.#values.discard(step);
      this.#values.use(this.#step(step).bindings);
    }
    for (const step of ready) {
      if (!this.#isOver && this.#table.of(step).kind === "blocked") this.#launch(step, nowMs);
    }
    return undefined;
  }

  /** Stays for outputs that other nodes keep, if any of them may be made again; answers whether it does. (Q9) */
  #holdsOutputs(): boolean {
    const { results, item } = this.#fields;
    const { outputs } = this.#fields.message;
    const mayLose = outputs.some(({ step }) => this.#table.isRepeatable(step) && isFetchable(this.#values.of(step)));
    if (item !== undefined || !mayLose) return false;
    this.#told = new ToldOutputs(
      { outputs, values: this.#values, results, nodeId: this.#host.self.nodeId },
      {
        isDone: (step) => this.#table.of(step).kind === "done",
        runAgain: (step, error, nowMs) => this.#runAgain([step], undefined, error, nowMs),
        left: () => {
          this.drop("cancelled");
        },
      },
    );
    this.#told.hold();
    this.#fields = { ...this.#fields, watch: undefined, summary: undefined }; // its end is told once
    return true;
  }

  #placed(error: MpregError, index: number): MpregError {
    return error.at({ step: this.#step(index).name, node: this.#host.nodeName });
  }

  #step(index: number): RequestStep {
    return this.#fields.message.steps[index] as RequestStep;
  }
}

const noBytes = new Uint8Array(0);
const noValues: readonly Value[] = [];
