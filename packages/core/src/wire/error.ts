/** Error: a failure on the wire. Layout: docs/protocol.md, "Errors". */
import { MpregError, type Outcome, isErrorCode } from "../base/index.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

const outcomes: readonly Outcome[] = ["not-applied", "applied", "unknown"];

/** Longer messages are cut, so that every error fits a message. */
const messageCharactersMax = 16_384;

export function writeError(writer: Writer, error: MpregError): void {
  const { message } = error;
  const short = message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;
  writer.text(error.code).u8(outcomes.indexOf(error.outcome)).text(short);
  // both places are always written: an empty text says that there is none
  writer.text(error.step ?? "").text(error.node ?? "");
}

export function readError(reader: Reader): MpregError {
  const code = reader.name();
  const outcome = outcomes[reader.u8()] ?? "unknown"; // what a newer version knows better is not known here
  const message = reader.text();
  const step = reader.text() || undefined;
  const node = reader.text() || undefined;
  if (isErrorCode(code)) return new MpregError(code, message, { outcome, step, node });
  return new MpregError("unsupported", `${code}: ${message}`, { outcome, step, node });
}
