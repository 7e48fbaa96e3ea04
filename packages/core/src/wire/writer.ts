/**
 * Writer: messages, one behind the other, in memory that is written once and never again.
 *
 * Owns the slab the bytes stand in. What the bytes mean is in the message files beside this one.
 *
 * (W1) Bytes handed out by `take` are not overwritten: the next batch starts behind them or in a new slab, unless `reclaim` says
 *      that nobody needs the last ones any more.
 * (W2) Between messages the batch holds whole messages: `end` completes the one begun last, `abandon` and `takeLast` leave
 *      nothing of it. (`take` and `length` are for then; inside a message they would show a part of it.)
 * (W3) A slab that a large message has made larger than others leaves with it: a link that is idle again holds little.
 */
import type { Utf8 } from "../base/index.js";

/** Slabs double from the first to the last size, so that an idle link holds little and a busy one allocates rarely. */
const slabBytesMin = 1024;
const slabBytesMax = 64 * 1024;
const noBytes = new Uint8Array(0);

export class Writer {
  readonly #utf8: Utf8;
  #bytes = noBytes;
  #start = 0;
  #position = 0;
  /** Where the batch began that was taken last. */
  #lastStart = 0;
  #messageStart = 0;
  #fieldStart = 0;

  constructor(utf8: Utf8) {
    this.#utf8 = utf8;
  }

  /** Bytes of finished messages waiting in the current batch. */
  get length(): number {
    return this.#position - this.#start;
  }

  /** Starts a message of `kind`; its length is filled in by {@link end}. */
  begin(kind: number): this {
    this.#reserve(5);
    this.#messageStart = this.#position;
    this.#position += 4;
    this.#bytes[this.#position++] = kind;
    return this;
  }

  /** Ends the message; answers its size on the wire, the length prefix included. */
  end(): number {
    return this.#patch(this.#messageStart) + 4; // (W2)
  }

  /** Starts an optional field; its length is filled in by {@link endField}. Fields do not nest, but in {@link nest}. */
  field(tag: number): this {
    this.#reserve(5);
    this.#bytes[this.#position++] = tag;
    this.#fieldStart = this.#position;
    this.#position += 4;
    return this;
  }

  endField(): this {
    this.#patch(this.#fieldStart);
    return this;
  }

  /** An optional field whose content, written by `write`, has optional fields of its own. */
  nest(tag: number, write: () => void): this {
    this.field(tag);
    const start = this.#fieldStart - this.#messageStart; // from there: the bytes may move meanwhile
    write();
    this.#fieldStart = this.#messageStart + start;
    return this.endField();
  }

  /** Ends the list of optional fields. */
  endFields(): this {
    return this.u8(0);
  }

  /** Forgets the message begun last. */
  abandon(): void {
    this.#position = this.#messageStart;
    this.#letGo();
  }

  /** Takes the message begun last out of the batch, as bytes of its own. */
  takeLast(): Uint8Array {
    const message = this.#bytes.slice(this.#messageStart, this.#position);
    this.#position = this.#messageStart;
    this.#letGo();
    return message;
  }

  /** The batch: all finished messages since the last call. */
  take(): Uint8Array {
    const batch = this.#bytes.subarray(this.#start, this.#position);
    this.#lastStart = this.#start;
    this.#start = this.#position; // (W1)
    this.#letGo();
    return batch;
  }

  /** Nobody needs the bytes of the last {@link take} any more, and nothing was written since. (W1) */
  reclaim(): void {
    if (this.#position === this.#start) this.#start = this.#position = this.#lastStart;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#position++] = value;
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    const bytes = this.#bytes;
    let at = this.#position;
    bytes[at++] = value >>> 24;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
    this.#position = at;
    return this;
  }

  /** An unsigned integer up to 2^53 - 1 in base 128, least significant group first (LEB128). */
  varint(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#position++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#position++] = rest;
    return this;
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): this {
    const length = value.length;
    this.#reserve(length);
    if (length <= 32) {
      // a loop beats the call into the engine for a handful of bytes
      const bytes = this.#bytes;
      let at = this.#position;
      for (let i = 0; i < length; i++) bytes[at++] = value[i] as number;
    } else {
      this.#bytes.set(value, this.#position);
    }
    this.#position += length;
    return this;
  }

  /** Bytes behind their varint length. */
  blob(value: Uint8Array): this {
    return this.varint(value.length).raw(value);
  }

  /** UTF-8 behind its varint length. */
  text(value: string): this {
    const length = value.length;
    if (length >= 0x80) return this.blob(this.#utf8.encode(value));
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    let at = this.#position;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return this.blob(this.#utf8.encode(value));
      bytes[at++] = unit;
    }
    this.#position = at;
    return this;
  }

  texts(values: readonly string[]): this {
    this.varint(values.length);
    for (const value of values) this.text(value);
    return this;
  }

  /** Writes the length of what stands behind the four bytes at `at`. */
  #patch(at: number): number {
    const length = this.#position - at - 4;
    const bytes = this.#bytes;
    bytes[at] = length >>> 24;
    bytes[at + 1] = length >>> 16;
    bytes[at + 2] = length >>> 8;
    bytes[at + 3] = length;
    return length;
  }

  /** (W3) */
  #letGo(): void {
    if (this.#bytes.length <= slabBytesMax || this.#position > this.#start) return;
    this.#bytes = noBytes;
    this.#start = 0;
    this.#position = 0;
    this.#lastStart = 0;
  }

  #reserve(length: number): void {
    if (this.#position + length <= this.#bytes.length) return;
    const batchBytes = this.#position - this.#start;
    const needed = batchBytes + length;
    const slabBytes = Math.min(slabBytesMax, Math.max(slabBytesMin, this.#bytes.length * 2));
    // a large batch gets half as much again as it needs, so that it is not moved again and again
    const grown = new Uint8Array(Math.max(slabBytes, needed + (needed >>> 1)));
    grown.set(this.#bytes.subarray(this.#start, this.#position));
    this.#messageStart -= this.#start;
    this.#fieldStart -= this.#start;
    this.#position = batchBytes;
    this.#start = 0;
    this.#bytes = grown;
  }
}
