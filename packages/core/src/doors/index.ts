/** Doors: other protocols in front of the same requests and topics. */
export { JsonV1Door } from "./json-v1.js";
export { toJsonText } from "./json-v1-values.js";
export { isHiddenFrom, mqttOfTopic, patternOfMqtt, topicOfMqtt } from "./mqtt-topics.js";
export { JsonMessageTeller } from "./json-v1-topic-message.js";
export type { Door, DoorHost } from "./types.js";
export {
  type BackendEnd,
  type Cancel,
  type QueueRecord,
  type SqsAnswer,
  type SqsBackend,
  type SqsCall,
  SqsDoor,
  SqsError,
  type SqsErrorCode,
  type SqsHost,
  type SqsPlace,
  type SqsPlatform,
  ofCluster,
  sqsErrorAnswer,
} from "./sqs/index.js";
