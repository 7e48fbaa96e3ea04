import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/values/codec.js";
import { inWireOrder } from "../../src/values/extensions.js";
import { difference, fromHex, hex, plainValue, utf8 } from "./values.js";

const codec = createCodec(utf8);

describe("the bytes of a value, for those who read them elsewhere", () => {
  test.each<[string, unknown, string]>([
    ["null and booleans", [null, true, false], "93 c0 c3 c2"],
    ["small integers", [0, 127, -1, -32], "94 00 7f ff e0"],
    ["8 bits", [128, 255, -33, -128], "94 cc 80 cc ff d0 df d0 80"],
    ["16 bits", [256, 65_535, -129, -32_768], "94 cd 01 00 cd ff ff d1 ff 7f d1 80 00"],
    ["32 bits", [65_536, 2 ** 32 - 1, -32_769], "93 ce 00 01 00 00 ce ff ff ff ff d2 ff ff 7f ff"],
    ["64 bits", [2 ** 32, -(2 ** 31) - 1], "92 cf 00 00 00 01 00 00 00 00 d3 ff ff ff ff 7f ff ff ff"],
    ["all other numbers", [1.5, -0], "92 cb 3f f8 00 00 00 00 00 00 cb 80 00 00 00 00 00 00 00"],
    ["2^53 is no safe integer", 2 ** 53, "cb 43 40 00 00 00 00 00 00"],
    ["text", ["", "é", "\u{1f600}"], "93 a0 a2 c3 a9 a4 f0 9f 98 80"],
    ["text with a lone surrogate", "a\ud800", "d6 75 00 61 d8 00"],
    ["objects", { a: 1, __proto__: null, b: undefined }, "82 a1 61 01 a1 62 d4 00 00"],
    ["bytes", new Uint8Array([1, 2]), "c4 02 01 02"],
    ["undefined and the invalid date", [undefined, new Date(NaN)], "92 d4 00 00 d4 00 01"],
    ["dates in 32 bits", new Date(1000), "d6 ff 00 00 00 01"],
    ["dates in 64 bits", new Date(1001), "d7 ff 00 3d 09 00 00 00 00 01"],
    ["dates in 96 bits", new Date(-1), "c7 0c ff 3b 8b 87 c0 ff ff ff ff ff ff ff ff"],
    ["bigints", [5n, -1n], "92 d7 42 00 00 00 00 00 00 00 05 d7 42 ff ff ff ff ff ff ff ff"],
    [
      "wide bigints",
      [2n ** 63n, -(2n ** 64n)],
      "92 c7 09 42 00 80 00 00 00 00 00 00 00 c7 09 42 ff 00 00 00 00 00 00 00 00",
    ],
    ["Maps", new Map([[1, "a"]]), "c7 04 4d 92 01 a1 61"],
    ["Sets", new Set([1, 2]), "c7 03 53 92 01 02"],
    ["typed arrays", new Float32Array([1.5]), "c7 05 74 07 00 00 c0 3f"],
    ["16-bit elements, little-endian", new Uint16Array([0x0102]), "c7 03 74 04 02 01"],
    ["ArrayBuffers and DataViews", [new ArrayBuffer(1), new DataView(new ArrayBuffer(0))], "92 d5 74 10 00 d4 74 11"],
  ])("%s", (_, sample, expected) => {
    expect(hex(codec.encode(sample, "value"))).toBe(expected.replaceAll(" ", ""));
    expect(difference(codec.decode(fromHex(expected)), Array.isArray(sample) ? [...sample] : clean(sample))).toBe("");
  });

  /** The sample with the usual prototype, which is what arrives. */
  function clean(sample: unknown): unknown {
    return typeof sample === "object" && sample !== null && Object.getPrototypeOf(sample) === null
      ? { ...sample }
      : sample;
  }

  test("headers are the shortest that fit, on both sides of every border", () => {
    const header = (sample: unknown): string => hex(codec.encode(sample, "value").subarray(0, 1));
    expect([31, 32, 255, 256, 65_535, 65_536].map((length) => header("x".repeat(length)))).toEqual(
      ["bf", "d9", "d9", "da", "da", "db"], // prettier-ignore
    );
    expect([15, 16, 65_535, 65_536].map((length) => header(new Array(length).fill(0)))).toEqual([
      "9f",
      "dc",
      "dc",
      "dd",
    ]);
    const object = (size: number): unknown =>
      Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, 0]));
    expect([15, 16, 65_535, 65_536].map((size) => header(object(size)))).toEqual(["8f", "de", "de", "df"]);
    expect([255, 256, 65_535, 65_536].map((length) => header(new Uint8Array(length)))).toEqual([
      "c4",
      "c5",
      "c5",
      "c6",
    ]);
    const set = (payload: number): unknown => new Set([new Uint8Array(payload)]);
    expect([252, 253, 65_531, 65_532].map((length) => header(set(length)))).toEqual(["c7", "c8", "c8", "c9"]);
  });

  test("machines of the other byte order write and read the same elements", () => {
    const elements = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...inWireOrder(elements, 4, false)]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
    expect([...inWireOrder(inWireOrder(elements, 8, false), 8, false)]).toEqual([...elements]);
    expect(inWireOrder(elements, 8, true)).toBe(elements);
    expect([...elements]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("another implementation", () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "number" });
  const fast = new Packr({ useRecords: false });

  test("msgpackr reads what we write", () => {
    fc.assert(
      fc.property(plainValue, (sample) => {
        expect(difference(packr.unpack(codec.encode(sample, "value")), sample)).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  test("we read what msgpackr writes", () => {
    fc.assert(
      fc.property(plainValue, (sample) => {
        // msgpackr writes -0 as 0
        const expected: unknown = packr.unpack(packr.pack(sample));
        expect(difference(codec.decode(packr.pack(sample)), expected)).toBe("");
        expect(difference(codec.decode(fast.pack(sample)), expected)).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  test("msgpackr's extensions for bigints, dates, undefined and typed arrays are ours", () => {
    const rich = new Packr({ useRecords: false, moreTypes: true });
    const sample = [
      2n ** 100n,
      -(2n ** 100n),
      new Date(5),
      new Date(-1),
      undefined,
      new Float64Array([1.5]),
      new Int16Array([-2]),
    ];
    expect(difference(rich.unpack(codec.encode(sample, "value")), sample)).toBe("");
    expect(difference(codec.decode(rich.pack(sample)), sample)).toBe("");
  });
});
