/**
 * Context: what a handler can know about the call it serves, without a change of its signature.
 *
 * (X1) `context()` answers the same call's context after every `await` of the handler.
 * (X2) What few handlers use costs nothing until they do: the signal and the logger are made when asked for.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { MpregError, type Subject } from "@mpreg/core/base";
import { type Caller, type Graph, type Invocation, type UntypedCall, requestIdOf } from "@mpreg/core/rpc";
import type { Logger } from "../log.js";

/** The call that a handler serves. */
export interface HandlerContext {
  /** Aborts when nobody waits for the result any more: cancelled, past its deadline, or the caller is gone. */
  readonly signal: AbortSignal;
  /** Time left until the deadline, in ms; 0 when it has passed. */
  readonly remainingMs: number;
  /** When the deadline is, for display. */
  readonly deadline: Date;
  /** Name of the function. */
  readonly fun: string;
  /** Id of the request, unique in the cluster. */
  readonly request: string;
  /** Name of the step in its request. */
  readonly step: string;
  /** How many calls this one is nested in. */
  readonly depth: number;
  /** Who asked. */
  readonly caller: Subject;
  /** Logger that names the request and step in every line. */
  readonly log: Logger;
  /** Calls another function; the deadline, the depth and the caller of this call hold for it. */
  readonly call: UntypedCall;
  /** Starts a graph of nested calls. */
  graph(): Graph;
}

const storage = new AsyncLocalStorage<HandlerContext>();

/**
 * The context of the running handler. Works anywhere in its asynchronous flow.
 *
 * Throws `invalid-argument` outside of a handler.
 */
export function context(): HandlerContext {
  const current = storage.getStore();
  if (current !== undefined) return current;
  throw new MpregError("invalid-argument", "context() was called outside of a handler");
}

/** Runs `handler` so that {@link context} answers `current` in it. */
export function withContext<R>(current: HandlerContext, handler: () => R): R {
  return storage.run(current, handler);
}

/** What a call's context is made of. */
export interface ContextHost {
  readonly log: Logger;
  now(): number;
  /** Calls on behalf of the handler that serves `parent`. */
  callerOf(parent: Invocation): Caller;
}

export class CallContext implements HandlerContext {
  readonly #invocation: Invocation;
  readonly #host: ContextHost;
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #caller: Caller | undefined;
  #log: Logger | undefined;

  constructor(invocation: Invocation, host: ContextHost) {
    this.#invocation = invocation;
    this.#host = host;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal; // (X2)
  }

  get remainingMs(): number {
    return Math.max(0, this.#invocation.deadlineMs - this.#host.now());
  }

  get deadline(): Date {
    return new Date(Date.now() + this.remainingMs);
  }

  get fun(): string {
    return this.#invocation.fun;
  }

  get request(): string {
    return requestIdOf(this.#invocation.coordinator, this.#invocation.request);
  }

  get step(): string {
    return this.#invocation.step;
  }

  get depth(): number {
    return this.#invocation.depth;
  }

  get caller(): Subject {
    return this.#invocation.caller;
  }

  get log(): Logger {
    return (this.#log ??= this.#host.log.child({ request: this.request, step: this.step }));
  }

  /** Can be taken out of the context: `const { call } = context()`. */
  get call(): UntypedCall {
    const nested = this.#nested;
    return (fun, args, options) => nested.call(fun, args, options);
  }

  graph(): Graph {
    return this.#nested.graph();
  }

  get #nested(): Caller {
    return (this.#caller ??= this.#host.callerOf(this.#invocation));
  }

  /** Tells the handler that nobody waits any more. */
  abort(reason: unknown): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}
