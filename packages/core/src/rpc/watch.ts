/**
 * Watch: tells what happens to a request while it runs to whoever watches it.
 *
 * Owns how events (`events.ts`) are told: by the coordinator, while nothing but the answer is promised.
 *
 * (E1) What nobody watches costs nothing: without a watcher there is no {@link Watch}.
 * (E2) Events of a request are told in the order in which they happened, before its end, and none after it.
 * (E3) An event that cannot be told at once is dropped and counted, and the watcher told how many are missing: an answer
 *      never waits for an event.
 *      Over one link: what was not told when it broke may be missing without a word, the end included.
 */
import type { MpregError } from "../base/index.js";
import type { RequestStep, Value } from "../wire/index.js";
import {
  type EventError,
  type EventSink,
  type PlannedStep,
  type Progress,
  type RequestEvent,
  progressBytesMax,
} from "./events.js";
import { bytesOf } from "./results/index.js";
import { inputNames } from "./summary.js";
import type { Task } from "./task.js";

const valueBytesMax = 16 * 1024;

/** One request that is watched. */
export class Watch {
  readonly #sink: EventSink;

  constructor(sink: EventSink, requestId: string, node: string, steps: readonly RequestStep[] = []) {
    this.#sink = sink;
    this.tell({ kind: "received", requestId, node });
    if (steps.length > 0) this.tell({ kind: "planned", steps: steps.map((step) => planned(step, steps)) });
  }

  tell(event: RequestEvent): void {
    this.#sink.event(event, undefined);
  }

  /** A node was given the task. */
  started({ step, ranOn, attempts }: Task): void {
    if (attempts > 0) this.tell({ kind: "retried", step, attempts: attempts + 1 });
    this.tell({ kind: "started", step, node: ranOn });
  }

  /** Its handler has reported something. */
  progress({ step, ranOn: node }: Task, { missed, value, refusal }: Progress): void {
    if (missed > 0) this.tell({ kind: "missed", count: missed });
    if (refusal !== undefined) this.tell({ kind: "progress", step, node, refusal });
    // a node that tells more than it may is not believed to have told anything
    else if (value !== undefined && value.length <= progressBytesMax)
      this.#sink.event({ kind: "progress", step, node }, value);
  }

  completed(step: string, node: string, value: Value): void {
    const bytes = bytesOf(value);
    const told = value instanceof Uint8Array && bytes <= valueBytesMax ? value : undefined;
    this.#sink.event({ kind: "result-available", step, node, bytes }, told);
  }

  stepFailed(step: string, error: MpregError): void {
    this.tell({ kind: "step-failed", step, error: eventError(error) });
  }

  failed(error: MpregError): void {
    this.tell({ kind: "failed", error: eventError(error) });
  }
}

function planned({ name, fun, bindings, map }: RequestStep, steps: readonly RequestStep[]): PlannedStep {
  const inputs = inputNames(bindings, steps);
  return map === undefined ? { name, fun, inputs } : { name, fun, inputs, map: map.steps.map((step) => step.name) };
}

function eventError({ code, message, outcome, node }: MpregError): EventError {
  return { code, message, outcome, ...(node === undefined ? {} : { node }) };
}
