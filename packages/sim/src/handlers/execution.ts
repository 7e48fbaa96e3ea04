/**
 * Execution: one call of a handler on a simulated node, from encoded arguments to an encoded result.
 *
 * (E1) Every execution ends once, whatever the handler does: throws, rejects, returns what cannot be encoded.
 * (E2) An execution whose node has crashed never goes on: what it waits for does not come.
 * (E3) It waits for the world as long as at least one of its sleeps and calls is under way.
 */
import { MpregError, type Subject, validateArguments, validateResult } from "@mpreg/core/base";
import { type Ask, Caller, type Calls, type Invocation, type Settled, requestIdOf } from "@mpreg/core/rpc";
import type { Codec } from "@mpreg/core/values";
import type { Timings } from "@mpreg/core/wire";
import { askingWith } from "../asking.js";
import type { Scope, SimulatedContext, SimulatedLog } from "./context.js";
import type { RegisteredFunction } from "./registration.js";
import { type HandlerSignal, SimulatedSignal } from "./signal.js";
import type { Waiter, Waits } from "./waits.js";

/** The node an execution runs on. */
export interface ExecutionHost {
  readonly nodeName: string;
  readonly codec: Codec;
  readonly waits: Waits;
  readonly scope: Scope;
  readonly nowMs: number;
  /** The node has crashed. */
  readonly dead: boolean;
  after(delayMs: number, happen: () => void): void;
  /** Asks the node's machine for nested work; answers how to withdraw it. */
  ask(ask: Ask, parent: Invocation, onEnd: (settled: Settled) => void): () => void;
  log(level: string, what: readonly unknown[]): void;
  ended(execution: Execution, result: Uint8Array | MpregError, timings: Timings): void;
}

const epochMs = Date.UTC(2000, 0, 1);

export class Execution implements SimulatedContext, Waiter {
  readonly invocation: Invocation;
  readonly #host: ExecutionHost;
  readonly #signal = new SimulatedSignal();
  readonly #startedMs: number;
  #underWay = 0;
  #over = false;
  #caller: Caller | undefined;

  constructor(invocation: Invocation, host: ExecutionHost) {
    this.invocation = invocation;
    this.#host = host;
    this.#startedMs = host.nowMs;
  }

  get title(): string {
    return `"${this.invocation.fun}" on node "${this.#host.nodeName}"`;
  }

  get signal(): HandlerSignal {
    return this.#signal;
  }

  get nowMs(): number {
    return this.#host.nowMs;
  }

  get remainingMs(): number {
    return Math.max(0, this.invocation.deadlineMs - this.#host.nowMs);
  }

  get deadline(): Date {
    return new Date(epochMs + this.invocation.deadlineMs);
  }

  get fun(): string {
    return this.invocation.fun;
  }

  get node(): string {
    return this.#host.nodeName;
  }

  get request(): string {
    return requestIdOf(this.invocation.coordinator, this.invocation.request);
  }

  get step(): string {
    return this.invocation.step;
  }

  get depth(): number {
    return this.invocation.depth;
  }

  get caller(): Subject {
    return this.invocation.caller;
  }

  get log(): SimulatedLog {
    const log =
      (level: string) =>
      (...what: readonly unknown[]): void => {
        this.#host.log(level, what);
      };
    return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  }

  get call(): Calls["call"] {
    return (fun, args, options) => this.#nested.call(fun, args, options);
  }

  get graph(): Calls["graph"] {
    return () => this.#nested.graph();
  }

  readonly sleep = (durationMs: number, options?: { readonly signal?: HandlerSignal }): Promise<void> =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal?.aborted === true) return reject(asError(signal.reason));
      const wait = this.#wait();
      const onAbort = (): void => {
        wait.end();
        reject(asError(signal?.reason));
      };
      signal?.addEventListener("abort", onAbort);
      this.#host.after(durationMs, () => {
        signal?.removeEventListener("abort", onAbort);
        wait.end();
        resolve();
      });
    });

  /** Runs the handler. */
  start(fun: RegisteredFunction): void {
    let result: unknown;
    try {
      const args = this.#host.codec.decodeTemplate(this.invocation.template, this.invocation.bound);
      if (!Array.isArray(args)) throw new MpregError("malformed", "The arguments of a call must be an array");
      result = this.#run(fun, args);
    } catch (error) {
      this.#end(failureOf(fun.name, error));
      return;
    }
    if (!isPromiseLike(result)) {
      this.#end(this.#encode(fun, result));
      return;
    }
    if (this.#underWay === 0) this.#host.waits.woken(this);
    result.then(
      (value) => {
        this.#end(this.#encode(fun, value));
      },
      (error: unknown) => {
        this.#end(failureOf(fun.name, error));
      },
    );
  }

  /** Tells the handler that nobody waits any more. */
  abort(reason: MpregError): void {
    this.#signal.abort(reason);
  }

  /** The node has crashed. (E2) */
  abandon(): void {
    this.#over = true;
    this.#host.waits.resting(this);
  }

  #run(fun: RegisteredFunction, args: readonly unknown[]): unknown {
    const call = (valid: readonly unknown[]): unknown => {
      const result = this.#callHandler(fun, valid);
      if (fun.output === undefined) return result;
      return isPromiseLike(result)
        ? result.then((value) => validateResult(fun.name, fun.output, value))
        : validateResult(fun.name, fun.output, result);
    };
    if (fun.input === undefined) return call(args);
    const valid = validateArguments(fun.name, fun.input, args);
    return valid instanceof Promise ? valid.then(call) : call(valid);
  }

  #callHandler(fun: RegisteredFunction, args: readonly unknown[]): unknown {
    let result: unknown;
    try {
      result = this.#host.scope(this, () => fun.handler(...args));
    } catch (reason) {
      throw new Thrown(reason);
    }
    if (!isPromiseLike(result)) return result;
    return result.then(undefined, (reason: unknown) => {
      throw new Thrown(reason);
    });
  }

  get #nested(): Caller {
    return (this.#caller ??= new Caller(
      askingWith((ask, onEnd) => {
        const wait = this.#wait();
        const withdraw = this.#host.ask(ask, this.invocation, (settled) => {
          wait.end();
          onEnd(settled);
        });
        return () => {
          wait.end();
          withdraw();
        };
      }),
    ));
  }

  /** Begins a wait for the world, until its `end`. (E3) */
  #wait(): { end(): void } {
    let pending = true;
    this.#underWay += 1;
    this.#host.waits.resting(this);
    const end = (): void => {
      if (!pending) return;
      pending = false;
      this.#underWay -= 1;
      if (this.#over) return;
      this.#host.waits.told();
      if (this.#underWay === 0) this.#host.waits.woken(this);
    };
    return { end };
  }

  #end(result: Uint8Array | MpregError): void {
    if (this.#over) return; // (E1)
    this.#over = true;
    this.#host.waits.resting(this);
    const runUs = Math.round((this.#host.nowMs - this.#startedMs) * 1000);
    this.#host.ended(this, result, { queueUs: 0, runUs });
  }

  #encode(fun: RegisteredFunction, result: unknown): Uint8Array | MpregError {
    try {
      return this.#host.codec.encode(result, `the result of "${fun.name}"`);
    } catch (error) {
      if (!(error instanceof MpregError)) return failureOf(fun.name, error);
      return new MpregError(error.code, error.message, { outcome: "applied" });
    }
  }
}

/** Marks what the handler itself threw, so that it is not taken for a refusal of the node. */
class Thrown extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super();
    this.reason = reason;
  }
}

/** The error a caller gets: a schema's refusal as it is, anything a handler threw as `handler-error`. */
function failureOf(fun: string, error: unknown): MpregError {
  if (error instanceof MpregError) return error;
  const reason = error instanceof Thrown ? error.reason : error;
  const message = reason instanceof Error ? reason.message : String(reason);
  return new MpregError("handler-error", `"${fun}" threw: ${message}`, { outcome: "applied", cause: reason });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new MpregError("cancelled", "The wait was given up", { cause: reason });
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
