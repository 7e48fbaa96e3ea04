import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Announcement, OwnOffers, nextVersion } from "../../src/catalog/index.js";
import { thrownBy } from "../support/wire.js";

const change = fc.record({
  fun: fc.constantFrom("f", "g", "h"),
  resources: fc.array(fc.constantFrom("x", "y")),
  added: fc.boolean(),
});

/** What a listener knows after an announcement. */
function applied(
  known: ReadonlyMap<string, readonly string[]>,
  { base, added, removed }: Announcement,
): Map<string, readonly string[]> {
  const next = new Map(base === 0 ? [] : known);
  for (const fun of removed) next.delete(fun);
  for (const { fun, resources } of added) next.set(fun, resources);
  return next;
}

describe("announcements", () => {
  test("whoever hears everything once and every change after knows all offers (A1) (A2)", () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (before, after) => {
        const own = new OwnOffers();
        const act = ({ fun, resources, added }: (typeof before)[number]): Announcement =>
          added ? own.add(fun, resources) : own.remove(fun);
        for (const each of before) act(each);
        const snapshot = own.snapshot();
        let version = nextVersion(0, snapshot);
        let known = applied(new Map(), snapshot);
        for (const each of after) {
          const announcement = act(each);
          expect(announcement.base).toBe(version);
          expect(announcement.version).toBe(version + 1); // (A1)
          version = nextVersion(version, announcement);
          known = applied(known, announcement);
        }
        expect([...known].toSorted()).toEqual(
          own
            .snapshot()
            .added.map(({ fun, resources }) => [fun, resources])
            .toSorted(),
        );
      }),
    );
  });

  test("an offer names each resource once, sorted", () => {
    expect(new OwnOffers().add("f", ["y", "x", "y"]).added).toEqual([{ fun: "f", resources: ["x", "y"] }]);
  });

  test("a node knows what it offers itself", () => {
    const own = new OwnOffers();
    own.add("f", []);
    expect([own.has("f"), own.has("g")]).toEqual([true, false]);
    own.remove("f");
    expect(own.has("f")).toBe(false);
  });

  test.for([
    ["a change before everything was told", 0, 1, 2],
    ["a change from another version than the last", 5, 4, 6],
    ["a change that leads nowhere", 5, 5, 5],
  ] as const)("%s is malformed (A2)", ([, heard, base, version]) => {
    expect(thrownBy(() => nextVersion(heard, { base, version, added: [], removed: [] })).code).toBe("malformed");
  });

  test("everything may be told at any time, at whatever version it is (A2)", () => {
    for (const heard of [0, 4, 17, 30])
      expect(nextVersion(heard, { base: 0, version: 17, added: [], removed: [] })).toBe(17);
    expect(nextVersion(17, { base: 17, version: 18, added: [], removed: [] })).toBe(18);
  });
});
