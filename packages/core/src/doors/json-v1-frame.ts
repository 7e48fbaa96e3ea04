/**
 * JSON frame: from the bytes of one frame to the value they stand for.
 *
 * Owns what is refused before anybody looks at the content; `json-v1-scan.ts` counts, `json-v1-message.ts` reads the
 * content. A frame refused here ends the connection: nothing in it can be trusted to name the request.
 *
 * (T1) No frame takes time or memory out of proportion to the bytes that are allowed.
 * (T2) No text or number changes in silence: bytes that are not UTF-8 are refused, and integers of 64 bits that a
 *      JavaScript number would round become `bigint`.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { isUtf8Of } from "../values/utf8.js";
import { scanJson } from "./json-v1-scan.js";

/** Deeper frames are not even parsed. What is nested deeper than values may be is answered with an error. */
const depthParsedMax = 1_000;
/** A frame may hold one array or object for so many of the bytes allowed: an empty one takes 2 bytes here and 60 in memory. */
const bytesPerContainer = 32;

/** Parses one frame. Throws `too-large` and `malformed`. */
export function parseFrame(frame: Uint8Array, utf8: Utf8, frameBytesMax: number): unknown {
  if (frame.length > frameBytesMax) {
    throw new MpregError("too-large", `a frame of ${frame.length} bytes; the limit is ${frameBytesMax}`);
  }
  const { depth, containers, wideIntegers } = scanJson(frame); // (T1)
  if (depth > depthParsedMax) {
    throw new MpregError("malformed", `a frame with arrays and objects ${depth} deep; the limit is ${depthParsedMax}`);
  }
  const containersMax = Math.ceil(frameBytesMax / bytesPerContainer);
  if (containers > containersMax) {
    throw new MpregError("too-large", `a frame with ${containers} arrays and objects; the limit is ${containersMax}`);
  }
  const text = utf8.decode(frame, 0, frame.length);
  if (text.includes("\uFFFD") && !isUtf8Of(text, frame, 0, frame.length)) {
    throw new MpregError("malformed", "a frame that is not UTF-8"); // (T2)
  }
  try {
    const value: unknown = JSON.parse(text);
    return wideIntegers.length === 0 ? value : parseExactly(frame, text, wideIntegers, utf8);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MpregError("malformed", `a frame that is not JSON: ${error.message}`);
  }
}

/** Parses valid JSON with its wide integers marked as strings, which then become `bigint`. (T2) */
function parseExactly(frame: Uint8Array, text: string, wideIntegers: readonly number[], utf8: Utf8): unknown {
  const mark = markUnusedIn(text);
  const pieces: string[] = [];
  let done = 0;
  for (let i = 0; i < wideIntegers.length; i += 2) {
    const start = wideIntegers[i] as number;
    const end = wideIntegers[i + 1] as number;
    pieces.push(utf8.decode(frame, done, start), `"${mark}`, utf8.decode(frame, start, end), `"`);
    done = end;
  }
  pieces.push(utf8.decode(frame, done, frame.length));
  return JSON.parse(pieces.join(""), (_key, value: unknown) => {
    return typeof value === "string" && value.startsWith(mark) ? exactInteger(value.slice(mark.length)) : value;
  });
}

function exactInteger(digits: string): bigint | number {
  const integer = BigInt(digits);
  return fitsIn64Bits(integer) ? integer : Number(digits);
}

/** True for what one of the two kinds of 64-bit integers can hold, which is what readers of JSON can be trusted with. */
export function fitsIn64Bits(integer: bigint): boolean {
  return BigInt.asIntN(64, integer) === integer || BigInt.asUintN(64, integer) === integer;
}

/** A character that no string of `text` holds, not even escaped: one of those that Unicode leaves to programs. */
function markUnusedIn(text: string): string {
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const escaped = new RegExp(`\\\\u${code.toString(16)}`, "i");
    if (!text.includes(String.fromCharCode(code)) && !escaped.test(text)) return String.fromCharCode(code);
  }
  throw new MpregError("malformed", "a frame with every noncharacter of Unicode");
}
