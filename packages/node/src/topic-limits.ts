/** Topic limits: the bounds of topics that a user sets among the other limits of a node, by names that stand among those. */
import { type TopicsLimits, defaultTopicsLimits } from "@mpreg/core/topics";

export interface TopicOptions {
  /** For how long a node keeps what was published for those who subscribe late, in ms; 0: nothing is kept. */
  readonly backlogMs: number;
  /** How many messages of one topic it keeps, the latest; 0: none. */
  readonly backlogPerTopicMax: number;
  /** Bytes of messages of one topic that it keeps. A larger message is not kept, and nothing before it. */
  readonly backlogPerTopicBytesMax: number;
  /** Topics of which it keeps something. Beyond, the one to which nothing was published for the longest time is forgotten. */
  readonly backlogTopicsMax: number;
  /** Bytes that are allocated for all that it keeps. Beyond, the same. */
  readonly backlogBytesMax: number;
  /** Subscriptions of all clients, and of nodes' own programs. `overloaded` beyond. */
  readonly subscriptionsMax: number;
  /** Bytes that wait for all slow consumers together. Beyond, the one for which most waits loses all of that, or ends. */
  readonly topicWaitingBytesMax: number;
  /** How long a subscription may keep publishers waiting (`block-publisher`), in ms, before it is ended. */
  readonly topicBlockedMsMax: number;
}

const { backlog, subscriptionsMax, waitingBytesMax, blockMsMax } = defaultTopicsLimits;

export const defaultTopicOptions: TopicOptions = {
  backlogMs: backlog.ageMsMax,
  backlogPerTopicMax: backlog.messagesPerTopicMax,
  backlogPerTopicBytesMax: backlog.bytesPerTopicMax,
  backlogTopicsMax: backlog.topicsMax,
  backlogBytesMax: backlog.bytesMax,
  subscriptionsMax,
  topicWaitingBytesMax: waitingBytesMax,
  topicBlockedMsMax: blockMsMax,
};

/** As the core has them; what no option is for is its default. */
export function topicsLimitsOf(options: TopicOptions): TopicsLimits {
  return {
    ...defaultTopicsLimits,
    backlog: {
      ...backlog,
      ageMsMax: options.backlogMs,
      messagesPerTopicMax: options.backlogPerTopicMax,
      bytesPerTopicMax: options.backlogPerTopicBytesMax,
      topicsMax: options.backlogTopicsMax,
      bytesMax: options.backlogBytesMax,
    },
    subscriptionsMax: options.subscriptionsMax,
    waitingBytesMax: options.topicWaitingBytesMax,
    blockMsMax: options.topicBlockedMsMax,
  };
}
