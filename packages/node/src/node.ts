/**
 * Node: a running node as its program sees it.
 */
import type { Contract } from "@mpreg/core";
import { type QueueContract, type TopicContract, checkOptions, optionNames } from "@mpreg/core/base";
import type { AnyHandler, FunctionRegistry, RegisterOptions } from "@mpreg/core/handlers";
import type { ClusterInfo, FunctionInfo, NodeInfo } from "@mpreg/core/node";
import {
  type QueueCalls,
  Holders,
  type QueueHost,
  type TopicCalls,
  type TopicFunctions,
  type WaitOptions,
  queueCalls,
  topicCalls,
} from "@mpreg/core/program";
import {
  type Caller,
  type Calls,
  type CancelSignal,
  type Graph,
  type InspectOptions,
  type PlainRequest,
  type RequestEvent,
  type RequestList,
  type RequestTrace,
  type RequestsOptions,
  type SingleCallOptions,
  type TopicReportOptions,
  type WatchOptions,
  durationMs,
  requestsOf,
  topicReportOf,
  traceOf,
  watching,
} from "@mpreg/core/rpc";
import type { TopicReport } from "@mpreg/core/topics";
import type { Driver } from "./driver.js";
import { type NodeRegistration, disposable } from "./handlers.js";
import { type JoinedOptions, joined } from "./joining.js";
import { ownQueueHost } from "./own-program.js";
import { waiting } from "./patience.js";
import type { NodeStatus, Status, StatusOptions } from "./status.js";
import type { ThreadedOptions } from "./threads/options.js";
import type { NodeImplementations, Threads } from "./threads/threads.js";

/** A way in for clients of another protocol. */
interface Door {
  readonly url: string | undefined;
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What a node is made of once it runs. */
export interface NodeParts<T extends TopicContract | undefined, Q extends QueueContract | undefined> {
  /** Schemas of topics. */
  readonly topics: T;
  /** Schemas of queues. */
  readonly queues: Q;
  readonly driver: Driver;
  readonly threads: Threads;
  readonly status: Status;
  readonly url: string;
  readonly urls: readonly string[];
  readonly mqtt: Door | undefined;
  readonly sqs: Door | undefined;
  /** Ends what is not the driver's: sockets, files. */
  readonly shutDown: () => Promise<void>;
}

export interface DrainOptions {
  /** How long what runs may take to end, in ms. Default 30,000. */
  readonly graceMs?: number | undefined;
  /** Gives up waiting with `cancelled`; the node goes on draining, and leaves when it has. `close()` ends it before. */
  readonly signal?: CancelSignal | undefined;
  /** Gives up waiting with `deadline` after so many ms; else as `signal`. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

const drainNames = optionNames<DrainOptions>({ graceMs: true, signal: true, timeoutMs: true });
const graceMsDefault = 30_000;

/**
 * A node of the mesh. Made by `createNode`.
 *
 * Offers functions to the cluster and can call any function of it; publishes and subscribes to topics, as clients do. `T` are the
 * schemas of topics and `Q` those of queues, where `createNode` was given some.
 */
export interface MpregNode<
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
>
  extends Calls, TopicCalls<T>, QueueCalls<Q>, FunctionRegistry, AsyncDisposable {
  /** Where clients and other nodes reach it, e.g. `ws://127.0.0.1:9001`. */
  readonly url: string;
  /** All addresses it tells to others. */
  readonly urls: readonly string[];
  /** Where MQTT clients reach it over TCP, e.g. `mqtt://127.0.0.1:1883`; `undefined` where they do not. */
  readonly mqttUrl: string | undefined;
  /** The endpoint for clients of Amazon SQS, e.g. `http://127.0.0.1:9324`; `undefined` where there is none. */
  readonly sqsUrl: string | undefined;
  /** Fingerprint of the node's key: 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Offers a function to the whole cluster, at once. See {@link FunctionRegistry.register}. */
  register(name: string, handler: AnyHandler, options?: RegisterOptions): NodeRegistration;
  /**
   * Offers a function that runs in threads of its own: `module` is the file that exports its handler.
   *
   * For handlers that compute: the node's event loop stays free, and a handler that loops, crashes or exits ends its
   * thread only, which is replaced; its own callers are told `thread-lost`, or run it again if it is idempotent. The
   * handler is as any other, `context()` included. Nothing but the bytes of arguments and results passes between the
   * threads; schemas given here see the values on the node's own thread. Throws `invalid-argument` when there is no such
   * file; a module that does not load is logged, and its callers are told why.
   *
   * ```ts
   * node.register("classify", new URL("./model.js", import.meta.url), { threads: 2 });
   * ```
   */
  register(name: string, module: URL, options?: ThreadedOptions): NodeRegistration;
  /**
   * Registers one handler for each function of a contract, or none. See {@link FunctionRegistry.implement}; one that runs
   * in threads is `{ handler: new URL("./model.js", import.meta.url), threads, export }`.
   */
  implement<C extends Contract>(contract: C, handlers: NodeImplementations<C>): NodeRegistration[];
  /** The nodes this one knows of, itself first. */
  nodes(): readonly NodeInfo[];
  /**
   * Resolves with {@link nodes} once so many other nodes (`peers`, default 1) are there, as this one sees it: alive, whether it has dialled
   * them or they it. What they offer is known moments later: a call that is to wait for that says `waitForCapacity`.
   *
   * Rejects with `deadline` after `timeoutMs` (default: as long as it takes), `cancelled` when `signal` aborts, and `closed`.
   *
   * ```ts
   * await node.joined({ peers: 2, timeoutMs: 30_000 });
   * ```
   */
  joined(options?: JoinedOptions): Promise<readonly NodeInfo[]>;
  /** The cluster as this node sees it: every node it remembers, also those that are down or have left. */
  cluster(): ClusterInfo;
  /** The functions of the cluster and who offers them. */
  functions(): readonly FunctionInfo[];
  /**
   * Follows a request that anybody has asked for, this node's own program included, by its id (`received`, a summary and
   * errors of requests tell it): first what has happened so far, then what happens, until it ends; from whichever node
   * coordinates it. The policies of both nodes are asked whether this node may `watch` it.
   *
   * 1,000 events are kept that were not taken; beyond, the oldest are dropped and `{ kind: "missed", count }` stands in
   * their place. Ends with the request, when its loop is left and when `signal` aborts. Throws `unknown-request` where no such
   * request runs or is remembered, `denied`, `overloaded` (too many watch it), `node-lost` when its coordinator, or the link to
   * it, is lost, and `closed`.
   *
   * ```ts
   * for await (const event of node.watch(requestId)) console.log(event.kind);
   * ```
   */
  watch(requestId: string, options?: WatchOptions): AsyncIterableIterator<RequestEvent>;
  /**
   * What is known of a request: of one that runs, so far; of one that has ended, for as long as its coordinator remembers
   * it (10 minutes, unless its limits say otherwise). `traceText` makes a text of it. Rejects as {@link watch} throws, with
   * `deadline` after `timeoutMs` and `cancelled` when `signal` aborts.
   *
   * ```ts
   * console.log(traceText(await node.trace(requestId)));
   * ```
   */
  trace(requestId: string, options?: InspectOptions): Promise<RequestTrace>;
  /**
   * The requests that this node, or the one that `node` names, coordinates, and has coordinated lately: graphs, and of
   * single calls those that are watched or summarised. Of each kind 1,000 at most; `leftOut` says how many more there are.
   *
   * Requests that the policy does not let this node watch are not among them. Rejects with `denied` where that leaves none,
   * and with `invalid-argument` or `node-lost` for a node that is not there.
   */
  requests(options?: RequestsOptions): Promise<RequestList>;
  /**
   * What topics of this node, or of the one that `node` names, come to: what is subscribed to there, how many messages have come and
   * gone, what is lost and what waits. Of kinds of subscriptions 1,000 at most are told of; `leftOut` says how many more there
   * are. Two reports make a rate.
   *
   * Rejects with `denied` where the policy of the other node does not let this one know, with `invalid-argument` or `node-lost` for a
   * node that is not there, with `unsupported` for one of an earlier version, with `deadline` after `timeoutMs` and `cancelled`
   * when `signal` aborts; then nothing is left behind.
   */
  topics(options?: TopicReportOptions): Promise<TopicReport>;
  /**
   * Follows what happens to this node and its cluster from now on: nodes that join, are suspected, recover and are lost,
   * links that open, break or are refused, dials that fail, keys that two processes share, nodes whose
   * `messageBytesMax` is too small for what they have to be told, what others say and is not believed.
   *
   * Any number of iterators, each with all events in order. For each, 1,000 events are kept that it has not taken; beyond,
   * the oldest are dropped and it is told `{ kind: "missed", count }` in their place. It ends when its loop is left, when
   * `signal` aborts, and, once it has taken what is kept, when the node has closed.
   *
   * ```ts
   * for await (const event of node.status()) {
   *   if (event.kind === "node-lost") console.log(`${event.name} is gone: ${event.reason.reason}`);
   * }
   * ```
   */
  status(options?: StatusOptions): AsyncIterableIterator<NodeStatus>;
  /**
   * Leaves the cluster and loses nothing: takes nothing new, which others then do instead, sends its clients to other
   * nodes, finishes what runs, and closes. What runs longer than `graceMs` (default 30,000) ends as with {@link close},
   * which may also be called meanwhile. Register nothing and ask nothing after it.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Leaves the cluster at once: says goodbye to all, stops listening, and tells every call of this node that has not ended
   * `closed`. Handlers that run are told through their signal.
   *
   * Is fulfilled when its sockets, files and threads are let go of. Who does not wait any more, because `signal` aborts (`cancelled`)
   * or `timeoutMs` are over (`deadline`), leaves it closing; only where `signal` has aborted before, nothing has happened.
   */
  close(options?: WaitOptions): Promise<void>;
}

/** The node that `driver` drives. */
export class DrivenNode<T extends TopicContract | undefined, Q extends QueueContract | undefined> implements MpregNode<
  T,
  Q
> {
  readonly url: string;
  readonly urls: readonly string[];
  readonly mqttUrl: string | undefined;
  readonly sqsUrl: string | undefined;
  readonly publish: TopicCalls<T>["publish"];
  readonly subscribe: TopicCalls<T>["subscribe"];
  readonly publishRequest: TopicCalls<T>["publishRequest"];
  readonly respond: TopicCalls<T>["respond"];
  readonly queue: QueueCalls<Q>["queue"];
  readonly queues: QueueCalls["queues"];
  readonly queueStats: QueueCalls["queueStats"];
  readonly spooled: QueueCalls["spooled"];
  readonly retrySpooled: QueueCalls["retrySpooled"];
  readonly discardSpooled: QueueCalls["discardSpooled"];
  readonly #driver: Driver;
  readonly #threads: Threads;
  readonly #status: Status;
  readonly #caller: Caller;
  readonly #mqtt: Door | undefined;
  readonly #sqs: Door | undefined;
  readonly #shutDown: () => Promise<void>;
  readonly #holders = new Holders();
  #closing: Promise<void> | undefined;
  #draining: Promise<void> | undefined;

  constructor({ driver, threads, status, url, urls, topics, queues, mqtt, sqs, shutDown }: NodeParts<T, Q>) {
    const calls: TopicFunctions<T> = topicCalls(() => driver.program.topics, topics);
    this.publish = calls.publish;
    this.subscribe = calls.subscribe;
    this.publishRequest = calls.publishRequest;
    this.respond = calls.respond;
    const host = (): QueueHost =>
      ownQueueHost(this.#caller, driver.asking(undefined).codec, driver.machine.id, this.#holders);
    const { queue, queues: names, queueStats, spooled, retrySpooled, discardSpooled } = queueCalls<Q>(host, queues);
    this.queue = queue;
    this.queues = names;
    this.queueStats = queueStats;
    this.spooled = spooled;
    this.retrySpooled = retrySpooled;
    this.discardSpooled = discardSpooled;
    this.#driver = driver;
    this.#threads = threads;
    this.#status = status;
    this.#caller = driver.caller(undefined);
    this.#mqtt = mqtt;
    this.#sqs = sqs;
    this.#shutDown = shutDown;
    this.mqttUrl = mqtt?.url;
    this.sqsUrl = sqs?.url;
    this.url = url;
    this.urls = urls;
  }

  get id(): string {
    return this.#driver.machine.id;
  }

  get name(): string {
    return this.#driver.machine.name;
  }

  register(name: string, handler: AnyHandler | URL, options?: RegisterOptions | ThreadedOptions): NodeRegistration {
    const registered =
      handler instanceof URL
        ? this.#threads.register(name, handler, options)
        : this.#driver.functions.register(name, handler, options);
    return disposable(registered);
  }

  implement<C extends Contract>(contract: C, handlers: NodeImplementations<C>): NodeRegistration[] {
    return this.#threads.implement(contract, handlers).map(disposable);
  }

  unregister(name: string): boolean {
    return this.#driver.functions.unregister(name);
  }

  call<T = unknown>(fun: string, args?: readonly unknown[], options?: SingleCallOptions): Promise<T> {
    return this.#caller.call<T>(fun, args, options);
  }

  graph(): Graph {
    return this.#caller.graph();
  }

  get request(): PlainRequest {
    return this.#caller.request;
  }

  nodes(): readonly NodeInfo[] {
    return this.#driver.inspect("nodes") as NodeInfo[];
  }

  joined(options: JoinedOptions = {}): Promise<readonly NodeInfo[]> {
    return joined(() => this.nodes(), this.#status, options);
  }

  cluster(): ClusterInfo {
    return this.#driver.inspect("cluster") as ClusterInfo;
  }

  functions(): readonly FunctionInfo[] {
    return this.#driver.inspect("functions") as FunctionInfo[];
  }

  watch(requestId: string, options: WatchOptions = {}): AsyncIterableIterator<RequestEvent> {
    return watching(this.#driver.asking(undefined), requestId, options);
  }

  trace(requestId: string, options?: InspectOptions): Promise<RequestTrace> {
    return traceOf(this.#driver.asking(undefined), requestId, options);
  }

  requests(options?: RequestsOptions): Promise<RequestList> {
    return requestsOf(this.#driver.asking(undefined), options);
  }

  topics(options?: TopicReportOptions): Promise<TopicReport> {
    return topicReportOf(this.#driver.asking(undefined), options) as Promise<TopicReport>;
  }

  status(options?: StatusOptions): AsyncIterableIterator<NodeStatus> {
    return this.#status.read(options);
  }

  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptions(options, drainNames, "drain");
    const graceMs = durationMs(options.graceMs, "drain: graceMs");
    const { signal, timeoutMs } = options;
    const drain = (): Promise<void> =>
      this.#closing ?? (this.#draining ??= this.#drain(graceMs === 0 ? graceMsDefault : graceMs));
    const late = `The time allowed (${timeoutMs} ms) ran out before the node had drained`;
    return waiting(drain, { signal, timeoutMs }, { who: "drain", late });
  }

  close(options: WaitOptions = {}): Promise<void> {
    const close = (): Promise<void> => (this.#closing ??= this.#close());
    const late = `The time allowed (${options.timeoutMs} ms) ran out before the node had closed`;
    return waiting(close, options, { who: "close", late });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(graceMs: number): Promise<void> {
    if (this.#holders.size > 0) await this.#holders.leave(); // what the program has not begun goes back, also to queues of other nodes
    if (this.#closing === undefined) {
      await Promise.all([this.#driver.drain(graceMs), this.#mqtt?.drain(graceMs), this.#sqs?.drain(graceMs)]);
    }
    await this.close();
  }

  async #close(): Promise<void> {
    if (this.#holders.size > 0) await this.#holders.leave();
    const mqttClosed = this.#mqtt?.close(); // before the driver: wills are published
    const sqsClosed = this.#sqs?.close(); // before the driver: what waits is taken back
    this.#driver.close();
    this.#status.end();
    await Promise.all([this.#threads.close(), mqttClosed, sqsClosed, this.#shutDown()]);
  }
}
