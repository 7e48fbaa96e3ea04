/**
 * Run log: what the node's log says, at level debug, of handlers that have failed, taken long, or ended when nobody waited.
 *
 * A handler's own lines are its own (`context().log`); they have the same fields for where they belong.
 *
 * (G1) Names, places, codes and durations; no arguments, no results, and of messages only what the handler itself has thrown.
 * (G2) At any other level it costs a look at the level.
 */
import { performance } from "node:perf_hooks";
import { MpregError, type TraceContext, thrownStack, thrownText, traceparentOf } from "@mpreg/core/base";
import { type AbortReason, type Invocation, requestIdOf } from "@mpreg/core/rpc";
import { traceFieldsOf } from "./handlers.js";
import type { Logger } from "./log.js";

/** From here on a run is told of, however it ended. */
const slowRunMs = 1_000;

export class RunLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The handler has ended; `aborted` is why nobody waited for it any more, `trace` that of its span. */
  ended(
    invocation: Invocation,
    result: Uint8Array | MpregError,
    aborted: AbortReason | undefined,
    trace: TraceContext | undefined,
  ): void {
    if (!this.#log.isLevelEnabled("debug")) return; // (G2)
    const durationMs = performance.now() - invocation.startedMs;
    const failed = result instanceof MpregError;
    if (!failed && aborted === undefined && durationMs < slowRunMs) return;
    const place = { ...placeOf(invocation, trace ?? invocation.terms?.trace), durationMs };
    if (aborted !== undefined) return this.#log.debug({ ...place, code: aborted, outcome: "unknown" }, "run aborted");
    if (!failed) return this.#log.debug(place, "slow run");
    const { code, outcome, cause } = result;
    if (code !== "handler-error") return this.#log.debug({ ...place, code, outcome }, "run failed"); // (G1)
    const err = { message: thrownText(cause), stack: thrownStack(cause) }; // a logger would look at all that is in it
    this.#log.debug({ ...place, code, outcome, err }, "handler threw");
  }
}

/** Where a line belongs. */
function placeOf({ fun, step, coordinator, request }: Invocation, trace: TraceContext | undefined): object {
  const traced = traceFieldsOf(trace === undefined ? undefined : traceparentOf(trace));
  return { fun, request: requestIdOf(coordinator, request), step, ...traced };
}
