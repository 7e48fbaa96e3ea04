/**
 * JSON frame: from the bytes of one frame to the value they stand for.
 *
 * Owns what is refused before anybody looks at the content; `json-v1-scan.ts` counts, `json-v1-numbers.ts` parses,
 * `json-v1-message.ts` reads the content. A frame refused here ends the connection: nothing in it can be trusted to
 * name the request.
 *
 * (T1) No frame takes time or memory out of proportion to the bytes that are allowed.
 * (T2) No text or number changes in silence: bytes that are not UTF-8 are refused, integers of 64 bits are exact, and
 *      what is larger than any number is refused.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { isUtf8Of } from "../values/utf8.js";
import type { WireLimits } from "../wire/index.js";
import { parseNumbers } from "./json-v1-numbers.js";
import { scanJson } from "./json-v1-scan.js";

/** Deeper frames are not even parsed. What is nested deeper than values may be is answered with an error. */
const depthParsedMax = 1_000;
/** A frame may hold one array or object for so many of the bytes allowed: an empty one takes 2 bytes here and 60 in memory. */
const bytesPerContainer = 32;
/** Fields beyond the thousandth of their object that a frame may hold: they cost more than a microsecond each. */
const crowdMax = 1_000_000;

/** Engines' longest strings have about twice as many characters. */
const charsMax = 2 ** 28;

/** Bytes that a frame may have, and characters that its reply may have for results. */
export function textBytesMax({ messageBytesMax }: WireLimits): number {
  return Math.min(messageBytesMax, charsMax);
}

/** Parses one frame. Throws `too-large` and `malformed`. */
export function parseFrame(frame: Uint8Array, utf8: Utf8, limits: WireLimits): unknown {
  const frameBytesMax = textBytesMax(limits);
  if (frame.length > frameBytesMax) {
    throw new MpregError("too-large", `a frame of ${frame.length} bytes; the limit is ${frameBytesMax}`);
  }
  const scan = scanJson(frame); // (T1)
  const { depth, containers, crowd } = scan;
  if (depth > depthParsedMax) {
    throw new MpregError("malformed", `a frame with arrays and objects ${depth} deep; the limit is ${depthParsedMax}`);
  }
  const containersMax = Math.ceil(frameBytesMax / bytesPerContainer);
  if (containers > containersMax) {
    throw new MpregError("too-large", `a frame with ${containers} arrays and objects; the limit is ${containersMax}`);
  }
  if (crowd > crowdMax) {
    const message = `a frame whose large objects have ${crowd} fields too many: beyond the thousandth of an object, ${crowdMax} are allowed in all`;
    throw new MpregError("too-large", message);
  }
  const text = utf8.decode(frame, 0, frame.length);
  if (text.includes("\uFFFD") && !isUtf8Of(text, frame, 0, frame.length)) {
    throw new MpregError("malformed", "a frame that is not UTF-8"); // (T2)
  }
  try {
    return parseNumbers(frame, text, scan, utf8); // (T2)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MpregError("malformed", `a frame that is not JSON: ${error.message}`);
  }
}
