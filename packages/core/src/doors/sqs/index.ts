/** SQS: the protocol of Amazon SQS in front of queues. */
export type { BackendEnd, Cancel, QueueRecord, SqsBackend } from "./backend.js";
export { SqsDoor, sqsErrorAnswer } from "./door.js";
export { SqsError, type SqsErrorCode, ofCluster } from "./errors.js";
export type { SqsPlace } from "./names.js";
export type { SqsHost } from "./turn.js";
export type { SqsAnswer, SqsCall, SqsPlatform } from "./types.js";
