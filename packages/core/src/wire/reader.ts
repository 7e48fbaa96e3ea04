/**
 * Reader: the fields of one message, each checked against the bytes that are there.
 *
 * (R1) Nothing is read beyond `end`; a field that would be is `malformed`.
 * (R2) Nothing is allocated in proportion to a length that the bytes do not back.
 */
import { MpregError } from "../base/index.js";
import type { TextCache } from "./text-cache.js";

export class Reader {
  readonly #texts: TextCache;
  readonly #nameBytesMax: number;
  bytes: Uint8Array = new Uint8Array(0);
  /** Theirs: what is asked of an array each time costs as much as a view does. */
  #buffer: ArrayBufferLike = this.bytes.buffer;
  #byteOffset = 0;
  position = 0;
  end = 0;

  constructor(texts: TextCache, options: { readonly nameBytesMax: number }) {
    this.#texts = texts;
    this.#nameBytesMax = options.nameBytesMax;
  }

  /** Reads `bytes[start, end)` from now on. */
  open(bytes: Uint8Array, start: number, end: number): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#buffer = bytes.buffer;
      this.#byteOffset = bytes.byteOffset;
    }
    this.position = start;
    this.end = end;
    return this;
  }

  u8(): number {
    this.#need(1);
    return this.bytes[this.position++] as number;
  }

  u32(): number {
    this.#need(4);
    const value = readU32(this.bytes, this.position);
    this.position += 4;
    return value;
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      unit *= 0x80;
    }
    throw malformed("a number is larger than 2^53 - 1");
  }

  /** A varint that counts items of at least one byte each, at most `max`. */
  count(what: string, max: number): number {
    const value = this.varint();
    if (value > max) throw new MpregError("too-large", `${value} ${what}; the limit is ${max}`);
    this.#need(value); // (R2)
    return value;
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    this.#need(length);
    const view = new Uint8Array(this.#buffer, this.#byteOffset + this.position, length);
    this.position += length;
    return view;
  }

  blob(): Uint8Array {
    return this.raw(this.varint());
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.raw(this.end - this.position);
  }

  /** A name: a short text, limited and cached. */
  name(): string {
    const length = this.varint();
    if (length > this.#nameBytesMax) {
      throw new MpregError("too-large", `a name of ${length} bytes; the limit is ${this.#nameBytesMax}`);
    }
    return this.#text(length);
  }

  /** A text of any length. */
  text(): string {
    return this.#text(this.varint());
  }

  names(max: number): readonly string[] {
    const count = this.count("names", max);
    if (count === 0) return noNames;
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.name());
    return names;
  }

  /** The next optional field's tag, 0 at the end of the list; `fieldEnd` then says where its content ends. */
  tag(): number {
    const tag = this.u8();
    if (tag === 0) return 0;
    const length = this.u32();
    this.#need(length);
    this.fieldEnd = this.position + length;
    return tag;
  }

  /** Where the optional field announced by {@link tag} ends. */
  fieldEnd = 0;

  /** How much of the optional field announced by {@link tag} is left. */
  get fieldLength(): number {
    return Math.max(0, this.fieldEnd - this.position);
  }

  /** The content of the optional field announced by {@link tag}. */
  field(): Uint8Array {
    if (this.position > this.fieldEnd) throw malformed("an optional field is longer than its length says");
    return this.raw(this.fieldEnd - this.position);
  }

  /** Goes to the end of the optional field, whatever of it was read. */
  skipField(): void {
    if (this.position > this.fieldEnd) throw malformed("an optional field is longer than its length says");
    this.position = this.fieldEnd;
  }

  /** Skips the optional fields that are left: what a newer version has added. */
  skipFields(): void {
    while (this.tag() !== 0) this.skipField();
  }

  #text(length: number): string {
    this.#need(length);
    const start = this.position;
    this.position += length;
    return this.#texts.decode(this.bytes, start, this.position);
  }

  #need(length: number): void {
    if (this.position + length > this.end) throw malformed("a message ends before its last field"); // (R1)
  }
}

const noNames: readonly string[] = [];

export function malformed(message: string): MpregError {
  return new MpregError("malformed", message);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
