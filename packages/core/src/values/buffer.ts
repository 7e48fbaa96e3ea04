/**
 * Value buffer: MessagePack tokens, one behind the other, in memory that is written once.
 *
 * Owns the memory and the scalars. What a JavaScript value is made of, and what is refused, is `writer.ts`.
 *
 * (B1) Bytes handed out by `take` are never overwritten.
 * (B2) A small value keeps a small chunk of memory alive, never one that grew for a large value.
 * (B3) A value that would need more than `valueBytesMax` is `too-large` before the memory for it is taken.
 */
import type { Utf8 } from "../base/index.js";
import { Refusal } from "./refusal.js";
import { extensionTypes } from "./extensions.js";
import { isWellFormed } from "./utf8.js";

/** UTF-8 for values: as `Utf8`, and faster where it can write into given memory. */
export interface ValueUtf8 extends Utf8 {
  /**
   * Writes `text` to `target` from `position` on and answers how many bytes that took. There is room for three
   * bytes per UTF-16 unit. (`TextEncoder.encodeInto`, Node's `Buffer.utf8Write`.)
   */
  encodeInto?(text: string, target: Uint8Array, position: number): number;
}

const chunkBytes = 16 * 1024;
const chunkRestBytesMin = 512;
const inPlaceUnitsMax = 4 * 1024;

export class ValueBuffer {
  readonly #utf8: ValueUtf8;
  readonly #valueBytesMax: number;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #position = 0;

  constructor(utf8: ValueUtf8, valueBytesMax: number) {
    this.#utf8 = utf8;
    this.#valueBytesMax = valueBytesMax;
  }

  /** Starts a value; what was written since the last `take` is forgotten. */
  open(): void {
    const capacity = this.#bytes.length;
    const isUsedUp = capacity - this.#start < chunkRestBytesMin;
    if (isUsedUp || capacity > chunkBytes) this.#use(new Uint8Array(chunkBytes), 0); // (B2), also after a failure
    this.#position = this.#start;
  }

  /** The value written since `open`: a view of memory that it shares with values before and after it. */
  take(): Uint8Array {
    if (this.mark > this.#valueBytesMax) throw this.#tooLarge();
    const value = this.#bytes.subarray(this.#start, this.#position);
    if (this.#bytes.length > chunkBytes) this.#use(new Uint8Array(0), 0); // (B2)
    this.#start = this.#position; // (B1)
    return value;
  }

  /** A place in the value, for {@link endMap} and {@link endExtension}. */
  get mark(): number {
    return this.#position - this.#start;
  }

  nil(): void {
    this.#token(0xc0);
  }

  boolean(value: boolean): void {
    this.#token(value ? 0xc3 : 0xc2);
  }

  /** Integers up to 2^53 - 1 as the shortest MessagePack integer, everything else (-0 too) as float 64. */
  number(value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    const at = this.#position;
    if (value >>> 0 === value) {
      if (value < 0x80) {
        if (value === 0 && Object.is(value, -0)) {
          this.#float(value);
          return;
        }
        bytes[at] = value;
        this.#position = at + 1;
      } else if (value < 0x100) {
        bytes[at] = 0xcc;
        bytes[at + 1] = value;
        this.#position = at + 2;
      } else if (value < 0x10000) {
        bytes[at] = 0xcd;
        this.#u16(at + 1, value);
      } else {
        bytes[at] = 0xce;
        this.#u32(at + 1, value);
      }
    } else if (value >> 0 === value) {
      if (value >= -0x20) {
        bytes[at] = value;
        this.#position = at + 1;
      } else if (value >= -0x80) {
        bytes[at] = 0xd0;
        bytes[at + 1] = value;
        this.#position = at + 2;
      } else if (value >= -0x8000) {
        bytes[at] = 0xd1;
        this.#u16(at + 1, value);
      } else {
        bytes[at] = 0xd2;
        this.#u32(at + 1, value);
      }
    } else if (Number.isSafeInteger(value)) {
      bytes[at] = value < 0 ? 0xd3 : 0xcf;
      this.#u32(at + 1, Math.floor(value / 0x1_0000_0000));
      this.#u32(at + 5, value);
    } else {
      this.#float(value);
    }
  }

  text(text: string): void {
    const length = text.length;
    if (length >= 0x20) {
      this.#longText(text);
      return;
    }
    this.#reserve(0x20);
    const bytes = this.#bytes;
    let at = this.#position;
    bytes[at++] = 0xa0 | length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        this.#longText(text);
        return;
      }
      bytes[at++] = unit;
    }
    this.#position = at;
  }

  /** `length`: for who does not believe what the array says of itself. */
  binary(value: Uint8Array, length: number): void {
    this.#header(length, 0xc4, 0xc5, 0xc6);
    this.raw(value, length);
  }

  raw(value: Uint8Array, length: number = value.length): void {
    this.#reserve(length);
    this.#bytes.set(value, this.#position);
    this.#position += length;
  }

  u8(value: number): void {
    this.#token(value);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#u32(this.#position, value);
  }

  /** 64 bits of an integer, in two's complement if it is negative. */
  i64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#position, value);
    this.#position += 8;
  }

  array(count: number): void {
    if (count < 0x10) this.#token(0x90 | count);
    else this.#header(count, 0, 0xdc, 0xdd);
  }

  /** Starts a map whose number of entries is told to {@link endMap}. */
  beginMap(): number {
    const mark = this.mark;
    this.#token(0x80);
    return mark;
  }

  endMap(mark: number, count: number): void {
    if (count < 0x10) {
      this.#bytes[this.#start + mark] = 0x80 | count;
      return;
    }
    const contentBytes = this.#reopen(mark, 1, count < 0x10000 ? 3 : 5);
    this.#header(count, 0, 0xde, 0xdf);
    this.#position += contentBytes;
  }

  /** Starts an extension whose payload is `length` bytes long. */
  extension(type: number, length: number): void {
    if (length === 1) this.#token(0xd4);
    else if (length === 2) this.#token(0xd5);
    else if (length === 4) this.#token(0xd6);
    else if (length === 8) this.#token(0xd7);
    else if (length === 16) this.#token(0xd8);
    else this.#header(length, 0xc7, 0xc8, 0xc9);
    this.#token(type);
  }

  /** Starts an extension whose length is known at {@link endExtension}. */
  beginExtension(type: number): number {
    const mark = this.mark;
    this.#header(0, 0xc7, 0xc8, 0xc9);
    this.#token(type);
    return mark;
  }

  endExtension(mark: number, type: number): void {
    const length = this.mark - mark - 3;
    if (length < 0x100) {
      this.#bytes[this.#start + mark + 1] = length;
      return;
    }
    this.#reopen(mark, 3, length < 0x10000 ? 4 : 6);
    this.#header(length, 0xc7, 0xc8, 0xc9);
    this.#token(type);
    this.#position += length;
  }

  /** Goes back to the header at `mark` after making it longer; answers how many bytes stand behind it. */
  #reopen(mark: number, bytesBefore: number, bytesAfter: number): number {
    this.#reserve(bytesAfter - bytesBefore);
    const header = this.#start + mark;
    const contentBytes = this.#position - header - bytesBefore;
    this.#bytes.copyWithin(header + bytesAfter, header + bytesBefore, this.#position);
    this.#position = header;
    return contentBytes;
  }

  #longText(text: string): void {
    const units = text.length;
    if (this.#utf8.encodeInto === undefined || units > inPlaceUnitsMax) {
      const encoded = this.#utf8.encode(text);
      if (encoded.length === units || isWellFormed(text)) {
        this.#textHeader(encoded.length);
        this.raw(encoded);
      } else {
        this.#units(text);
      }
      return;
    }
    this.#reserve(units * 3 + 3);
    const at = this.#position;
    const guessed = textHeaderBytes(units);
    const length = this.#utf8.encodeInto(text, this.#bytes, at + guessed);
    if (length === units || isWellFormed(text)) {
      const needed = textHeaderBytes(length);
      if (needed !== guessed) this.#bytes.copyWithin(at + needed, at + guessed, at + guessed + length);
      this.#textHeader(length);
      this.#position += length;
    } else {
      this.#units(text);
    }
  }

  /** A text that has no UTF-8 form, as its UTF-16 units. */
  #units(text: string): void {
    const length = text.length;
    this.extension(extensionTypes.units, length * 2);
    this.#reserve(length * 2);
    for (let i = 0; i < length; i++) this.#u16(this.#position, text.charCodeAt(i));
  }

  #textHeader(length: number): void {
    if (length < 0x20) this.#token(0xa0 | length);
    else this.#header(length, 0xd9, 0xda, 0xdb);
  }

  /** A token with a length of 8 (unless `token8` is 0), 16 or 32 bits. */
  #header(length: number, token8: number, token16: number, token32: number): void {
    this.#reserve(5);
    const at = this.#position;
    if (token8 !== 0 && length < 0x100) {
      this.#bytes[at] = token8;
      this.#bytes[at + 1] = length;
      this.#position = at + 2;
    } else if (length < 0x10000) {
      this.#bytes[at] = token16;
      this.#u16(at + 1, length);
    } else {
      this.#bytes[at] = token32;
      this.#u32(at + 1, length);
    }
  }

  #float(value: number): void {
    const at = this.#position;
    this.#bytes[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
    this.#position = at + 9;
  }

  #token(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = value;
  }

  #u16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    this.#position = at + 2;
  }

  #u32(at: number, value: number): void {
    this.#view.setUint32(at, value);
    this.#position = at + 4;
  }

  #reserve(length: number): void {
    if (this.#position + length > this.#bytes.length) this.#grow(length);
  }

  #grow(length: number): void {
    const used = this.mark;
    const needed = used + length;
    if (needed > this.#valueBytesMax) throw this.#tooLarge(); // (B3)
    const doubled = needed > chunkBytes ? Math.min(needed + Math.max(used, chunkBytes), this.#valueBytesMax) : 0;
    const grown = new Uint8Array(Math.max(chunkBytes, doubled));
    grown.set(this.#bytes.subarray(this.#start, this.#position));
    this.#use(grown, used);
  }

  #tooLarge(): Refusal {
    return new Refusal(`it has more than ${this.#valueBytesMax} bytes`, { limit: "bytes" });
  }

  #use(bytes: Uint8Array<ArrayBuffer>, position: number): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = 0;
    this.#position = position;
  }
}

function textHeaderBytes(length: number): number {
  return length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}
