/** Wire: frames and messages as bytes. */
export {
  type AnswerMessage,
  type CancelMessage,
  type HeardMessage,
  type LeftEndMessage,
  type FailureMessage,
  type ResultsMessage,
  type StepReport,
  type Timings,
  type Value,
  writeAnswer,
  writeCancel,
  writeHeard,
  writeLeftEnd,
  writeFailure,
  writeResults,
} from "./answer-messages.js";
export {
  type BoundRef,
  type CallMessage,
  type InspectMessage,
  type InspectSubject,
  type StepMessage,
  type StepRelay,
  inspectSubject,
  writeCall,
  writeInspect,
  writeStep,
} from "./call-messages.js";
export {
  type RequestMessage,
  type RequestStep,
  type StepMap,
  type WireBinding,
  mapDepthMax,
  writeRequest,
} from "./request-messages.js";
export { type StepTerms, ownTerms } from "./terms.js";
export {
  type AnnouncementHead,
  type AnnouncementMessage,
  writeAnnouncement,
  writeAnnouncementHead,
} from "./announcement-messages.js";
export {
  type OfferEntry,
  type OfferRecord,
  type Idempotence,
  type OfferScope,
  type OffersHead,
  type OffersMessage,
  type OffersRequestMessage,
  offerBytes,
  offersHeadBytesMax,
  offersMax,
  tagsMax,
  writeOffer,
  writeOffers,
  writeOffersHead,
  writeOffersRequest,
} from "./catalog-messages.js";
export { type WireCoordinate, coordinateDimensions } from "./coordinate.js";
export { type EventMessage, type ProgressMessage, writeEvent, writeProgress } from "./event-messages.js";
export { FrameReader, type Message, type RefusedMessage, type SkippedMessage } from "./frame.js";
export {
  type CreditMessage,
  type DrainAckMessage,
  type DrainMessage,
  type GoodbyeMessage,
  type HelloMessage,
  type NodeIdentity,
  type OpenMessage,
  type PingMessage,
  type PongMessage,
  type ProveMessage,
  type SessionHello,
  drainUrlsMax,
  writeCredit,
  writeDrain,
  writeDrainAck,
  writeGoodbye,
  writeHello,
  writeOpen,
  writePing,
  writePong,
  writeProve,
} from "./handshake-messages.js";
export {
  type InterestDigestMessage,
  type InterestEntry,
  type InterestLine,
  type InterestLinesMessage,
  type InterestMessage,
  type InterestRecord,
  type LinesPurpose,
  type Passing,
  interestMax,
  writeInterestDigest,
  writeInterestEntry,
  writeInterestLines,
} from "./interest-messages.js";
export { droppableKinds, kinds } from "./kinds.js";
export { type WireLimits, defaultWireLimits } from "./limits.js";
export {
  type Accusation,
  type AccusationMessage,
  type DigestLinesMessage,
  type DigestMessage,
  type MemberLine,
  type NodeRecord,
  type RecordMessage,
  type Signed,
  digestParts,
  observersMax,
  writeAccusation,
  writeAccusationBody,
  writeDigest,
  writeDigestLines,
  writeRecord,
  writeRecordBody,
} from "./membership-messages.js";
export {
  type KeepMessage,
  type LinkWish,
  type ProbeAckMessage,
  type ProbeMessage,
  type ProbeReportMessage,
  type ProbeRequestMessage,
  writeKeep,
  writeProbe,
  writeProbeAck,
  writeProbeReport,
  writeProbeRequest,
} from "./probe-messages.js";
export { type WirePath, wholeValue } from "./path.js";
export {
  type ChunkMessage,
  type FetchEndMessage,
  type FetchFailedMessage,
  type FetchMessage,
  type FetchMoreMessage,
  type ReleaseMessage,
  type ResultRef,
  writeChunk,
  writeFetch,
  writeFetchEnd,
  writeFetchFailed,
  writeFetchMore,
  writeRelease,
} from "./result-messages.js";
export {
  type QuestionRelay,
  type ResumeMessage,
  type ResumePlace,
  type ResumeVerdict,
  decodeVerdict,
  eachEnd,
  encodeVerdict,
  resumePlacesMax,
  writeResume,
} from "./resume-messages.js";
export {
  type ForwardMessage,
  type ForwardReportMessage,
  type ForwardedUntilMessage,
  type HandedBackMessage,
  type NodeTopicsMessage,
  writeForward,
  writeForwardReport,
  writeForwardedUntil,
  writeHandedBack,
} from "./forward-messages.js";
export {
  type ForwardEnd,
  type ForwardOverMessage,
  type OverTold,
  type ToldOverMessage,
  writeForwardOver,
  writeToldOver,
} from "./over-messages.js";
export { type BacklogAskMessage, writeBacklogAsk } from "./backlog-message.js";
export { Reader } from "./reader.js";
export { TextCache } from "./text-cache.js";
export {
  type ConfirmLevel,
  type PublishMessage,
  type PublishConfirmedMessage,
  type SubscribeMessage,
  type EverywhereMessage,
  type UnsubscribeMessage,
  type TakenMessage,
  type DeliverMessage,
  type MissedMessage,
  type SubscriptionEndedMessage,
  type PublishRefusedMessage,
  type TopicsMessage,
  type WireFilter,
  type WireReplay,
  beginPublish,
  beginPublishConfirmed,
  writePublish,
  writeSubscribe,
  writeEverywhere,
  writeUnsubscribe,
  writeTaken,
  writeDeliver,
  writeMissed,
  writeSubscriptionEnded,
  writePublishRefused,
} from "./topic-messages.js";
export { protocolVersion, subprotocol } from "./versions.js";
export { type TopicReportMessage, writeTopicReport } from "./topic-report-message.js";
export { type RequestsMessage, type WatchMessage, writeRequests, writeWatch } from "./watch-messages.js";
export { Writer } from "./writer.js";
