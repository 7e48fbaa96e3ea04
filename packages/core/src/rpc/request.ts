/**
 * Request: the machine that runs a graph of calls at its coordinator.
 *
 * Owns which steps wait, run and have ended, and the results others still need, as bytes it never decodes. Finding
 * nodes for steps is `dispatch.ts`; checking the graph is `plan.ts`.
 *
 *     step:  blocked ──all inputs there──▶ running ──▶ done
 *               └──────an input failed──▶ skipped      └──▶ failed
 *
 * (Q1) A step starts the moment its own inputs are there; no step waits for one it does not use.
 * (Q2) The asker hears exactly one end.
 * (Q3) Nothing starts when some function of the request has no provider: then the request is `not-applied`. (One that
 *      settles starts what it can.)
 * (Q4) A result is let go when its last user has started, unless it is an output.
 * (Q5) After the end no task of the request runs.
 */
import { type Deadline, MpregError, type Outcome, assert } from "../base/index.js";
import { pick } from "../values/index.js";
import type { RequestMessage, RequestStep, StepReport, Timings, WireBinding } from "../wire/index.js";
import type { Hedging, Work } from "./hedging.js";
import type { HeldBytes } from "./held-bytes.js";
import type { AbortReason, RpcHost } from "./host.js";
import type { AskOrigin } from "./origin.js";
import type { Plan } from "./plan.js";
import { candidatesOf, explainNone } from "./providers.js";
import type { Asker, Run } from "./run.js";
import type { Summary } from "./summary.js";
import type { Task, TaskOwner } from "./task.js";
import { inheriting } from "./terms.js";

type StepState =
  | { readonly kind: "blocked" }
  | { readonly kind: "running"; readonly task: Work }
  | { readonly kind: "done"; readonly result: Uint8Array | undefined }
  | { readonly kind: "failed"; readonly error: MpregError }
  | { readonly kind: "skipped"; readonly because: number };

const blocked: StepState = { kind: "blocked" };
/** The result was let go: nobody needs it any more. (Q4) */
const released: StepState = { kind: "done", result: undefined };

export interface RunFields {
  readonly message: Omit<RequestMessage, "kind" | "id">;
  readonly plan: Plan;
  readonly asker: Asker;
  readonly origin: AskOrigin;
  readonly request: number;
  readonly deadlineMs: number;
  readonly summary: Summary | undefined;
  readonly resultBytesMax: number;
  /** Counts the results that are kept. */
  readonly held: HeldBytes;
}

export class RequestRun implements Run, TaskOwner, Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;

  readonly #fields: RunFields;
  readonly #host: RpcHost;
  readonly #hedging: Hedging;
  readonly #ended: (run: RequestRun) => void;
  #states: StepState[];
  /** Inputs each step still waits for. */
  readonly #missing: Int32Array;
  /** Places that still need each step's result: bindings of steps that have not started, and outputs. */
  readonly #users: Int32Array;
  #left: number;
  #resultBytes = 0;
  #over = false;
  /** Steps whose result lacks a part that is an output. */
  readonly #unusable = new Map<number, MpregError>();

  constructor(fields: RunFields, host: RpcHost, hedging: Hedging, onEnd: (run: RequestRun) => void) {
    this.#fields = fields;
    this.#host = host;
    this.#hedging = hedging;
    this.#ended = onEnd;
    const { message, plan } = fields;
    this.#states = new Array<StepState>(message.steps.length).fill(blocked);
    this.#missing = plan.waitsFor.slice();
    this.#users = new Int32Array(message.steps.length);
    for (const { bindings } of [...message.steps, { bindings: message.outputs }]) {
      for (const { step } of bindings) this.#users[step] = this.#usersOf(step) + 1;
    }
    this.#left = message.steps.length;
  }

  start(nowMs: number): void {
    const { message, deadlineMs, plan } = this.#fields;
    if (message.waitForCapacityMs === 0 && !message.settle) {
      const error = this.#firstWithoutProvider();
      if (error !== undefined) return this.fail(error); // (Q3)
    }
    this.#host.schedule(this, deadlineMs);
    for (const root of plan.roots) {
      this.#launch(root, nowMs);
      if (this.#isOver) return;
    }
  }

  completed(task: Task, value: Uint8Array, timings: Timings | undefined, nowMs: number): void {
    if (this.#over) return;
    const { index } = task;
    this.#fields.summary?.stepEnded(task, value.length, timings, nowMs);
    this.#left -= 1;
    const refusal = this.#keep(index, value);
    if (refusal !== undefined) return this.fail(this.#placed(refusal, index));
    for (const dependent of this.#dependentsOf(index)) {
      const missing = (this.#missing[dependent] as number) - 1;
      this.#missing[dependent] = missing;
      if (missing === 0 && this.#stateOf(dependent).kind === "blocked") this.#launch(dependent, nowMs); // (Q1)
      if (this.#isOver) return;
    }
    this.#finishWhenDone(nowMs);
  }

  failed(task: Task, error: MpregError, nowMs: number): void {
    this.#stepFailed(task.index, error);
    this.#finishWhenDone(nowMs);
  }

  fail(error: MpregError): void {
    if (this.#over) return;
    const outcome = this.#outcomeWith(error.outcome);
    this.#stop(error.code === "deadline" ? "deadline" : "cancelled");
    this.#fields.asker.failed(error.withOutcome(outcome)); // (Q2)
  }

  abandon(): void {
    if (!this.#over) this.#stop("caller-gone");
  }

  onDue(): void {
    const open = this.#states.findIndex((state) => state.kind === "running" || state.kind === "blocked");
    const { name } = this.#step(open);
    const message = `The time allowed for the request ran out; ${this.#left} of ${this.#states.length} steps had not ended, "${name}" among them`;
    this.fail(this.#placed(new MpregError("deadline", message), open));
  }

  /** Any launch may have ended the request. */
  get #isOver(): boolean {
    return this.#over;
  }

  #launch(index: number, nowMs: number): void {
    const { message, origin, request, deadlineMs, summary } = this.#fields;
    const step = this.#step(index);
    const bound: Uint8Array[] = [];
    let missing: MpregError | undefined;
    for (const binding of step.bindings) {
      const value = this.#part(binding);
      if (value instanceof MpregError) missing ??= value;
      else bound.push(value);
    }
    for (const { step: used } of step.bindings) this.#letGo(used);
    if (missing !== undefined) {
      this.#stepFailed(index, this.#placed(missing, index));
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
      deadlineMs: ownDeadline ? nowMs + step.timeoutMs : deadlineMs,
      waitUntilMs: message.waitForCapacityMs === 0 ? 0 : nowMs + message.waitForCapacityMs,
      depth: origin.depth,
      request,
      coordinator: this.#host.self.nodeId,
      caller: origin.caller,
      connection: origin.connection,
      timings: summary !== undefined,
      relay: undefined,
      terms: inheriting(step.terms, origin.priority),
      heldBytes: 0,
    };
    const task = this.#hedging.start(fields, ownDeadline, nowMs);
    // a task that could not be placed has failed already, and so may the whole request have
    if (!task.isOver) this.#states[index] = { kind: "running", task };
  }

  /** Keeps the result of a step as long as others need it; answers why it cannot. */
  #keep(index: number, result: Uint8Array): MpregError | undefined {
    // it is done, whether or not there is room for the result
    this.#states[index] = released;
    if (this.#usersOf(index) === 0) return undefined;
    const { held, resultBytesMax } = this.#fields;
    const resultBytes = this.#resultBytes + result.length;
    if (resultBytes > resultBytesMax) {
      const message = `The results that the request holds take ${resultBytes} bytes; the limit is ${resultBytesMax}`;
      return new MpregError("too-large", message, { outcome: "applied" });
    }
    if (!held.hasRoomFor(result.length)) return held.refusal("keep a result of", result.length, { outcome: "applied" });
    // a small part of a large frame must not keep all of the frame in memory
    const own = result.length * 4 < result.buffer.byteLength ? result.slice() : result;
    this.#states[index] = { kind: "done", result: own };
    this.#resultBytes = resultBytes;
    held.bytes += own.length;
    return undefined;
  }

  #letGo(index: number): void {
    const users = this.#usersOf(index) - 1;
    this.#users[index] = users;
    const state = this.#stateOf(index);
    if (users > 0 || state.kind !== "done" || state.result === undefined) return;
    this.#resultBytes -= state.result.length;
    this.#fields.held.bytes -= state.result.length;
    this.#states[index] = released; // (Q4)
  }

  #stepFailed(index: number, error: MpregError): void {
    if (this.#over) return;
    this.#states[index] = { kind: "failed", error };
    this.#left -= 1;
    if (!this.#fields.message.settle) this.fail(error);
    else this.#skipDependents(index);
  }

  /** Everything that needs the failed step's result, however indirectly, will not start. */
  #skipDependents(failed: number): void {
    const queue = [failed];
    for (let at = 0; at < queue.length; at++) {
      const because = queue[at] as number;
      for (const dependent of this.#dependentsOf(because)) {
        if (this.#stateOf(dependent).kind !== "blocked") continue;
        this.#states[dependent] = { kind: "skipped", because };
        this.#left -= 1;
        for (const { step } of this.#step(dependent).bindings) this.#letGo(step);
        queue.push(dependent);
      }
    }
  }

  #finishWhenDone(nowMs: number): void {
    if (this.#over || this.#left > 0) return;
    const { message, asker, summary } = this.#fields;
    const outputs: (Uint8Array | undefined)[] = [];
    for (const binding of message.outputs) {
      const done = this.#stateOf(binding.step).kind === "done";
      const value = done ? this.#part(binding) : undefined;
      if (!(value instanceof MpregError)) {
        outputs.push(value);
        continue;
      }
      const error = this.#placed(value, binding.step).withOutcome("applied");
      if (!message.settle) return this.fail(error);
      // the step has run, but not to what was asked of it
      this.#unusable.set(binding.step, error);
      outputs.push(undefined);
    }
    const reports = message.settle ? this.#reports() : undefined;
    this.#stop("cancelled");
    asker.results(outputs, reports, summary?.finish(nowMs)); // (Q2)
  }

  #reports(): StepReport[] {
    return this.#states.map((state, index) => {
      const unusable = this.#unusable.get(index);
      if (unusable !== undefined) return { status: "failed", error: unusable };
      if (state.kind === "failed") return { status: "failed", error: state.error };
      if (state.kind === "skipped") return { status: "skipped", because: state.because };
      return { status: "done" };
    });
  }

  /** Ends all that runs. (Q5) */
  #stop(reason: AbortReason): void {
    this.#over = true;
    this.#fields.held.bytes -= this.#resultBytes;
    this.#host.unschedule(this);
    const states = this.#states;
    this.#states = [];
    for (const state of states) {
      if (state.kind === "running" && !state.task.isOver) this.#hedging.drop(state.task, reason);
    }
    this.#ended(this);
  }

  /** The bytes a binding stands for; an error where the result has no such part, or is no value at all. */
  #part({ step, path }: WireBinding): Uint8Array | MpregError {
    const state = this.#stateOf(step);
    assert(state.kind === "done" && state.result !== undefined, "a result was let go too early");
    let part;
    try {
      part = pick(state.result, path);
    } catch (error) {
      if (error instanceof MpregError) return error;
      throw error;
    }
    if (part instanceof Uint8Array) return part;
    const segments = path.map((segment) => (typeof segment === "number" ? `[${segment}]` : `.${segment}`));
    const { name } = this.#step(step);
    const found = name + segments.slice(0, part.missingAt).join("");
    const missing = JSON.stringify(path[part.missingAt]);
    return new MpregError("path-missing", `Cannot take ${name}${segments.join("")}: ${found} has no ${missing}`);
  }

  /** What is known of the whole request's effects when one part of it ends with `outcome`. */
  #outcomeWith(outcome: Outcome): Outcome {
    let worst = outcome;
    for (const state of this.#states) {
      if (state.kind === "running" && state.task.begun) return "unknown";
      const ended = state.kind === "failed" ? state.error.outcome : state.kind === "done" ? "applied" : "not-applied";
      if (ended === "unknown") return "unknown";
      if (worst === "not-applied") worst = ended;
    }
    return worst;
  }

  #firstWithoutProvider(): MpregError | undefined {
    for (const step of this.#fields.message.steps) {
      if (candidatesOf(this.#host, step).all.length > 0) continue;
      return explainNone(this.#host, step).at({ step: step.name, node: this.#host.nodeName });
    }
    return undefined;
  }

  #placed(error: MpregError, index: number): MpregError {
    return error.at({ step: this.#step(index).name, node: this.#host.nodeName });
  }

  #step(index: number): RequestStep {
    return this.#fields.message.steps[index] as RequestStep;
  }

  #stateOf(index: number): StepState {
    return this.#states[index] ?? blocked;
  }

  #usersOf(index: number): number {
    return this.#users[index] ?? 0;
  }

  #dependentsOf(index: number): Int32Array {
    const { dependents, dependentsStart } = this.#fields.plan;
    return dependents.subarray(dependentsStart[index], dependentsStart[index + 1]);
  }
}
