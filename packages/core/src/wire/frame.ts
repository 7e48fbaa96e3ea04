/**
 * Frame: a batch of length-prefixed messages, read one after the other.
 *
 * (F1) A message that cannot be read costs its sender that message only, where it expects an answer; a length
 * that does not fit the frame leaves nothing to go on with and is `malformed` for the whole link.
 * (F2) Unknown kinds are skipped, or answered `unsupported` where they expect an answer.
 */
import { MpregError } from "../base/index.js";
import {
  type AnswerMessage,
  type CancelMessage,
  type FailureMessage,
  type HeardMessage,
  type LeftEndMessage,
  type ResultsMessage,
  readAnswer,
  readFailure,
  readResults,
} from "./answer-messages.js";
import {
  type CallMessage,
  type InspectMessage,
  type StepMessage,
  readCall,
  readInspect,
  readStep,
} from "./call-messages.js";
import { type RequestMessage, readRequest } from "./request-messages.js";
import { type OffersMessage, type OffersRequestMessage, readOffers, readOffersRequest } from "./catalog-messages.js";
import {
  type CreditMessage,
  type DrainAckMessage,
  type DrainMessage,
  type GoodbyeMessage,
  type HelloMessage,
  type OpenMessage,
  type PingMessage,
  type PongMessage,
  type ProveMessage,
  readCredit,
  readDrain,
  readGoodbye,
  readHello,
  readProve,
} from "./handshake-messages.js";
import {
  type InterestDigestMessage,
  type InterestLinesMessage,
  type InterestMessage,
  readInterest,
  readInterestDigest,
  readInterestLines,
} from "./interest-messages.js";
import { type EventMessage, type ProgressMessage, readEvent, readProgress } from "./event-messages.js";
import { type BacklogAskMessage, readBacklogAsk } from "./backlog-message.js";
import { answerBit, kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import {
  type AccusationMessage,
  type DigestLinesMessage,
  type DigestMessage,
  type RecordMessage,
  readAccusation,
  readDigest,
  readDigestLines,
  readRecord,
} from "./membership-messages.js";
import {
  type KeepMessage,
  type ProbeAckMessage,
  type ProbeMessage,
  type ProbeReportMessage,
  type ProbeRequestMessage,
  readKeep,
  readProbe,
  readProbeAck,
  readProbeReport,
  readProbeRequest,
} from "./probe-messages.js";
import { Reader, malformed, readU32 } from "./reader.js";
import {
  type ChunkMessage,
  type FetchEndMessage,
  type FetchFailedMessage,
  type FetchMessage,
  type FetchMoreMessage,
  type ReleaseMessage,
  readChunk,
  readFetch,
  readFetchFailed,
  readFetchMore,
  readRelease,
} from "./result-messages.js";
import {
  type ForwardMessage,
  type ForwardReportMessage,
  type ForwardedUntilMessage,
  type HandedBackMessage,
  readForward,
  readForwardReport,
  readForwardedUntil,
  readHandedBack,
} from "./forward-messages.js";
import { type ForwardOverMessage, type ToldOverMessage, readForwardOver, readToldOver } from "./over-messages.js";
import { type ResumeMessage, readResume } from "./resume-messages.js";
import {
  type DeliverMessage,
  type EverywhereMessage,
  type MissedMessage,
  type PublishMessage,
  type PublishRefusedMessage,
  type PublishConfirmedMessage,
  type SubscribeMessage,
  type SubscriptionEndedMessage,
  type TakenMessage,
  type UnsubscribeMessage,
  readDeliver,
  readEverywhere,
  readMissed,
  readPublish,
  readPublishConfirmed,
  readPublishRefused,
  readSubscribe,
  readSubscriptionEnded,
  readTaken,
  readUnsubscribe,
} from "./topic-messages.js";
import type { TextCache } from "./text-cache.js";
import { type TopicReportMessage, readTopicReport } from "./topic-report-message.js";
import { type RequestsMessage, type WatchMessage, readRequests, readWatch } from "./watch-messages.js";

/** A message that expects an answer and cannot be read: the error is the answer. */
export interface RefusedMessage {
  readonly kind: "refused";
  readonly id: number;
  readonly error: MpregError;
}

/** A message of a kind this version does not know and that expects nothing. */
export interface SkippedMessage {
  readonly kind: "skipped";
}

/** Everything that can arrive on a link. */
export type Message =
  | HelloMessage
  | ProveMessage
  | OpenMessage
  | GoodbyeMessage
  | CreditMessage
  | PingMessage
  | PongMessage
  | AnswerMessage
  | FailureMessage
  | CancelMessage
  | LeftEndMessage
  | HeardMessage
  | ResultsMessage
  | FetchMessage
  | ChunkMessage
  | FetchMoreMessage
  | FetchFailedMessage
  | FetchEndMessage
  | ReleaseMessage
  | EventMessage
  | ProgressMessage
  | CallMessage
  | RequestMessage
  | StepMessage
  | InspectMessage
  | RecordMessage
  | AccusationMessage
  | OffersMessage
  | OffersRequestMessage
  | DigestMessage
  | DigestLinesMessage
  | ProbeMessage
  | ProbeAckMessage
  | ProbeRequestMessage
  | ProbeReportMessage
  | InterestMessage
  | InterestDigestMessage
  | InterestLinesMessage
  | KeepMessage
  | DrainMessage
  | DrainAckMessage
  | ResumeMessage
  | WatchMessage
  | RequestsMessage
  | TopicReportMessage
  | PublishMessage
  | PublishConfirmedMessage
  | PublishRefusedMessage
  | SubscribeMessage
  | EverywhereMessage
  | UnsubscribeMessage
  | TakenMessage
  | DeliverMessage
  | MissedMessage
  | SubscriptionEndedMessage
  | ForwardMessage
  | ForwardedUntilMessage
  | ForwardReportMessage
  | HandedBackMessage
  | ForwardOverMessage
  | ToldOverMessage
  | BacklogAskMessage
  | RefusedMessage
  | SkippedMessage;

const lengthBytes = 4;

export class FrameReader {
  readonly #reader: Reader;
  readonly #limits: WireLimits;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(texts: TextCache, limits: WireLimits) {
    this.#reader = new Reader(texts, limits);
    this.#limits = limits;
  }

  /** Reads the messages of `frame` from now on. Not reentrant: one frame at a time. */
  open(frame: Uint8Array): void {
    this.#bytes = frame;
    this.#position = 0;
  }

  /** How many bytes of the frame have been read. */
  get position(): number {
    return this.#position;
  }

  /** The next message; `undefined` at the end of the frame. Throws `malformed` or `too-large` when the link cannot go on. */
  next(): Message | undefined {
    const start = this.#position + lengthBytes;
    if (this.#position === this.#bytes.length) return undefined;
    if (start >= this.#bytes.length) throw malformed("a frame ends inside a message's length");
    const length = readU32(this.#bytes, this.#position);
    const end = start + length;
    if (length === 0 || end > this.#bytes.length) {
      throw malformed(`a message of ${length} bytes in a frame that has ${this.#bytes.length - start} left`); // (F1)
    }
    this.#position = end;
    const kind = this.#bytes[start] as number;
    this.#reader.open(this.#bytes, start + 1, end);
    const { messageBytesMax } = this.#limits;
    if (end - start + lengthBytes > messageBytesMax) {
      const message = `A message of ${end - start + lengthBytes} bytes; the limit is ${messageBytesMax}`;
      return this.#refuse(kind, start, end, new MpregError("too-large", message));
    }
    try {
      return this.#read(kind);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      return this.#refuse(kind, start, end, error);
    }
  }

  #read(kind: number): Message {
    const reader = this.#reader;
    switch (kind) {
      case kinds.call:
        return readCall(reader, this.#limits);
      case kinds.answer:
        return readAnswer(reader, this.#limits);
      case kinds.step:
        return readStep(reader, this.#limits);
      case kinds.publish:
        return readPublish(reader);
      case kinds.deliver:
        return readDeliver(reader);
      case kinds.taken:
        return readTaken(reader);
      case kinds.request:
        return readRequest(reader, this.#limits);
      case kinds.results:
        return readResults(reader, this.#limits);
      case kinds.failure:
        return readFailure(reader);
      case kinds.cancel:
        return { kind: "cancel", id: reader.u32() };
      case kinds.leftEnd:
        return { kind: "left-end", id: reader.u32() };
      case kinds.heard:
        return { kind: "heard", id: reader.u32(), isHeard: reader.u8() !== 0 };
      case kinds.chunk:
        return readChunk(reader);
      case kinds.fetchMore:
        return readFetchMore(reader);
      case kinds.fetch:
        return readFetch(reader, this.#limits);
      case kinds.fetchFailed:
        return readFetchFailed(reader);
      case kinds.fetchEnd:
        return { kind: "fetch-end", id: reader.u32() };
      case kinds.release:
        return readRelease(reader);
      case kinds.event:
        return readEvent(reader);
      case kinds.progress:
        return readProgress(reader);
      case kinds.credit:
        return readCredit(reader);
      case kinds.ping:
        return { kind: "ping", id: reader.u32() };
      case kinds.pong:
        return { kind: "pong", id: reader.u32() };
      case kinds.probe:
        return readProbe(reader);
      case kinds.probeAck:
        return readProbeAck(reader);
      case kinds.record:
        return readRecord(reader);
      case kinds.accusation:
        return readAccusation(reader);
      case kinds.offers:
        return readOffers(reader, this.#limits);
      case kinds.offersRequest:
        return readOffersRequest(reader);
      case kinds.digest:
        return readDigest(reader);
      case kinds.digestLines:
        return readDigestLines(reader);
      case kinds.probeRequest:
        return readProbeRequest(reader);
      case kinds.probeReport:
        return readProbeReport(reader);
      case kinds.interest:
        return readInterest(reader);
      case kinds.interestDigest:
        return readInterestDigest(reader);
      case kinds.interestLines:
        return readInterestLines(reader);
      case kinds.keep:
        return readKeep(reader);
      case kinds.resume:
        return readResume(reader);
      case kinds.watch:
        return readWatch(reader);
      case kinds.requests:
        return readRequests(reader);
      case kinds.topicReport:
        return readTopicReport(reader);
      case kinds.publishRefused:
        return readPublishRefused(reader);
      case kinds.publishConfirmed:
        return readPublishConfirmed(reader);
      case kinds.subscribe:
        return readSubscribe(reader);
      case kinds.everywhere:
        return readEverywhere(reader);
      case kinds.unsubscribe:
        return readUnsubscribe(reader);
      case kinds.missed:
        return readMissed(reader);
      case kinds.subscriptionEnded:
        return readSubscriptionEnded(reader);
      case kinds.forward:
        return readForward(reader);
      case kinds.forwardedUntil:
        return readForwardedUntil(reader);
      case kinds.forwardReport:
        return readForwardReport(reader);
      case kinds.handedBack:
        return readHandedBack(reader);
      case kinds.forwardOver:
        return readForwardOver(reader);
      case kinds.toldOver:
        return readToldOver(reader);
      case kinds.backlogAsk:
        return readBacklogAsk(reader);
      case kinds.inspect:
        return readInspect(reader);
      case kinds.hello:
        return readHello(reader);
      case kinds.prove:
        return readProve(reader);
      case kinds.open:
        return { kind: "open" };
      case kinds.goodbye:
        return readGoodbye(reader);
      case kinds.drain:
        return readDrain(reader);
      case kinds.drainAck:
        return { kind: "drain-ack" };
      default:
        if ((kind & answerBit) === 0) return { kind: "skipped" }; // (F2)
        throw new MpregError("unsupported", `Messages of kind 0x${kind.toString(16)} are not known here`);
    }
  }

  #refuse(kind: number, start: number, end: number, error: MpregError): Message {
    if ((kind & answerBit) === 0) throw error;
    if (end - start < 5) throw malformed("a message that expects an answer ends before its id");
    return { kind: "refused", id: readU32(this.#bytes, start + 1), error };
  }
}
