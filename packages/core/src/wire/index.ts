/** Wire: frames and messages as bytes. */
export {
  type AnswerMessage,
  type CancelMessage,
  type FailureMessage,
  type ResultsMessage,
  type StepReport,
  type Timings,
  writeAnswer,
  writeCancel,
  writeFailure,
  writeResults,
} from "./answer-messages.js";
export {
  type CallMessage,
  type InspectMessage,
  type InspectSubject,
  type RequestMessage,
  type RequestStep,
  type StepMessage,
  type WireBinding,
  inspectSubject,
  writeCall,
  writeInspect,
  writeRequest,
  writeStep,
} from "./call-messages.js";
export {
  type CatalogMessage,
  type MemberRecord,
  type MembersMessage,
  type OfferRecord,
  offersMax,
  writeCatalog,
  writeMembers,
} from "./cluster-messages.js";
export { FrameReader, type Message, type RefusedMessage, type SkippedMessage } from "./frame.js";
export {
  type CreditMessage,
  type GoodbyeMessage,
  type HelloMessage,
  type NodeIdentity,
  type OpenMessage,
  type PingMessage,
  type PongMessage,
  type ProveMessage,
  writeCredit,
  writeGoodbye,
  writeHello,
  writeOpen,
  writePing,
  writePong,
  writeProve,
} from "./handshake-messages.js";
export { kinds } from "./kinds.js";
export { type WireLimits, defaultWireLimits } from "./limits.js";
export { TextCache } from "./text-cache.js";
export { protocolVersion, subprotocol } from "./versions.js";
export { Writer } from "./writer.js";
