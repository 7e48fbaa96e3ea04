/**
 * Buffer UTF-8: the texts of values by the methods of Node's `Buffer`, which are handed in.
 *
 * A view of the bytes for each text costs three times what the text does (docs/benchmarks/findings.md). The methods behind `toString` and `write`
 * need none: they work on any `Uint8Array`. They are not documented, so where an engine has none the documented ones are used.
 */
import type { ValueUtf8 } from "./buffer.js";

/** What is used of the class `Buffer`. */
export interface BufferClass {
  readonly prototype: Uint8Array;
  from(text: string, encoding: "utf8"): Uint8Array;
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): BufferView;
}

interface BufferView extends Uint8Array {
  toString(encoding?: "utf8", start?: number, end?: number): string;
  write(text: string, position: number, encoding: "utf8"): number;
}

interface Methods {
  readonly utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
  readonly utf8Write?: (this: Uint8Array, text: string, position: number) => number;
}

export function bufferUtf8(buffers: BufferClass): ValueUtf8 {
  const { utf8Slice, utf8Write } = buffers.prototype as Methods;
  const viewOf = (bytes: Uint8Array): BufferView => buffers.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    encode: (text) => buffers.from(text, "utf8"),
    decode:
      utf8Slice === undefined
        ? (bytes, start, end) => viewOf(bytes).toString("utf8", start, end)
        : (bytes, start, end) => utf8Slice.call(bytes, start, end),
    encodeInto:
      utf8Write === undefined
        ? (text, target, position) => viewOf(target).write(text, position, "utf8")
        : (text, target, position) => utf8Write.call(target, text, position),
  };
}
