/**
 * Caller: the calls, graphs and requests a program makes, and the promises it gets for them.
 *
 * Owns what is the same for a client and for the node's own program: encoding, decoding, cancellation. What carries
 * the asks is behind `Asking`.
 *
 * (A1) Every promise settles once; a failure is always an `MpregError`.
 * (A2) Nothing is sent for a signal that is aborted already; one that aborts later withdraws what was sent.
 */
import {
  type CallArguments, type CallResult, type Contract, MpregError, type Outcome,
} from "../base/index.js";
import type { Codec, StepReport, WireLimits } from "../wire/index.js";
import type { Ask, Settled } from "./ask.js";
import {
  type CancelSignal, type RunOptions, capacityWaitMs, checkName, durationMs, invalid, resourceNames,
} from "./call-options.js";
import { toRequestSpec } from "./encode.js";
import { type Graph, createGraph } from "./graph.js";
import type { GraphRequest } from "./graph-request.js";
import { isPlainObject } from "./objects.js";
import { type PlainRunOptions, type PlainStep, parsePlainRequest } from "./plain.js";
import type { RequestSpec, StepOutcome } from "./types.js";

/** Carries asks to a node. */
export interface Asking {
  readonly codec: Codec;
  readonly limits: WireLimits;
  /** Starts `ask`; its end is told to `onEnd` once, unless the function that comes back was called before. */
  ask(ask: Ask, onEnd: (settled: Settled) => void): () => void;
}

/** Options of a single call. */
export interface SingleCallOptions extends Omit<RunOptions, "onError"> {
  /** Resources that the running node must have, all of them. */
  readonly resources?: readonly string[] | undefined;
  /** Given to the function as its last argument. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/** How a program calls functions, with the types of a contract where it has one. */
export interface Calls<C extends Contract | undefined = undefined> {
  /**
   * Calls one function somewhere in the cluster and answers its result.
   *
   * Rejects with an {@link MpregError}: `no-provider` when no node offers the function with all `resources`,
   * `handler-error` with the handler's message, `deadline`, `cancelled`, `node-lost`, and the others of `errorCodes`.
   */
  call: [C] extends [Contract] ? ContractCall<C> : UntypedCall;
  /** Starts an empty graph; its `run` sends it. */
  graph(): Graph<C>;
  /**
   * Runs a request in plain form, as JSON files hold it; answers an object of results by step name: those of the steps
   * that no other step uses, or of `options.outputs`.
   */
  request(steps: readonly PlainStep[], options?: PlainRunOptions): Promise<Record<string, unknown>>;
}

export type UntypedCall = <T = unknown>(fun: string, args?: readonly unknown[], options?: SingleCallOptions) => Promise<T>;

export type ContractCall<C extends Contract> = <Name extends keyof C & string>(
  fun: Name,
  args: CallArguments<C[Name]>,
  options?: SingleCallOptions,
) => Promise<CallResult<C[Name]>>;

export class Caller {
  readonly #asking: Asking;
  readonly #contract: Contract | undefined;

  readonly #readAnswer = (settled: Settled): unknown => {
    if (settled.kind !== "answered") throw unexpected(settled.kind);
    return this.#asking.codec.decode(settled.value);
  };

  constructor(asking: Asking, contract?: Contract) {
    this.#asking = asking;
    this.#contract = contract;
  }

  call<T = unknown>(fun: string, args: readonly unknown[] = [], options?: SingleCallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const ask = this.#encodeCall(fun, args, options);
      // what type the value has is the caller's word, unless a contract says so
      this.#start(ask, options, resolve as (value: unknown) => void, reject, this.#readAnswer);
    });
  }

  graph<C extends Contract | undefined = undefined>(contract?: C): Graph<C> {
    return createGraph((request) => this.#run(request), contract ?? (this.#contract as C));
  }

  request(steps: readonly PlainStep[], options: PlainRunOptions = {}): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      resolve(this.#run(parsePlainRequest(steps, options)) as Promise<Record<string, unknown>>);
    });
  }

  #run(request: GraphRequest): Promise<unknown> {
    const { codec, limits } = this.#asking;
    return new Promise((resolve, reject) => {
      const prepared = toRequestSpec(request, codec.encodeTemplate, limits);
      const { spec } = prepared;
      this.#start({ kind: "request", fields: fieldsOf(spec) }, request.options, resolve, reject, (settled) => {
        if (settled.kind !== "results") throw unexpected(settled.kind);
        const values = settled.outputs.map((bytes) => (bytes === undefined ? undefined : codec.decode(bytes)));
        return prepared.assemble(values, settled.reports?.map((report) => outcomeOf(report, spec)));
      });
    });
  }

  #encodeCall(fun: string, args: readonly unknown[], options: SingleCallOptions | undefined): Ask {
    const { codec } = this.#asking;
    checkName(fun, "call: the function");
    if (!Array.isArray(args)) throw invalid(`call(${JSON.stringify(fun)}): the arguments must be an array`);
    let all: readonly unknown[] = args;
    const kwargs = options?.kwargs;
    if (kwargs !== undefined) {
      if (!isPlainObject(kwargs)) throw invalid(`call(${JSON.stringify(fun)}): kwargs must be a plain object`);
      all = [...all, kwargs];
    }
    const declared = this.#declaredResources(fun);
    const asked = resourceNames(options?.resources, `call(${JSON.stringify(fun)}): resources`);
    return {
      kind: "call",
      fields: {
        fun,
        resources: declared.length === 0 ? asked : [...new Set([...declared, ...asked])],
        args: codec.encode(all, "args"),
        timeoutMs: durationMs(options?.timeoutMs, "timeoutMs"),
        waitForCapacityMs: capacityWaitMs(options?.waitForCapacity),
        summary: options?.onSummary !== undefined,
      },
    };
  }

  #declaredResources(fun: string): readonly string[] {
    if (this.#contract === undefined) return none;
    const declared = Object.hasOwn(this.#contract, fun) ? this.#contract[fun] : undefined;
    if (declared !== undefined) return declared.resources;
    throw invalid(`Cannot call ${JSON.stringify(fun)}: the contract has only ${Object.keys(this.#contract).join(", ")}`);
  }

  #start(
    ask: Ask,
    options: RunOptions | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    read: (settled: Settled) => unknown,
  ): void {
    const signal = options?.signal;
    if (signal?.aborted === true) return reject(cancelled(signal, "not-applied")); // (A2)
    let stopListening: (() => void) | undefined;
    const withdraw = this.#asking.ask(ask, (settled) => {
      stopListening?.();
      if (settled.kind === "failed") return reject(settled.error);
      try {
        if (settled.summary !== undefined) options?.onSummary?.(settled.summary);
        resolve(read(settled));
      } catch (error) {
        reject(error);
      }
    });
    if (signal === undefined) return;
    const onAbort = (): void => {
      withdraw();
      reject(cancelled(signal, "unknown"));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    stopListening = () => {
      signal.removeEventListener("abort", onAbort);
    };
  }
}

const none: readonly string[] = [];

function fieldsOf(spec: RequestSpec): Extract<Ask, { kind: "request" }>["fields"] {
  const { steps, outputs, onError, waitForCapacityMs, timeoutMs, summary } = spec;
  return { steps, outputs, settle: onError === "settle", waitForCapacityMs, timeoutMs, summary };
}

function outcomeOf(report: StepReport, spec: RequestSpec): StepOutcome {
  if (report.status === "failed") return { status: "failed", error: report.error };
  if (report.status === "skipped") return { status: "skipped", because: spec.steps[report.because]?.name ?? "" };
  return { status: "done" };
}

function cancelled(signal: CancelSignal, outcome: Outcome): MpregError {
  return new MpregError("cancelled", "The caller cancelled", { outcome, cause: signal.reason });
}

function unexpected(kind: string): MpregError {
  return new MpregError("malformed", `The node has answered with ${kind} to something else`, { outcome: "unknown" });
}
