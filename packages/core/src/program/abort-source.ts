/** Abort source: what aborts a signal, as the platform has it. */
import type { CancelSignal } from "../rpc/index.js";

/**
 * Says whether somebody still waits for a handler's result: the platform's `AbortSignal`, where the program that is
 * compiled knows that type.
 */
export type HandlerSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : CancelSignal & { throwIfAborted(): void };

/** What aborts a signal: the platform's `AbortController`. */
export interface AbortSource {
  readonly signal: HandlerSignal;
  abort(reason: unknown): void;
}
