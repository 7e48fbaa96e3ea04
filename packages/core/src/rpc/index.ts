/** Rpc: calls and graphs of calls. */
export type { FunctionLoad } from "./admission/gate.js";
export type { Ask, Asking, CallFields, RequestFields, Settled } from "./ask.js";
export {
  Caller,
  type Calls,
  type ContractCall,
  type ContractSingleCallOptions,
  type PlainRequest,
  type SingleCallOptions,
  type UntypedCall,
} from "./caller.js";
export { type CriticalPath, type RequestAnalysis, type SlowStep, analyse } from "./analysis.js";
export {
  type EventError,
  type EventSink,
  type PlannedStep,
  type Progress,
  type RequestEvent,
  eventBytesMax,
} from "./events.js";
export { explainReference } from "./bindings.js";
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
} from "./call-options.js";
export type { SettledAnswer } from "./encode.js";
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
} from "./graph.js";
export type { PlainCall, PlainMap, PlainRef, PlainRunOptions, PlainStep } from "./plain.js";
export type { StartedRun } from "./started.js";
export { ref } from "./ref.js";
export type { Ref, RefTo, Resolved, Settled as SettledOutputs, Wired } from "./ref-type.js";
export type { AbortReason, RpcHost } from "./host.js";
export { ItemReader, type ItemReaderHost, streamWindowBytes } from "./item-reader.js";
export { LinkAsker, type LinkAskerHost } from "./link-asker.js";
export type { ListedRequest, RequestCaller, RequestList } from "./listing.js";
export { type RpcLimits, defaultRpcLimits, queueMaxDefault } from "./limits.js";
export { type AskOrigin, clientOrigin } from "./origin.js";
export { type CompleteAnswer, Downloads, isComplete, isStream } from "./results/index.js";
export { leaving } from "./lost.js";
export { Rpc } from "./rpc.js";
export type { Asker, Run } from "./run.js";
export { requestIdOf } from "./summary.js";
export { OpenTelemetry, type OpenTelemetryApi, type ServerAddress, checkOpenTelemetry } from "./open-telemetry.js";
export { traceText } from "./trace-text.js";
export type { CallSpan, RunSpan, Tracing } from "./tracing.js";
export { ValueWaiter } from "./waiters.js";
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
} from "./types.js";
