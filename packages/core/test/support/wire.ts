/** Reading and writing of messages, as tests need it. */
import { type ErrorCode, MpregError, type Outcome } from "../../src/base/index.js";
import {
  FrameReader,
  type Message,
  TextCache,
  type WireLimits,
  Writer,
  defaultWireLimits,
} from "../../src/wire/index.js";
import { utf8 } from "../values/values.js";

export { utf8 };

/** The bytes of one frame that `write` fills, a message per call of the function it is given. */
export function frameOf(...writes: ((writer: Writer) => void)[]): Uint8Array {
  const writer = new Writer(utf8);
  for (const write of writes) {
    write(writer);
    writer.end();
  }
  return writer.take();
}

/** All messages of a frame. */
export function messagesOf(frame: Uint8Array, limits: WireLimits = defaultWireLimits): Message[] {
  const reader = new FrameReader(new TextCache(utf8), limits);
  const messages: Message[] = [];
  reader.open(frame);
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  return messages;
}

/** One message from its kind and the bytes behind it. */
export function rawMessage(kind: number, ...body: (number | Uint8Array)[]): Uint8Array {
  const bytes = [kind, ...body.flatMap((part) => (typeof part === "number" ? [part] : [...part]))];
  const { length } = bytes;
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length, ...bytes);
}

/** The messages of a frame as they are, each with its length. */
export function wholeMessages(frame: Uint8Array): Uint8Array[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < frame.length;) {
    const end = at + 4 + view.getUint32(at);
    messages.push(frame.subarray(at, end));
    at = end;
  }
  return messages;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** What crosses a link of an error. */
export interface ErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  readonly step: string | undefined;
  readonly node: string | undefined;
  readonly retryAfterMs?: number;
}

export function shapeOf({ code, message, outcome, step, node, retryAfterMs }: MpregError): ErrorShape {
  return { code, message, outcome, step, node, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** The error that `act` throws; an error of the test when it throws another or none. */
export function thrownBy(act: () => unknown): MpregError {
  try {
    act();
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
