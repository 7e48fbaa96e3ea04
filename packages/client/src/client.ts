/**
 * Client: what a program holds after `connect`.
 */
import type { Contract } from "@mpreg/core";
import type { QueueContract, TopicContract } from "@mpreg/core/base";
import type { ClusterInfo, FunctionInfo, NodeInfo } from "@mpreg/core/node";
import {
  Caller,
  type Calls,
  type Graph,
  type InspectOptions,
  type PlainRequest,
  type RequestEvent,
  type RequestList,
  type RequestTrace,
  type RequestsOptions,
  type TopicReportOptions,
  type WatchOptions,
  requestsOf,
  topicReportOf,
  traceOf,
  watching,
} from "@mpreg/core/rpc";
import {
  type QueueCalls,
  type QueueHost,
  type TopicCalls,
  type WaitOptions,
  cancelled,
  queueCalls,
  topicCalls,
  waitMsOf,
  within,
} from "@mpreg/core/program";
import type { TopicReport } from "@mpreg/core/topics";
import type { Session } from "./session.js";
import type { ClientStatus, StatusOptions } from "./status.js";

/**
 * A client of the cluster: a connection to one node at a time, through which every function of the cluster can be called.
 * Made by `connect`.
 *
 * `C` is the contract of the functions, `T` the schemas of topics and `Q` what is in queues, where `connect` was given them. The promises of all its calls reject with an
 * `MpregError`; aborting `options.signal` cancels a call, wherever it runs.
 */
export interface Client<
  C extends Contract | undefined = undefined,
  T extends TopicContract | undefined = undefined,
  Q extends QueueContract | undefined = undefined,
>
  extends Calls<C>, TopicCalls<T>, QueueCalls<Q, C>, AsyncDisposable {
  /** The address of the node it is connected to; while it is not, of the last one. */
  readonly url: string;
  /**
   * The same connection without the contract and the schemas of topics and queues: calls any function of the cluster, and fits wherever
   * a `Client` is wanted.
   * Closing either closes both.
   */
  readonly untyped: Client;
  /** The nodes of the cluster as the connected node sees them, itself first. */
  nodes(options?: InspectOptions): Promise<readonly NodeInfo[]>;
  /** The cluster as the connected node sees it: every node it remembers, also those that are down or have left. */
  cluster(options?: InspectOptions): Promise<ClusterInfo>;
  /** The functions of the cluster and who offers them. */
  functions(options?: InspectOptions): Promise<readonly FunctionInfo[]>;
  /**
   * Follows a request that any client has asked for, by its id (`received`, a summary and errors of requests tell it): first
   * what has happened so far, then what happens, until it ends; at any node, which asks the one that coordinates it.
   *
   * 1,000 events are kept that were not taken; beyond, the oldest are dropped and `{ kind: "missed", count }` stands in
   * their place. Ends with the request, when its loop is left and when `signal` aborts. When the connection breaks it goes on
   * over the next one, and begins again with `received`. Throws `unknown-request` where no such request runs or is
   * remembered, `denied`, `overloaded` (too many watch it), `node-lost` when its coordinator is (without `reconnect`, also
   * when the connection is), `not-connected` when there is no connection for 30 s, and `closed`.
   */
  watch(requestId: string, options?: WatchOptions): AsyncIterableIterator<RequestEvent>;
  /**
   * What is known of a request: of one that runs, so far; of one that has ended, for as long as its coordinator remembers
   * it (10 minutes, unless its limits say otherwise). `traceText` makes a text of it. Rejects as {@link watch} does.
   */
  trace(requestId: string, options?: InspectOptions): Promise<RequestTrace>;
  /**
   * The requests that a node coordinates, and has coordinated lately: graphs, and of single calls those that are watched or
   * summarised. Of each kind 1,000 at most; `leftOut` says how many more there are.
   *
   * Requests that the policy does not let this client watch are not among them. Rejects with `denied` where that leaves
   * none, and with `invalid-argument` or `node-lost` for a node that is not there.
   */
  requests(options?: RequestsOptions): Promise<RequestList>;
  /**
   * What topics of a node come to: what is subscribed to there, how many messages have come and gone, what is lost and what waits. Of
   * kinds of subscriptions 1,000 at most are told of; `leftOut` says how many more there are. Two reports make a rate.
   *
   * Rejects with `denied` where the policy does not let this client know, with `invalid-argument` or `node-lost` for a node that is
   * not there, and with `unsupported` by nodes of earlier versions.
   */
  topics(options?: TopicReportOptions): Promise<TopicReport>;
  /**
   * Follows the connection: first how things are now, then each change.
   *
   * Any number of iterators, each with all events in order. For each, 1,000 events are kept that it has not taken; beyond,
   * the oldest are dropped and it is told `{ kind: "missed", count }` in their place. It ends when the client was closed
   * (without `reconnect`, also when its connection is lost), when its loop is left, and when `signal` aborts.
   *
   * ```ts
   * for await (const event of client.status()) {
   *   if (event.kind === "disconnected") console.log(`gone: ${event.reason.reason}`);
   *   if (event.kind === "reconnected") console.log(`now connected to ${event.node}`);
   * }
   * ```
   */
  status(options?: StatusOptions): AsyncIterableIterator<ClientStatus>;
  /**
   * Ends what receives messages of queues, waits for what their handlers have begun, and then does what {@link close} does. Nothing more is received, and what was
   * leased ahead is given back; that receive does not count.
   *
   * Rejects with `deadline` after `timeoutMs` (default: as long as it takes), and `cancelled` where `signal` aborts: handlers run on then, nothing more is received,
   * and the connection is still there.
   */
  drain(options?: WaitOptions): Promise<void>;
  /**
   * Ends the connection. Calls under way are told `closed`; what they do elsewhere is cancelled.
   *
   * What loops and processors of queues have leased and not begun is given back before, and its receive does not count; what handlers work on is released, and their signal
   * aborts: {@link drain} waits for them. It is waited for at most 1 s that the queues have heard of that; where there is nothing to give back, or no connection, it ends
   * at once. What the program has received itself, and the message that a loop is at, stays leased.
   *
   * Rejects with `deadline` where the queues have not heard of it after `timeoutMs`, and `cancelled` where `signal` aborts: the connection has ended all the same, and what
   * they have not heard of stays leased until its visibility is over. Where `signal` has aborted already nothing has happened.
   */
  close(options?: WaitOptions): Promise<void>;
}

/** A client of `session`, with the types and resources of `contract` and the schemas of `topics` and `queues` if there are any. */
export class SessionClient<
  C extends Contract | undefined,
  T extends TopicContract | undefined,
  Q extends QueueContract | undefined,
> implements Client<C, T, Q> {
  readonly call: Calls<C>["call"];
  readonly request: PlainRequest;
  readonly publish: TopicCalls<T>["publish"];
  readonly subscribe: TopicCalls<T>["subscribe"];
  readonly publishRequest: TopicCalls<T>["publishRequest"];
  readonly respond: TopicCalls<T>["respond"];
  readonly queue: QueueCalls<Q, C>["queue"];
  readonly queues: QueueCalls["queues"];
  readonly queueStats: QueueCalls["queueStats"];
  readonly spooled: QueueCalls["spooled"];
  readonly retrySpooled: QueueCalls["retrySpooled"];
  readonly discardSpooled: QueueCalls["discardSpooled"];
  readonly #session: Session;
  readonly #caller: Caller;
  readonly #contract: C;
  #untyped: Client | undefined;

  constructor(session: Session, contract: C, topics: T, queues: Q) {
    const caller = new Caller(session, contract);
    // the type of `call` follows the contract; what it does does not
    this.call = ((fun: string, args?: readonly unknown[], options?: object) =>
      caller.call(fun, args, options)) as Calls<C>["call"];
    this.request = caller.request;
    const calls = topicCalls(() => session.topics, topics);
    this.publish = calls.publish;
    this.subscribe = calls.subscribe;
    this.publishRequest = calls.publishRequest;
    this.respond = calls.respond;
    const host = (): QueueHost => session.queueHost((fun, args, asked) => caller.call(fun, args, asked));
    const { queue, queues: names, queueStats, spooled, retrySpooled, discardSpooled } = queueCalls<Q, C>(host, queues);
    this.queue = queue;
    this.queues = names;
    this.queueStats = queueStats;
    this.spooled = spooled;
    this.retrySpooled = retrySpooled;
    this.discardSpooled = discardSpooled;
    this.#session = session;
    this.#caller = caller;
    this.#contract = contract;
  }

  get url(): string {
    return this.#session.url;
  }

  get untyped(): Client {
    return (this.#untyped ??= new SessionClient(this.#session, undefined, undefined, undefined));
  }

  graph(): Graph<C> {
    return this.#caller.graph(this.#contract);
  }

  nodes(options?: InspectOptions): Promise<readonly NodeInfo[]> {
    return this.#session.inspect("nodes", options) as Promise<readonly NodeInfo[]>;
  }

  cluster(options?: InspectOptions): Promise<ClusterInfo> {
    return this.#session.inspect("cluster", options) as Promise<ClusterInfo>;
  }

  functions(options?: InspectOptions): Promise<readonly FunctionInfo[]> {
    return this.#session.inspect("functions", options) as Promise<readonly FunctionInfo[]>;
  }

  watch(requestId: string, options: WatchOptions = {}): AsyncIterableIterator<RequestEvent> {
    return watching(this.#session, requestId, options);
  }

  trace(requestId: string, options?: InspectOptions): Promise<RequestTrace> {
    return traceOf(this.#session, requestId, options);
  }

  requests(options?: RequestsOptions): Promise<RequestList> {
    return requestsOf(this.#session, options);
  }

  topics(options?: TopicReportOptions): Promise<TopicReport> {
    return topicReportOf(this.#session, options) as Promise<TopicReport>;
  }

  status(options?: StatusOptions): AsyncIterableIterator<ClientStatus> {
    return this.#session.status.read(options);
  }

  close(options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      const timeoutMs = waitMsOf(options, "close");
      const { signal } = options;
      if (signal?.aborted === true) throw cancelled(signal, "not-applied");
      const end = (): void => {
        this.#session.close("the client has closed");
      };
      const left = this.#session.leaveQueues("leave");
      if (left === undefined) {
        end();
        return resolve();
      }
      const late = `The time allowed (${timeoutMs} ms) ran out while queues heard of what is given back: the client has closed all the same`;
      resolve(within(this.#session.clock, left, { signal, timeoutMs, late }).finally(end));
    });
  }

  drain(options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      const timeoutMs = waitMsOf(options, "drain");
      const { signal } = options;
      if (signal?.aborted === true) throw cancelled(signal, "not-applied");
      const late = `The time allowed (${timeoutMs} ms) ran out while messages of queues were worked on`;
      const drained = this.#session.leaveQueues("drain") ?? Promise.resolve();
      resolve(within(this.#session.clock, drained, { signal, timeoutMs, late }).then(() => this.close()));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
