import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactly } from "../../src/input/exact-json.js";
import { valueJson } from "../../src/render/json.js";

describe("JSON as it is typed", () => {
  test("what JSON.parse reads without rounding is read the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isIndented) => {
        const text = JSON.stringify(value, undefined, isIndented ? 2 : 0);
        fc.pre(!/\d{16}/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")));
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["18446744073709551616", 2n ** 64n],
    ["123456789012345678901234567890", 123456789012345678901234567890n],
    ['[1,{"a":9007199254740993}]', [1, { a: 9007199254740993n }]],
  ])("the integer in %s keeps all its digits (E1)", (text, value) => {
    expect(parseExactly(text)).toEqual(value);
  });

  test.each([
    ["1e20", 1e20],
    ["9007199254740993.0", 9007199254740992],
    ["0.1234567890123456789", 0.12345678901234568],
    ["1e-400", 0],
    ["-0", -0],
  ])("%s is a number with a fraction or an exponent, and rounded like any", (text, value) => {
    expect(parseExactly(text)).toBe(value);
  });

  test("a number that no number holds is refused, wherever it stands (E2)", () => {
    for (const text of ["1e400", "[-1e400]", `{"a":[1,${"9".repeat(400)}.5]}`]) {
      expect(() => parseExactly(text)).toThrow(/a number beyond ±1\.8e308, .*: -?(1e400|9{40}…)$/);
    }
  });

  test("digits in texts and names are not numbers (E3)", () => {
    const texts = ["9007199254740993", '"9007199254740993', "\\9007199254740993", "1e400", '\\"1e400,'];
    for (const text of texts)
      expect(parseExactly(JSON.stringify({ [text]: [text, 1] }))).toEqual({ [text]: [text, 1] });
    expect(parseExactly(`{"__proto__":9007199254740993,"${texts[0]}":"${texts[0]}"}`)).toEqual(
      JSON.parse(`{"__proto__":"x","${texts[0]}":"${texts[0]}"}`, (key, value: unknown) =>
        key === "__proto__" ? 9007199254740993n : value,
      ),
    );
  });

  test("a text of many megabytes is read", () => {
    const text = '\\"9007199254740993,'.repeat(500_000);
    expect(parseExactly(`["${text}",9007199254740993]`)).toEqual([JSON.parse(`"${text}"`), 9007199254740993n]);
  });

  test("what is no JSON is a SyntaxError of the engine", () => {
    for (const text of ["", "[", "0123456789012345678", "1e", "'a'"])
      expect(() => parseExactly(text)).toThrow(SyntaxError);
  });

  test("what a command prints is read as the value that it was (E1)", () => {
    const integer = fc.bigInt().map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    const leaf = fc.oneof(
      integer,
      double,
      fc.string(),
      fc.constant(null),
      fc.integer().map((n) => n * 2 ** 60),
    );
    const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf));
    fc.assert(
      fc.property(value, fc.constantFrom("line", "lines"), (value, layout) => {
        expect(parseExactly(valueJson(value, layout))).toEqual(value);
      }),
    );
  });
});
