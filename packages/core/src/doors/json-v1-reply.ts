/**
 * JSON replies: the shapes in which the protocol answers.
 *
 * (Y1) Every reply has the same five fields in the same order, as compact JSON.
 * (Y2) An error says what our own errors say (`details`), and nothing of the inside of a node: no stack.
 * (Y3) An answer that is not all that was asked for says so in a sixth field, `notices`, which the reference's clients
 *      ignore.
 * (Y4) An answer about topics has its five fields in their order, and where it refuses, a sixth: `details`. So do
 *      notifications, with `missed_before` where messages of the subscription were lost just before it.
 */
import type { ErrorCode, MpregError, Outcome } from "../base/index.js";

/** Codes of the protocol. The reference also defines 1002 (its own faults), which a client cannot meet here. */
export const errorNumbers = {
  /** `server.what` is not known. */
  unknownServerMessage: 1000,
  /** No node offers the function with the resources asked for. */
  noProvider: 1001,
  /** Everything else that keeps a request from its answer. */
  requestFailed: 1003,
  /** The role is missing or not known. */
  badRole: 1004,
} as const;

export interface JsonV1Error {
  readonly code: number;
  readonly message: string;
  /** `null` where the code says it all. */
  readonly details: {
    readonly code: ErrorCode;
    readonly step: string | null;
    readonly node: string | null;
    readonly outcome: Outcome;
    /** Only where the node can tell when it will have room again. */
    readonly retry_after_ms?: number;
  } | null;
}

/** What the protocol says of `error`. */
export function jsonErrorOf(error: MpregError): JsonV1Error {
  const { code, message, step, node, outcome, retryAfterMs } = error;
  const number = code === "no-provider" ? errorNumbers.noProvider : errorNumbers.requestFailed;
  const retry = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
  return { code: number, message, details: { code, step: step ?? null, node: node ?? null, outcome, ...retry } }; // (Y2)
}

/** What an answer has beside its results. */
export interface AnswerExtras {
  /** JSON text. */
  readonly intermediateResults: string | undefined;
  /** JSON text. */
  readonly executionSummary: string | undefined;
  readonly notices: readonly string[];
}

const nothing: AnswerExtras = { intermediateResults: undefined, executionSummary: undefined, notices: [] };

/** The reply to request `u` whose results are the JSON text `r`. */
export function answerReply(r: string, u: string, extras: AnswerExtras = nothing): string {
  return reply(r, "null", u, extras);
}

export function errorReply(error: JsonV1Error, u: string): string {
  return reply("null", JSON.stringify(error), u, nothing);
}

function reply(r: string, error: string, u: string, extras: AnswerExtras): string {
  const { intermediateResults = "[]", executionSummary = "null", notices } = extras;
  const told = notices.length === 0 ? "" : `,"notices":${JSON.stringify(notices)}`; // (Y3)
  return `{"r":${r},"error":${error},"u":${JSON.stringify(u)},"intermediate_results":${intermediateResults},"execution_summary":${executionSummary}${told}}`; // (Y1)
}

/** The answer to the message `u` about topics; with `error`, it is refused. (Y4) */
export function topicsReply(u: string, error: MpregError | undefined): string {
  const id = JSON.stringify(u);
  const ackId = JSON.stringify(`ack_${u}`);
  const details = error === undefined ? "" : `,"details":${JSON.stringify(jsonErrorOf(error).details)}`;
  const outcome = `"success":${error === undefined},"error":${JSON.stringify(error?.message ?? null)}`;
  return `{"role":"pubsub-ack","operation_id":${id},${outcome},"u":${ackId}${details}}`;
}

/** The message of which `message` is the JSON text, for a subscription. */
export function notification(
  { text, id, notices }: { readonly text: string; readonly id: string; readonly notices: readonly string[] },
  subscription: { readonly id: string; readonly isLive: boolean; readonly missed: number },
): string {
  const kind = subscription.isLive ? "notification" : "backlog";
  const u = JSON.stringify(`${kind}_${id}_${subscription.id}`);
  const count = JSON.stringify(subscription.missed); // null where nobody knows how many
  const missed = subscription.missed === 0 ? "" : `,"missed_before":${count}`;
  const told = notices.length === 0 ? "" : `,"notices":${JSON.stringify(notices)}`; // (Y3)
  return `{"role":"pubsub-notification","message":${text},"subscription_id":${JSON.stringify(subscription.id)},"u":${u}${missed}${told}}`;
}
