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
  type CallArguments,
  type CallResult,
  type Contract,
  MpregError,
  type Outcome,
  checkOptions,
  optionNames,
  quoted,
  suggestion,
} from "../base/index.js";
import type { Codec } from "../values/index.js";
import type { StepReport, Timings, WireLimits } from "../wire/index.js";
import type { CallFields, RequestFields } from "./ask.js";
import {
  type CancelSignal,
  type RunOptions,
  capacityWaitMs,
  checkArguments,
  checkKwargs,
  checkListeners,
  checkName,
  durationMs,
  invalid,
  resourceNames,
} from "./call-options.js";
import { type PreparedRequest, type SettledAnswer, toRequestSpec } from "./encode.js";
import { type FailingRun, type Graph, type SettlingRun, createGraph } from "./graph.js";
import type { GraphRequest } from "./graph-request.js";
import { type PlainRunOptions, type PlainStep, parsePlainRequest } from "./plain.js";
import type { Asker } from "./run.js";
import type { RequestSpec, RequestSummary, StepOutcome } from "./types.js";

/** Carries calls and requests to a node. */
export interface Asking {
  readonly codec: Codec;
  readonly limits: WireLimits;
  /**
   * Starts a call; its end is told to `asker` once, possibly before this returns. The number that comes back names it
   * for {@link withdraw}.
   */
  call(fields: CallFields, asker: Asker): number;
  /** As {@link call}, for a request. */
  request(fields: RequestFields, asker: Asker): number;
  /** Cancels what has not ended; its asker hears no more. */
  withdraw(ask: number): void;
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
  options?: SingleCallOptions,
) => Promise<NoInfer<CallResult<C[Name]>>>;

export class Caller {
  /** What it resolves to follows `options.onError`, as the type says. */
  readonly request: PlainRequest = ((steps: readonly PlainStep[], options: PlainRunOptions = {}) =>
    new Promise<unknown>((resolve) => {
      resolve(this.#run(parsePlainRequest(steps, options)));
    })) as PlainRequest;
  readonly #asking: Asking;
  readonly #contract: Contract | undefined;

  constructor(asking: Asking, contract?: Contract) {
    this.#asking = asking;
    this.#contract = contract;
  }

  call<T = unknown>(fun: string, args: readonly unknown[] = noArguments, options?: SingleCallOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const fields = this.#encodeCall(fun, args, options);
      // what type the value has is the caller's word, unless a contract says so
      const waiter = new CallWaiter(this.#asking.codec, resolve as (value: unknown) => void, reject, options);
      if (options?.signal?.aborted === true) return reject(cancelled(options.signal, "not-applied")); // (A2)
      const ask = this.#asking.call(fields, waiter);
      if (options?.signal !== undefined) waiter.cancelWith(options.signal, ask, this.#asking);
    });
  }

  graph<C extends Contract | undefined = undefined>(contract?: C): Graph<C> {
    return createGraph((request) => this.#run(request), contract ?? (this.#contract as C));
  }

  #run(request: GraphRequest): Promise<unknown> {
    const { codec, limits } = this.#asking;
    const { options } = request;
    return new Promise((resolve, reject) => {
      const prepared = toRequestSpec(request, codec.encodeTemplate, limits);
      if (options.signal?.aborted === true) return reject(cancelled(options.signal, "not-applied")); // (A2)
      const waiter = new RequestWaiter(codec, prepared, resolve, reject, options);
      const ask = this.#asking.request(fieldsOf(prepared.spec), waiter);
      if (options.signal !== undefined) waiter.cancelWith(options.signal, ask, this.#asking);
    });
  }

  #encodeCall(fun: string, args: readonly unknown[], options: SingleCallOptions | undefined): CallFields {
    checkName(fun, "call: the function");
    checkArguments(args, who, fun);
    const declared = this.#declaredResources(fun);
    if (options === undefined) {
      const encoded = this.#asking.codec.encode(args, "args");
      return { fun, resources: declared, args: encoded, timeoutMs: 0, waitForCapacityMs: 0, summary: false };
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
    };
  }

  #declaredResources(fun: string): readonly string[] {
    if (this.#contract === undefined) return noResources;
    const declared = Object.hasOwn(this.#contract, fun) ? this.#contract[fun] : undefined;
    if (declared !== undefined) return declared.resources;
    const names = Object.keys(this.#contract);
    throw invalid(`Cannot call ${quoted(fun)}: the contract does not have it${suggestion(fun, names)}`);
  }
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
});

const noArguments: readonly unknown[] = [];

const noResources: readonly string[] = [];

/** Settles the promise of one call or request. */
abstract class Waiter implements Asker {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #options: RunOptions | undefined;
  #stopListening: (() => void) | undefined;
  #over = false;

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void, options: RunOptions | undefined) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#options = options;
  }

  /** Cancels the ask when `signal` aborts. */
  cancelWith(signal: CancelSignal, ask: number, asking: Asking): void {
    if (this.#over) return; // it has failed before it was on its way
    const onAbort = (): void => {
      asking.withdraw(ask);
      this.#reject(cancelled(signal, "unknown"));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#stopListening = () => {
      signal.removeEventListener("abort", onAbort);
    };
  }

  answered(_value: Uint8Array, _timings: Timings | undefined, _summary: RequestSummary | undefined): void {
    this.failed(unexpected("a single value"));
  }

  results(
    _outputs: readonly (Uint8Array | undefined)[],
    _reports: readonly StepReport[] | undefined,
    _summary: RequestSummary | undefined,
  ): void {
    this.failed(unexpected("a request's results"));
  }

  failed(error: MpregError): void {
    this.#end();
    this.#reject(error); // (A1)
  }

  /** Ends well. `value` was read from the answer; a summary is told before. */
  protected settle(value: unknown, summary: RequestSummary | undefined): void {
    this.#end();
    try {
      if (summary !== undefined) this.#options?.onSummary?.(summary);
    } catch (cause) {
      const message = "The call has ended well, but onSummary threw";
      this.#reject(new MpregError("invalid-argument", message, { outcome: "applied", cause }));
      return;
    }
    this.#resolve(value);
  }

  #end(): void {
    this.#over = true;
    this.#stopListening?.();
  }

  /** Ends with an answer that cannot be read. */
  protected unreadable(error: unknown): void {
    this.#end();
    this.#reject(error);
  }
}

class CallWaiter extends Waiter {
  readonly #codec: Codec;

  constructor(
    codec: Codec,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: RunOptions | undefined,
  ) {
    super(resolve, reject, options);
    this.#codec = codec;
  }

  override answered(value: Uint8Array, _timings: Timings | undefined, summary: RequestSummary | undefined): void {
    let decoded: unknown;
    try {
      decoded = this.#codec.decode(value);
    } catch (error) {
      return this.unreadable(error);
    }
    this.settle(decoded, summary);
  }
}

class RequestWaiter extends Waiter {
  readonly #codec: Codec;
  readonly #prepared: PreparedRequest;

  constructor(
    codec: Codec,
    prepared: PreparedRequest,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: RunOptions,
  ) {
    super(resolve, reject, options);
    this.#codec = codec;
    this.#prepared = prepared;
  }

  override results(
    outputs: readonly (Uint8Array | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    const { spec } = this.#prepared;
    let value: unknown;
    try {
      const values = outputs.map((bytes) => (bytes === undefined ? undefined : this.#codec.decode(bytes)));
      value = this.#prepared.assemble(
        values,
        reports?.map((report) => outcomeOf(report, spec)),
      );
    } catch (error) {
      return this.unreadable(error);
    }
    this.settle(value, summary);
  }
}

function fieldsOf(spec: RequestSpec): RequestFields {
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

function unexpected(what: string): MpregError {
  return new MpregError("malformed", `The node has answered with ${what} to something else`, { outcome: "unknown" });
}
