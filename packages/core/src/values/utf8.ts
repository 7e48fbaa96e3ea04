/**
 * UTF-8 as far as the language alone is enough: counting, comparing and checking, without making a string.
 *
 * Making strings and bytes is the injected `Utf8`'s work.
 */

/** The code point at `at`, -1 where the bytes are not well-formed UTF-8 (RFC 3629). */
function codePointAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return first;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + length > end) return -1;
  let point = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] as number;
    if ((next & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (next & 0x3f);
  }
  const isOverlong = point < (length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000);
  return isOverlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? -1 : point;
}

function bytesOf(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/** How many UTF-16 code units the text `bytes[start, end)` has, -1 when it is not well-formed UTF-8. */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let units = 0;
  let at = start;
  while (at < end) {
    const point = codePointAt(bytes, at, end);
    if (point < 0) return -1;
    units += point < 0x10000 ? 1 : 2;
    at += bytesOf(point);
  }
  return units;
}

/** True when `bytes[start, end)` is the UTF-8 of `text`. */
export function isUtf8Of(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let i = 0; i < text.length; i++) {
    if (at >= end) return false;
    if ((bytes[at] as number) < 0x80) {
      if (text.charCodeAt(i) !== bytes[at]) return false;
      at++;
      continue;
    }
    const point = codePointAt(bytes, at, end);
    if (point !== text.codePointAt(i)) return false;
    if (point >= 0x10000) i++;
    at += bytesOf(point);
  }
  return at === end;
}

/** How many bytes `text` has in UTF-8; a surrogate without its partner counts as the U+FFFD it becomes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number;
    if (point >= 0x10000) i++;
    bytes += bytesOf(point);
  }
  return bytes;
}

const loneSurrogate = /\p{Surrogate}/u;

/** False for a string with a surrogate that has no partner: such a string has no UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text);
}
