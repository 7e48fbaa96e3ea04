/**
 * JSON message: what a client wants, by the `role` and `u` of its message.
 *
 * Owns telling messages apart. Fields that are not known are ignored, and so is `debug_mode`, which adds nothing to the
 * reference's replies either.
 */
import { MpregError, type Utf8, shortened } from "../base/index.js";
import { invalid } from "../rpc/graph/call-options.js";
import { isPlainObject } from "../rpc/graph/objects.js";
import { typeName } from "../rpc/graph/ref.js";
import type { WireLimits } from "../wire/index.js";
import { checkNameBytes } from "./json-v1-names.js";
import { type JsonV1Error, errorNumbers } from "./json-v1-reply.js";
import { type TopicAsk, isTopicRole, readTopicAsk } from "./json-v1-topic-asks.js";

/** What a request is to be answered with beside its results. */
export interface DebugFields {
  readonly returnsIntermediateResults: boolean;
  readonly includesExecutionSummary: boolean;
  /** Where intermediate results are to be published. The empty text names none, as in the reference. */
  readonly callbackTopic: string | undefined;
}

export interface RpcMessage extends DebugFields {
  readonly kind: "rpc";
  readonly u: string;
  /** Still whatever the client sent. */
  readonly cmds: unknown;
}

export type JsonV1Message =
  | RpcMessage
  /** Wants something of topics, or is wrong about it. */
  | { readonly kind: "topics"; readonly u: string; readonly ask: TopicAsk | MpregError }
  /** Asks whether a node is there. */
  | { readonly kind: "status"; readonly u: string }
  /** A role, or a message between servers, that this door does not serve. */
  | { readonly kind: "not-served"; readonly u: string; readonly error: JsonV1Error }
  | { readonly kind: "malformed"; readonly u: string; readonly error: MpregError };

/** Stands for the `u` of a message that has none. */
const unknownU = "unknown";

export function readMessage(message: unknown, limits: WireLimits, utf8: Utf8): JsonV1Message {
  if (!isPlainObject(message)) {
    return malformed(unknownU, `A message must be a JSON object, got ${typeName(message)}`);
  }
  const { u: given, role, cmds, server } = message;
  const u = typeof given === "string" ? given : unknownU;
  if (role === "server") {
    const what = isPlainObject(server) ? server["what"] : undefined;
    if (what === "STATUS") return { kind: "status", u };
    const code = errorNumbers.unknownServerMessage;
    return { kind: "not-served", u, error: { code, message: `Invalid server message: ${named(what)}`, details: null } };
  }
  if (isTopicRole(role)) return { kind: "topics", u, ask: readTopicAsk(role, message, limits, utf8) };
  if (role !== "rpc") {
    const code = errorNumbers.badRole;
    return {
      kind: "not-served",
      u,
      error: { code, message: `Invalid RPC request role: ${named(role)}`, details: null },
    };
  }
  if (typeof given !== "string") {
    return malformed(u, `The request's "u" must be a string, got ${typeName(given)}`);
  }
  try {
    checkNameBytes(u, `The request's "u"`, limits, utf8);
    return { kind: "rpc", u, cmds, ...readDebugFields(message) };
  } catch (error) {
    if (!(error instanceof MpregError)) throw error;
    return { kind: "malformed", u, error };
  }
}

function readDebugFields(message: Readonly<Record<string, unknown>>): DebugFields {
  const flag = (name: string): boolean => {
    const { [name]: value = false } = message;
    if (typeof value === "boolean") return value;
    throw invalid(`The request's "${name}" must be true or false, got ${typeName(value)}`);
  };
  const { intermediate_result_callback_topic: topic = null } = message;
  if (topic !== null && typeof topic !== "string") {
    throw invalid(`The request's "intermediate_result_callback_topic" must be a text or null, got ${typeName(topic)}`);
  }
  return {
    returnsIntermediateResults: flag("return_intermediate_results"),
    includesExecutionSummary: flag("include_execution_summary"),
    callbackTopic: topic === null || topic === "" ? undefined : topic,
  };
}

function malformed(u: string, message: string): JsonV1Message {
  return { kind: "malformed", u, error: invalid(message) };
}

/** A role as the reference prints it, which is written in Python. */
function named(role: unknown): string {
  if (role === undefined || role === null) return "None";
  return typeof role === "string" ? shortened(role) : typeName(role);
}
