/** Queues: messages that wait until somebody has dealt with them. */
export { encodedValueOf, textBodyHeaders } from "./text-bodies.js";
export { askedOperation } from "./asked.js";
export { askedSettings } from "./asked-settings.js";
export type { FedMessage, Feeding } from "./feeding.js";
export type { ConsumedMessage, FunctionConsumer } from "./function-consumer.js";
export type { QueuesCapabilities } from "./host.js";
export { type End, Queues } from "./queues.js";
export type { OlderOwner } from "./record.js";
export type { EndedMessage, MessageEnd, QueueListener } from "./listener.js";
export { type SpoolFigures, noFigures as noSpoolFigures } from "./spool/spool.js";
export { queueTables } from "./tables.js";
export { type QueuesLimits, defaultQueuesLimits } from "./limits.js";
export { checkQueueName, checkSettings, defaultQueueSettings, delayMsMax, visibilityMsMax } from "./settings.js";
export type { Courier, CourierEnd, SpooledFor, TransferAnswer, TransferItem } from "./spool/types.js";
export type {
  BrowsedMessage,
  DeadLetter,
  DeathReason,
  Deduplication,
  Failure,
  FeedStats,
  GivenSettings,
  Guarantee,
  Missed,
  MessageAttribute,
  MessageResult,
  MessageState,
  Operation,
  Order,
  OutgoingMessage,
  QueueAnswers,
  QueueEnd,
  QueueOperation,
  QueueSettings,
  QueueStats,
  Rate,
  ReceivedMessage,
  Redrive,
  ResultEnd,
  Retry,
  Schedule,
  ScheduleTimes,
  SendEnd,
  SettleEnd,
  StaleReason,
} from "./types.js";
