/**
 * Value reader: JavaScript values out of MessagePack that anybody may have written.
 *
 * Owns what is accepted. Texts are `text.ts`'s; cutting bytes out without decoding them is `pick.ts`'s.
 *
 * (D1) Nothing is read outside the value's bytes, and all of them are read: what is left over is `malformed`.
 * (D2) Memory is taken in proportion to the bytes that are there, never to a length that they claim.
 * (D3) Containers stand in each other at most `depthMax` deep; the stack cannot overflow.
 * (D4) Every key becomes an own property; no key reaches a prototype.
 * (D5) What comes out shares no memory with what went in.
 * (D6) Bound values cost what they have been sent with; a few bytes that repeat them do not expand without bound.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { bigintFromBytes } from "./bigint-bytes.js";
import type { ByteMemory } from "./slab.js";
import { constants, elementKindOf, extensionTypes, inWireOrder } from "./extensions.js";
import { ValueText } from "./text.js";

/** What a hole stands for: the bytes of a value, or anything that stands there as it is. */
export type Bound = Uint8Array | { readonly value: unknown };

export interface ValueReaderOptions {
  readonly utf8: Utf8;
  readonly depthMax: number;
  readonly repeatedBytesMax: number;
}

const unitsAtOnce = 1024;
/** Larger buffers are let go after each value; views of smaller ones are kept for the next value out of them. */
const keptBytesMax = 1024 * 1024;
const nothing = new ArrayBuffer(0);
const ownMemory: ByteMemory = (length) => new Uint8Array(length);
const added = (sum: number, bound: Bound): number => (bound instanceof Uint8Array ? sum + bound.length : sum);

export class ValueReader {
  readonly #texts: ValueText;
  readonly #depthMax: number;
  readonly #repeatedBytesMax: number;
  // positions count from the start of the ArrayBuffer: many values stand in one
  #buffer: ArrayBufferLike = nothing;
  #bytes = new Uint8Array(this.#buffer);
  #view = new DataView(this.#buffer);
  #start = 0;
  #position = 0;
  #end = 0;
  /** Items that containers may still announce: each takes at least a byte (D2). */
  #itemsLeft = 0;
  /** Where byte strings are copied to. */
  #memory: ByteMemory = ownMemory;
  /** What holes stand for; `undefined` where there may be none. */
  #bound: readonly Bound[] | undefined;
  #boundBytesLeft = 0;

  constructor(options: ValueReaderOptions) {
    this.#texts = new ValueText(options.utf8);
    this.#depthMax = options.depthMax;
    this.#repeatedBytesMax = options.repeatedBytesMax;
  }

  read(bytes: Uint8Array, bound: readonly Bound[] | undefined, memory: ByteMemory = ownMemory, start = 0): unknown {
    this.#bound = bound;
    this.#memory = memory;
    if (bound !== undefined) this.#boundBytesLeft = bound.reduce(added, this.#repeatedBytesMax); // (D6)
    try {
      return this.#whole(bytes, start);
    } catch (error) {
      if (error instanceof MpregError) throw error;
      // a bigint, Map or string larger than the engine can hold
      throw new MpregError("malformed", "Cannot decode a value: it is larger than this machine can hold", {
        cause: error,
      });
    } finally {
      this.#bound = undefined;
      if (this.#buffer.byteLength > keptBytesMax) this.#use(nothing);
    }
  }

  #whole(bytes: Uint8Array, start: number): unknown {
    if (bytes.buffer !== this.#buffer) this.#use(bytes.buffer);
    this.#start = this.#position = bytes.byteOffset + start;
    this.#end = bytes.byteOffset + bytes.length;
    this.#itemsLeft = bytes.length - start;
    const value = this.#value(0);
    if (this.#position !== this.#end) throw this.#malformed("bytes are left over after it"); // (D1)
    return value;
  }

  #use(buffer: ArrayBufferLike): void {
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #value(depth: number): unknown {
    const token = this.#u8();
    if (token < 0x80) return token;
    if (token < 0x90) return this.#record(token & 0x0f, depth);
    if (token < 0xa0) return this.#array(token & 0x0f, depth);
    if (token < 0xc0) return this.#text(token & 0x1f);
    if (token >= 0xe0) return token - 0x100;
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#u8());
      case 0xc5:
        return this.#binary(this.#u16());
      case 0xc6:
        return this.#binary(this.#u32());
      case 0xc7:
        return this.#extension(this.#u8(), depth);
      case 0xc8:
        return this.#extension(this.#u16(), depth);
      case 0xc9:
        return this.#extension(this.#u32(), depth);
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
        return this.#u8();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcf:
        return this.#integer64(false);
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return this.#integer64(true);
      case 0xd4:
        return this.#extension(1, depth);
      case 0xd5:
        return this.#extension(2, depth);
      case 0xd6:
        return this.#extension(4, depth);
      case 0xd7:
        return this.#extension(8, depth);
      case 0xd8:
        return this.#extension(16, depth);
      case 0xd9:
        return this.#text(this.#u8());
      case 0xda:
        return this.#text(this.#u16());
      case 0xdb:
        return this.#text(this.#u32());
      case 0xdc:
        return this.#array(this.#u16(), depth);
      case 0xdd:
        return this.#array(this.#u32(), depth);
      case 0xde:
        return this.#record(this.#u16(), depth);
      case 0xdf:
        return this.#record(this.#u32(), depth);
      default:
        throw this.#malformed("byte 0xc1, which MessagePack does not use");
    }
  }

  #array(count: number, depth: number): unknown[] {
    this.#enter(count, depth);
    const items = new Array<unknown>(count);
    for (let i = 0; i < count; i++) items[i] = this.#value(depth + 1);
    return items;
  }

  #record(count: number, depth: number): object {
    this.#enter(count * 2, depth);
    const record: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      setOwn(record, key, this.#value(depth + 1));
    }
    return record;
  }

  #key(): string {
    const token = this.#u8();
    if (token >= 0xa0 && token < 0xc0) return this.#shortKey(token & 0x1f);
    if (token === 0xd9) return this.#shortKey(this.#u8());
    if (token === 0xda) return this.#text(this.#u16());
    if (token === 0xdb) return this.#text(this.#u32());
    const length = this.#extensionLength(token);
    if (length !== undefined && this.#u8() === extensionTypes.units) return this.#units(length);
    throw this.#malformed("a key that is no string (other keys need a Map)");
  }

  #shortKey(length: number): string {
    const start = this.#take(length);
    return this.#texts.key(this.#bytes, start, start + length);
  }

  #text(length: number): string {
    const start = this.#take(length);
    return this.#texts.text(this.#bytes, start, start + length);
  }

  /** The payload length of the extension that `token` begins; `undefined` if it begins none. */
  #extensionLength(token: number): number | undefined {
    if (token >= 0xd4 && token <= 0xd8) return 1 << (token - 0xd4);
    if (token === 0xc7) return this.#u8();
    if (token === 0xc8) return this.#u16();
    return token === 0xc9 ? this.#u32() : undefined;
  }

  #extension(length: number, depth: number): unknown {
    const type = this.#u8();
    if (length > this.#end - this.#position) throw this.#malformed("it is cut off"); // (D1)
    switch (type) {
      case extensionTypes.date:
        return this.#date(length);
      case extensionTypes.map:
        return this.#map(length, depth);
      case extensionTypes.set:
        return this.#set(length, depth);
      case extensionTypes.bigint:
        return this.#bigint(length);
      case extensionTypes.elements:
        return this.#elements(length);
      case extensionTypes.constant:
        return this.#constant(length);
      case extensionTypes.units:
        return this.#units(length);
      case extensionTypes.hole:
        return this.#hole(length);
      default:
        throw this.#malformed(`extension type ${type < 0x80 ? type : type - 0x100}, which is not known`);
    }
  }

  #constant(length: number): undefined | Date {
    const constant = length === 1 ? this.#u8() : -1;
    if (constant === constants.undefined) return undefined;
    if (constant === constants.invalidDate) return new Date(NaN);
    throw this.#malformed("a constant that is not known");
  }

  #units(length: number): string {
    if (length % 2 !== 0) throw this.#malformed("half a UTF-16 unit");
    const end = this.#take(length) + length;
    let text = "";
    for (let at = end - length; at < end;) {
      const units: number[] = [];
      for (; at < end && units.length < unitsAtOnce; at += 2) units.push(this.#view.getUint16(at));
      text += String.fromCharCode(...units);
    }
    return text;
  }

  #bigint(length: number): bigint {
    if (length === 0) throw this.#malformed("a bigint without bytes");
    const start = this.#take(length);
    return length === 8 ? this.#view.getBigInt64(start) : bigintFromBytes(this.#bytes, start, start + length);
  }

  #date(length: number): Date {
    let nanoseconds = 0;
    let seconds: number;
    if (length === 4) {
      seconds = this.#u32();
    } else if (length === 8) {
      const high = this.#u32();
      nanoseconds = high >>> 2;
      seconds = (high & 3) * u32Range + this.#u32();
    } else if (length === 12) {
      nanoseconds = this.#u32();
      seconds = this.#view.getInt32(this.#take(4)) * u32Range + this.#u32();
    } else {
      throw this.#malformed(`a timestamp of ${length} bytes`);
    }
    const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
    if (nanoseconds > 999_999_999 || Number.isNaN(date.getTime())) throw this.#malformed("a timestamp out of range");
    return date;
  }

  #elements(length: number): object {
    if (length === 0) throw this.#malformed("a typed array without a kind");
    const kind = elementKindOf(this.#u8());
    if (kind === undefined || (length - 1) % kind.elementBytes !== 0) {
      throw this.#malformed("a typed array of a kind or length that is not known");
    }
    return kind.open(inWireOrder(this.#copy(length - 1, ownMemory), kind.elementBytes).buffer);
  }

  #binary(length: number): Uint8Array {
    return this.#copy(length, this.#memory);
  }

  /** (D5) */
  #copy(length: number, memory: ByteMemory): Uint8Array<ArrayBuffer> {
    const start = this.#take(length);
    const copy = memory(length);
    copy.set(new Uint8Array(this.#buffer, start, length)); // `subarray` would first look for the constructor to be used
    return copy;
  }

  #map(length: number, depth: number): Map<unknown, unknown> {
    const outerEnd = this.#enterPayload(length);
    const count = this.#payloadCount(depth);
    if (count % 2 !== 0) throw this.#malformed("a Map whose last key has no value");
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < count; i += 2) {
      const key = this.#value(depth + 1);
      map.set(key, this.#value(depth + 1));
    }
    this.#leavePayload(outerEnd);
    return map;
  }

  #set(length: number, depth: number): Set<unknown> {
    const outerEnd = this.#enterPayload(length);
    const count = this.#payloadCount(depth);
    const set = new Set<unknown>();
    for (let i = 0; i < count; i++) set.add(this.#value(depth + 1));
    this.#leavePayload(outerEnd);
    return set;
  }

  /** Narrows the end to that of the payload; answers the end before. */
  #enterPayload(length: number): number {
    const outerEnd = this.#end;
    this.#end = this.#take(length) + length;
    this.#position -= length;
    return outerEnd;
  }

  #leavePayload(outerEnd: number): void {
    if (this.#position !== this.#end) throw this.#malformed("bytes are left over in an extension"); // (D1)
    this.#end = outerEnd;
  }

  /** How many items the array has that is the payload of a Map or Set. */
  #payloadCount(depth: number): number {
    const token = this.#u8();
    let count: number;
    if (token >= 0x90 && token < 0xa0) count = token & 0x0f;
    else if (token === 0xdc) count = this.#u16();
    else if (token === 0xdd) count = this.#u32();
    else throw this.#malformed("a Map or Set whose payload is no array");
    this.#enter(count, depth);
    return count;
  }

  #hole(length: number): unknown {
    const bound = this.#bound;
    if (bound === undefined) throw this.#malformed("a hole where nothing is bound");
    const index = length === 1 ? this.#u8() : length === 2 ? this.#u16() : length === 4 ? this.#u32() : -1;
    const bytes = bound[index];
    if (bytes === undefined) throw this.#malformed(`hole ${index}, which has no value`);
    if (!(bytes instanceof Uint8Array)) return bytes.value;
    this.#boundBytesLeft -= bytes.length;
    if (this.#boundBytesLeft < 0) {
      throw new MpregError("too-large", `A template repeats its values to more than ${this.#repeatedBytesMax} bytes`);
    }
    const { start, position, end, itemsLeft, buffer } = this.#outer();
    this.#bound = undefined;
    const value = this.#whole(bytes, 0);
    this.#bound = bound;
    if (this.#buffer !== buffer) this.#use(buffer);
    this.#start = start;
    this.#position = position;
    this.#end = end;
    this.#itemsLeft = itemsLeft;
    return value;
  }

  #outer() {
    return {
      start: this.#start,
      position: this.#position,
      end: this.#end,
      itemsLeft: this.#itemsLeft,
      buffer: this.#buffer,
    };
  }

  #integer64(isSigned: boolean): number | bigint {
    const at = this.#take(8);
    const high = isSigned ? this.#view.getInt32(at) : this.#view.getUint32(at);
    const value = high * u32Range + this.#view.getUint32(at + 4);
    if (Number.isSafeInteger(value)) return value;
    return isSigned ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at);
  }

  #u8(): number {
    if (this.#position >= this.#end) throw this.#malformed("it is cut off"); // (D1)
    return this.#bytes[this.#position++] as number;
  }

  #u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Where the next `length` bytes start; goes behind them. */
  #take(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) throw this.#malformed("it is cut off"); // (D1)
    this.#position = start + length;
    return start;
  }

  #enter(items: number, depth: number): void {
    if (depth >= this.#depthMax) throw this.#malformed(`containers stand more than ${this.#depthMax} deep`); // (D3)
    this.#itemsLeft -= items;
    if (this.#itemsLeft < 0 || items > this.#end - this.#position) throw this.#malformed("it is cut off"); // (D2)
  }

  #malformed(reason: string): MpregError {
    const at = this.#position - this.#start;
    return new MpregError(
      "malformed",
      `Cannot decode a value: ${reason} (at byte ${at} of ${this.#end - this.#start})`,
    );
  }
}

/** Makes `key` an own property, whatever it means on the prototype. */
function setOwn(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    try {
      record[key] = value;
      return;
    } catch {
      // the prototype has a property of that name which cannot be written: somebody froze it
    }
  }
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true }); // (D4)
}

const u32Range = 0x1_0000_0000;
