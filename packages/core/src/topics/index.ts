/** Topics: publish and subscribe on one node. */
export { type Overflow, overflows } from "./buffer.js";
export type { Published } from "./delivery.js";
export {
  Exchange,
  type ExchangeFigures,
  type ExchangeOptions,
  type PublishResult,
  type Publisher,
} from "./exchange.js";
export type { HeaderFilter } from "./filter.js";
export { type GroupMember, chooseMember } from "./groups.js";
export {
  type BacklogLimits,
  type TopicMessageLimits,
  type TopicsLimits,
  defaultBacklogLimits,
  defaultTopicMessageLimits,
  defaultTopicsLimits,
} from "./limits.js";
export type { ReplayWish } from "./replay.js";
export { isReserved, reservedPattern } from "./reserved.js";
export type { SubscriptionEnd, TopicSink } from "./sink.js";
export {
  type TopicMessageHead,
  TopicMessageReader,
  priorityDefault,
  priorityMax,
  writeTopicMessage,
} from "./topic-message.js";
export type { SubscriptionWish } from "./wish.js";
