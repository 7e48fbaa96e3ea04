/**
 * Value text: strings out of UTF-8, the short ones without a call into the engine, keys out of a cache.
 *
 * (X1) Ill-formed UTF-8 is `malformed`, never a string with replacement characters in it.
 * (X2) What comes out of the key cache equals the bytes; the hash only chooses the slot.
 * (X3) The cache is bounded: `keySlots` keys of at most `keyBytesMax` bytes.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { utf16Length } from "./utf8.js";

const keySlots = 2048;
const keyBytesMax = 31;
const replacement = "\ufffd";
const byteOrderMark = "\ufeff";

export class ValueText {
  readonly #utf8: Utf8;
  readonly #keys: string[] = new Array<string>(keySlots).fill("");

  constructor(utf8: Utf8) {
    this.#utf8 = utf8;
  }

  /** The text `bytes[start, end)`. */
  text(bytes: Uint8Array, start: number, end: number): string {
    return end - start <= 12
      ? (shortAscii(bytes, start, end) ?? this.#decode(bytes, start, end))
      : this.#decode(bytes, start, end);
  }

  /** As `text`; the same key comes back as the same string, which makes building objects faster. */
  key(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > keyBytesMax) return this.text(bytes, start, end);
    let hash = length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193); // FNV-1a
    const slot = (hash ^ (hash >>> 15)) & (keySlots - 1);
    const known = this.#keys[slot] as string;
    if (known.length === length && isAsciiOf(known, bytes, start)) return known; // (X2)
    const text = this.text(bytes, start, end);
    if (text.length === length) this.#keys[slot] = interned(text); // (X3) ASCII only
    return text;
  }

  #decode(bytes: Uint8Array, start: number, end: number): string {
    let marks = "";
    let from = start;
    while (isByteOrderMark(bytes, from, end)) {
      // a decoder may take it for a signature and drop it; here it is text
      marks += byteOrderMark;
      from += 3;
    }
    const text = this.#utf8.decode(bytes, from, end);
    if (text.includes(replacement) && utf16Length(bytes, from, end) < 0) throw illFormed(); // (X1)
    return marks === "" ? text : marks + text;
  }
}

function illFormed(): MpregError {
  return new MpregError("malformed", "A value holds a text that is not UTF-8");
}

function isByteOrderMark(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 3 <= end && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}

function isAsciiOf(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** The engine's own instance of `text`, as property names are. */
function interned(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string;
}

const chars = String.fromCharCode;

/** The text of up to twelve bytes if they are ASCII. The fewer calls, the faster. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let at = start;
  let text = "";
  if (at + 8 <= end) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    const e = bytes[at + 4] as number;
    const f = bytes[at + 5] as number;
    const g = bytes[at + 6] as number;
    const h = bytes[at + 7] as number;
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text = chars(a, b, c, d, e, f, g, h);
    at += 8;
  }
  if (at + 4 <= end) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += chars(a, b, c, d);
    at += 4;
  }
  for (; at < end; at++) {
    const a = bytes[at] as number;
    if (a > 0x7f) return undefined;
    text += chars(a);
  }
  return text;
}
