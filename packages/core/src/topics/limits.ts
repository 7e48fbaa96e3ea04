/** Limits: the bounds of topics on one node. Every one has a default, and exceeding it a stated end. */
import { MpregError, type TopicLimits, defaultTopicLimits } from "../base/index.js";

/** What is kept of what was published. */
export interface BacklogLimits {
  /** For how long a message is kept, in ms. 0: nothing is kept. */
  readonly ageMsMax: number;
  /** Messages of one topic; the oldest goes first. 0: nothing is kept. */
  readonly messagesPerTopicMax: number;
  /** Bytes of messages of one topic; the oldest goes first. A larger message is not kept, and nothing before it. */
  readonly bytesPerTopicMax: number;
  /** Topics of which something is kept. Beyond, the one to which nothing was published for the longest time is forgotten. */
  readonly topicsMax: number;
  /** Bytes that are allocated for all of it. Beyond, the same. */
  readonly bytesMax: number;
}

export const defaultBacklogLimits: BacklogLimits = {
  ageMsMax: 3_600_000,
  messagesPerTopicMax: 1_000,
  bytesPerTopicMax: 1024 * 1024,
  topicsMax: 10_000,
  bytesMax: 64 * 1024 * 1024,
};

/** What one message may have beside its payload. `too-large` beyond. */
export interface TopicMessageLimits {
  /** Headers. */
  readonly headersMax: number;
  /** UTF-8 bytes of their names and values together, as they are written. */
  readonly headerBytesMax: number;
  /** UTF-8 bytes of a message id, and of a correlation id. */
  readonly idBytesMax: number;
}

export const defaultTopicMessageLimits: TopicMessageLimits = {
  headersMax: 64,
  headerBytesMax: 16 * 1024,
  idBytesMax: 256,
};

/** The bounds of topics on one node. */
export interface TopicsLimits {
  /** How long topics and patterns may be. */
  readonly topic: TopicLimits;
  readonly message: TopicMessageLimits;
  readonly backlog: BacklogLimits;
  /** Subscriptions of all outlets. `overloaded` beyond. */
  readonly subscriptionsMax: number;
  /** Subscriptions of one outlet. `overloaded` beyond. */
  readonly subscriptionsPerOutletMax: number;
  /** Patterns of one subscription. `invalid-argument` beyond. */
  readonly patternsMax: number;
  /** Bytes on their way to one outlet that its subscriptions have not taken; what is beyond waits. */
  readonly outletWindowBytes: number;
  /** Bytes on their way to one subscription where it asks for no other window. */
  readonly windowBytes: number;
  /** What a subscription may ask for at most, and gets where it asks for nothing: messages that wait for it. */
  readonly bufferMessagesMax: number;
  /** The same in bytes. */
  readonly bufferBytesMax: number;
  /**
   * What a subscription that keeps publishers waiting gets where it asks for nothing: what waits costs more than what goes
   * straight on, and publishers that may wait need not be ahead by much.
   */
  readonly blockingBufferMessages: number;
  readonly blockingBufferBytes: number;
  /**
   * Bytes that wait for all subscriptions together, a message counted once for each. Beyond, the subscription for which
   * most waits loses all of that: it is told so, or ends where it would rather end than lose.
   */
  readonly waitingBytesMax: number;
  /** Bytes on their way to another node that it has not taken; what is beyond waits. */
  readonly routeWindowBytes: number;
  /** What waits for another node: messages, and bytes. Beyond, the oldest is dropped; its subscriptions hear of it. */
  readonly routeBufferMessages: number;
  readonly routeBufferBytes: number;
  /** How long a subscription may keep publishers waiting, in ms, before it is ended. */
  readonly blockMsMax: number;
  /** Publishers that wait for one subscription. `overloaded` beyond. */
  readonly blockedPublishersMax: number;
  /** How long a publish waits to hear what other nodes make of it, in ms; `deadline`, of outcome `unknown`, beyond. */
  readonly confirmMsMax: number;
  /** Publishes of one link that wait for that. `overloaded` beyond, and nothing is published. */
  readonly confirmationsPerLinkMax: number;
  /** How long a node that is asked for its backlog may say nothing, in ms, before the subscription begins without it. */
  readonly gatherMsMax: number;
  /** Bytes that are kept of what other nodes have in their backlogs for one subscription, until it has been told; the oldest go beyond. */
  readonly gatherBytesMax: number;
  /** Bytes of what is live that are held back for one meanwhile. Beyond, it begins without those that have not answered. */
  readonly heldBackBytesMax: number;
  /** Subscriptions for which others are asked at once; the others wait for their turn. */
  readonly gatheringsMax: number;
}

export const defaultTopicsLimits: TopicsLimits = {
  topic: defaultTopicLimits,
  message: defaultTopicMessageLimits,
  backlog: defaultBacklogLimits,
  subscriptionsMax: 1_000_000,
  subscriptionsPerOutletMax: 100_000,
  patternsMax: 64,
  outletWindowBytes: 16 * 1024 * 1024,
  windowBytes: 4 * 1024 * 1024,
  bufferMessagesMax: 65_536,
  bufferBytesMax: 16 * 1024 * 1024,
  blockingBufferMessages: 1_024,
  blockingBufferBytes: 1024 * 1024,
  waitingBytesMax: 256 * 1024 * 1024,
  routeWindowBytes: 4 * 1024 * 1024,
  routeBufferMessages: 100_000,
  routeBufferBytes: 16 * 1024 * 1024,
  blockMsMax: 30_000,
  blockedPublishersMax: 10_000,
  confirmMsMax: 10_000,
  confirmationsPerLinkMax: 10_000,
  gatherMsMax: 2_000,
  gatherBytesMax: 16 * 1024 * 1024,
  heldBackBytesMax: 8 * 1024 * 1024,
  gatheringsMax: 64,
};

/** `asked`, or `usual` where nothing was asked for. Throws `invalid-argument` unless it is an integer from 1 to `max`. */
export function boundOf(name: string, asked: number | undefined, max: number, usual: number): number {
  if (asked === undefined) return usual;
  if (Number.isSafeInteger(asked) && asked >= 1 && asked <= max) return asked;
  throw new MpregError("invalid-argument", `"${name}" must be an integer from 1 to ${max}, got ${String(asked)}`);
}
