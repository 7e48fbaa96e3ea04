/**
 * Pick: a part of an encoded value, as bytes, without decoding the value.
 *
 * A coordinator keeps the results of steps as bytes and sends the parts that other steps take.
 *
 * (P1) What is picked is what indexing the decoded value would give: own properties of objects, items of arrays and
 * typed arrays, and `length` of these and of strings. Where a map names a key twice, the last one counts, as when it is decoded.
 * (P2) Bytes that are no MessagePack are `malformed`. Parts that are not on the way are skipped, not checked.
 */
import { MpregError } from "../base/index.js";
import { encodedElement, encodedNumber, typedArrayOf } from "./elements.js";
import { MsgpackWalk, type Shape } from "./msgpack-walk.js";
import { isUtf8Of, utf16Length } from "./utf8.js";

/** The part, or the position in the path of the first segment that leads nowhere. */
export type Picked = Uint8Array | { readonly missingAt: number };

/**
 * The encoded part of `bytes` at `path`: object keys, positions in arrays and typed arrays (numbers, or strings like
 * "0"), and `length` of these or of a string (in UTF-16 units, as in JavaScript).
 *
 * The bytes found are a view of `bytes`, except those of a `length` and of an item of a typed array. Throws `malformed`.
 */
export function pick(bytes: Uint8Array, path: readonly (string | number)[]): Picked {
  const walk = new MsgpackWalk(bytes);
  for (let at = 0; at < path.length; at++) {
    const segment = path[at] as string | number;
    const shape = walk.enter();
    if (shape === "bytes" || shape === "elements") {
      const found = inElements(walk, shape, segment);
      return found === undefined ? { missingAt: at } : at + 1 === path.length ? found : { missingAt: at + 1 };
    }
    if (segment === "length" && shape !== "map" && shape !== "other") {
      const length = lengthOf(walk, shape);
      return at + 1 === path.length ? encodedNumber(length) : { missingAt: at + 1 };
    }
    if (!(shape === "map" && toEntry(walk, String(segment))) && !(shape === "array" && toItem(walk, segment))) {
      return { missingAt: at };
    }
  }
  const start = walk.position;
  walk.skip(1);
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, walk.position - start);
}

/** Goes to the value of `key` in the map just entered; false if it has none. */
function toEntry(walk: MsgpackWalk, key: string): boolean {
  let last = -1;
  for (let entries = walk.count; entries > 0; entries--) {
    const isKey = hasText(walk, walk.enter(), key);
    walk.position += walk.count;
    if (isKey) last = walk.position; // (P1)
    walk.skip(1);
  }
  walk.position = last;
  return last >= 0;
}

/** What a segment leads to in the typed array just entered. */
function inElements(walk: MsgpackWalk, shape: Shape, segment: string | number): Uint8Array | undefined {
  const array = typedArrayOf(walk, shape === "bytes");
  if (array === undefined) return undefined;
  if (segment === "length") return encodedNumber(array.length);
  const index = indexOf(segment, array.length);
  return index < 0 ? undefined : encodedElement(array, index);
}

/** Goes to an item of the array just entered; false if it has none of that position. */
function toItem(walk: MsgpackWalk, segment: string | number): boolean {
  const index = indexOf(segment, walk.count);
  if (index < 0) return false;
  walk.skip(index);
  return true;
}

/** The position that a segment means among so many items, -1 if it means none. */
function indexOf(segment: string | number, count: number): number {
  const index = typeof segment === "number" ? segment : positionIn(segment);
  return Number.isInteger(index) && index >= 0 && index < count ? index : -1;
}

/** The array position that a property name means, -1 if it means none. */
function positionIn(name: string): number {
  const index = Number(name);
  return String(index) === name ? index : -1;
}

/** True when the string just entered is `text`. */
function hasText(walk: MsgpackWalk, shape: Shape, text: string): boolean {
  const { bytes, position, count } = walk;
  if (shape === "text") return isUtf8Of(text, bytes, position, position + count);
  if (shape !== "units") throw new MpregError("malformed", "An encoded object has a key that is no string"); // (P2)
  if (count !== text.length * 2) return false;
  for (let i = 0; i < text.length; i++) {
    const at = position + 2 * i;
    if (text.charCodeAt(i) !== (((bytes[at] as number) << 8) | (bytes[at + 1] as number))) return false;
  }
  return true;
}

function lengthOf(walk: MsgpackWalk, shape: Shape): number {
  if (shape === "array") return walk.count;
  const length =
    shape === "units" ? walk.count / 2 : utf16Length(walk.bytes, walk.position, walk.position + walk.count);
  if (!Number.isInteger(length) || length < 0) throw new MpregError("malformed", "An encoded text is ill-formed"); // (P2)
  return length;
}
