import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CheckedFilter, conditionsMax } from "../../../src/topics/delivery/filter.js";
import type { HeaderFilter } from "../../../src/topics/index.js";
import { thrownBy, utf8 } from "../../support/wire.js";
import { note, readerOf } from "../support.js";

const name = fc.constantFrom("a", "b", "ä", "", "constructor");
const value = fc.constantFrom("", "1", "eu", "日本");

describe("filter of headers", () => {
  test("it wants what its conditions say, all of them or any (F1)", () => {
    const reader = readerOf();
    const conditions = fc.dictionary(name, fc.oneof(value, fc.constant<true>(true)), { minKeys: 1, maxKeys: 4 });
    const headers = fc.array(fc.tuple(name, value), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom("all", "any"), conditions, headers, (match, wanted, pairs) => {
        const present = new Map<string, string>(pairs);
        const filter = new CheckedFilter({ match, headers: wanted }, utf8);
        const holds = Object.entries(wanted).map(
          ([each, text]) => present.has(each) && (text === true || present.get(each) === text),
        );
        const expected = match === "all" ? holds.every(Boolean) : holds.some(Boolean);
        expect(filter.passes(reader.open(note("t", 1, { headers: present })))).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test("as many conditions as there may be are told apart (F1)", () => {
    const present = new Map(Array.from({ length: conditionsMax }, (_, index) => [`h${index}`, "x"]));
    const filter = new CheckedFilter({ match: "all", headers: Object.fromEntries(present) }, utf8);
    const passes = (headers: ReadonlyMap<string, string>): boolean =>
      filter.passes(readerOf().open(note("t", 1, { headers })));
    expect(passes(present)).toBe(true);
    for (const each of present.keys()) {
      expect(passes(new Map([...present].map(([other, text]) => [other, other === each ? "y" : text])))).toBe(false);
    }
  });

  test("of a header that comes twice the last one counts, as for whoever reads them", () => {
    const message = readerOf().open(
      Uint8Array.of(1, 0x74, 0, 0, 1, 0, 0, 0, 9, 2, 1, 0x68, 1, 0x78, 1, 0x68, 1, 0x79, 0),
    );
    const passes = (h: string): boolean => new CheckedFilter({ match: "all", headers: { h } }, utf8).passes(message);
    expect(message.headers).toEqual(new Map([["h", "y"]]));
    expect([passes("x"), passes("y")]).toEqual([false, true]);
  });

  test("one that is none is refused with the reason (F2)", () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`h${index}`, true as const]));
    const refused: readonly [unknown, string][] = [
      [{ match: "some", headers: { a: true } }, '"match" must be "all" or "any", got "some"'],
      [{ match: "all", headers: {} }, "without a filter every message matches"],
      [{ match: "all", headers: ["a"] }, "got array"],
      [
        { match: "all", headers: { a: 5 } },
        'header "a" must be a string, or true where it only has to be there, got number',
      ],
      [{ match: "any", headers: many }, "at most 32 work"],
    ];
    for (const [filter, why] of refused) {
      expect(thrownBy(() => new CheckedFilter(filter as HeaderFilter, utf8)).message).toContain(why);
    }
  });
});
