/** What users of every package meet: errors, contracts, references and the shapes of calls. */
export {
  type Action,
  type Contract,
  type Decision,
  type ErrorCode,
  type Handlers,
  MpregError,
  type Outcome,
  type Policy,
  type StandardSchema,
  type Subject,
  contract,
  errorCodes,
  fn,
} from "./base/index.js";
export type { FunctionInfo, NodeEvent, NodeInfo } from "./node/index.js";
export {
  type CallOptions,
  type Calls,
  type Graph,
  type PlainRef,
  type PlainRunOptions,
  type PlainStep,
  type Ref,
  type RefTo,
  type RequestSummary,
  type RunOptions,
  type SettledAnswer,
  type SingleCallOptions,
  type StepOutcome,
  type StepSummary,
  ref,
} from "./rpc/index.js";
