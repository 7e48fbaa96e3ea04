/**
 * Events: what happens to a request while it runs, told to whoever watches it.
 *
 * Owns their shapes, and how they are told: by the coordinator, while nothing but the answer is promised.
 *
 * (E1) What nobody watches costs nothing: without a watcher there is no {@link Watch}.
 * (E2) Events of a request are told in the order in which they happened, before its end, and none after it.
 * (E3) An event that cannot be told at once is dropped and counted, and the watcher told how many are missing: an answer
 *      never waits for an event.
 */
import type { ErrorCode, MpregError, Outcome } from "../base/index.js";
import type { Missed } from "../structures/index.js";
import type { RequestStep, Value } from "../wire/index.js";
import { bytesOf } from "./results/index.js";
import type { Task } from "./task.js";

/** What an event tells of an error. */
export interface EventError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  /** Name of the node where it happened, where that is known. */
  readonly node?: string | undefined;
}

/** A step of a request, as it was planned. */
export interface PlannedStep {
  readonly name: string;
  readonly fun: string;
  /** Names of the steps whose results it takes. */
  readonly inputs: readonly string[];
}

/** Something that has happened to a request; `step` is always the name of a step. */
export type RequestEvent =
  /** A node coordinates it from now on. */
  | { readonly kind: "received"; readonly requestId: string; readonly node: string }
  | { readonly kind: "planned"; readonly steps: readonly PlannedStep[] }
  /** All inputs of the step are there. */
  | { readonly kind: "step-ready"; readonly step: string }
  /** The step was given to a node, where it runs or waits for its turn. */
  | { readonly kind: "started"; readonly step: string; readonly node: string }
  /** It is about to be run again, because a node that ran it was lost. */
  | { readonly kind: "retried"; readonly step: string; readonly attempts: number }
  | {
      readonly kind: "result-available";
      readonly step: string;
      readonly node: string;
      readonly bytes: number;
      /** The result itself, if it takes no more than 16 KiB; absent otherwise. */
      readonly value?: unknown;
    }
  | { readonly kind: "step-failed"; readonly step: string; readonly error: EventError }
  /** The step will not run, because a step whose result it takes has failed or was skipped. */
  | { readonly kind: "skipped"; readonly step: string; readonly because: string }
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly error: EventError }
  /** In the place of events that could not be told. */
  | Missed;

/** Takes events. */
export interface EventSink {
  /** `value` is the encoded result that the event tells of, where it is small. */
  event(event: RequestEvent, value: Uint8Array | undefined): void;
}

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

  completed({ step, ranOn }: Task, value: Value): void {
    const bytes = bytesOf(value);
    const told = value instanceof Uint8Array && bytes <= valueBytesMax ? value : undefined;
    this.#sink.event({ kind: "result-available", step, node: ranOn, bytes }, told);
  }

  stepFailed(step: string, error: MpregError): void {
    this.tell({ kind: "step-failed", step, error: eventError(error) });
  }

  failed(error: MpregError): void {
    this.tell({ kind: "failed", error: eventError(error) });
  }
}

function planned({ name, fun, bindings }: RequestStep, steps: readonly RequestStep[]): PlannedStep {
  return { name, fun, inputs: [...new Set(bindings.map(({ step }) => steps[step]?.name ?? ""))] };
}

function eventError({ code, message, outcome, node }: MpregError): EventError {
  return { code, message, outcome, ...(node === undefined ? {} : { node }) };
}
