/**
 * Elements: typed arrays in their encoded form, and single items of them.
 *
 * (E1) An item is encoded as the number, or the bigint, that it is when the array is decoded.
 */
import { MpregError } from "../base/index.js";
import { bigintToBytes } from "./bigint-bytes.js";
import {
  type ElementKind,
  elementKindNamed,
  elementKindOf,
  extensionTypes,
  inWireOrder,
  typedArrayKindOf,
} from "./extensions.js";
import type { MsgpackWalk } from "./msgpack-walk.js";

/** A typed array as it stands in an encoded value. */
export interface EncodedArray {
  readonly kind: ElementKind;
  /** Its items, one behind the other. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

const plainBytes = elementKindNamed("Uint8Array") as ElementKind;

/** The typed array that the walk has just entered; `undefined` for what has no items, as an ArrayBuffer. */
export function typedArrayOf({ bytes, position, count }: MsgpackWalk, isPlain: boolean): EncodedArray | undefined {
  const start = isPlain ? position : position + 1;
  const end = position + count;
  if (end > bytes.length) throw new MpregError("malformed", "An encoded value is cut off");
  const code = isPlain ? plainBytes.code : (bytes[position] ?? -1);
  const kind = typedArrayKindOf(code);
  const length = (end - start) / (kind?.elementBytes ?? 1);
  if (start > end || elementKindOf(code) === undefined || !Number.isInteger(length)) {
    throw new MpregError("malformed", "A typed array of a kind or length that is not known");
  }
  return kind === undefined ? undefined : { kind, bytes: bytes.subarray(start, end), length };
}

/** The item at `index`, as an encoded value. (E1) */
export function encodedElement({ kind, bytes }: EncodedArray, index: number): Uint8Array {
  const { elementBytes, open } = kind;
  const own = new Uint8Array(bytes.subarray(index * elementBytes, (index + 1) * elementBytes));
  const [item = 0] = open(inWireOrder(own, elementBytes).buffer) as Iterable<number | bigint>;
  return typeof item === "number" ? encodedNumber(item) : encodedBigint(item);
}

/** A number as an encoded value: integers of 32 bits in their shortest form. */
export function encodedNumber(value: number): Uint8Array {
  if (value >>> 0 === value && !Object.is(value, -0)) {
    if (value < 0x80) return Uint8Array.of(value);
    if (value < 0x100) return Uint8Array.of(0xcc, value);
    if (value < 0x10000) return Uint8Array.of(0xcd, value >>> 8, value);
    return Uint8Array.of(0xce, value >>> 24, value >>> 16, value >>> 8, value);
  }
  if (value >> 0 === value && value < 0) {
    if (value >= -0x20) return Uint8Array.of(value);
    if (value >= -0x80) return Uint8Array.of(0xd0, value);
    if (value >= -0x8000) return Uint8Array.of(0xd1, value >>> 8, value);
    return Uint8Array.of(0xd2, value >>> 24, value >>> 16, value >>> 8, value);
  }
  const encoded = new Uint8Array(9); // as long as an integer of 64 bits
  encoded[0] = 0xcb;
  new DataView(encoded.buffer).setFloat64(1, value);
  return encoded;
}

function encodedBigint(value: bigint): Uint8Array {
  const digits = bigintToBytes(value);
  return Uint8Array.of(0xc7, digits.length, extensionTypes.bigint, ...digits);
}
