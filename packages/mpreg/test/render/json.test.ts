import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { valueJson } from "../../src/render/json.js";

describe("values as JSON", () => {
  test("what JSON has comes back as it was, in either layout", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(valueJson(value, "line"))).toEqual(value);
        expect(JSON.parse(valueJson(value, "lines"))).toEqual(value);
        expect(valueJson(value, "line")).not.toContain("\n");
      }),
    );
  });

  test.each([
    ["a bigint with all its digits", 2n ** 70n, "1180591620717411303424"],
    ["a Map with text keys as an object", new Map([["a", 1n]]), '{"a":1}'],
    ["another Map as pairs", new Map([[1, "a"]]), '[[1,"a"]]'],
    ["a Set as a list", new Set(["a", 2]), '["a",2]'],
    ["a Date as its ISO text", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["an invalid Date as null", new Date(NaN), "null"],
    ["bytes as base64", new Uint8Array([0, 255]).subarray(1), '"/w=="'],
    ["an ArrayBuffer as base64", new Uint8Array([1, 2, 3]).buffer, '"AQID"'],
    ["a DataView as base64", new DataView(new Uint8Array([1, 2, 3]).buffer, 1), '"AgM="'],
    ["other typed arrays as lists", [new Float32Array([1.5, NaN]), new BigInt64Array([-1n])], '[[1.5,"NaN"],[-1]]'],
    ["numbers that JSON lacks", [NaN, -Infinity, -0], '["NaN","-Infinity",-0]'],
    [
      "a number above 2^53 with an exponent (J4)",
      [2 ** 64, -(2 ** 53), 2 ** 53 - 1],
      "[1.8446744073709552e+19,-9.007199254740992e+15,9007199254740991]",
    ],
    ["undefined: fields are left out, elsewhere it is null (J2)", { a: undefined, b: [undefined] }, '{"b":[null]}'],
    ["undefined alone", undefined, "null"],
    ["fields named like a prototype's", JSON.parse('{"__proto__":1,"toJSON":2}'), '{"__proto__":1,"toJSON":2}'],
  ])("%s (J1)", (_what, value, printed) => {
    expect(valueJson(value, "line")).toBe(printed);
  });

  test("no text can command the terminal, and it is still the same text (J3)", () => {
    const text = "\u001b[31m \u009b31m \u202e \u007f";
    const printed = valueJson({ [text]: text }, "lines");
    expect(printed).not.toMatch(/[\u001b\u009b\u202e\u007f]/);
    expect(JSON.parse(printed)).toEqual({ [text]: text });
  });

  test("what is short stays in one line, what is long is broken where it has parts", () => {
    const row = { day: "2012-01-01", precipitation: 0, temp_max: 12.8 };
    expect(valueJson({ rows: [row, row], none: [], empty: {} }, "lines")).toBe(
      [
        "{",
        '  "rows": [',
        '    { "day": "2012-01-01", "precipitation": 0, "temp_max": 12.8 },',
        '    { "day": "2012-01-01", "precipitation": 0, "temp_max": 12.8 }',
        "  ],",
        '  "none": [],',
        '  "empty": {}',
        "}",
      ].join("\n"),
    );
  });
});
