import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/values/codec.js";
import { pick } from "../../src/values/pick.js";
import { errorOf, fromHex, utf8, value } from "./values.js";

const codec = createCodec(utf8);

function refusal(bytes: Uint8Array): string {
  const error = errorOf(() => codec.decode(bytes));
  expect(error.code).toBe("malformed");
  return error.message;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Decodes, or throws `malformed`: anything else fails the test. */
function tryDecode(bytes: Uint8Array): void {
  try {
    codec.decode(bytes);
  } catch (error) {
    expect(error).toMatchObject({ name: "MpregError", code: "malformed" });
  }
}

describe("bytes that are no value are malformed, whoever made them (C3)", () => {
  test("random bytes decode or are malformed", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryDecode), { numRuns: 3000 });
  });

  test("bytes that begin like containers and extensions decode or are malformed", () => {
    const token = fc.oneof(
      fc.constantFrom(0x81, 0x91, 0xc1, 0xc7, 0xd4, 0xd6, 0xd8, 0xdc, 0xdd, 0xdf, 0xd9, 0xff),
      fc.nat(255),
    );
    const type = fc.constantFrom(0, 1, 0x42, 0x48, 0x4d, 0x53, 0x74, 0x75, 0xff, 0x90, 0xa0);
    const bytes = fc.array(fc.oneof(token, type), { maxLength: 40 }).map((list) => Uint8Array.from(list));
    fc.assert(fc.property(bytes, tryDecode), { numRuns: 3000 });
  });

  test("values with a few bytes changed decode or are malformed, and picking from them ends likewise", () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(value, fc.array(change, { minLength: 1, maxLength: 4 }), (sample, changes) => {
        const bytes = codec.encode(sample, "value").slice();
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        tryDecode(bytes);
        try {
          pick(bytes, [0, "length"]);
        } catch (error) {
          expect(error).toMatchObject({ name: "MpregError", code: "malformed" });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("a value cut off anywhere", () => {
    fc.assert(
      fc.property(value, fc.nat(), (sample, at) => {
        const bytes = codec.encode(sample, "value");
        refusal(bytes.subarray(0, at % bytes.length));
      }),
      { numRuns: 300 },
    );
  });

  test("bytes behind the value (D1)", () => {
    expect(refusal(fromHex("01 02"))).toBe("Cannot decode a value: bytes are left over after it (at byte 1 of 2)");
    expect(refusal(new Uint8Array(0))).toBe("Cannot decode a value: it is cut off (at byte 0 of 0)");
  });

  test("what stands around the value in its buffer is not looked at (D1)", () => {
    const frame = fromHex("a3 61 62 63 01");
    refusal(frame.subarray(0, 3));
    refusal(frame.subarray(0, 1));
    expect(codec.decode(frame.subarray(4))).toBe(1);
  });

  test.each([
    ["an array of 4 billion items", "dd ff ff ff ff c0 c0"],
    ["an object of 4 billion keys", "df ff ff ff ff a1 61 c0"],
    ["an object of more entries than bytes", "83 a1 61 c0"],
    ["a text of 4 billion bytes", "db ff ff ff ff 61"],
    ["4 billion bytes", "c6 ff ff ff ff 00"],
    ["an extension of 4 billion bytes", "c9 ff ff ff ff 74 08"],
    ["a Map of 4 billion items", "c7 05 4d dd ff ff ff ff"],
    ["a Set of 60,000 items", "c7 03 53 dc ea 60"],
  ])("lengths beyond the bytes that are there take no memory: %s (D2)", (_, text) => {
    expect(refusal(fromHex(text))).toContain("cut off");
  });

  test("arrays that all claim the same bytes for their items are refused at the second one (D2)", () => {
    const claim = fromHex("dd 00 01 00 00");
    const bytes = concat(claim, claim, claim, new Uint8Array(70_000).fill(0xc0));
    expect(refusal(bytes)).toContain("at byte 10 of");
  });

  test.each([
    ["arrays", "91", ""],
    ["objects", "81 a1 61", ""],
    ["long arrays", "dd 00 00 00 01", ""],
    ["values that end", "91", "c0"],
  ])("a nesting bomb of %s is refused at its hundredth level (D3)", (_, level, end) => {
    expect(refusal(fromHex(level.repeat(1_000_000) + end))).toContain("more than 100 deep");
  });

  test("a nesting bomb of Maps and Sets is refused too (D3)", () => {
    let bytes = fromHex("c0");
    for (let i = 0; i < 150; i++) {
      const payload = concat(fromHex("91"), bytes);
      bytes = concat(Uint8Array.of(0xc8, payload.length >> 8, payload.length, i % 2 === 0 ? 0x53 : 0x4d), payload);
    }
    refusal(bytes);
  });

  test.each([
    ["the byte that MessagePack does not use", "c1", "0xc1"],
    ["an unknown extension", "d4 05 00", "extension type 5"],
    ["an unknown extension with a negative type", "d4 fe 00", "extension type -2"],
    ["a constant that is not known", "d4 00 02", "constant"],
    ["a constant without a byte", "c7 00 00", "constant"],
    ["a bigint without bytes", "c7 00 42", "bigint"],
    ["half a UTF-16 unit", "d4 75 d8", "half"],
    ["a typed array without a kind", "c7 00 74", "kind"],
    ["a typed array of an unknown kind", "d5 74 0b 00", "kind"],
    ["a Float64Array of three bytes", "d6 74 08 00 00 00", "length"],
    ["a timestamp of two bytes", "d5 ff 00 00", "timestamp"],
    ["a timestamp with too many nanoseconds", "d7 ff ee 6b 28 00 00 00 00 00", "timestamp"],
    ["a timestamp after the last Date", "c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", "timestamp"],
    ["a Map whose payload is no array", "d4 4d c0", "no array"],
    ["a Map with a key and no value", "d5 4d 91 01", "no value"],
    ["a Set with bytes behind its array", "93 d6 53 91 01 02 03", "left over"],
    ["a Set whose items reach beyond its payload", "92 d5 53 92 01 02", "cut off"],
    ["a hole in a plain value", "d4 48 00", "hole"],
    ["a key that is a number", "81 01 02", "key"],
    ["a key that is nil", "81 c0 02", "key"],
    ["a key that is an array", "81 90 02", "key"],
    ["a key that is a bigint", "81 d4 42 01 02", "key"],
    ["a key that is a hole", "81 d4 48 00 02", "key"],
  ])("%s", (_, text, part) => {
    expect(refusal(fromHex(text))).toContain(part);
  });

  test.each([
    ["a byte that never occurs", "ff"],
    ["a continuation without a start", "80"],
    ["an overlong slash", "c0 af"],
    ["an overlong form of three bytes", "e0 80 af"],
    ["an overlong form of four bytes", "f0 80 80 af"],
    ["a surrogate", "ed a0 80"],
    ["a code point beyond the last", "f4 90 80 80"],
    ["a character that is cut off", "e2 82"],
    ["a continuation that is none", "e2 28 a1"],
  ])("text that is not UTF-8: %s (X1)", (_, text) => {
    const bad = fromHex(text);
    for (const length of [bad.length, 10, 20, 31, 100, 300]) {
      const bytes = concat(new Uint8Array(length - bad.length).fill(0x61), bad);
      const str = concat(Uint8Array.of(0xda, length >> 8, length), bytes);
      expect(refusal(str)).toContain("not UTF-8");
      expect(refusal(concat(Uint8Array.of(0x81), str, Uint8Array.of(1)))).toContain("not UTF-8");
    }
  });

  test("a replacement character that was sent is a character", () => {
    expect(codec.decode(codec.encode("\ufffd and \ufffd", "value"))).toBe("\ufffd and \ufffd");
  });

  test("what the engine cannot hold, such as a text of a billion characters", () => {
    const cause = new RangeError("Invalid string length");
    const full = createCodec({
      ...utf8,
      decode: () => {
        throw cause;
      },
    });
    const error = errorOf(() => full.decode(codec.encode("a text that is long enough", "value")));
    expect([error.code, error.cause]).toEqual(["malformed", cause]);
    expect(error.message).toContain("larger than this machine can hold");
  });
});

describe("what other encoders write is read", () => {
  test("keys that lead to prototypes elsewhere are own properties here (D4)", () => {
    const bytes = fromHex("82 a9 5f5f70726f746f5f5f 81 a8 706f6c6c75746564 c3 ab 636f6e7374727563746f72 01");
    const received = codec.decode(bytes) as Record<string, unknown>;
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(Object.entries(received)).toEqual([
      ["__proto__", { polluted: true }],
      ["constructor", 1],
    ]);
    expect("polluted" in {}).toBe(false);
  });

  test("of a key that comes twice the last value counts, __proto__ included", () => {
    expect(codec.decode(fromHex("82 a1 61 01 a1 61 02"))).toEqual({ a: 2 });
    const twice = codec.decode(fromHex("82 a9 5f5f70726f746f5f5f 01 a9 5f5f70726f746f5f5f 02")) as object;
    expect(Object.entries(twice)).toEqual([["__proto__", 2]]);
  });

  test.each([
    ["float 32", "ca 3f c0 00 00", 1.5],
    ["an integer as float 64", "cb 3f f0 00 00 00 00 00 00", 1],
    ["a small integer in eight bytes", "cf 00 00 00 00 00 00 00 07", 7],
    ["a small negative integer in eight bytes", "d3 ff ff ff ff ff ff ff f9", -7],
    ["the largest safe integer", "cf 00 1f ff ff ff ff ff ff", 2 ** 53 - 1],
    ["the first unsafe integer", "cf 00 20 00 00 00 00 00 00", 2n ** 53n],
    ["the smallest safe integer", "d3 ff e0 00 00 00 00 00 01", -(2 ** 53) + 1],
    ["the first unsafe negative integer", "d3 ff e0 00 00 00 00 00 00", -(2n ** 53n)],
    ["the largest unsigned integer", "cf ff ff ff ff ff ff ff ff", 2n ** 64n - 1n],
    ["int 8, 16 and 32", "93 d0 ff d1 ff ff d2 ff ff ff ff", [-1, -1, -1]],
    ["long headers for short things", "dd 00 00 00 02 db 00 00 00 01 61 df 00 00 00 00", ["a", {}]],
    ["keys of all string forms", "83 d9 01 61 01 da 00 01 62 02 db 00 00 00 01 63 03", { a: 1, b: 2, c: 3 }],
    ["a bigint of one byte", "d4 42 ff", -1n],
    ["a bigint of more bytes than needed", "c7 0a 42 00 00 00 00 00 00 00 00 00 05", 5n],
    ["a timestamp with nanoseconds", "d7 ff 00 00 1f 3c 00 00 00 01", new Date(1000)],
    ["bytes as a typed array", "d6 74 01 01 02 03", new Uint8Array([1, 2, 3])],
    ["a long Map header", "c9 00 00 00 07 4d dd 00 00 00 02 01 02", new Map([[1, 2]])],
  ])("%s", (_, text, expected) => {
    expect(codec.decode(fromHex(text))).toStrictEqual(expected);
  });
});
