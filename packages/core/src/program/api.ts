/** What a program says and hears of topics: the types of `subscribe`, `publish` and their kin, of clients and of nodes alike. */
import type { MpregError, PublishedPayload, ReceivedPayload, TopicContract } from "../base/index.js";
import type { CancelSignal } from "../rpc/index.js";
import type { Missed } from "../structures/index.js";
import type { ReservedPayload } from "./reserved-topics.js";
import type { Gap, HeaderFilter, Overflow, TopicMessage } from "../topics/index.js";

/** How a program waits for an answer. */
export interface WaitOptions {
  /** Gives up waiting. */
  readonly signal?: CancelSignal | undefined;
  /** Time allowed, in ms. Default: as long as it takes; for a client 30 s where there is no connection. `deadline` when it is over. */
  readonly timeoutMs?: number | undefined;
}

export interface SubscribeOptions<T = unknown> extends WaitOptions {
  /**
   * What was published before, told first and in order: the latest of each topic (`"last"`), so many of the latest, or what
   * is at most `ageMs` old. Nothing unless told. A node keeps a message for an hour, of each
   * topic the last 1,000 and 1 MiB, and 64 MiB of all, unless its `limits` say otherwise.
   */
  readonly backlog?: "last" | number | { readonly ageMs: number } | undefined;
  /** Which messages, by their headers: all conditions of `headers` hold, or any of them. */
  readonly filter?: HeaderFilter | undefined;
  /** Of all subscriptions that name the same group, one gets each message. */
  readonly group?: string | undefined;
  /**
   * What may wait at the node while the consumer is slow. Default: 65,536 messages and 16 MiB, which are also the most;
   * where publishers are to wait (`overflow`), 1,024 and 1 MiB.
   */
  readonly buffer?: { readonly messages?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /**
   * What happens beyond: the oldest message that waits is lost (default), or the newest; publishers wait; or the subscription ends.
   * What is lost is counted and told: see {@link Subscription.missed}.
   */
  readonly overflow?: Overflow | undefined;
  /** Bytes of messages that may be on their way, or have come and not been taken. Default 4 MiB, at most 16 MiB. */
  readonly windowBytes?: number | undefined;
  /**
   * Called with each message, instead of iterating. Where it returns a promise, the message counts as taken when that is fulfilled.
   * When it throws, the subscription ends with that error; see {@link Subscription.closed}.
   */
  readonly onMessage?: ((message: TopicMessage<T>) => unknown) | undefined;
}

/** Something that happened to a subscription; `missed` stands for events that were not taken in time. */
export type SubscriptionEvent =
  /** The node serves it. */
  | { readonly kind: "subscribed"; readonly node: string }
  /** Messages were lost: because the consumer was slow, or between nodes. Infinity: a node has died, and nobody knows how many. */
  | { readonly kind: "messages-lost"; readonly count: number }
  /** The connection is gone; the client asks the next node. */
  | { readonly kind: "disconnected" }
  /** Another connection serves it. What was published meanwhile is told (`filled`), or nobody knows whether all of it is. */
  | { readonly kind: "resubscribed"; readonly node: string; readonly gap: Gap }
  /** It is over: because the program wanted it, or with why not. */
  | { readonly kind: "ended"; readonly error: MpregError | undefined }
  | Missed;

/**
 * A subscription: an iterator over its messages, unless it has a callback. Made by `subscribe` of a client or a node.
 *
 * It lasts until {@link unsubscribe} or {@link drain}, until its loop is left, its signal aborts or the client or node is closed; a
 * client's over another connection when one is lost. Where it ends otherwise the loop throws: `overloaded` where its overflow says so,
 * `denied` or another error where the next node refuses it. So does each loop that begins later; one that begins when an earlier one
 * was left throws `closed`. What the program has ended in another way is over for a loop that begins later as for one that runs: what has
 * come and was not dropped is taken, and nothing thrown.
 */
export interface Subscription<T = unknown> extends AsyncIterable<TopicMessage<T>, undefined>, AsyncDisposable {
  readonly patterns: readonly string[];
  /** Messages that were lost so far, because the consumer was slow or on their way between nodes. Each message says how many are missing before it. */
  readonly missed: number;
  /**
   * Messages that came and were not handed on, since they had waited here for longer than their `ttlMs` when the consumer came for them.
   * They are not among {@link missed}: their publisher wanted that. What expires at a node, that node counts.
   */
  readonly expired: number;
  /** How often the connection was lost, or a node died, and nobody knows what is missing. */
  readonly unknownGaps: number;
  /** Is fulfilled when it is over, and all that had come was taken or dropped; rejects with why where nobody wanted that. */
  readonly closed: Promise<void>;
  /**
   * Ends it, whoever waits for that. What has come and was not taken is dropped. Callbacks that have not ended are not waited for, so
   * that one of them may wait for this; {@link closed} tells when they have.
   */
  unsubscribe(options?: WaitOptions): Promise<void>;
  /**
   * Ends it, whoever waits for that, so that nothing new comes, and all that its node had for it is still taken: what has come, what waits
   * there, and what it is to be told of the backlog. Is fulfilled when that was taken, so no callback may wait for it; rejects where the connection or the node
   * ends it before. Who waits no longer leaves it draining; {@link unsubscribe} ends it at once.
   */
  drain(options?: WaitOptions): Promise<void>;
  /** Is fulfilled when every node of the cluster serves it: whatever is published from then on reaches it. */
  everywhere(options?: WaitOptions): Promise<void>;
  /** What happens to it from now on, 1,000 events of which are kept for each reader. */
  status(options?: { readonly signal?: CancelSignal | undefined }): AsyncIterableIterator<SubscriptionEvent>;
}

export interface PublishOptions extends WaitOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Unique for each message. Default: one is made. At most 256 bytes of UTF-8. */
  readonly id?: string | undefined;
  readonly correlationId?: string | undefined;
  /** The topic to which an answer is to be published. */
  readonly replyTo?: string | undefined;
  /**
   * For how long it is kept or may wait at a node, in ms, and then once more in the program that has subscribed, which is not told how long
   * that was. Default: as long as the node keeps anything.
   */
  readonly ttlMs?: number | undefined;
  /** 0 to 9: of messages that wait, the one with the highest priority is next. Default 4. */
  readonly priority?: number | undefined;
}

/**
 * What a message has come to, by subscriptions: on its way, waiting for a slow consumer, lost at once because of one; and to how many other
 * nodes it goes. With `confirm: "local"` the subscriptions of those are not counted.
 */
export interface PublishConfirmation {
  readonly handed: number;
  readonly waiting: number;
  readonly lost: number;
  readonly nodes: number;
}

/**
 * When a publish is confirmed: when the node has it, or when all nodes have told what it has come to. Where one of these has not told within
 * 10 s, or cannot any more, the latter rejects with `deadline` or `node-lost`, of outcome `unknown`; `overloaded` beyond 10,000 that wait.
 */
export interface ConfirmOptions extends PublishOptions {
  readonly confirm: "local" | "subscribers";
}

/** What a subscription to `P` gets: of reserved topics what the cluster publishes there, of others what the schemas say. */
type Received<T extends TopicContract | undefined, P extends string> = P extends `mpreg.${string}`
  ? ReservedPayload<P>
  : ReceivedPayload<T, P>;

/** Topics, as a program speaks of them; `T` are the schemas of payloads, where `connect` or `createNode` was given some. */
export interface TopicCalls<T extends TopicContract | undefined = undefined> {
  /**
   * Subscribes to one pattern of topics, or several: `*` is one word between dots, `#` any number of words. A message that
   * several patterns match comes once. Resolves when the node serves it.
   *
   * ```ts fragment
   * const logins = await client.subscribe("user.*.login", { backlog: { ageMs: 60_000 } });
   * for await (const { topic, payload } of logins) console.log(topic, payload);
   * ```
   *
   * Rejects with `invalid-argument`, `denied`, `overloaded` (the node has too many), `not-connected`, `deadline`, `cancelled`, `closed`.
   */
  subscribe<const P extends string>(
    patterns: P | readonly P[],
    options?: SubscribeOptions<Received<T, P>>,
  ): Promise<Subscription<Received<T, P>>>;
  /**
   * Publishes. Resolves when the message is queued, at most once on its way: there is a connection, and room; a loop that awaits it
   * goes no faster than the node takes. What may have been lost with a client's connection is counted in `client.status()` (`publishes-lost`), what its
   * node refuses is told there (`publish-refused`); the program of a node hears it here. With `confirm` it resolves to what the message has come to, and rejects with
   * outcome `unknown` where the connection broke meanwhile.
   *
   * Rejects with `invalid-argument`, `denied` (topics under `mpreg` are the cluster's), `not-encodable`, `too-large`, `invalid-input` (a schema
   * refuses it), `overloaded` (too many wait), `not-connected`, `deadline`, `cancelled`, `closed`.
   */
  publish<const Topic extends string>(
    topic: Topic,
    payload: PublishedPayload<T, Topic>,
    options?: PublishOptions & { readonly confirm?: undefined },
  ): Promise<void>;
  publish<const Topic extends string>(
    topic: Topic,
    payload: PublishedPayload<T, Topic>,
    options: ConfirmOptions,
  ): Promise<PublishConfirmation>;
  /**
   * Publishes, and resolves to the first answer of whoever responds to the topic. `timeoutMs` is 30 s unless told otherwise, and
   * counts from the call.
   *
   * Rejects with `no-provider` where nobody has subscribed to it, `handler-error` with the message of the error that the responder threw, `deadline`,
   * and as {@link publish} does.
   */
  publishRequest<R = unknown, const Topic extends string = string>(
    topic: Topic,
    payload: PublishedPayload<T, Topic>,
    options?: Omit<PublishOptions, "replyTo" | "correlationId">,
  ): Promise<R>;
  /**
   * Answers what is requested of the topics of a pattern with what `answer` returns, or fulfils; an error that it throws is told to
   * whoever has asked. Messages that ask for no answer are left alone. With `group`, one of its members gets each request.
   * Lasts as a subscription does, and rejects as {@link subscribe} does.
   */
  respond<const P extends string>(
    patterns: P | readonly P[],
    answer: (message: TopicMessage<ReceivedPayload<T, P>>) => unknown,
    options?: Omit<SubscribeOptions<ReceivedPayload<T, P>>, "onMessage" | "backlog">,
  ): Promise<Subscription<ReceivedPayload<T, P>>>;
}
