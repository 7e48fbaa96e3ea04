/** Queues as programs speak of them. */
export type {
  AcceptOptions,
  AckOptions,
  BrowseOptions,
  BrowsedQueueMessage,
  ConsumeOptions,
  MessageFacts,
  ProcessContext,
  ProcessOptions,
  ProcessorEvent,
  Queue,
  QueueMessage,
  QueueOptions,
  QueueProcessor,
  QueueReport,
  ReceiveOptions,
  RedriveOptions,
  ReleaseOptions,
  ScheduleOptions,
  SendAndWaitOptions,
  SendOptions,
  Sent,
  SentOrRefused,
  SettledOrRefused,
  Spooled,
  SpooledChoice,
} from "./api.js";
export type {
  DeclaredConsumer,
  DeclaredQueue,
  DeclaredQueueOptions,
  FunctionsFor,
  OpenDeclared,
  OpenQueue,
  QueueCalls,
} from "./opening.js";
export {
  QueueAsking,
  errorOf,
  type QueueHost,
  type QueuesAnswers,
  type QueuesOperation,
  queueFunction,
  queuePrefix,
  queuesFunction,
} from "./asking.js";
export { Holders } from "./holders.js";
export { queueCalls } from "./queue-calls.js";
export { isAway } from "./passing.js";
export { receiveSurely } from "./receiving.js";
