/**
 * Context: what a handler can know about the call it serves, and the only way it can let simulated time pass.
 *
 * It has what the context of a real node has, and `sleep` beside it.
 *
 * (X1) `context()` is answered while the handler runs synchronously: take it before the first `await` and keep it.
 */
import { MpregError, type Subject } from "@mpreg/core/base";
import type { Calls } from "@mpreg/core/rpc";
import type { HandlerSignal } from "./signal.js";

/** The call that a handler serves. */
export interface SimulatedContext {
  /** Aborts when nobody waits for the result any more: cancelled, past its deadline, or the caller is gone. */
  readonly signal: HandlerSignal;
  /** Simulated time since the start of the world, in ms. */
  readonly nowMs: number;
  /** Time left until the deadline, in ms; 0 when it has passed. */
  readonly remainingMs: number;
  /** The deadline, on a wall clock that showed 2000-01-01T00:00:00Z at the start of the world. */
  readonly deadline: Date;
  /** Name of the function. */
  readonly fun: string;
  /** Name of the node that runs it. */
  readonly node: string;
  /** Id of the request, unique in the cluster. */
  readonly request: string;
  /** Name of the step in its request. */
  readonly step: string;
  /** How many calls this one is nested in. */
  readonly depth: number;
  /** Who asked. */
  readonly caller: Subject;
  /** What is logged stands in the world's trace. */
  readonly log: SimulatedLog;
  /** Calls another function; the deadline, the depth and the caller of this call hold for it. */
  readonly call: Calls["call"];
  /** Starts a graph of nested calls. */
  readonly graph: Calls["graph"];
  /**
   * Lets simulated time pass. With a `signal` (usually the context's own) it rejects with the signal's reason as soon
   * as that aborts.
   */
  readonly sleep: (durationMs: number, options?: { readonly signal?: HandlerSignal }) => Promise<void>;
}

/** A logger that a handler can use as it would use a node's. */
export type SimulatedLog = Readonly<Record<"debug" | "info" | "warn" | "error", (...what: readonly unknown[]) => void>>;

/** Runs a handler in a place where it finds its context; for handlers that call a `context()` of their own. */
export type Scope = <R>(context: SimulatedContext, handler: () => R) => R;

let current: SimulatedContext | undefined;

/**
 * The context of the handler that is running. Call it before the handler's first `await`, and keep what it answers:
 *
 * ```ts
 * const train = async (rows: number[]) => {
 *   const { sleep, signal } = context();
 *   await sleep(rows.length);
 *   signal.throwIfAborted();
 *   return rows.length;
 * };
 * ```
 * Throws `invalid-argument` elsewhere.
 */
export function context(): SimulatedContext {
  if (current !== undefined) return current;
  throw new MpregError("invalid-argument", "context() was called outside of a handler, or after its first await");
}

/** Runs `handler` so that {@link context} answers `inner` in it. (X1) */
export const inContext: Scope = (inner, handler) => {
  const outer = current;
  current = inner;
  try {
    return handler();
  } finally {
    current = outer;
  }
};
