import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/values/codec.js";
import { pick } from "../../src/values/pick.js";
import { difference, errorOf, fromHex, hex, key, utf8, value } from "./values.js";

type Path = readonly (string | number)[];
type Indexed = { readonly value: unknown } | { readonly missingAt: number };

const codec = createCodec(utf8);

/** What JavaScript answers: own properties of objects, items of arrays and typed arrays, `length` of these and strings. */
function indexed(root: unknown, path: Path): Indexed {
  let part = root;
  for (const [missingAt, segment] of path.entries()) {
    const name = String(segment);
    if (typeof part === "string") {
      if (name !== "length") return { missingAt };
      part = part.length;
    } else if (ArrayBuffer.isView(part) && !(part instanceof DataView)) {
      const items = part as Uint8Array;
      if (name !== "length" && !Object.hasOwn(items, name)) return { missingAt };
      part = name === "length" ? items.length : items[Number(name)];
    } else if (Array.isArray(part) || isPlain(part)) {
      if (!Object.hasOwn(part, name)) return { missingAt };
      part = (part as Record<string, unknown>)[name];
    } else {
      return { missingAt };
    }
  }
  return { value: part };
}

function isPlain(part: unknown): part is object {
  return typeof part === "object" && part !== null && Object.getPrototypeOf(part) === Object.prototype;
}

/** Every way into a value. */
function pathsOf(part: unknown, path: Path = []): Path[] {
  const own = typeof part === "string" || Array.isArray(part) ? [[...path, "length"]] : [];
  if (!Array.isArray(part) && !isPlain(part)) return [path, ...own];
  return [path, ...own, ...Object.entries(part).flatMap(([name, item]) => pathsOf(item, [...path, name]))];
}

function picked(bytes: Uint8Array, path: Path): Indexed {
  const part = pick(bytes, path);
  return part instanceof Uint8Array ? { value: codec.decode(part) } : part;
}

function expectAgreement(sample: unknown, path: Path): void {
  const bytes = codec.encode(sample, "value");
  expect(difference(picked(bytes, path), indexed(sample, path))).toBe("");
}

const segment = fc.oneof(
  key,
  fc.nat(20),
  fc.integer({ min: -2, max: 2 }),
  fc.double(),
  fc.constantFrom("length", "0", "1", "01", "-0", "1e0"),
);

describe("picking agrees with decoding and indexing: every part is a value by itself (P1, C4)", () => {
  test("on every way into any value", () => {
    fc.assert(
      fc.property(value, (sample) => {
        for (const path of pathsOf(sample).slice(0, 40)) expectAgreement(sample, path);
      }),
      { numRuns: 100 },
    );
  });

  test("on ways that leave the value somewhere", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.array(segment, { maxLength: 3 }), (sample, choice, rest) => {
        const paths = pathsOf(sample);
        expectAgreement(sample, [...paths[choice % paths.length]!, ...rest]);
      }),
      { numRuns: 600 },
    );
  });

  test.each<[string, unknown, Path, Indexed]>([
    ["a field", { a: { b: [10, 20] } }, ["a", "b", 1], { value: 20 }],
    ["an item by a numeral", [10, 20], ["1"], { value: 20 }],
    ["an item by a numeral that is not canonical", [10, 20], ["01"], { missingAt: 0 }],
    ["an item before the first", [10], [-1], { missingAt: 0 }],
    ["an item behind the last", [10], [1], { missingAt: 0 }],
    ["an item between two", [10, 20], [0.5], { missingAt: 0 }],
    ["a key that looks like a number", { 7: "seven" }, [7], { value: "seven" }],
    ["the number of items", { a: [1, 2, 3] }, ["a", "length"], { value: 3 }],
    ["the UTF-16 units of a text", "a😀é", ["length"], { value: 4 }],
    ["the UTF-16 units of a text with a lone surrogate", "ab\ud800", ["length"], { value: 3 }],
    ["a key called length", { length: "mine" }, ["length"], { value: "mine" }],
    ["no length of an object", { a: 1 }, ["length"], { missingAt: 0 }],
    ["the length of bytes", new Uint8Array(300), ["length"], { value: 300 }],
    ["the length of a typed array", { a: new Float64Array(3) }, ["a", "length"], { value: 3 }],
    ["a byte", Uint8Array.of(7, 255), [1], { value: 255 }],
    ["a byte by a numeral", Uint8Array.of(7, 255), ["1"], { value: 255 }],
    ["no byte behind the last", Uint8Array.of(7), [1], { missingAt: 0 }],
    ["a negative item of a typed array", Int8Array.of(1, -128), [1], { value: -128 }],
    ["a small negative item", Int16Array.of(-1), [0], { value: -1 }],
    ["an item of two bytes", Int16Array.of(0, -32_768), [1], { value: -32_768 }],
    ["an item of four bytes", Int32Array.of(-2_147_483_648), [0], { value: -2_147_483_648 }],
    ["the largest unsigned item", Uint32Array.of(0, 4_294_967_295), [1], { value: 4_294_967_295 }],
    ["an item that is no integer", Float32Array.of(0, 0.5), [1], { value: 0.5 }],
    ["a zero below zero", Float64Array.of(-0), [0], { value: -0 }],
    ["no number", Float64Array.of(NaN), [0], { value: NaN }],
    ["a large item", Float64Array.of(2 ** 53), [0], { value: 2 ** 53 }],
    ["a bigint", BigInt64Array.of(-(2n ** 63n)), [0], { value: -(2n ** 63n) }],
    ["an unsigned bigint", BigUint64Array.of(1n, 2n ** 64n - 1n), [1], { value: 2n ** 64n - 1n }],
    ["nothing of an item", Uint8Array.of(1), [0, "length"], { missingAt: 1 }],
    ["no method of a typed array", Uint8Array.of(1), ["slice"], { missingAt: 0 }],
    ["no length of an ArrayBuffer", new ArrayBuffer(3), ["length"], { missingAt: 0 }],
    ["nothing of a DataView", new DataView(new ArrayBuffer(3)), [0], { missingAt: 0 }],
    ["nothing of a length", [1], ["length", "toString"], { missingAt: 1 }],
    ["no character of a text", "abc", [0], { missingAt: 0 }],
    ["no member of a prototype", { a: 1 }, ["toString"], { missingAt: 0 }],
    ["no method of an array", [1], ["map"], { missingAt: 0 }],
    ["an own key called __proto__", JSON.parse('{"__proto__": 5}'), ["__proto__"], { value: 5 }],
    ["no __proto__ otherwise", {}, ["__proto__"], { missingAt: 0 }],
    ["a property that is undefined", { a: undefined }, ["a"], { value: undefined }],
    ["nothing of undefined", { a: undefined }, ["a", "b"], { missingAt: 1 }],
    ["nothing of null", { a: null }, ["a", "b"], { missingAt: 1 }],
    ["nothing of a Map", new Map([["a", 1]]), ["a"], { missingAt: 0 }],
    ["a key with a lone surrogate", { "\ud800": 1, "\ud800a": 2 }, ["\ud800a"], { value: 2 }],
    ["a key beyond ASCII", { é: 1, "😀": 2 }, ["😀"], { value: 2 }],
    ["a key that begins like another", { abc: 1, ab: 2 }, ["ab"], { value: 2 }],
    ["the whole", [1, [2]], [], { value: [1, [2]] }],
  ])("%s", (_, sample, path, expected) => {
    expect(picked(codec.encode(sample, "value"), path)).toStrictEqual(expected);
    expectAgreement(sample, path);
  });

  test("of a key that comes twice the last value counts, as when it is decoded", () => {
    expect(picked(fromHex("82 a1 61 01 a1 61 02"), ["a"])).toEqual({ value: 2 });
    expect(picked(fromHex("82 a1 61 01 da 00 01 61 02"), ["a"])).toEqual({ value: 2 });
  });

  test("the length of long arrays and texts", () => {
    for (const length of [127, 128, 255, 256, 65_535, 65_536, 70_000]) {
      expect(picked(codec.encode(new Array(length).fill(0), "value"), ["length"])).toEqual({ value: length });
      expect(picked(codec.encode("é".repeat(length), "value"), ["length"])).toEqual({ value: length });
    }
  });
});

describe("the bytes picked", () => {
  test("are a view of the given ones, also of a Buffer, and a plain Uint8Array", () => {
    const bytes = Buffer.from(codec.encode({ a: [1, "x"] }, "value"));
    const part = pick(bytes, ["a"]) as Uint8Array;
    expect(hex(part)).toBe("9201a178");
    expect(part.buffer).toBe(bytes.buffer);
    expect(Object.getPrototypeOf(part)).toBe(Uint8Array.prototype);
  });
});

describe("bytes that are no value (P2)", () => {
  test.each([
    ["nothing", "", []],
    ["an array without its items", "92 01", []],
    ["an array of 4 billion items", "dd ff ff ff ff c0", [4_000_000_000]],
    ["an array of arrays of 4 billion items", "91 dd ff ff ff ff c0", []],
    ["a text that is cut off", "a3 61", ["length"]],
    ["a text that is not UTF-8", "a1 ff", ["length"]],
    ["a text of half a unit", "d4 75 00", ["length"]],
    ["a UTF-16 text that is cut off", "c7 04 75 00 61", ["length"]],
    ["an extension that is cut off", "c9 ff ff ff ff 42", []],
    ["bytes that are cut off", "c4 02 01", [0]],
    ["a typed array without a kind", "c7 00 74", [0]],
    ["a typed array of an unknown kind", "c7 02 74 63 00", [0]],
    ["a typed array of half an item", "c7 02 74 03 00", ["length"]],
    ["the byte that MessagePack does not use", "92 c1 01", [1]],
    ["a key that is no string", "81 01 02", ["1"]],
    ["a key that is cut off", "81 a5 61", ["a"]],
    ["an object without its value", "81 a1 61", ["a"]],
    ["an object of 4 billion keys", "df ff ff ff ff a1 61 01", ["b"]],
  ])("%s is malformed", (_, text, path) => {
    expect(errorOf(() => pick(fromHex(text), path)).code).toBe("malformed");
  });

  test("random bytes and ways are picked from, missing or malformed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(segment, { maxLength: 3 }), (bytes, path) => {
        try {
          pick(bytes, path);
        } catch (error) {
          expect(error).toMatchObject({ name: "MpregError", code: "malformed" });
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("a million levels are walked without a stack (M2)", () => {
    const bytes = fromHex("92" + "91".repeat(1_000_000) + "c0" + "07");
    expect(picked(bytes, [1])).toEqual({ value: 7 });
  });

  test("what stands behind the value is not looked at (M1)", () => {
    expect(pick(fromHex("92 01 a3 61 62 63 64").subarray(0, 4), [0])).toEqual(fromHex("01"));
    expect(errorOf(() => pick(fromHex("92 01 a3 61 62 63 64").subarray(0, 4), [1])).code).toBe("malformed");
  });
});
