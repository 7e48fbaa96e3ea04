/** The client, for browsers and Node. */
export type { Client } from "./client.js";
export { type ConnectOptions, connect } from "./connect.js";
export type { InspectOptions, RequestsOptions, TopicReportOptions, WatchOptions } from "@mpreg/core/rpc";
export type { ClientStatus, StatusOptions as ClientStatusOptions } from "./status.js";
export type {
  ConfirmOptions,
  EndedEvent,
  FunctionEvent,
  QueueEvent,
  LevelResults,
  MemberEvent,
  MissedEvent,
  SlowEvent,
  PublishConfirmation,
  PublishOptions,
  SubscribeOptions,
  Subscription,
  SubscriptionEvent,
  TopicCalls,
  WaitOptions,
} from "@mpreg/core/program";
export type {
  AcceptOptions,
  AckOptions,
  BrowseOptions,
  BrowsedQueueMessage,
  ConsumeOptions,
  DeclaredConsumer,
  DeclaredQueue,
  DeclaredQueueOptions,
  FunctionsFor,
  OpenDeclared,
  OpenQueue,
  ProcessContext,
  ProcessOptions,
  ProcessorEvent,
  Queue,
  QueueCalls,
  QueueMessage,
  QueueOptions,
  QueueProcessor,
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
} from "@mpreg/core/program";
export type {
  ConsumedMessage,
  DeadLetter,
  FunctionConsumer,
  QueueSettings,
  QueueStats,
  Schedule,
  StaleReason,
} from "@mpreg/core/queues";
export type { HeaderFilter, SubscriptionTally, TopicMessage, TopicReport } from "@mpreg/core/topics";
