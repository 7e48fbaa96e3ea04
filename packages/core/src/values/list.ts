/**
 * Lists: an encoded list taken apart and put together, without decoding what is in it.
 *
 * (A1) The items of a list that was put together are its parts, byte for byte, in their order.
 * (A2) What a template comes to is what it would be decoded to, encoded: a bound value stands in every place of its hole.
 *      Holes in what has a length in bytes in front of it (a `Map`, a `Set`) are not found.
 * (A3) Bytes that are no MessagePack, and a hole for which there is no value, are `malformed`. Nothing recurses.
 */
import { MpregError } from "../base/index.js";
import { constants, extensionTypes } from "./extensions.js";
import { MsgpackWalk } from "./msgpack-walk.js";

/** A place in a template where a bound value belongs. */
export interface Hole {
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

/** The holes of a template, in the order of their places. */
export function holesOf(template: Uint8Array): readonly Hole[] {
  const walk = new MsgpackWalk(template);
  const holes: Hole[] = [];
  while (walk.position < walk.end) {
    const start = walk.position;
    const length = holeBytes(template[start] as number);
    const isHole = length > 0 && template[start + 1] === extensionTypes.hole;
    const shape = walk.enter();
    if (shape !== "map" && shape !== "array") walk.position += walk.count;
    if (walk.position > walk.end) throw new MpregError("malformed", "An encoded value is cut off"); // (A3)
    if (!isHole) continue;
    let number = 0;
    for (let at = start + 2; at < walk.position; at++) number = number * 0x100 + (template[at] as number);
    holes.push({ start, end: walk.position, number });
  }
  return holes;
}

/** How many bytes the number of a hole has whose extension starts with `token`; 0 for what cannot be one. */
function holeBytes(token: number): number {
  return token >= 0xd4 && token <= 0xd6 ? 1 << (token - 0xd4) : 0;
}

/** The template with `valueOf` each hole in its places, unless `checkBytes` refuses its length. */
export function filled(
  template: Uint8Array,
  holes: readonly Hole[],
  valueOf: (number: number) => Uint8Array | undefined,
  checkBytes: (bytes: number) => void,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end, number } of holes) {
    const value = valueOf(number);
    if (value === undefined) throw new MpregError("malformed", `A list has a hole ${number}, which has no value`); // (A3)
    if (start > from) parts.push(template.subarray(from, start));
    parts.push(value);
    from = end;
  }
  if (from < template.length) parts.push(template.subarray(from));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  checkBytes(parts.reduce((sum, part) => sum + part.length, 0));
  return joined(parts); // (A2)
}

/** The items of an encoded list, as views; how many there are may be refused before. Or what it is instead of a list. */
export function itemsOf(
  list: Uint8Array,
  checkCount: (count: number) => void,
): readonly Uint8Array[] | { readonly kind: string } {
  const walk = new MsgpackWalk(list);
  if (walk.enter() !== "array") return { kind: encodedKind(list) };
  const { count } = walk;
  checkCount(count);
  const items: Uint8Array[] = [];
  for (let left = count; left > 0; left--) {
    const start = walk.position;
    walk.skip(1);
    items.push(list.subarray(start, walk.position));
  }
  return items;
}

/** The list of `items`. */
export function listOf(items: readonly Uint8Array[]): Uint8Array {
  return joined([arrayHead(items.length), ...items]); // (A1)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function arrayHead(count: number): Uint8Array {
  if (count < 0x10) return Uint8Array.of(0x90 | count);
  if (count < 0x10000) return Uint8Array.of(0xdc, count >>> 8, count);
  return Uint8Array.of(0xdd, count >>> 24, count >>> 16, count >>> 8, count);
}

/** A word for what an encoded value is. */
function encodedKind(bytes: Uint8Array): string {
  const walk = new MsgpackWalk(bytes);
  const shape = walk.enter();
  if (shape === "map") return "object";
  if (shape === "array") return "array";
  if (shape === "text" || shape === "units") return "string";
  const token = bytes[0] as number;
  if (token === 0xc0) return "null";
  if (token === 0xc2 || token === 0xc3) return "boolean";
  if (shape === "bytes") return "Uint8Array";
  return extensionKind(token, bytes) ?? "number";
}

const extensionKinds: Readonly<Record<number, string>> = {
  [extensionTypes.date]: "Date",
  [extensionTypes.bigint]: "bigint",
  [extensionTypes.map]: "Map",
  [extensionTypes.set]: "Set",
  [extensionTypes.elements]: "typed array",
};

function extensionKind(token: number, bytes: Uint8Array): string | undefined {
  const typeAt = token >= 0xc7 && token <= 0xc9 ? 1 + (1 << (token - 0xc7)) : token >= 0xd4 && token <= 0xd8 ? 1 : 0;
  if (typeAt === 0) return undefined;
  const type = bytes[typeAt] as number;
  if (type === extensionTypes.constant) return bytes[typeAt + 1] === constants.undefined ? "undefined" : "Date";
  return extensionKinds[type] ?? "value of another kind";
}
