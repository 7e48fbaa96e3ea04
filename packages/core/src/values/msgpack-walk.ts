/**
 * MessagePack walk: goes through encoded values token by token without decoding them.
 *
 * Knows where a value ends and what it contains, not what it means.
 *
 * (M1) A value that does not end within the bytes is `malformed`; nothing behind them is looked at.
 * (M2) The walk keeps a count and no stack, and takes no memory: nesting costs nothing.
 */
import { MpregError } from "../base/index.js";
import { extensionTypes } from "./extensions.js";

/**
 * What a value is, as far as a way into it can go on: `units` is a string written as UTF-16, `bytes` a Uint8Array,
 * `elements` another typed array (or what has the same form), behind the byte of its kind.
 */
export type Shape = "map" | "array" | "text" | "units" | "bytes" | "elements" | "other";

export class MsgpackWalk {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Start of the next value; after {@link enter} start of what the value contains. */
  position = 0;
  /** After {@link enter}: entries of the map, items of the array, bytes of anything else. */
  count = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Goes behind the header of the next value. */
  enter(): Shape {
    const token = this.#u8();
    if (token >= 0x80 && token < 0x90) return this.#contains("map", token & 0x0f);
    if (token >= 0x90 && token < 0xa0) return this.#contains("array", token & 0x0f);
    if (token >= 0xa0 && token < 0xc0) return this.#contains("text", token & 0x1f);
    switch (token) {
      case 0xd9:
        return this.#contains("text", this.#u8());
      case 0xda:
        return this.#contains("text", this.#unsigned(2));
      case 0xdb:
        return this.#contains("text", this.#unsigned(4));
      case 0xdc:
        return this.#contains("array", this.#unsigned(2));
      case 0xdd:
        return this.#contains("array", this.#unsigned(4));
      case 0xde:
        return this.#contains("map", this.#unsigned(2));
      case 0xdf:
        return this.#contains("map", this.#unsigned(4));
      default:
        return this.#other(token);
    }
  }

  /** Goes behind the next `values` values. */
  skip(values: number): void {
    let pending = values; // (M2)
    while (pending > 0) {
      pending--;
      const wholeBytes = this.position < this.end ? (wholeBytesOf[this.bytes[this.position] as number] as number) : 0;
      if (wholeBytes > 0) {
        this.#pass(wholeBytes);
        continue;
      }
      const shape = this.enter();
      if (shape === "map") pending += this.count * 2;
      else if (shape === "array") pending += this.count;
      else this.#pass(this.count);
    }
  }

  #contains(shape: Shape, count: number): Shape {
    this.count = count;
    if (shape === "text" && count > this.end - this.position) throw cutOff(); // (M1)
    return shape;
  }

  #other(token: number): Shape {
    if (token >= 0xd4 && token <= 0xd8) return this.#extension(1 << (token - 0xd4));
    switch (token) {
      case 0xc1:
        throw new MpregError("malformed", "An encoded value has a byte 0xc1, which MessagePack does not use");
      case 0xc4:
        return this.#contains("bytes", this.#u8());
      case 0xc5:
        return this.#contains("bytes", this.#unsigned(2));
      case 0xc6:
        return this.#contains("bytes", this.#unsigned(4));
      case 0xc7:
        return this.#extension(this.#u8());
      case 0xc8:
        return this.#extension(this.#unsigned(2));
      case 0xc9:
        return this.#extension(this.#unsigned(4));
      default:
        this.count = (wholeBytesOf[token] as number) - 1;
        return "other";
    }
  }

  #extension(length: number): Shape {
    const type = this.#u8();
    if (length > this.end - this.position) throw cutOff(); // (M1)
    if (type === extensionTypes.units) return this.#contains("units", length);
    return this.#contains(type === extensionTypes.elements ? "elements" : "other", length);
  }

  #u8(): number {
    if (this.position >= this.end) throw cutOff(); // (M1)
    return this.bytes[this.position++] as number;
  }

  #unsigned(length: number): number {
    const start = this.position;
    this.#pass(length);
    let value = 0;
    for (let at = start; at < this.position; at++) value = value * 0x100 + (this.bytes[at] as number);
    return value;
  }

  #pass(length: number): void {
    if (length > this.end - this.position) throw cutOff(); // (M1)
    this.position += length;
  }
}

const scalarBytes: Readonly<Record<number, number>> = {
  0xc0: 1,
  0xc2: 1,
  0xc3: 1,
  0xca: 5,
  0xcb: 9,
  0xcc: 2,
  0xcd: 3,
  0xce: 5,
  0xcf: 9,
  0xd0: 2,
  0xd1: 3,
  0xd2: 5,
  0xd3: 9,
};

/** How long a value is whose first byte says so; 0 for those that have a length, and for containers. */
const wholeBytesOf: Uint8Array = Uint8Array.from({ length: 0x100 }, (_, token) => {
  if (token < 0x80 || token >= 0xe0) return 1;
  if (token < 0xa0) return 0;
  if (token < 0xc0) return 1 + (token & 0x1f);
  if (token >= 0xd4 && token <= 0xd8) return 2 + (1 << (token - 0xd4));
  return scalarBytes[token] ?? 0;
});

function cutOff(): MpregError {
  return new MpregError("malformed", "An encoded value is cut off");
}
