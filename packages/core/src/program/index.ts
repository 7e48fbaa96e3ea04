/** Program: topics as programs speak of them, those of clients and those that make nodes. */
export type { AbortSource, HandlerSignal } from "./abort-source.js";
export { Alarm } from "./alarm.js";
export type {
  ConfirmOptions,
  PublishConfirmation,
  PublishOptions,
  SubscribeOptions,
  Subscription,
  SubscriptionEvent,
  TopicCalls,
  WaitOptions,
} from "./api.js";
export type { Clock, ClockTimer } from "./clock.js";
export { type CheckedPublish, cancelled, replayOf, waitMsOf, wishOf } from "./options.js";
export {
  type HandlerMessage,
  HandlerTopics,
  type HandlerTopicsHost,
  handlerMessage,
  questionMs,
} from "./handler-topics.js";
export { OwnTopics, type OwnTopicsHost } from "./own-topics.js";
export { type PublishLimits, type PublishWay, Publishing, type Told } from "./publishing.js";
export {
  type EndedEvent,
  type FunctionEvent,
  type QueueEvent,
  type LevelResults,
  type MemberEvent,
  type MissedEvent,
  type SlowEvent,
  type ReservedPayload,
  type ReservedPayloads,
  type ReservedTopic,
  reservedTopics,
} from "./reserved-topics.js";
export { type AnswerLost, type RequestPublishOptions, Requests } from "./requests.js";
export { type NumberedWish, type SubscriptionHost, type SubscriptionWay, TopicSubscription } from "./subscription.js";
export { type Patience, within } from "./within.js";
export { type ProgramTopics, type TopicFunctions, topicCalls } from "./topic-calls.js";
export {
  type AcceptOptions,
  type AckOptions,
  type BrowseOptions,
  type BrowsedQueueMessage,
  type ConsumeOptions,
  type DeclaredConsumer,
  type DeclaredQueue,
  type DeclaredQueueOptions,
  type FunctionsFor,
  type MessageFacts,
  type OpenDeclared,
  type OpenQueue,
  type ProcessContext,
  type ProcessOptions,
  type ProcessorEvent,
  type Queue,
  type QueueCalls,
  type QueueMessage,
  type QueueOptions,
  type QueueProcessor,
  type QueueReport,
  type ReceiveOptions,
  type RedriveOptions,
  type ReleaseOptions,
  type ScheduleOptions,
  type SendAndWaitOptions,
  type SendOptions,
  type Sent,
  type SentOrRefused,
  type SettledOrRefused,
  type Spooled,
  type SpooledChoice,
  Holders,
  QueueAsking,
  errorOf,
  isAway,
  type QueueHost,
  type QueuesAnswers,
  type QueuesOperation,
  queueCalls,
  queueFunction,
  queuePrefix,
  queuesFunction,
  receiveSurely,
} from "./queues/index.js";
