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
import type { CallArguments, CallResult, Contract, FunctionContract } from "../../base/contract.js";
import { MpregError, callOf, checkOptions, optionNames, quoted, suggestion } from "../../base/index.js";
import type { SettledAnswer } from "./encode.js";
import {
  type GraphRequest,
  type GraphRunner,
  type GraphStep,
  concurrencyOf,
  itemStep,
  mapStep,
  nameOf,
} from "./graph-request.js";
import {
  type RunOptions,
  checkArguments,
  checkKwargs,
  checkName,
  checkRunOptions,
  durationMs,
  invalid,
  mustBe,
  resourceNames,
} from "./call-options.js";
import { selectOutputs } from "./outputs.js";
import type { RequestEvent } from "../events.js";
import { everyStep } from "./plan.js";
import type { Ref, RefTo, Resolved, Settled, Wired } from "./ref-type.js";
import { type RefOwner, createRef, refTarget, typeName } from "./ref.js";
import { type StartedRun, startRun } from "./started.js";
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
  /**
   * As `run`, and tells what happens: `const { result, events } = graph.start(outputs)`.
   *
   * ```ts
   * const { result, events } = graph.start();
   * for await (const event of events) console.log(event.kind);
   * console.log(await result);
   * ```
   */
  start<const O = undefined>(outputs?: O, options?: FailingRun): StartedRun<AnswerOf<O, Resolved<O>>>;
  start<const O = undefined>(
    outputs: O | undefined,
    options: SettlingRun,
  ): StartedRun<SettledAnswer<AnswerOf<O, Settled<O>>>>;
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

/** Maps of lists. */
export interface GraphMaps {
  /**
   * Runs the calls that `each` adds once for each item of `list`, and answers a reference to the list of what they have
   * come to, in the order of the items.
   *
   * `list`: an array, in which references may stand at any depth, or a reference to one. `each` is called once, now, with
   * a reference that stands for any item; it adds the calls to the graph as always, may use other references of the graph
   * and map again (up to 4 deep), and returns the reference to what becomes of the item. The steps of item 3 are called
   * `resize[3]`.
   *
   * The coordinator of the request runs it. The first item that fails ends it with that failure; the others are cancelled. A
   * list that is no array is `invalid-argument`, one that is too long (100,000 steps of items in a request, `mapStepsMax`) is
   * `too-large`.
   */
  map<L extends RefTo<unknown> | readonly unknown[], R>(
    list: L & ListOf<L>,
    each: (item: Ref<ItemOf<L>>) => RefTo<R>,
    options?: MapOptions,
  ): Ref<R[]>;
}

/** Options of a map. */
export interface MapOptions {
  /** Name of the step; default: `map`, made unique by a suffix (`map#2`). */
  readonly name?: string | undefined;
  /** How many items are under way at a time; default 100. */
  readonly concurrency?: number | undefined;
  /** Time allowed for all items together, from the moment the list is there, in ms; default: the request's. */
  readonly timeoutMs?: number | undefined;
}

/** `L` where it can be mapped: anything but a reference to what is no list. */
export type ListOf<L> =
  L extends RefTo<infer T>
    ? unknown extends T
      ? L
      : NonNullable<T> extends readonly unknown[]
        ? L
        : RefTo<readonly unknown[]>
    : L;

/** What the items of a list are when they arrive. */
export type ItemOf<L> =
  L extends RefTo<infer T>
    ? unknown extends T
      ? unknown
      : NonNullable<T> extends readonly (infer I)[]
        ? I
        : never
    : L extends readonly (infer I)[]
      ? Resolved<I>
      : never;

/** A graph of calls; `C` is the contract of its functions, `undefined` where there is none. */
export type Graph<C extends Contract | undefined = undefined> = GraphRuns &
  GraphMaps &
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
const whoMaps = "graph.map";

const callNames: ReadonlySet<string> = optionNames<CallOptions>({
  resources: true,
  kwargs: true,
  name: true,
  timeoutMs: true,
  ...termNames,
});

const noArguments: readonly unknown[] = [];
const noOptions: CallOptions = {};

const mapNames: ReadonlySet<string> = optionNames<MapOptions>({ name: true, concurrency: true, timeoutMs: true });

/** The steps that are written down together: those of the request, or those of one of its maps. */
class Scope implements RefOwner {
  readonly steps: GraphStep[] = [];
  readonly map: string | undefined;

  constructor(map: string | undefined) {
    this.map = map;
  }

  stepName(step: number): string {
    return nameOf(step, this.steps[step]?.name, this.map);
  }
}

class GraphBuilder implements UntypedCalls {
  readonly #run: GraphRunner;
  readonly #contract: Contract | undefined;
  readonly #place: PlaceError;
  readonly #root = new Scope(undefined);
  /** Where calls are added: inside `each` of a map, to the map's steps. */
  #scope = this.#root;
  readonly #names = new Set<string>();
  /** Last suffix given to a function's name. */
  readonly #suffixes = new Map<string, number>();

  constructor(run: GraphRunner, contract: Contract | undefined, place: PlaceError) {
    this.#run = run;
    this.#contract = contract;
    this.#place = place;
  }

  call<T = unknown>(fun: string, args: readonly unknown[] = noArguments, options: CallOptions = noOptions): Ref<T> {
    try {
      this.#add(fun, args, options);
    } catch (error) {
      throw this.#place(error, stepNameOf(options) ?? fun);
    }
    return createRef<T>(this.#scope, this.#scope.steps.length - 1, []);
  }

  map(list: unknown, each: (item: Ref<unknown>) => unknown, options: MapOptions = noOptions): Ref<unknown> {
    try {
      this.#addMap(list, each, options);
    } catch (error) {
      throw this.#place(error, stepNameOf(options) ?? "map");
    }
    return createRef(this.#scope, this.#scope.steps.length - 1, []);
  }

  #addMap(list: unknown, each: unknown, options: MapOptions): void {
    if (options !== noOptions) checkOptions(options, mapNames, whoMaps);
    if (!Array.isArray(list) && refTarget(list) === undefined) {
      throw mustBe("an array, or a reference to one", list, "the list", whoMaps);
    }
    if (typeof each !== "function") throw mustBe("a function", each, "each", whoMaps);
    const concurrency = concurrencyOf(options.concurrency, "concurrency", whoMaps);
    const timeoutMs = durationMs(options.timeoutMs, "timeoutMs", whoMaps);
    const name = options.name === undefined ? this.#freeName("map") : this.#ownName(options.name, undefined);
    this.#names.add(name);
    const { scope, result } = this.#stepsOf(name, each as (item: Ref<unknown>) => unknown);
    const map = {
      list: Array.isArray(list) ? [...(list as unknown[])] : list,
      concurrency,
      owner: scope,
      steps: scope.steps,
      result,
    };
    this.#scope.steps.push(mapStep(name, timeoutMs, map));
  }

  /** The steps that `each` adds for an item, and what it returns. */
  #stepsOf(name: string, each: (item: Ref<unknown>) => unknown): { readonly scope: Scope; readonly result: unknown } {
    const outer = this.#scope;
    const scope = new Scope(name);
    this.#scope = scope;
    try {
      const result = each(createRef(scope, itemStep, []));
      if (refTarget(result) === undefined) {
        const message = "each must return the reference to what becomes of an item, and cannot be async";
        throw invalid(`${whoMaps}: ${message}; got ${typeName(result)}`);
      }
      if (scope.steps.length === 0) throw invalid(`${whoMaps}: each calls nothing; add a call that takes the item`);
      return { scope, result };
    } catch (error) {
      for (const step of [{ name }, ...everyStep(scope.steps)]) this.#names.delete(step.name);
      throw error;
    } finally {
      this.#scope = outer;
    }
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
    this.#scope.steps.push(step);
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

  start(outputs?: unknown, options: RunOptions = noOptions): StartedRun<unknown> {
    return startRun((tell) => {
      const onEvent = (event: RequestEvent): void => {
        tell(event);
        options.onEvent?.(event);
      };
      return this.run(outputs, { ...options, onEvent });
    });
  }

  #request(outputs: unknown, options: RunOptions): GraphRequest {
    if (options !== noOptions) checkRunOptions(options);
    if (this.#scope !== this.#root) throw invalid("run: the graph cannot run while a map is built");
    return {
      owner: this.#root,
      steps: [...this.#root.steps], // (G1)
      outputs: outputs === undefined ? { kind: "unconsumed" } : selectOutputs(outputs, this.#root),
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

  /** Without `fun` it is the name of a map. */
  #ownName(name: unknown, fun: string | undefined): string {
    const by = fun === undefined ? whoMaps : who;
    checkName(name, "name", by, fun);
    if (!this.#names.has(name)) return name;
    const message = `${callOf(by, fun)}: the graph has a step ${quoted(name)} already`;
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
