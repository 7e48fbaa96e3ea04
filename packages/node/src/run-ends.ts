/**
 * Run ends: how the run of each handler has come to its end, as the node's figures, its log and its spans say it.
 *
 * What its caller is told is the machine's business: it has told that before, where nobody waited for the handler any more.
 *
 * (X1) A run that nobody waited for at its end is told of by why, whatever it has ended with: a handler that obeys its
 *      signal throws, and one that does not may end well, and neither is news of the handler.
 */
import { MpregError, type TraceContext } from "@mpreg/core/base";
import { abortError } from "@mpreg/core/handlers";
import type { AbortReason, EndCode, Invocation, RunSpan } from "@mpreg/core/rpc";
import type { Logger } from "./log.js";
import { RunLog } from "./run-log.js";

export class RunEnds {
  readonly #log: RunLog;
  /** Of handlers that run, where something records them. */
  readonly #spans = new Map<Invocation, RunSpan>();
  /** Of handlers that run on, by number: why nobody waits for them. */
  readonly #aborted = new Map<number, AbortReason>();

  constructor(log: Logger) {
    this.#log = new RunLog(log);
  }

  /** The run is recorded by `span`, and its end is to be told there. */
  recorded(invocation: Invocation, span: RunSpan): void {
    this.#spans.set(invocation, span);
  }

  /** Nobody waits any more for the handler of that number, which runs. Call it before the handler hears of it. */
  aborted(id: number, reason: AbortReason): void {
    this.#aborted.set(id, reason);
  }

  /** A handler has ended; answers how, for the figures. */
  ended(invocation: Invocation, result: Uint8Array | MpregError): EndCode {
    const aborted = this.#aborted.size > 0 ? this.#takeAborted(invocation.id) : undefined;
    const trace = this.#spans.size > 0 ? this.#endSpan(invocation, result, aborted) : undefined;
    this.#log.ended(invocation, result, aborted, trace);
    return aborted ?? (result instanceof MpregError ? result.code : "ok"); // (X1)
  }

  #takeAborted(id: number): AbortReason | undefined {
    const reason = this.#aborted.get(id);
    this.#aborted.delete(id);
    return reason;
  }

  /** Ends the span of the handler, if it has one; answers its trace. */
  #endSpan(
    invocation: Invocation,
    result: Uint8Array | MpregError,
    aborted: AbortReason | undefined,
  ): TraceContext | undefined {
    const span = this.#spans.get(invocation);
    this.#spans.delete(invocation);
    const failure = result instanceof MpregError ? result : undefined;
    span?.end(aborted === undefined ? failure : abortError(aborted)); // (X1)
    return span?.trace;
  }
}
