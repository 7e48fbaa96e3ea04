/** A node of the mesh, for Node.js. */
export { createNode } from "./create-node.js";
export type { DiscoveryOptions, MdnsOptions } from "./discovery/options.js";
export {
  type AnyHandler,
  type BatchHandler,
  type BatchOptions,
  type BatchedCall,
  type HandlerContext,
  type RegisterOptions,
  context,
} from "@mpreg/core";
export type { NodeRegistration as Registration } from "./handlers.js";
export type { LogLevel, Logger } from "./log.js";
export type { MqttStatus } from "./mqtt/events.js";
export type { MqttOptions } from "./mqtt/options.js";
export type { SqsKey, SqsOptions } from "./sqs/options.js";
export type { JoinedOptions } from "./joining.js";
export type { DrainOptions, MpregNode } from "./node.js";
export type { CreateNodeOptions, NodeLimits } from "./options.js";
export type { NodeStatus, StatusOptions as NodeStatusOptions } from "./status.js";
export type { ThreadOptions, ThreadedOptions } from "./threads/options.js";
export type { NodeImplementations, ThreadedImplementation } from "./threads/threads.js";
export type { TlsOptions } from "./transports/types.js";
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
  GivenSettings,
  QueueSettings,
  QueueStats,
  Schedule,
  StaleReason,
} from "@mpreg/core/queues";
export type { HeaderFilter, SubscriptionTally, TopicMessage, TopicReport } from "@mpreg/core/topics";
export type { InspectOptions, RequestsOptions, TopicReportOptions, WatchOptions } from "@mpreg/core/rpc";
