import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nearestNames, quoted, suggestion } from "../../../src/base/names.js";

describe("nearestNames", () => {
  test("finds names with a letter swapped, missing, added, replaced or in the other case, best first", () => {
    const names = ["clean", "clear", "store", "CLEAN", "ingest"];
    expect(nearestNames("claen", names)).toEqual(["clean", "CLEAN"]);
    expect(nearestNames("clear", names)[0]).toBe("clear");
    expect(nearestNames("ingst", names)).toEqual(["ingest"]);
    expect(nearestNames("stored", names)).toEqual(["store"]);
    expect(nearestNames("zebra", names)).toEqual([]);
  });

  test("gives at most three, and looks at no more than a thousand of however many names", () => {
    expect(nearestNames("aaaa", ["aaab", "aaac", "aaad", "aaae"])).toHaveLength(3);
    let asked = 0;
    const endless = (function* () {
      for (;;) yield `name${asked++}`;
    })();
    nearestNames("x".repeat(10), endless);
    expect(asked).toBeLessThan(1_100);
    expect(nearestNames("x".repeat(100), ["x".repeat(100)])).toEqual([]);
  });

  test("always finds the name itself, first", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), fc.array(fc.string(), { maxLength: 20 }), (name, others) => {
        const [best] = nearestNames(name, [...others, name]);
        expect(best?.toLowerCase()).toBe(name.toLowerCase());
      }),
    );
  });
});

test("a suggestion is a question, or nothing", () => {
  expect(suggestion("claen", ["clean", "store"])).toBe('; did you mean "clean"?');
  expect(suggestion("zebra", ["clean", "store"])).toBe("");
});

test("a name in a message cannot end the quotes, start a line or fill the screen", () => {
  expect(quoted('a"b\nc')).toBe('"a\\"b\\nc"');
  expect(quoted("x".repeat(1_000)).length).toBeLessThan(100);
});
