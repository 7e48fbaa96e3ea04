/** Base: what every layer may use. */
export { AssertionError, assert, unreachable } from "./assert.js";
export { areSameBytes, bytesOfHex, hexOf } from "./bytes.js";
export type { Cron, CronTimes, Random, Semver, Signer, Utf8 } from "./capabilities.js";
export { type CronLibrary, createCron } from "./cron.js";
export { type Deadline, Deadlines, type DueItem, Timer, type Timers } from "./deadlines.js";
export {
  type ErrorCode,
  MpregError,
  type MpregErrorJson,
  type MpregErrorOptions,
  type Outcome,
  errorCodes,
  isErrorCode,
  placed,
} from "./errors.js";
export { Heap, type HeapItem } from "./heap.js";
export { type Pattern, type TopicLimits, checkTopic, defaultTopicLimits, matches, parsePattern } from "./pattern.js";
export type { PatternMatches } from "./pattern-type.js";
export {
  type Action,
  type Decision,
  type DoorLogin,
  type MqttLogin,
  type SqsLogin,
  type Observed,
  type Policy,
  type Subject,
  createDefaultPolicy,
  guardPolicy,
  isLoopback,
} from "./policy.js";
export {
  type CallArguments,
  type CallResult,
  type Contract,
  type FunctionContract,
  type Handler,
  type HandlerArguments,
  type HandlerResult,
  type Idempotent,
  type InputSchemas,
  checkContract,
  contract,
  fn,
  isIdempotent,
} from "./contract.js";
export {
  type InferInput,
  type InferOutput,
  type StandardSchema,
  describeIssues,
  isPromise,
  isSchema,
  validate,
} from "./standard-schema.js";
export {
  type PublishedPayload,
  type ReceivedPayload,
  type TopicContract,
  TopicSchemas,
  checkTopicContract,
  topics,
} from "./topic-contract.js";
export {
  type AwaitedResult,
  type GivenResult,
  type QueueContract,
  type QueueDeclaration,
  type ReceivedValue,
  type SentValue,
  checkQueueContract,
  queueDeclaration,
  queues,
} from "./queue-contract.js";
export { validateArguments, validateResult } from "./validation.js";
export { checkedBy } from "./checked.js";
export { isBuiltInName, quoted, shortened, suggestion } from "./names.js";
export { callOf, checkOptions, kindOf, optionNames } from "./options.js";
export { type SemverLibrary, createSemver, rangeForms, versionForm } from "./semver.js";
export {
  type TraceContext,
  type TraceFields,
  checkedTrace,
  hexValue,
  isSampled,
  packTrace,
  traceIdOf,
  traceparentOf,
  unpackTrace,
} from "./trace-context.js";
export { isA, thrownStack, thrownText } from "./thrown.js";
export { shownUrl } from "./shown-url.js";
