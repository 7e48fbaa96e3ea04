/**
 * Tracing: what makes spans of calls and of the handlers that serve them, wherever there is something that records them.
 *
 * Owns the interface that callers and drivers use; what implements it is `open-telemetry.ts`. The machines between know
 * only the trace context, and pass it on.
 *
 * (R1) Where nothing records, nothing is made, and a trace context that has come with a call goes on with those made for it.
 */
import type { MpregError, TraceContext } from "../../base/index.js";
import type { StepTerms } from "../../wire/terms.js";
import type { Invocation } from "../task.js";

export interface Tracing {
  /**
   * A call of `name`, or a request of several, is about to be made by whoever runs now, or by the handler to whose call
   * `inherited` belongs. `undefined` when nothing records: then `inherited` is to be passed on. (R1)
   */
  startCall(name: string, kind: "call" | "request", inherited: TraceContext | undefined): CallSpan | undefined;
  /** A handler is about to be run. `undefined` when nothing records. (R1) */
  startRun(invocation: Invocation): RunSpan | undefined;
  /**
   * A handler is about to serve several calls of `fun` at once, which are part of `traces`: of the spans that {@link startRun}
   * has made for them, in their order. `undefined` when nothing records. (R1)
   */
  startBatch(fun: string, traces: readonly (TraceContext | undefined)[]): RunSpan | undefined;
}

/** Something that is under way. */
export interface Span {
  /** What travels with it. */
  readonly trace: TraceContext | undefined;
  /** It has ended; well without an error. Called once. */
  end(error: MpregError | undefined): void;
}

/** A call that is under way. */
export interface CallSpan extends Span {
  /** What travels with a call of its trace that has no other terms: one object for all of them. */
  readonly terms: StepTerms | undefined;
}

/** A handler that runs. */
export interface RunSpan extends Span {
  /** Whether its end is to be told; otherwise that changes nothing. */
  readonly needsEnd: boolean;
  /** Runs the handler so that spans of its own are those of this call. */
  run<R>(handler: () => R): R;
}
