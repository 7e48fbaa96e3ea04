/**
 * JSON numbers: parsing without changing any number in silence.
 *
 * A parser of the language makes the nearest of its numbers of every number, and `Infinity` of the largest. Here
 * integers of 64 bits stay what they are, as `bigint`, and what is infinite is refused. Fractions, and integers beyond
 * 64 bits, become the nearest number, as in the reference's parser and every other.
 *
 * (M1) Only frames that have such numbers pay for them: a pass over the bytes and one over the values. (The parser's
 *      own reviver needs 11 s for an array of 33 million numbers, of which one may be such an integer; plain parsing 1 s.)
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { setField } from "../rpc/graph/objects.js";
import type { JsonScan } from "./json-v1-scan.js";

/** Parses `text`, which is what `frame` says. Throws `SyntaxError`, and `malformed` for what no number can hold. */
export function parseNumbers(frame: Uint8Array, text: string, scan: JsonScan, utf8: Utf8): unknown {
  const value: unknown = JSON.parse(text);
  const { wideIntegers, mayOverflow } = scan;
  if (wideIntegers.length === 0) return mayOverflow ? restored(value, NaN) : value; // (M1)
  const mark = markUnusedIn(text);
  const marked = withMarks(frame, wideIntegers, utf8.encode(`"${mark}`));
  return restored(JSON.parse(utf8.decode(marked, 0, marked.length)), mark.charCodeAt(0));
}

/** The bytes of a frame with `opening` before each of the integers and a quote behind: what they are is a string. */
function withMarks(frame: Uint8Array, integers: readonly number[], opening: Uint8Array): Uint8Array {
  const marked = new Uint8Array(frame.length + (integers.length / 2) * (opening.length + 1));
  let from = 0;
  let to = 0;
  for (let i = 0; i < integers.length; i += 2) {
    const start = integers[i] as number;
    const end = integers[i + 1] as number;
    while (from < start) marked[to++] = frame[from++] as number;
    for (const byte of opening) marked[to++] = byte;
    while (from < end) marked[to++] = frame[from++] as number;
    marked[to++] = quote;
  }
  marked.set(frame.subarray(from), to);
  return marked;
}

const quote = 0x22;

/** `value`, changed in place: integers instead of marked strings. Throws `malformed` for an infinite number. */
function restored(value: unknown, mark: number): unknown {
  if (typeof value === "string") return value.charCodeAt(0) === mark ? exactInteger(value.slice(1)) : value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new MpregError("malformed", "a frame with a number beyond 1.8e308, the largest that there is");
  }
  if (Array.isArray(value)) {
    const items = value as unknown[];
    for (let i = 0; i < items.length; i++) {
      const item = restored(items[i], mark);
      if (item !== items[i]) items[i] = item;
    }
  } else if (typeof value === "object" && value !== null) {
    const fields = value as Record<string, unknown>;
    for (const name of Object.keys(fields)) {
      const field = restored(fields[name], mark);
      if (field !== fields[name]) setField(fields, name, field);
    }
  }
  return value;
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
