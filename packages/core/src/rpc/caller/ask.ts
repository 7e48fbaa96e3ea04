/**
 * Ask: work that a program wants done, encoded, and the end of it. What a caller (`caller.ts`) gives to whatever
 * carries its calls: a client's link, or the node it lives in.
 */
import type { MpregError, TraceContext } from "../../base/index.js";
import type { Codec } from "../../values/index.js";
import type {
  CallMessage,
  RequestMessage,
  RequestsMessage,
  ResultRef,
  StepReport,
  TopicReportMessage,
  Value,
  WatchMessage,
  WireLimits,
} from "../../wire/index.js";
import type { ItemReader } from "../results/item-reader.js";
import type { Asker } from "../run.js";
import type { Tracing } from "../tracing/tracing.js";
import type { RequestSummary } from "../types.js";

/** One call, whoever asks for it. */
export type CallFields = Omit<CallMessage, "kind" | "id">;

/** One request, whoever asks for it. */
export type RequestFields = Omit<RequestMessage, "kind" | "id">;

/** A request that is asked on the node that coordinates it. */
export interface OwnRequestFields extends RequestFields {
  /** An output that turns out to be a stream, and is read by a step as well, is left out instead of refused. */
  readonly yieldsStreams?: boolean | undefined;
}

/** What somebody wants to see of a request, whoever does. */
export type WatchFields = Omit<WatchMessage, "id" | "behalf" | "relay">;

/** Which requests somebody wants to have listed. */
export type RequestsFields = Omit<RequestsMessage, "id" | "behalf" | "relay">;

/** Of which node somebody wants to know what its topics come to. */
export type TopicReportFields = Omit<TopicReportMessage, "id" | "behalf" | "relay">;

/** The same as it comes over a link. */
export type LookMessage = WatchMessage | RequestsMessage | TopicReportMessage;

/** What somebody wants to see, and how long that may take, in ms; 0: as long as it takes. */
export type Look = (WatchFields | RequestsFields | TopicReportFields) & { readonly timeoutMs: number };

export type Ask =
  { readonly kind: "call"; readonly fields: CallFields } | { readonly kind: "request"; readonly fields: RequestFields };

/** Carries calls and requests to a node. */
export interface Asking {
  readonly codec: Codec;
  readonly limits: WireLimits;
  /** Name of the node that is asked, where it is known: the place of what goes wrong before anything is sent. */
  readonly nodeName: string | undefined;
  /** Makes spans of what is asked, where something records them. */
  readonly tracing?: Tracing | undefined;
  /** Whether it tells the events of what is watched; what does not refuses to watch anything. */
  readonly tellsEvents?: boolean | undefined;
  /** The trace of the handler for which this asks. */
  readonly trace?: TraceContext | undefined;
  /**
   * Starts a call; its end is told to `asker` once, possibly before this returns. The number that comes back names it
   * for {@link withdraw}.
   */
  call(fields: CallFields, asker: Asker): number;
  /** As {@link call}, for a request. */
  request(fields: RequestFields, asker: Asker): number;
  /** Cancels what has not ended; its asker hears no more. */
  withdraw(ask: number): void;
  /** Lets the program read a stream that an answer refers to. Without it, streams are answered as arrays. */
  readonly openStream?: ((stream: ResultRef) => ItemReader) | undefined;
}

/** Shows requests as well. */
export interface Looking extends Asking {
  /** Begins to look; what is seen, and the end of it, is told as that of a {@link call}. */
  look(look: Look, asker: Asker): number;
}

/** The end of an {@link Ask}; what is no bytes is a stream. */
export type Settled =
  | { readonly kind: "answered"; readonly value: Value; readonly summary: RequestSummary | undefined }
  | {
      readonly kind: "results";
      readonly outputs: readonly (Value | undefined)[];
      /** One entry per step, only where the request settles. */
      readonly reports: readonly StepReport[] | undefined;
      readonly summary: RequestSummary | undefined;
    }
  | { readonly kind: "failed"; readonly error: MpregError };
