/**
 * UTF-8, in the language alone (RFC 3629; decoding as the WHATWG's "UTF-8 decoder" does it).
 *
 * (U1) What is no well-formed text becomes U+FFFD, once per maximal ill-formed part, in both directions.
 */
import type { ValueUtf8 } from "@mpreg/core/values";

const replacement = 0xfffd;

export const utf8: ValueUtf8 = {
  encode: (text) => {
    const bytes = new Uint8Array(text.length * 3);
    return bytes.slice(0, encodeInto(text, bytes, 0));
  },
  encodeInto,
  decode,
};

function encodeInto(text: string, target: Uint8Array, position: number): number {
  let at = position;
  for (let i = 0; i < text.length; i++) {
    let point = text.charCodeAt(i);
    if (point < 0x80) {
      target[at++] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) {
      point = text.codePointAt(i) as number;
      if (point < 0x10000)
        point = replacement; // (U1)
      else i += 1;
    }
    at = writePoint(target, at, point);
  }
  return at - position;
}

function writePoint(target: Uint8Array, position: number, point: number): number {
  let at = position;
  if (point < 0x800) {
    target[at++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      target[at++] = 0xe0 | (point >> 12);
    } else {
      target[at++] = 0xf0 | (point >> 18);
      target[at++] = 0x80 | ((point >> 12) & 0x3f);
    }
    target[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  target[at++] = 0x80 | (point & 0x3f);
  return at;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  while (at < end) {
    const first = bytes[at] as number;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      at += 1;
      continue;
    }
    const more = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let point = more === 0 ? replacement : first & (0x3f >> more);
    at += 1;
    for (let i = 0; i < more; i++, at++) {
      const byte = at < end ? (bytes[at] as number) : 0;
      if (!continues(first, i, byte)) {
        point = replacement; // (U1)
        break;
      }
      point = (point << 6) | (byte & 0x3f);
    }
    text += String.fromCodePoint(point);
  }
  return text;
}

/** May `byte` stand as continuation number `index` behind `first`? Overlong forms and surrogates end at the second. */
function continues(first: number, index: number, byte: number): boolean {
  if (index > 0) return byte >= 0x80 && byte <= 0xbf;
  const min = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const max = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return byte >= min && byte <= max;
}
