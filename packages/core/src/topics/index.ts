/** Topics: publish and subscribe. */
export { type Overflow, overflows } from "./delivery/buffer.js";
export { Exchange } from "./exchange.js";
export {
  type Elsewhere,
  type ExchangeOptions,
  type PublishResult,
  type Publisher,
  type Wanting,
  nowhere,
} from "./types.js";
export type { Confirmation, Untold } from "./forwarding/confirmations.js";
export type { Outcome, PublishSettled, Published } from "./published.js";
export type { ExchangeFigures, TopicsFigures } from "./figures.js";
export { CheckedFilter, type HeaderFilter } from "./delivery/filter.js";
export { Inbox, type InboxOwner } from "./consumer/inbox.js";
export { type Gap, Intake, type IntakeOptions } from "./consumer/intake.js";
export { MessageOpener, ReceivedMessage, type TopicMessage } from "./consumer/received-message.js";
export { type MessageFields, MessageWriter } from "./publisher/message-writer.js";
export { PublishLedger } from "./publisher/publish-ledger.js";
export type { ForwardSink } from "./forwarding/forwarding.js";
export type { ForwardTerms, Handed, Route } from "./forwarding/route.js";
export { type GroupMember, chooseMember } from "./delivery/groups.js";
export {
  type BacklogLimits,
  type TopicMessageLimits,
  type TopicsLimits,
  defaultBacklogLimits,
  defaultTopicMessageLimits,
  defaultTopicsLimits,
} from "./limits.js";
export type { ReplayWish } from "./backlog/replay.js";
export type { TopicReport } from "./report.js";
export { isReserved, reservedPattern } from "./reserved.js";
export type { SubscriptionEnd, TopicSink } from "./sink.js";
export type { SubscriptionTally } from "./delivery/tally.js";
export {
  type TopicMessageHead,
  TopicMessageReader,
  priorityDefault,
  priorityMax,
  writeTopicMessage,
} from "./topic-message.js";
export { originKey } from "./late/origins.js";
export { type OverWays, nodeWays } from "./forwarding/node-ways.js";
export type { OverSink, Via } from "./forwarding/over-routes.js";
export type { WayBack } from "./forwarding/way-back.js";
export type { TopicChannel } from "./topic-channel.js";
export { TopicLinks, type TopicLinksHost } from "./topic-links.js";
export { type Participant, addressOf, authorizePublish, authorizeSubscribe } from "./participant.js";
export type { SubscriptionSettled } from "./promised.js";
export type { Completeness, Served } from "./late/late-joiners.js";
export type { Forwarded, HandedBack, NodeProcess, OtherNodes, TopicsHost } from "./host.js";
export { Topics } from "./topics.js";
export type { TopicInput } from "./topic-input.js";
export { type SubscriptionWish, wishOf } from "./wish.js";
