/** Queues: messages that wait until somebody has dealt with them. */
export { encodedValueOf, textBodyHeaders, textBytesOf, withoutTextBody } from "./sending/text-bodies.js";
export { askedOperation } from "./asked/asked.js";
export { askedSettings } from "./asked/asked-settings.js";
export { tooLargeResult } from "./outcomes/too-large-result.js";
export { checkMessageField, checkReceipts } from "./asked/message-fields.js";
export type { FedMessage, Feeding } from "./sources/feeding.js";
export type { ConsumedMessage, FunctionConsumer } from "./function-consumer.js";
export type { QueuesCapabilities } from "./host.js";
export { type End, Queues } from "./queues.js";
export type { OlderOwner } from "./store/record.js";
export type { EndedMessage, MessageEnd, QueueListener } from "./outcomes/listener.js";
export { type SpoolFigures, noFigures as noSpoolFigures } from "./spool/spool.js";
export { queueTables } from "./store/tables.js";
export { type QueuesLimits, defaultQueuesLimits } from "./limits.js";
export {
  checkQueueName,
  checkSettings,
  defaultQueueSettings,
  delayMsMax,
  visibilityMsMax,
} from "./settings/settings.js";
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
