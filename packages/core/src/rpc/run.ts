/**
 * Run: something a caller waits for, be it one call or a whole request, and who the caller is.
 *
 * (U1) A run ends exactly once: with its answer, with a failure, or abandoned because its caller is gone.
 */
import { MpregError } from "../base/index.js";
import type { StepReport, Timings, Value } from "../wire/index.js";
import type { EventSink, Progress } from "./events.js";
import type { ArrayLimit } from "./results/item-array.js";
import type { LeftTaker } from "./left.js";
import type { RequestSummary } from "./types.js";

export interface Run {
  /** Stops all work and tells the caller why. */
  fail(error: MpregError): void;
  /** Stops all work; nobody is told. */
  abandon(): void;
  /** Whoever waits for its end has no connection just now, or has one again. Of one call, its handler is told. */
  heard?(isHeard: boolean): void;
}

/** What a far side has asked and not heard the end of. */
export interface Asked {
  readonly run: Run;
}

/** Where a run's end is told. What it ends with may be kept by any node; whoever is told lets go of it. */
export interface RunAsker extends EventSink, LeftTaker {
  answered(value: Value, timings: Timings | undefined, summary: RequestSummary | undefined, nowMs: number): void;
  results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
    nowMs: number,
  ): void;
  /** `nowMs` is left out where nothing goes on after it. */
  failed(error: MpregError, nowMs?: number): void;
  /** The handler of the step that a node has asked for has reported something. */
  progress?(progress: Progress): void;
}

/** Where the end of what a program asks for is told: with all values that are no streams. */
export interface Asker extends Partial<EventSink>, LeftTaker {
  /** References to streams are told as they are: whoever is told reads them, or lets go of them. Else arrays are made. */
  readonly takesStreams?: boolean | undefined;
  /** How much it can take of arrays, where it takes no streams. Default: what the node allows. */
  readonly arrayLimit?: ArrayLimit | undefined;
  answered(value: Value, timings: Timings | undefined, summary: RequestSummary | undefined): void;
  results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void;
  failed(error: MpregError): void;
}

/** What those are told who watch a run whose asker is gone. */
export function callerGone(): MpregError {
  return new MpregError("cancelled", "Whoever has asked for it is gone", { outcome: "unknown" });
}
