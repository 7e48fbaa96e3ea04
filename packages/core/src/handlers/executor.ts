/**
 * Executor: runs the calls of one function elsewhere than in this thread.
 *
 * Owns the interface alone; `execute.ts` gives it its calls. It takes and gives bytes, so that nothing is encoded or
 * decoded here, unless the function has schemas: those are this side's, as for every other function.
 *
 * (X1) A handler that makes the items of a stream is told of as `opened` before its first item is asked for; then its end is
 *      that of the items, and the call's is not told besides.
 */
import type { MpregError } from "../base/index.js";
import type { Invocation } from "../rpc/index.js";
import type { Timings } from "../wire/index.js";
import type { CallContext } from "./call-context.js";
import type { EncodedItems } from "./encoded-items.js";

/** Is told how a call has ended, once. */
export type ExecutionEnd = (result: Uint8Array | MpregError, timings: Timings) => void;

/** Is told that the handler makes the items of a stream, once. (X1) */
export type ExecutionOpened = (items: EncodedItems) => void;

export abstract class Executor {
  /** Calls that it runs at a time, where the registration does not say. */
  abstract readonly concurrencyMax: number;
  /** Runs a call. `context` is the call's: its signal tells when nobody waits any more. */
  abstract run(invocation: Invocation, context: CallContext, end: ExecutionEnd, opened: ExecutionOpened): void;
  /** The function was withdrawn: calls that run end as they would have; one that was still being validated is refused. */
  abstract retire(): void;
}
