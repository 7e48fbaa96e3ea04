/**
 * Reserved topics: what nodes publish of themselves and of the cluster, under `mpreg`. The guide's table is made of this one.
 *
 * (T1) What every node sees, each tells to the subscriptions of its own clients and program only; what one node alone knows goes to all
 *      nodes. So each subscription hears of each once.
 * (T2) Nothing is written that nobody has subscribed to, and none of it is kept for those who come late but what somebody wanted.
 */
import type { PatternMatches } from "../base/index.js";
import type { EndedMessage } from "../queues/index.js";
import type { RequestEvent } from "../rpc/index.js";
import type { SubscriptionEnd } from "../topics/index.js";

/** A member of the cluster, as the node sees it that tells of it. */
export interface MemberEvent {
  /** The member. */
  readonly nodeId: string;
  readonly name: string;
  /** Name of the node that tells it: the one that the subscriber is connected to. */
  readonly seenBy: string;
  /** Of a member that has joined: where it can be reached. */
  readonly urls?: readonly string[];
  /** Of one that is lost: why. */
  readonly reason?: string;
}

/** A function that a node offers to the cluster, or does not any more. */
export interface FunctionEvent {
  readonly fun: string;
  readonly version?: string;
  readonly resources?: readonly string[];
  /** Id and name of the node. */
  readonly nodeId: string;
  readonly node: string;
}

/** Consumers that are too slow, or nodes that could not be told all. */
export interface MissedEvent {
  readonly nodeId: string;
  readonly node: string;
  /** Messages that are missing of subscriptions at that node, each counted for each subscription; `Infinity` where nobody knows how many. */
  readonly count: number;
}

/** Subscriptions that begin to lose messages. */
export interface SlowEvent {
  readonly nodeId: string;
  readonly node: string;
  /** How many subscriptions at that node. Each is counted again only once its consumer has caught up. */
  readonly count: number;
}

/** A subscription that its node has ended. */
export interface EndedEvent {
  readonly nodeId: string;
  readonly node: string;
  readonly why: SubscriptionEnd;
  /** Messages that waited for it and are lost. */
  readonly lost: number;
}

/** What has happened to a queue, or in one turn to messages of it. */
export interface QueueEvent {
  readonly queue: string;
  /** Id and name of the node that has the queue; of `spool-…` events, of the one that keeps messages for it. */
  readonly nodeId: string;
  readonly node: string;
  /** Messages to which it has happened; of a queue that was deleted, those that it had. */
  readonly count: number;
  /** The first hundred of them. */
  readonly messages: readonly EndedMessage[];
}

/** A level of a request of the JSON protocol, told in the fields of the reference implementation's intermediate results. */
export interface LevelResults {
  /** The `u` of the request. */
  readonly request_id: string;
  /** From 0. */
  readonly level_index: number;
  /** The results of the level, by the names of the commands. */
  readonly level_results: Readonly<Record<string, unknown>>;
  /** Those of this level and all below it. */
  readonly accumulated_results: Readonly<Record<string, unknown>>;
  readonly total_levels: number;
  readonly completed_levels: number;
  /** When the last result of the level was there: seconds since 1970. */
  readonly timestamp: number;
  readonly execution_time_ms: number;
  /** What is not told, and why; only where something is not. */
  readonly notices?: readonly string[];
  /** Never there: it is no `RequestEvent`. */
  readonly kind?: undefined;
}

/** Payloads by pattern of topics. */
export interface ReservedPayloads {
  readonly "mpreg.cluster.member.*": MemberEvent;
  readonly "mpreg.cluster.function.*": FunctionEvent;
  readonly "mpreg.rpc.request.*": LevelResults;
  readonly "mpreg.rpc.request.*.*": RequestEvent | LevelResults;
  readonly "mpreg.queue.#": QueueEvent;
  readonly "mpreg.topics.subscription.slow": SlowEvent;
  readonly "mpreg.topics.subscription.missed": MissedEvent;
  readonly "mpreg.topics.subscription.ended": EndedEvent;
}

type PayloadsOf<P extends string> = {
  [Pattern in keyof ReservedPayloads]: [PatternMatches<Pattern, P>] extends [true] ? ReservedPayloads[Pattern] : never;
}[keyof ReservedPayloads];

/** What a subscription to the reserved pattern `P` gets, where all its topics have one type of payload. */
export type ReservedPayload<P extends string> = P extends keyof ReservedPayloads
  ? ReservedPayloads[P]
  : P extends `${string}#${string}`
    ? unknown
    : [PayloadsOf<P>] extends [never]
      ? unknown
      : PayloadsOf<P>;

/** What is told of one kind of topics. */
export interface ReservedTopic {
  readonly topics: string;
  /** When. */
  readonly when: string;
  /** Name of the type of its payload. */
  readonly payload: string;
  /** `here`: to subscriptions of the node that sees it; `everywhere`: to those of all nodes. (T1) */
  readonly told: "here" | "everywhere";
}

/** All of them, by pattern. */
export const reservedTopics: { readonly [Pattern in keyof ReservedPayloads]: ReservedTopic } = {
  "mpreg.cluster.member.*": {
    topics: "mpreg.cluster.member.joined, .suspected, .recovered, .left, .lost",
    when: "a node joins, is not reached by somebody, contradicts that, has left, or counts as down",
    payload: "MemberEvent",
    told: "here",
  },
  "mpreg.cluster.function.*": {
    topics: "mpreg.cluster.function.offered, .withdrawn",
    when: "a node registers a function for the cluster, or unregisters it; a node that is gone withdraws nothing",
    payload: "FunctionEvent",
    told: "everywhere",
  },
  "mpreg.rpc.request.*": {
    topics: "mpreg.rpc.request.<u>, and what is under it",
    when: "a level of a request of the JSON protocol is there, where the request names this topic",
    payload: "LevelResults",
    told: "everywhere",
  },
  "mpreg.rpc.request.*.*": {
    topics: "mpreg.rpc.request.<id>.<kind of event>",
    when: "something happens to a graph or call that began after somebody had subscribed, as `watch` tells it",
    payload: "RequestEvent",
    told: "everywhere",
  },
  "mpreg.queue.#": {
    topics:
      "mpreg.queue.<name>.created, .deleted, .acknowledged, .dead-letter, .expired, .dropped, .feed-refused, .spool-refused, .spool-retried, .spool-discarded",
    when: "a queue is created or deleted; messages of it are acknowledged, become dead letters, outlive their TTL, or make room for others; it does not take what topics feed it; a node sets messages aside that it keeps for it, has them tried again, or throws them away",
    payload: "QueueEvent",
    told: "everywhere",
  },
  "mpreg.topics.subscription.slow": {
    topics: "mpreg.topics.subscription.slow",
    when: "subscriptions at a node begin to lose messages because their consumers are slow, or stand still",
    payload: "SlowEvent",
    told: "everywhere",
  },
  "mpreg.topics.subscription.missed": {
    topics: "mpreg.topics.subscription.missed",
    when: "subscriptions at a node were told that messages are missing: their consumers are slow, or a link was",
    payload: "MissedEvent",
    told: "everywhere",
  },
  "mpreg.topics.subscription.ended": {
    topics: "mpreg.topics.subscription.ended",
    when: "a node ends a subscription whose consumer is too slow",
    payload: "EndedEvent",
    told: "everywhere",
  },
};
