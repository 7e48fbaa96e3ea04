/** Queues as programs speak of them. */
export type {
  AcceptOptions,
  BrowseOptions,
  BrowsedQueueMessage,
  ConsumeOptions,
  MessageFacts,
  ProcessContext,
  ProcessOptions,
  Queue,
  QueueCalls,
  QueueMessage,
  QueueOptions,
  QueueProcessor,
  ReceiveOptions,
  RedriveOptions,
  ReleaseOptions,
  SendOptions,
  Sent,
  SentOrRefused,
  SettledOrRefused,
  Spooled,
} from "./api.js";
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
export { queueCalls } from "./queue-calls.js";
