/**
 * Codec: JavaScript values as bytes, strictly: what cannot be sent is refused by name, nothing changes on the way.
 *
 * Owns the format of values and its limits. How bytes come to be is `writer.ts`, how they are read
 * `reader.ts`; cutting a part out of them without decoding is `pick.ts`.
 *
 * (C1) A value that encodes decodes to an equal value: same types, same keys in the same order, -0, NaN and `undefined`
 * included. The exceptions are those named below.
 * (C2) A value that cannot be sent is `not-encodable`, with the place where it stands.
 * (C3) Bytes that are no value are `malformed`, whoever made them, after time and memory in proportion to their number.
 * (Engines do not seed the hash of numbers: a Map or Set of numbers chosen to collide takes longer, as everywhere.)
 * (C4) The bytes of every part of a value are themselves a value: they can be cut out, kept, and decoded alone.
 *
 * ## The format
 *
 * One MessagePack object (https://github.com/msgpack/msgpack/blob/master/spec.md). Every form of a type that the
 * specification allows is read; the shortest is written. Big-endian throughout, but for the elements of typed arrays.
 *
 * | JavaScript | MessagePack |
 * |---|---|
 * | `null`, booleans | nil, true, false |
 * | numbers: integers up to ±(2^53 - 1) | the shortest integer; 64-bit integers beyond that are read as `bigint` |
 * | all other numbers, -0 | float 64; float 32 is read |
 * | strings | str, UTF-8 |
 * | arrays | array |
 * | objects | map whose keys are str; where a key comes twice, the last one counts |
 * | `Uint8Array`, Node's `Buffer` | bin |
 *
 * What MessagePack has no type for is an extension:
 *
 * | type | JavaScript | payload |
 * |---|---|---|
 * | -1 | `Date` | the specification's timestamp 32, 64 or 96; written with whole milliseconds, read rounded down to them |
 * | 0 | `undefined`, invalid `Date` | one byte: 0 = `undefined`, 1 = a `Date` whose time is NaN |
 * | 66 `B` | `bigint` | two's complement, big-endian, at least one byte |
 * | 72 `H` | hole of a template | its number, an unsigned integer of 1, 2 or 4 bytes |
 * | 77 `M` | `Map` | one MessagePack array: key, value, key, value, … |
 * | 83 `S` | `Set` | one MessagePack array: the items |
 * | 116 `t` | typed array, `ArrayBuffer`, `DataView` | one byte for the kind, then the content, little-endian |
 * | 117 `u` | string with a lone surrogate (as text or as an object's key) | UTF-16, big-endian |
 *
 * Kinds of `t`: 0 Int8Array, 1 Uint8Array (read, never written), 2 Uint8ClampedArray, 3 Int16Array, 4 Uint16Array,
 * 5 Int32Array, 6 Uint32Array, 7 Float32Array, 8 Float64Array, 9 BigInt64Array, 10 BigUint64Array, 16 ArrayBuffer,
 * 17 DataView. (Types 0, 66 and 116 are those of msgpackr.) Any other extension type is `malformed`.
 *
 * Arrays, maps, `M` and `S` count as containers; they stand in each other at most 100 deep.
 *
 * ## What becomes of the rest
 *
 * - Refused (C2): functions, symbols, instances of classes (Promise, Error, RegExp, WeakMap and subclasses of Array,
 *   Map, Set, Date included), sparse arrays, circular references, anything nested too deep. `toJSON` is not called.
 * - Changed: a Buffer or other subclass of a typed array becomes the built-in one, an object without a prototype gets
 *   the usual one, and a view of a larger ArrayBuffer gets an ArrayBuffer of its own.
 * - Not looked at: symbol keys, properties that are not enumerable, and named properties of arrays (as
 *   `Object.keys` and JSON have it). A getter is called once and its value sent.
 * - Two references to one object arrive as two equal objects.
 */
import { MpregError } from "../base/index.js";
import type { ValueUtf8 } from "./buffer.js";
import { type Bound, ValueReader } from "./reader.js";
import type { ByteMemory } from "./slab.js";
import { type HoleOf, ValueWriter } from "./writer.js";

export interface Codec {
  /**
   * The bytes of `value`. `what` names it in the error: `Cannot encode args[1].rows[0]: a function (onDone)`.
   *
   * The bytes are a view of memory that they share with other values of this codec and never change; copy them to
   * keep them for long. Throws `not-encodable`, `too-large`.
   */
  readonly encode: (value: unknown, what: string) => Uint8Array;

  /** The value of `bytes` from `start` on, which shares no memory with them; a `Uint8Array` in it lies in `memory`. Throws `malformed`. */
  readonly decode: (bytes: Uint8Array, memory?: ByteMemory, start?: number) => unknown;

  /**
   * As `encode`, with holes: `holeOf` is asked for every object or function that is no data by its prototype, and
   * where it answers a number (0 … 2^32 - 1), that hole stands in its place. One number may be used many times.
   */
  readonly encodeTemplate: (value: unknown, what: string, holeOf: HoleOf) => Uint8Array;

  /**
   * The value of a template, `bound[i]` decoded in every place of hole `i`, anew for each. The depth of a bound value
   * counts for itself. What is bound as `{ value }` stands there as it is. A `Uint8Array` in it lies in `memory`. Throws `malformed`, also for a hole
   * without a bound value and a hole inside one, and `too-large`.
   */
  readonly decodeTemplate: (bytes: Uint8Array, bound: readonly Bound[], memory?: ByteMemory) => unknown;
}

export interface CodecOptions {
  /** How deep containers may stand in each other, 1 … 500. Default 100; both ends should have the same. */
  readonly depthMax?: number;
  /** Bytes of one encoded value. Default 256 MiB. */
  readonly valueBytesMax?: number;
  /** Bytes that bound values may take in one template beyond standing in it once each. Default 256 MiB. */
  readonly repeatedBytesMax?: number;
  /**
   * Says why an object that is no data is refused, where its owner knows better than "an instance of Ref":
   * "a reference is only valid inside the graph that made it".
   */
  readonly explain?: (value: object) => string | undefined;
}

const depthMaxMax = 500;
const bytesMaxDefault = 256 * 1024 * 1024;

/**
 * A codec over the platform's UTF-8. It keeps a few hundred kilobytes of memory: make one and share it.
 *
 * Throws `invalid-argument` for an option out of range.
 */
export function createCodec(utf8: ValueUtf8, options: CodecOptions = {}): Codec {
  const { depthMax = 100, valueBytesMax = bytesMaxDefault, repeatedBytesMax = bytesMaxDefault, explain } = options;
  requireRange("depthMax", depthMax, depthMaxMax);
  requireRange("valueBytesMax", valueBytesMax, Number.MAX_SAFE_INTEGER);
  requireRange("repeatedBytesMax", repeatedBytesMax, Number.MAX_SAFE_INTEGER);
  const settings = { utf8, depthMax, valueBytesMax, repeatedBytesMax, explain };
  const writer = new ValueWriter(settings);
  const reader = new ValueReader(settings);
  const write = (value: unknown, what: string, holeOf: HoleOf | undefined): Uint8Array =>
    // a getter or `holeOf` that encodes something itself gets a writer of its own
    (writer.isBusy ? new ValueWriter(settings) : writer).write(value, what, holeOf);
  return {
    encode: (value, what) => write(value, what, undefined),
    decode: (bytes, memory, start) => reader.read(bytes, undefined, memory, start),
    encodeTemplate: write,
    decodeTemplate: (bytes, bound, memory) => reader.read(bytes, bound, memory),
  };
}

function requireRange(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new MpregError("invalid-argument", `${name} must be an integer from 1 to ${max}, not ${value}`);
}
