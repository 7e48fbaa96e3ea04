/** Rpc: calls and graphs of calls. */
export type { FunctionLoad } from "./admission/gate.js";
export type { Ask, Asking, CallFields, Look, Looking, OwnRequestFields, RequestFields, Settled } from "./caller/ask.js";
export {
  Caller,
  type Calls,
  type ContractCall,
  type ContractSingleCallOptions,
  type PlainRequest,
  type SingleCallOptions,
  type UntypedCall,
} from "./caller/caller.js";
export { type CriticalPath, type RequestAnalysis, type SlowStep, analyse } from "./watching/analysis.js";
export {
  type EventError,
  type EventSink,
  type PlannedStep,
  type Progress,
  type RequestEvent,
  eventBytesMax,
} from "./events.js";
export { callerOf } from "./behalf.js";
export type { Questions } from "./clients/questions.js";
export { explainReference } from "./graph/bindings.js";
export {
  type EndCode,
  FunctionCounters,
  type RpcCounters,
  WorkCounter,
  countedFunctionsMax,
  durationBoundsMs,
  otherFunctions,
} from "./counters.js";
export {
  type CancelSignal,
  type RunOptions,
  checkListeners,
  checkName,
  durationMs,
  durationMsMax,
  flagOf,
} from "./graph/call-options.js";
export type { SettledAnswer } from "./graph/encode.js";
export type {
  CallOptions,
  ContractCallOptions,
  FailingRun,
  Graph,
  ItemOf,
  ListOf,
  MapOptions,
  SettlingRun,
  WiredArguments,
} from "./graph/graph.js";
export type { PlainCall, PlainMap, PlainRef, PlainRunOptions, PlainStep } from "./graph/plain.js";
export type { StartedRun } from "./graph/started.js";
export { ref } from "./graph/ref.js";
export type { Ref, RefTo, Resolved, Settled as SettledOutputs, Wired } from "./graph/ref-type.js";
export type { StepCounts } from "./step-counts.js";
export type { AbortReason, RpcHost } from "./host.js";
export { ItemReader, type ItemReaderHost, streamWindowBytes } from "./results/item-reader.js";
export { type Left, LeftBehind } from "./left.js";
export { LinkAsker, type LinkAskerHost } from "./link-asker.js";
export type { ListedRequest, RequestCaller, RequestList } from "./watching/listing.js";
export { type RpcLimits, allowedMs, defaultRpcLimits, queueMaxDefault } from "./limits.js";
export { type AskOrigin, clientOrigin } from "./origin.js";
export { type CompleteAnswer, Downloads, isComplete, isStream } from "./results/index.js";
export { leaving } from "./dispatch/lost.js";
export { Rpc } from "./rpc.js";
export type { Asker, Run } from "./run.js";
export { isRequestId, requestIdOf } from "./watching/summary.js";
export {
  OpenTelemetry,
  type OpenTelemetryApi,
  type ServerAddress,
  checkOpenTelemetry,
} from "./tracing/open-telemetry.js";
export { traceText } from "./watching/trace-text.js";
export type { CallSpan, RunSpan, Tracing } from "./tracing/tracing.js";
export { ValueWaiter } from "./caller/waiters.js";
export {
  type InspectOptions,
  type RequestsOptions,
  type TopicReportOptions,
  inspecting,
  requestsOf,
  topicReportOf,
  traceOf,
} from "./caller/looking.js";
export { type WatchOptions, watching } from "./caller/watching.js";
export type { Watcher } from "./watching/watcher.js";
export { Channel, type Invocation, Peer } from "./task.js";
export type {
  Binding,
  LeftOut,
  OnError,
  Path,
  RequestSpec,
  RequestSummary,
  RequestTrace,
  StepMapSpec,
  StepOutcome,
  StepSpec,
  StepSummary,
  UnfinishedStep,
} from "./types.js";
