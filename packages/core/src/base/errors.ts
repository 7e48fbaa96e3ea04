/**
 * Errors: the one class for everything that can go wrong while the product is used as intended.
 *
 * Owns the closed list of codes and the outcome of an operation. A broken assumption of ours is not an
 * `MpregError` but an assertion (`assert.ts`).
 *
 * (E1) Every error says whether the work it belongs to took effect (`outcome`).
 * (E2) An error that came over the wire is the same value as the one that was raised, minus its stack, cause and reason.
 * (E3) As JSON it tells all that is known of it but its stack, whatever it is caused by.
 */
import { isA, thrownText } from "./thrown.js";

/** What an operation's effects are once it has failed: safe to retry, standing, or not known. */
export type Outcome = "not-applied" | "applied" | "unknown";

/**
 * Every code an {@link MpregError} can carry, with what it means.
 *
 * The list is closed: a code from a newer peer that is not in it is read as `"unsupported"`.
 */
export const errorCodes = {
  "invalid-argument": "an option or argument of the API is out of range or of the wrong type",
  "duplicate-step": "two steps of one request have the same name",
  "unknown-reference": "a reference names a step that the request does not have",
  "unknown-request": "no request of that id is known where it would be",
  cycle: "the references of a request form a cycle",
  "empty-request": "the request has no step",
  "path-missing": "a reference names a field or item that the result does not have",
  "no-provider": "no node offers the function with all the resources asked for",
  "handler-error": "the function's handler threw",
  "invalid-input": "the function's input schema refused the arguments",
  "invalid-output": "the function's output schema refused the result",
  "not-encodable": "a value cannot be encoded (a function, a class instance, a promise, too deep a nesting)",
  "too-large": "a message, a result or a graph exceeds its limit",
  "too-deep": "calls are nested deeper than the limit",
  deadline: "the time allowed ran out",
  cancelled: "the caller cancelled",
  "circuit-open": "calls of the function have failed on every node that offers it, too often to try just now",
  overloaded: "a limit on concurrent work or queued bytes is reached",
  "node-lost": "the link to the node that ran the work broke",
  "thread-lost": "the thread that ran the handler ended before the handler did",
  "result-lost": "a result that is needed is gone with the node that kept it",
  denied: "the policy refused",
  malformed: "bytes that are not a valid message or value",
  unsupported: "a message or protocol version that this side does not know",
  "storage-failed": "a disk has failed, or what is kept on it cannot be believed",
  closed: "this node or client is closed",
  "not-connected": "there is no connection to a node",
  "already-registered": "the node already has a function of that name",
  "unknown-queue": "there is no queue of that name",
  "stale-receipt": "the lease that a receipt stands for has ended, or its message is gone",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Where something failed, as far as it is known; see {@link MpregError}. */
export interface ErrorPlace {
  readonly step?: string | undefined;
  readonly node?: string | undefined;
  /** Id of the request. */
  readonly request?: string | undefined;
}

export interface MpregErrorOptions extends ErrorPlace {
  readonly outcome?: Outcome;
  readonly retryAfterMs?: number | undefined;
  readonly reason?: string | undefined;
  readonly cause?: unknown;
}

/** What `JSON.stringify` makes of an {@link MpregError}; what is not known is not there. */
export interface MpregErrorJson extends Required<ErrorPlace> {
  readonly name: string;
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  readonly reason: string | undefined;
  /** The same of an error of ours; of anything else that was thrown its message, or the value as text. */
  readonly cause: MpregErrorJson | string | undefined;
}

/**
 * An operation that could not be done: what, with which value, and what would work.
 *
 * `outcome` tells whether a retry is safe: `"not-applied"` is, `"applied"` means that the handler ended and its
 * effects stand, `"unknown"` that nobody can say. `cause` is what a handler threw, or the reason of a signal that
 * aborted, as long as it has not crossed a link.
 */
export class MpregError extends Error {
  override readonly name: string = "MpregError";
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  /**
   * Name of the step that failed; for a single call, its function. Absent where no step did: what is wrong with a
   * request as a whole (its options, its outputs, `empty-request`), its cancellation, the loss of the connection while
   * it ran, and what has nothing to do with calls.
   */
  readonly step: string | undefined;
  /**
   * Name of the node where it failed: the one that ran the step, or that could not find one that does. For what a
   * client finds itself, before anything is sent or because no answer comes, the node it is connected to. Absent where
   * there is no connection yet.
   */
  readonly node: string | undefined;
  /** Id of the request that has failed, by which it can be looked at (`client.trace`); absent for most single calls. */
  readonly request: string | undefined;
  /**
   * For `overloaded`: when there should be room again, in ms, as far as the node can tell from how long runs take. What is
   * sent again earlier will probably be refused again.
   */
  readonly retryAfterMs: number | undefined;
  /** Which of several reasons it is, in one word; for `stale-receipt`, a `StaleReason`. Like the cause, it does not cross a link with a call that failed. */
  readonly reason: string | undefined;

  constructor(code: ErrorCode, message: string, options: MpregErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? "not-applied";
    this.step = options.step;
    this.node = options.node;
    this.request = options.request;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason;
  }

  /** The same error in other words. */
  withMessage(message: string): MpregError {
    if (message === this.message) return this;
    const { code, outcome, step, node, request, cause, retryAfterMs, reason } = this;
    return new MpregError(code, message, { outcome, step, node, request, cause, retryAfterMs, reason });
  }

  /** The same error with another outcome. */
  withOutcome(outcome: Outcome): MpregError {
    if (outcome === this.outcome) return this;
    const { code, message, step, node, request, cause, retryAfterMs, reason } = this;
    return new MpregError(code, message, { outcome, step, node, request, cause, retryAfterMs, reason });
  }

  /** The same error, and when it is worth another try. */
  after(retryAfterMs: number): MpregError {
    const { code, message, outcome, step, node, request, cause, reason } = this;
    return new MpregError(code, message, { outcome, step, node, request, cause, retryAfterMs, reason });
  }

  /** The same error with the step, node or request filled in where it was not known yet. */
  at(place: ErrorPlace): MpregError {
    const step = this.step ?? place.step;
    const node = this.node ?? place.node;
    const request = this.request ?? place.request;
    if (step === this.step && node === this.node && request === this.request) return this;
    const { code, message, outcome, cause, retryAfterMs, reason } = this;
    const placed = new MpregError(code, message, { outcome, step, node, request, cause, retryAfterMs, reason });
    if (this.stack !== undefined) placed.stack = this.stack;
    return placed;
  }

  /** What `JSON.stringify` writes of it: everything but the stack. (E3) */
  toJSON(): MpregErrorJson {
    const { name, code, outcome, message, step, node, request, retryAfterMs, reason, cause } = this;
    const told = cause === undefined || isA(cause, MpregError) ? cause?.toJSON() : thrownText(cause);
    return { name, code, outcome, message, step, node, request, retryAfterMs, reason, cause: told };
  }
}

/** What was thrown, with the step and node filled in if it is an error of ours that does not know them yet. */
export function placed(error: unknown, place: ErrorPlace): unknown {
  return error instanceof MpregError ? error.at(place) : error;
}

/** True for a code of the closed list. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}
