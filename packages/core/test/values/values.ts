/** Values for the tests of the codec: the platform's UTF-8, and arbitraries over everything that can be sent. */
import fc from "fast-check";
import { MpregError } from "../../src/base/index.js";
import type { ValueUtf8 } from "../../src/values/buffer.js";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { ignoreBOM: true });
const strippingDecoder = new TextDecoder();

export const utf8: ValueUtf8 = {
  encode: (text) => encoder.encode(text),
  decode: (bytes, start, end) => strict.decode(bytes.subarray(start, end)),
  encodeInto: (text, target, position) => encoder.encodeInto(text, target.subarray(position)).written,
};

/** Without `encodeInto`, and with the decoder's default: a byte order mark is dropped. */
export const plainUtf8: ValueUtf8 = {
  encode: (text) => encoder.encode(text),
  decode: (bytes, start, end) => strippingDecoder.decode(bytes.subarray(start, end)),
};

/** An object with these own properties, whatever they are called. */
export function record(entries: Iterable<readonly [string, unknown]>): object {
  const target = {};
  for (const [key, value] of entries) {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return target;
}

/** Where two values differ, in type, order or content; "" = nowhere. (A matcher would ask the values themselves.) */
export function difference(left: unknown, right: unknown, place = "value"): string {
  if (Object.is(left, right)) return "";
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return place;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return `the class of ${place}`;
  if (left instanceof Date)
    return Object.is(Date.prototype.getTime.call(left), Date.prototype.getTime.call(right)) ? "" : place;
  if (ArrayBuffer.isView(left))
    return difference(bufferOf(left), bufferOf(right as ArrayBufferView), `${place}.buffer`);
  if (left instanceof ArrayBuffer) return Buffer.from(left).equals(Buffer.from(right as ArrayBuffer)) ? "" : place;
  const [mine, theirs] = [partsOf(left), partsOf(right)];
  if (mine.length !== theirs.length) return `the size of ${place}`;
  for (const [index, [key, part]] of mine.entries()) {
    const [otherKey, otherPart] = theirs[index]!;
    const found =
      difference(key, otherKey, `key ${index} of ${place}`) || difference(part, otherPart, `${place}/${index}`);
    if (found !== "") return found;
  }
  return "";
}

function partsOf(container: object): (readonly [unknown, unknown])[] {
  if (container instanceof Map) return [...container];
  if (container instanceof Set) return [...container].map((item) => [undefined, item]);
  return Object.entries(container);
}

function bufferOf(view: ArrayBufferView): ArrayBuffer {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer;
}

/** The error that `action` throws. */
export function errorOf(action: () => unknown): MpregError {
  try {
    action();
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 });
/** Strings of every length class of MessagePack, lone surrogates included. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
  { weight: 1, arbitrary: units.map((codes) => String.fromCharCode(...codes)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.string({ unit: "binary" }), fc.nat(70_000)).map(([part, times]) => repeated(part, times)),
  },
);

function repeated(part: string, units: number): string {
  return part === "" ? "" : part.repeat(Math.ceil(units / part.length));
}

const prototypeKeys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON", "length"];
export const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom(...prototypeKeys) },
  { weight: 1, arbitrary: fc.nat(20).map(String) },
);

const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -200, max: 300 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 32, 2 ** 32 - 1, -(2 ** 31), 2 ** 31, 1e300),
);
const date = fc.oneof(
  fc.date(),
  fc.date({ noInvalidDate: true }),
  fc.integer({ min: 0, max: 2 ** 40 }).map((ms) => new Date(ms)),
);
const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
);
const buffers = fc.uint8Array({ maxLength: 300 });
const elements = fc.oneof(
  buffers,
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  buffers.map((bytes) => bytes.slice().buffer),
  buffers.map((bytes) => new DataView(bytes.slice().buffer)),
);

const leaf = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(fc.constantFrom(null, undefined, true, false), number, text) },
  { weight: 2, arbitrary: fc.oneof(date, bigint) },
  { weight: 1, arbitrary: elements },
);

function entries<T>(value: fc.Arbitrary<T>) {
  return fc.uniqueArray(fc.tuple(key, value), { maxLength: 20, selector: ([name]) => name });
}

/** Everything that can be sent, except objects without a prototype (they get one on the way). */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 20 }) },
    { weight: 2, arbitrary: entries(tie("value")).map(record) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 6 }).map((pairs) => new Map(pairs)),
    },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 6 }).map((items) => new Set(items)) },
  ),
})).value;

/** What every MessagePack library knows: JSON's values, and bytes. */
export const plainValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "grapheme", maxLength: 300 }),
    ),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ maxLength: 40 }).filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;
