/** Failures: the ends of asks that a client finds itself, without a word of any node. */
import { MpregError } from "@mpreg/core/base";
import type { Connection } from "./connection.js";

/** A message of `bytes` is more than the node accepts. */
export function tooLarge(bytes: number, { remoteMessageBytesMax }: Connection): MpregError {
  const message = `Cannot send ${bytes} bytes: the node accepts messages of ${remoteMessageBytesMax}`;
  return new MpregError("too-large", message);
}

/** It names no time, and there was nobody to ask. */
export function neverConnected(patienceMs: number): MpregError {
  return new MpregError("not-connected", `There was no connection to any node for ${patienceMs} ms`);
}

/** Its time is over before it was its turn. */
export function unsent(isConnected: boolean): MpregError {
  const why = isConnected ? "inFlightMax of connect" : "there was no connection to any node";
  return new MpregError("deadline", `The time allowed ran out while it waited to be sent (${why})`);
}

export function unanswered(): MpregError {
  const message = "The time allowed ran out and the node has not answered";
  return new MpregError("deadline", message, { outcome: "unknown" });
}

/** The answer has come, and refers to more than has. */
export function incomplete(): MpregError {
  const message = "The time allowed ran out before all of the answer had come";
  return new MpregError("deadline", message, { outcome: "applied" });
}
