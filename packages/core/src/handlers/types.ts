/**
 * Handlers: the functions of a node, what they are registered with, and what they can know of the call they serve.
 *
 * Everything here is the same on a real node and on a simulated one, so that a handler cannot tell them apart.
 */
import type {
  Contract,
  FunctionContract,
  Handler,
  HandlerArguments,
  HandlerResult,
  Idempotent,
  InputSchemas,
  StandardSchema,
  Subject,
} from "../base/index.js";
import type { HandlerSignal, TopicCalls } from "../program/index.js";
import type { CancelSignal, Graph, UntypedCall } from "../rpc/index.js";
import type { OfferScope } from "../wire/index.js";

/** A function to register: its arguments are the call's, `kwargs` arrive as a last object. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a handler may declare any parameters
export type AnyHandler = (...args: any[]) => unknown;

/** When a batch of calls begins to run. */
export interface BatchOptions {
  /** Calls that are given to the handler at once, at most. Default: 100. */
  readonly itemsMax?: number | undefined;
  /** How long the first call of a batch waits for others, in ms. Default 0: those that come in the same turn of the event loop. */
  readonly waitMs?: number | undefined;
}

/** What the handler of a batch can know of each of its calls. */
export type BatchedCall = Pick<
  HandlerContext,
  | "signal"
  | "remainingMs"
  | "deadline"
  | "request"
  | "step"
  | "depth"
  | "idempotencyKey"
  | "traceparent"
  | "caller"
  | "log"
  | "progress"
>;

/**
 * A handler with the option `batch`: `calls` has the arguments of each call. It answers the results, one for each call in
 * that order; an `Error` in the place of one is that call's failure.
 */
export type BatchHandler<Args extends readonly unknown[] = readonly unknown[], Result = unknown> = (
  calls: readonly Args[],
  about: readonly BatchedCall[],
) => readonly (Result | Error)[] | Promise<readonly (Result | Error)[]>;

/** What a function is registered with. What `fn({ … })` of a contract makes will do. */
export interface RegisterOptions {
  /** Resources the function has, beside those of its node. */
  readonly resources?: readonly string[] | undefined;
  /**
   * Version of the function (Semantic Versioning), such as `"1.4.0"`. A node may have a function in several versions, and
   * without one, side by side; calls get the highest one that they take.
   */
  readonly version?: string | undefined;
  /** Words to find it by; at most 64. */
  readonly tags?: readonly string[] | undefined;
  /**
   * Who may call it: `"node"` = only this node's own calls (nobody else is told of it), `"cluster"` (default) = every
   * node of the cluster, `"federation"` = other clusters as well, once they are federated.
   */
  readonly scope?: OfferScope | undefined;
  /**
   * Calls of it that this node runs at a time; more of them wait for their turn. One whose handler waits for a nested
   * call does not count meanwhile. Default: as many as prove to be good, by how long they take: where handlers only
   * wait, ever more; where more of them only slow each other down, a few.
   */
  readonly concurrencyMax?: number | undefined;
  /**
   * Calls of it that wait on this node for their turn. More of them, and those whose turn would come too late, go to
   * other nodes that offer it, or end `overloaded` without having begun. Default: 10,000; 0: none.
   */
  readonly queueMax?: number | undefined;
  /**
   * Calls of it that come together are given to the handler at once, which then is a {@link BatchHandler}: siblings of one
   * request, calls of several clients. `context()` in it has the time of the call that has most, and its signal aborts when
   * nobody waits for any of them; nested calls are the first call's. Default: `false`; `true` = the defaults.
   */
  readonly batch?: boolean | BatchOptions | undefined;
  /**
   * Whether a call may be run again when its node was lost and nobody knows whether it took effect: `true` = running it
   * twice does no more than running it once; `"with-key"` = the function recognizes a repetition by the
   * `idempotencyKey` of the call, and calls without one are not run again. Default: `false`.
   */
  readonly idempotent?: Idempotent | undefined;
  /** Schema of the arguments: one schema for one argument, or an array, one per positional argument. */
  readonly input?: InputSchemas | undefined;
  /** Schema of the result. */
  readonly output?: StandardSchema | undefined;
}

/** How a node runs a function of a contract. */
export type ImplementOptions = Omit<RegisterOptions, "input" | "output" | "resources" | "idempotent" | "batch">;

export interface OneByOne<F extends FunctionContract = FunctionContract> extends ImplementOptions {
  readonly handler: Handler<F>;
}

export interface Batched<F extends FunctionContract = FunctionContract> extends ImplementOptions {
  /** Gets calls that come together, their arguments as the schemas gave them back. */
  readonly batchHandler: BatchHandler<HandlerArguments<F>, HandlerResult<F>>;
  readonly batch?: BatchOptions | undefined;
}

/**
 * A handler, or one with how it is to be run: `{ handler, version: "1.4.0", concurrencyMax: 8 }`; one that gets calls
 * together is `{ batchHandler, batch: { itemsMax: 32 } }`.
 */
export type Implementation<F extends FunctionContract> = Handler<F> | OneByOne<F> | Batched<F>;

/** One implementation per function of the contract. */
export type Implementations<C extends Contract> = { readonly [Name in keyof C]: Implementation<C[Name]> };

/** A registered function. */
export interface Registration {
  readonly name: string;
  readonly resources: readonly string[];
  /** Withdraws the function from the cluster; calls that run are not disturbed. Does nothing the second time. */
  unregister(): void;
}

/** Where functions are registered: a node, real or simulated. What a module's `register(node)` is given. */
export interface FunctionRegistry {
  readonly name: string;
  /**
   * Offers a function to the whole cluster, at once.
   *
   * `handler` is any function, sync or async; its arguments are the call's, `kwargs` come as a last object. What it
   * returns must be a value: plain objects, arrays, Map, Set, Date, bigint, typed arrays. `context()` tells it about
   * its call. Throws `already-registered` if the node has a function of that name and version.
   */
  register(name: string, handler: AnyHandler, options?: RegisterOptions): Registration;
  /**
   * Registers one handler for each function of a contract; arguments and results pass its schemas on this node. How this
   * node runs it may stand beside the handler: `{ handler, version, concurrencyMax, batch, … }`.
   *
   * All or nothing: throws `invalid-argument` when a function of the contract has no handler, or a handler no
   * function, and `already-registered` when the node has one of the names.
   */
  implement<C extends Contract>(contract: C, handlers: Implementations<C>): Registration[];
  /** Withdraws a function in all its versions; answers whether there was one. Calls that run are not disturbed. */
  unregister(name: string): boolean;
}

/** Writes a line: fields and a message, or only a message. */
export interface LogLine {
  (fields: object, message?: string): void;
  (message: string): void;
}

/** A handler's logger: on a real node the node's own (pino), in a simulated world the world's trace. */
export type HandlerLog = Readonly<Record<"trace" | "debug" | "info" | "warn" | "error" | "fatal", LogLine>>;

export interface SleepOptions {
  /** What ends the sleep early, with its reason. Default: the handler's own signal; `null`: nothing does. */
  readonly signal?: CancelSignal | null | undefined;
}

/** The call that a handler serves. Everything in it can be taken out: `const { call, sleep } = context()`. */
export interface HandlerContext {
  /** Aborts when nobody waits for the result any more: cancelled, past its deadline, or the caller is gone. */
  readonly signal: HandlerSignal;
  /** Time left until the deadline, in ms; 0 when it has passed. */
  readonly remainingMs: number;
  /** When the deadline is, on the node's wall clock: for display. */
  readonly deadline: Date;
  /** The node's monotonic clock, in ms: only differences mean something. In a simulated world, simulated time. */
  readonly nowMs: number;
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
  /** What the caller has given so that a repetition can be recognized. */
  readonly idempotencyKey: string | undefined;
  /** The trace that this call is part of, as the HTTP header of that name (W3C Trace Context); `undefined` when of none. */
  readonly traceparent: string | undefined;
  /** Who asked. */
  readonly caller: Subject;
  /** Logger that names the request and step in every line. */
  readonly log: HandlerLog;
  /**
   * Reports how the work gets on, to those who watch the request (`onEvent`): any value of up to 16 KiB. Where nobody does
   * it costs nothing; it never waits, fails, or delays the result. Of reports that come faster than they can be told some
   * are left out, and how many is told. In a batch it reports for each of its calls.
   */
  readonly progress: (value: unknown) => void;
  /**
   * Publishes to a topic, with the authority of the caller: the policy is asked whether this node may on its behalf. Resolves when this
   * node has taken the message, `confirm` tells what it has come to; what has waited for longer than `timeoutMs`, or until `signal` aborted,
   * may still be published. Rejects as `publish` of a client does.
   */
  readonly publish: TopicCalls["publish"];
  /**
   * Publishes a question, as {@link publish} does, and resolves to the first answer of whoever responds to the topic. It waits for `timeoutMs`
   * (default 30 s), and never longer than the call has time or somebody waits for it; a question that was published then may be answered
   * still, to nobody. Rejects as `publishRequest` of a client does, and with `unsupported` in simulated worlds.
   */
  readonly publishRequest: TopicCalls["publishRequest"];
  /** Calls another function; the deadline, the depth and the caller of this call hold for it. */
  readonly call: UntypedCall;
  /** Starts a graph of nested calls. */
  readonly graph: () => Graph;
  /**
   * Lets `durationMs` (0 to 2³¹ − 1) pass, and nothing else: the only way to wait that a simulated world knows beside
   * nested calls. Rejects with the signal's reason as soon as nobody waits for the handler any more, and at once when
   * that was so before; with `invalid-argument` for a duration out of range.
   */
  readonly sleep: (durationMs: number, options?: SleepOptions) => Promise<void>;
}
