/** Handlers: registering functions, running them, and what they know of their call. */
export { ProgressReports } from "./progress.js";
export type { AbortSource, HandlerSignal } from "../program/index.js";
export { CallContext, type ContextHost, type QuestionPatience, abortError } from "./call-context.js";
export { type ContextStorage, context, inContext, provideContextStorage } from "./context.js";
export { type ExecuteHost, type StreamHost, execute } from "./execute.js";
export { EncodedItems } from "./encoded-items.js";
export { type ExecutionEnd, type ExecutionOpened, Executor } from "./executor.js";
export {
  FunctionTable,
  type FunctionTableHost,
  type RegisteredFunction,
  checkResources,
  registerEchoes,
  registerOptionNames,
} from "./function-table.js";
export { invocationWith } from "./invocation.js";
export { implementationOf } from "./implementation.js";
export { ItemSource } from "./item-source.js";
export { type ReadInput, StreamReaders, type StreamTaker } from "./stream-readers.js";
export type {
  AnyHandler,
  BatchHandler,
  BatchOptions,
  BatchedCall,
  FunctionRegistry,
  HandlerContext,
  HandlerLog,
  ImplementOptions,
  Implementation,
  Implementations,
  LogLine,
  RegisterOptions,
  Registration,
  SleepOptions,
} from "./types.js";
