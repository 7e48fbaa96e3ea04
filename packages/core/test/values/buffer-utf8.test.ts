import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BufferClass, bufferUtf8 } from "../../src/values/buffer-utf8.js";

const documented: BufferClass = { prototype: new Uint8Array(0), from: Buffer.from.bind(Buffer) };
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 100 }),
  fc
    .array(fc.constantFrom("a", "é", "€", "😀", "\ud83d", "\ude00", "\ufeff"), { maxLength: 50 })
    .map((all) => all.join("")),
);

describe.each([
  ["by the methods that need no view", bufferUtf8(Buffer)],
  ["by those that are documented", bufferUtf8(documented)],
])("the UTF-8 of Node's buffers, %s", (_, utf8) => {
  test("is written and read as the platform's encoder and decoder do it, anywhere in any bytes", () => {
    fc.assert(
      fc.property(text, fc.nat({ max: 20 }), (each, position) => {
        const bytes = new TextEncoder().encode(each);
        expect([...utf8.encode(each)]).toEqual([...bytes]);
        const target = new Uint8Array(
          new ArrayBuffer(position + each.length * 3 + 10),
          5,
          position + each.length * 3 + 5,
        );
        expect(utf8.encodeInto?.(each, target, position)).toBe(bytes.length);
        expect([...target.subarray(position, position + bytes.length)]).toEqual([...bytes]);
        expect([...target.subarray(0, position)].every((byte) => byte === 0)).toBe(true);
        const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
        expect(utf8.decode(target, position, position + bytes.length)).toBe(decoded);
      }),
    );
  });

  test("reads bytes that are none as U+FFFD, as the platform's decoder does it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(utf8.decode(bytes, 0, bytes.length)).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
      }),
    );
  });
});
