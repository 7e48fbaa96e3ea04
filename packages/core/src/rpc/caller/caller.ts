/**
 * Caller: the calls, graphs and requests a program makes, and the promises it gets for them.
 *
 * Owns what is the same for a client and for the node's own program: encoding, decoding, cancellation. What carries
 * the asks is behind `Asking`, what settles the promises is `waiters.ts`.
 *
 * (A1) Every promise settles once; a failure is always an `MpregError`.
 * (A2) Nothing is sent for a signal that is aborted already; one that aborts later withdraws what was sent.
 * (A3) A failure that is found here has the node that would have been asked, and the step if it is one step's.
 * (A4) What is asked for carries the trace of its span, or else of the handler that asks (`tracing.ts`); its span ends when
 *      its promise does.
 */
import {
  type CallArguments,
  type CallResult,
  type Contract,
  MpregError,
  type TraceContext,
  checkOptions,
  optionNames,
  placed,
  quoted,
  suggestion,
} from "../../base/index.js";
import type { Asking, CallFields, RequestFields } from "./ask.js";
import {
  type RunOptions,
  capacityWaitMs,
  checkArguments,
  checkKwargs,
  checkListeners,
  checkName,
  durationMs,
  flagOf,
  invalid,
  resourceNames,
} from "../graph/call-options.js";
import { type SettledAnswer, toRequestSpec } from "../graph/encode.js";
import { type FailingRun, type Graph, type SettlingRun, createGraph } from "../graph/graph.js";
import type { GraphRequest } from "../graph/graph-request.js";
import { type PlainRunOptions, type PlainStep, parsePlainRequest } from "../graph/plain.js";
import { type TermOptions, termNames, termsOf, tracedTerms } from "../graph/terms.js";
import type { StepTerms } from "../../wire/terms.js";
import type { CallSpan } from "../tracing/tracing.js";
import type { RequestSpec, StepSpec } from "../types.js";
import { RequestWaiter, ValueWaiter } from "./waiters.js";

/** Options of a single call of a function that a contract describes. */
export interface ContractSingleCallOptions extends Omit<RunOptions, "onError">, TermOptions {
  /** Resources that the running node must have, all of them; beside those of the contract, where there is one. */
  readonly resources?: readonly string[] | undefined;
}

/** Options of a single call. */
export interface SingleCallOptions extends ContractSingleCallOptions {
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
  // in this order: where the compiler does not check for null, `undefined` is a contract, too
  readonly call: [C] extends [undefined] ? UntypedCall : ContractCall<NonNullable<C>>;
  /** Starts an empty graph; its `run` sends it. */
  graph(): Graph<C>;
  /**
   * Runs a request in plain form, as JSON files hold it; answers an object of results by step name: those of the steps
   * that no other step uses, or of `options.outputs`.
   */
  readonly request: PlainRequest;
}

export interface PlainRequest {
  (steps: readonly PlainStep[], options?: PlainRunOptions & FailingRun): Promise<Record<string, unknown>>;
  (
    steps: readonly PlainStep[],
    options: PlainRunOptions & SettlingRun,
  ): Promise<SettledAnswer<Record<string, unknown>>>;
}

export type UntypedCall = <T = unknown>(
  fun: string,
  args?: readonly unknown[],
  options?: SingleCallOptions,
) => Promise<T>;

export type ContractCall<C extends Contract> = <Name extends keyof C & string>(
  fun: Name,
  args: CallArguments<C[Name]>,
  options?: ContractSingleCallOptions,
) => Promise<NoInfer<CallResult<C[Name]>>>;

export class Caller {
  /** What it resolves to follows `options.onError`, as the type says. */
  readonly request: PlainRequest = ((steps: readonly PlainStep[], options?: PlainRunOptions) =>
    this.#run(() => parsePlainRequest(steps, options))) as PlainRequest;
  readonly #asking: Asking;
  readonly #contract: Contract | undefined;

  constructor(asking: Asking, contract?: Contract) {
    this.#asking = asking;
    this.#contract = contract;
  }

  call<T = unknown>(fun: string, args: readonly unknown[] = noArguments, options?: SingleCallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        const fields = this.#encodeCall(fun, args, options);
        const span = this.#asking.tracing?.startCall(fun, "call", this.#asking.trace);
        // what type the value has is the caller's word, unless a contract says so
        const waiter = new ValueWaiter(this.#asking, fun, resolve as (value: unknown) => void, reject, options, span);
        const signal = options?.signal;
        if (signal?.aborted === true) return waiter.cancelled(signal, "not-applied"); // (A2)
        const trace = this.#traceOf(span);
        if (fields.terms === undefined && span !== undefined) fields.terms = span.terms;
        else if (trace !== undefined) fields.terms = tracedTerms(fields.terms, trace);
        const ask = this.#asking.call(fields, waiter);
        if (signal !== undefined) waiter.cancelWith(signal, ask);
      } catch (error) {
        throw this.#placed(error, fun);
      }
    });
  }

  graph<C extends Contract | undefined = undefined>(contract?: C): Graph<C> {
    const run = (request: GraphRequest): Promise<unknown> => this.#run(() => request);
    return createGraph(run, contract ?? (this.#contract as C), (error, step) => this.#placed(error, step));
  }

  #run(build: () => GraphRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        const request = build();
        const { options } = request;
        this.#watchOf(options);
        const prepared = toRequestSpec(request, this.#asking.codec.encodeTemplate, this.#asking.limits);
        const span = this.#asking.tracing?.startCall("request", "request", this.#asking.trace);
        const waiter = new RequestWaiter(this.#asking, prepared, resolve, reject, options, span);
        if (options.signal?.aborted === true) return waiter.cancelled(options.signal, "not-applied"); // (A2)
        const fields = fieldsOf(prepared.spec, this.#traceOf(span));
        const ask = this.#asking.request(fields, waiter);
        if (options.signal !== undefined) waiter.cancelWith(options.signal, ask);
      } catch (error) {
        throw this.#placed(error, undefined);
      }
    });
  }

  /** What travels with an ask that `span` covers. (A4) */
  #traceOf(span: CallSpan | undefined): TraceContext | undefined {
    return span === undefined ? this.#asking.trace : span.trace;
  }

  /** (A3) */
  #placed(error: unknown, step: unknown): unknown {
    const name = typeof step === "string" && step !== "" ? step : undefined;
    return placed(error, { step: name, node: this.#asking.nodeName });
  }

  #encodeCall(fun: string, args: readonly unknown[], options: SingleCallOptions | undefined): OwnCallFields {
    checkName(fun, "call: the function");
    checkArguments(args, who, fun);
    const declared = this.#declaredResources(fun);
    if (options === undefined) {
      // field by field: spread from a constant it took a third of a client's calls (docs/benchmarks/findings.md)
      return {
        fun,
        resources: declared,
        args: this.#asking.codec.encode(args, "args"),
        timeoutMs: 0,
        waitForCapacityMs: 0,
        summary: false,
        detached: undefined,
        watch: undefined,
        intermediates: undefined,
        terms: undefined,
      };
    }
    checkOptions(options, callNames, who, fun);
    checkListeners(options, who, fun);
    const { kwargs, onSummary } = options;
    checkKwargs(kwargs, this.#contract !== undefined, who, fun);
    const asked = resourceNames(options.resources, "resources", who, fun);
    return {
      fun,
      resources: declared.length === 0 ? asked : [...new Set([...declared, ...asked])],
      args: this.#asking.codec.encode(kwargs === undefined ? args : [...args, kwargs], "args"),
      timeoutMs: durationMs(options.timeoutMs, "timeoutMs", who, fun),
      waitForCapacityMs: capacityWaitMs(options.waitForCapacity, who, fun),
      summary: onSummary !== undefined,
      detached: flagOf(options.detached, "detached", who, fun),
      watch: this.#watchOf(options),
      intermediates: flagOf(options.intermediates, "intermediates", who, fun),
      terms: termsOf(options, who, fun),
    };
  }

  /** Whether the events of the ask are wanted. Throws where nobody could tell them. */
  #watchOf({ onEvent }: RunOptions): true | undefined {
    if (onEvent === undefined) return undefined;
    if (this.#asking.tellsEvents === true) return true;
    throw new MpregError("unsupported", "onEvent is not told here: watch the request from a client, or from the node");
  }

  #declaredResources(fun: string): readonly string[] {
    if (this.#contract === undefined) return noResources;
    const declared = Object.hasOwn(this.#contract, fun) ? this.#contract[fun] : undefined;
    if (declared !== undefined) return declared.resources;
    const names = Object.keys(this.#contract);
    throw invalid(`Cannot call ${quoted(fun)}: the contract does not have it${suggestion(fun, names)}`);
  }
}

/** A call that nobody else has yet; its trace is known when everything else of it has been found good. */
interface OwnCallFields extends Omit<CallFields, "terms"> {
  terms: StepTerms | undefined;
}

/** Who refuses options, in messages. */
const who = "call";

const callNames: ReadonlySet<string> = optionNames<SingleCallOptions>({
  resources: true,
  kwargs: true,
  signal: true,
  timeoutMs: true,
  waitForCapacity: true,
  onSummary: true,
  onEvent: true,
  intermediates: true,
  detached: true,
  ...termNames,
});

const noArguments: readonly unknown[] = [];

const noResources: readonly string[] = [];

function fieldsOf(spec: RequestSpec, trace: TraceContext | undefined): RequestFields {
  const { outputs, onError, waitForCapacityMs, timeoutMs, summary } = spec;
  const { detached, watch, intermediates } = spec;
  const steps = trace === undefined ? spec.steps : spec.steps.map((step) => tracedStep(step, trace));
  const settle = onError === "settle";
  return { steps, outputs, settle, waitForCapacityMs, timeoutMs, summary, detached, watch, intermediates };
}

/** The calls of a map's items are part of the trace, too. */
function tracedStep(step: StepSpec, trace: TraceContext): StepSpec {
  const { map } = step;
  if (map === undefined) return { ...step, terms: tracedTerms(step.terms, trace) };
  return { ...step, map: { ...map, steps: map.steps.map((each) => tracedStep(each, trace)) } };
}
