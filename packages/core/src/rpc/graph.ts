/**
 * Graph: the typed builder of requests. Calls are written down; nothing runs before `run`.
 *
 * Owns the names of steps and the types of calls with and without a contract. References are `ref.ts`, the plain form
 * for JSON is `plain.ts`.
 *
 * (G1) A graph only grows: its references stay good, and it can be run again, each time as a new request that runs
 *      every step.
 * (G2) A reference can only name a step that exists already, so a built graph has no cycle.
 */
import type { CallArguments, CallResult, Contract, FunctionContract } from "../base/contract.js";
import { MpregError, callOf, checkOptions, optionNames, quoted, suggestion } from "../base/index.js";
import type { SettledAnswer } from "./encode.js";
import type { GraphRequest, GraphRunner, GraphStep } from "./graph-request.js";
import {
  type RunOptions,
  checkArguments,
  checkKwargs,
  checkName,
  checkRunOptions,
  durationMs,
  invalid,
  resourceNames,
} from "./call-options.js";
import { selectOutputs } from "./outputs.js";
import type { Ref, Resolved, Settled, Wired } from "./ref-type.js";
import { type RefOwner, createRef } from "./ref.js";
import { type TermOptions, termNames, termsOf } from "./terms.js";

/** Options of one call in a graph whose functions have a contract. */
export interface ContractCallOptions extends TermOptions {
  /** Resources that the running node must have, beside those of the contract. */
  readonly resources?: readonly string[] | undefined;
  /** Name of the step; default: the function's, made unique by a suffix (`clean`, `clean#2`). */
  readonly name?: string | undefined;
  /** Time allowed for this step from the moment its inputs are there, in ms; default: the request's. */
  readonly timeoutMs?: number | undefined;
}

/** Options of one call in a graph without a contract. */
export interface CallOptions extends ContractCallOptions {
  /** Given to the function as its last argument. May hold references. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/** Calls of any function. */
export interface UntypedCalls {
  /**
   * Adds a step that calls `fun`, and answers a reference to its result.
   *
   * `args`: positional arguments, which may hold references of this graph at any depth of arrays and plain objects.
   * Give the result's type as `T`: `graph.call<Readings>("ingest", [id])`. Throws `duplicate-step` if a step of that
   * `name` exists, `invalid-argument` for options that are not what they should be.
   */
  call<T = unknown>(fun: string, args?: readonly unknown[], options?: CallOptions): Ref<T>;
}

/** Calls of the functions of a contract, with its types. */
export interface ContractCalls<C extends Contract> {
  /**
   * Adds a step that calls `fun`, and answers a reference to its result.
   *
   * `args`: the arguments of the contract, any part of which may be a reference of this graph to such a part. Throws
   * like the call without a contract.
   */
  call<Name extends keyof C & string>(
    fun: Name,
    args: WiredArguments<C[Name]>,
    options?: ContractCallOptions,
    // Without NoInfer the compiler gives up on a call inside a generic call, with the deep types of arktype.
  ): NoInfer<Ref<CallResult<C[Name]>>>;
}

/** A function's arguments, with references wherever one likes. */
export type WiredArguments<F extends FunctionContract> = WiredTuple<CallArguments<F>>;

type WiredTuple<A extends readonly unknown[]> = { readonly [I in keyof A]: Wired<A[I]> };

export interface GraphRuns {
  /**
   * Runs the graph and answers `outputs`, any structure of arrays and plain objects, with every reference in it
   * replaced by its value. Without outputs: an object with the result of every step that no other step uses, by name.
   *
   * Every step runs, also those that no output depends on. The first failure rejects with its `MpregError` and
   * cancels what still runs. With `onError: "settle"` independent branches finish, and the answer has the `outputs`,
   * `undefined` where they depend on a failure, and what became of each of the `steps`. Rejects with
   * `invalid-argument` for references of another graph.
   */
  run<const O = undefined>(outputs?: O, options?: FailingRun): Promise<AnswerOf<O, Resolved<O>>>;
  run<const O = undefined>(
    outputs: O | undefined,
    options: SettlingRun,
  ): Promise<SettledAnswer<AnswerOf<O, Settled<O>>>>;
}

/** `Values`, or where a run is given no outputs, the results by the names of their steps. */
type AnswerOf<O, Values> = unknown extends O ? Values : [O] extends [undefined] ? Record<string, unknown> : Values;

/** Options of a run that ends with its first failure. */
export interface FailingRun extends RunOptions {
  readonly onError?: "fail" | undefined;
}

/** Options of a run in which independent branches finish. */
export interface SettlingRun extends RunOptions {
  readonly onError: "settle";
}

/** A graph of calls; `C` is the contract of its functions, `undefined` where there is none. */
export type Graph<C extends Contract | undefined = undefined> = GraphRuns &
  ([C] extends [undefined] ? UntypedCalls : ContractCalls<NonNullable<C>>);

/**
 * Starts an empty graph. `run` sends what is built. With `contract`, calls get its resources, and functions that it
 * does not have are refused.
 */
export function createGraph<C extends Contract | undefined = undefined>(
  run: GraphRunner,
  contract?: C,
  place: PlaceError = (error) => error,
): Graph<C> {
  // One class serves both kinds of calls; the type says which of its calls are right.
  return new GraphBuilder(run, contract, place) as unknown as Graph<C>;
}

/** Says of an error where it belongs: to a step that was about to be added, or to the request as a whole. */
export type PlaceError = (error: unknown, step: unknown) => unknown;

/** Who refuses options, in messages. */
const who = "graph.call";

const callNames: ReadonlySet<string> = optionNames<CallOptions>({
  resources: true,
  kwargs: true,
  name: true,
  timeoutMs: true,
  ...termNames,
});

const noArguments: readonly unknown[] = [];
const noOptions: CallOptions = {};

class GraphBuilder implements RefOwner, UntypedCalls {
  readonly #run: GraphRunner;
  readonly #contract: Contract | undefined;
  readonly #place: PlaceError;
  readonly #steps: GraphStep[] = [];
  readonly #names = new Set<string>();
  /** Last suffix given to a function's name. */
  readonly #suffixes = new Map<string, number>();

  constructor(run: GraphRunner, contract: Contract | undefined, place: PlaceError) {
    this.#run = run;
    this.#contract = contract;
    this.#place = place;
  }

  stepName(step: number): string {
    return this.#steps[step]?.name ?? "";
  }

  call<T = unknown>(fun: string, args: readonly unknown[] = noArguments, options: CallOptions = noOptions): Ref<T> {
    try {
      this.#add(fun, args, options);
    } catch (error) {
      throw this.#place(error, stepNameOf(options) ?? fun);
    }
    return createRef<T>(this, this.#steps.length - 1, []);
  }

  #add(fun: string, args: readonly unknown[], options: CallOptions): void {
    checkName(fun, "graph.call: the function");
    checkArguments(args, who, fun);
    if (options !== noOptions) checkOptions(options, callNames, who, fun);
    const { kwargs } = options;
    checkKwargs(kwargs, this.#contract !== undefined, who, fun);
    const resources = [...this.#contractResources(fun), ...resourceNames(options.resources, "resources", who, fun)];
    const timeoutMs = durationMs(options.timeoutMs, "timeoutMs", who, fun);
    const step: GraphStep = {
      name: options.name === undefined ? this.#freeName(fun) : this.#ownName(options.name, fun),
      fun,
      resources: [...new Set(resources)],
      args: kwargs === undefined ? [...args] : [...args, kwargs],
      timeoutMs,
      terms: options === noOptions ? undefined : termsOf(options, who, fun),
    };
    this.#names.add(step.name);
    this.#steps.push(step);
  }

  run(outputs?: unknown, options: RunOptions = noOptions): Promise<unknown> {
    // Whatever is wrong rejects, so that a caller has one place to look.
    return new Promise((resolve) => {
      try {
        resolve(this.#run(this.#request(outputs, options)));
      } catch (error) {
        throw this.#place(error, undefined);
      }
    });
  }

  #request(outputs: unknown, options: RunOptions): GraphRequest {
    if (options !== noOptions) checkRunOptions(options);
    return {
      owner: this,
      steps: [...this.#steps], // (G1)
      outputs: outputs === undefined ? { kind: "unconsumed" } : selectOutputs(outputs, this),
      options,
    };
  }

  #contractResources(fun: string): readonly string[] {
    if (this.#contract === undefined) return [];
    const declared = Object.hasOwn(this.#contract, fun) ? this.#contract[fun] : undefined;
    if (declared !== undefined) return declared.resources;
    const names = Object.keys(this.#contract);
    throw invalid(`Cannot call ${quoted(fun)}: the contract does not have it${suggestion(fun, names)}`);
  }

  #ownName(name: unknown, fun: string): string {
    checkName(name, "name", who, fun);
    if (!this.#names.has(name)) return name;
    const message = `${callOf(who, fun)}: the graph has a step ${quoted(name)} already`;
    throw new MpregError("duplicate-step", message, { step: name });
  }

  #freeName(fun: string): string {
    if (!this.#names.has(fun)) return fun;
    let suffix = this.#suffixes.get(fun) ?? 1;
    do suffix += 1;
    while (this.#names.has(`${fun}#${suffix}`));
    this.#suffixes.set(fun, suffix);
    return `${fun}#${suffix}`;
  }
}

/** The name that a step was to have, whatever `options` are. */
function stepNameOf(options: unknown): string | undefined {
  if (typeof options !== "object" || options === null || !("name" in options)) return undefined;
  return typeof options.name === "string" ? options.name : undefined;
}
