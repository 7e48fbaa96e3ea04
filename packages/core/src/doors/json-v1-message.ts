/**
 * JSON message: what a client wants, by the `role` and `u` of its message.
 *
 * Owns telling messages apart. Fields that are not known are ignored, as are those of the debugging kind
 * (`return_intermediate_results`, `include_execution_summary`, `debug_mode`, `intermediate_result_callback_topic`).
 */
import { MpregError, type Utf8, shortened } from "../base/index.js";
import { invalid } from "../rpc/call-options.js";
import { isPlainObject } from "../rpc/objects.js";
import { typeName } from "../rpc/ref.js";
import type { WireLimits } from "../wire/index.js";
import { type JsonV1Error, errorNumbers } from "./json-v1-reply.js";

export type JsonV1Message =
  /** A request; `cmds` is still whatever the client sent. */
  | { readonly kind: "rpc"; readonly u: string; readonly cmds: unknown }
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
  } catch (error) {
    if (!(error instanceof MpregError)) throw error;
    return { kind: "malformed", u, error };
  }
  return { kind: "rpc", u, cmds };
}

/** Throws `too-large` for a name of more bytes than names may have. */
export function checkNameBytes(name: string, what: string, limits: WireLimits, utf8: Utf8): void {
  const bytesMax = limits.nameBytesMax;
  if (name.length * 3 <= bytesMax) return; // no UTF-16 unit takes more
  const bytes = name.length > bytesMax ? name.length : utf8.encode(name).length;
  if (bytes <= bytesMax) return;
  throw new MpregError("too-large", `${what} has more than the ${bytesMax} bytes that are allowed`);
}

function malformed(u: string, message: string): JsonV1Message {
  return { kind: "malformed", u, error: invalid(message) };
}

/** A role as the reference prints it, which is written in Python. */
function named(role: unknown): string {
  if (role === undefined || role === null) return "None";
  return typeof role === "string" ? shortened(role) : typeName(role);
}
