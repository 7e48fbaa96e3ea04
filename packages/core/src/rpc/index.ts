/** Rpc: calls and graphs of calls. */
export { Channel } from "./channel.js";
export type { AbortReason, DueItem, RpcHost } from "./host.js";
export { LinkAsker, type LinkAskerHost } from "./link-asker.js";
export { type RpcLimits, defaultRpcLimits } from "./limits.js";
export { Peer } from "./peer.js";
export { type AskOrigin, type CallFields, type RequestAsk, Rpc } from "./rpc.js";
export type { Asker, Run } from "./run.js";
export { requestIdOf } from "./summary.js";
export type { Invocation } from "./task.js";
export type {
  Binding, OnError, Path, RequestSpec, RequestSummary, StepOutcome, StepSpec, StepSummary,
} from "./types.js";
