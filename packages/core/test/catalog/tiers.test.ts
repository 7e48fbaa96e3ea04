/** Which of several offers come first: by version, then by what is preferred. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalog, type OfferTraits, type WantedTerms } from "../../src/catalog/index.js";
import { semver } from "../support/semver.js";

interface Owner {
  readonly name: string;
}

interface Offered {
  readonly version?: string | undefined;
  readonly resources?: readonly string[];
}

function traitsOf(version: string | undefined): OfferTraits {
  return { idempotent: "no", version, tags: [], concurrencyMax: undefined };
}

/** A catalog in which every offer of "f" is of a node of its own, and the tiers in which they come. */
function catalogOf(offers: readonly Offered[]): Catalog<Owner> {
  const catalog = new Catalog<Owner>(({ name }) => name, semver);
  offers.forEach(({ version, resources = [] }, index) => {
    catalog.add({ name: String(index) }, "f", resources, traitsOf(version));
  });
  return catalog;
}

function versionsOf(offers: readonly Offered[], terms?: WantedTerms): string[] {
  const { tiers, all } = catalogOf(offers).candidates("f", [], terms);
  expect(
    tiers
      .flat()
      .map(({ owner }) => owner.name)
      .toSorted(),
  ).toEqual(all.map(({ owner }) => owner.name).toSorted());
  return tiers.map((tier) => [...new Set(tier.map(({ traits }) => traits.version ?? "none"))].join(" and "));
}

const versions = ["1.2.0", "2.0.0", "1.10.0", undefined, "2.1.0-beta.1", "1.2.0"];
const offers = versions.map((version) => ({ version }));

describe("versions", () => {
  test("come with the highest first, what is not for everybody behind all releases, and what has none last (T1)", () => {
    expect(versionsOf(offers)).toEqual(["2.0.0", "1.10.0", "1.2.0", "2.1.0-beta.1", "none"]);
  });

  test.each([
    ["^1.2", ["1.10.0", "1.2.0"]],
    ["2", ["2.0.0"]],
    ["1.2.0", ["1.2.0"]],
    [">=2.0.0 <3 || 2.1.0-beta.1", ["2.1.0-beta.1", "2.0.0"]],
    ["*", ["2.0.0", "1.10.0", "1.2.0"]],
    ["^3", []],
    ["no range", []],
  ])("of the range %s are %j (M1) (T1)", (version, expected) => {
    expect(versionsOf(offers, { version })).toEqual(expected);
  });

  test("that a node tells and that are none come last, and are of no range (M1) (T1)", () => {
    const odd = [{ version: "v1.2" }, { version: "1.0.0" }, { version: "latest" }, {}];
    expect(versionsOf(odd)).toEqual(["1.0.0", "v1.2 and latest and none"]);
    expect(versionsOf(odd, { version: "*" })).toEqual(["1.0.0"]);
  });

  test("of one owner stand side by side, and go one by one (C1)", () => {
    const catalog = new Catalog<Owner>(({ name }) => name, semver);
    const owner = { name: "a" };
    for (const version of [undefined, "1.0.0", "2.0.0"]) catalog.add(owner, "f", [], traitsOf(version));
    catalog.add(owner, "f", ["gpu"], traitsOf("1.0.0"));
    const known = (): unknown[] => catalog.of(owner, "f").map(({ traits, resources }) => [traits.version, resources]);
    expect(known()).toHaveLength(3);
    expect(known()).toContainEqual(["1.0.0", ["gpu"]]);
    expect(catalog.countOf(owner)).toBe(3);
    expect(catalog.remove(owner, "f", "3.0.0")).toBe(false);
    expect(catalog.remove(owner, "f", "1.0.0")).toBe(true);
    expect(catalog.remove(owner, "f")).toBe(true);
    expect(known()).toEqual([["2.0.0", []]]);
    catalog.forget(owner);
    expect([catalog.countOf(owner), [...catalog.functions()]]).toEqual([0, []]);
  });
});

describe("preferred resources", () => {
  const some = [{ resources: ["cpu"] }, { resources: ["cpu", "gpu"] }, { resources: ["gpu", "ssd"] }, {}];

  function namesOf(catalog: Catalog<Owner>, resources: readonly string[], terms: WantedTerms): string[] {
    return catalog.candidates("f", resources, terms).tiers.map((tier) => tier.map(({ owner }) => owner.name).join());
  }

  test("put those that have more of them first, and leave nobody out (T2)", () => {
    expect(namesOf(catalogOf(some), [], { prefer: ["gpu"] })).toEqual(["1,2", "0,3"]);
    expect(namesOf(catalogOf(some), [], { prefer: ["gpu", "ssd", "tpu"] })).toEqual(["2", "1", "0,3"]);
    expect(namesOf(catalogOf(some), ["cpu"], { prefer: ["gpu"] })).toEqual(["1", "0"]);
  });

  test("count less than versions (T1) (T2)", () => {
    const both = [
      { version: "1.0.0", resources: ["gpu"] },
      { version: "2.0.0" },
      { version: "2.0.0", resources: ["gpu"] },
    ];
    expect(namesOf(catalogOf(both), [], { prefer: ["gpu"] })).toEqual(["2", "1", "0"]);
  });
});

test("a range that is empty is not the same question as none (M2)", () => {
  const catalog = catalogOf([{ version: "1.0.0" }]);
  const prefer = ["gpu"];
  expect(catalog.candidates("f", [], { prefer }).all).toHaveLength(1);
  expect(catalog.candidates("f", [], { prefer, version: "" }).all).toEqual([]);
});

test("whatever was asked before, the answer is that of a catalog that was asked nothing (M2)", () => {
  const name = fc.constantFrom("gpu", "ssd", "\0", "^1", "");
  const question = fc.record({
    resources: fc.array(name, { maxLength: 2 }),
    version: fc.constantFrom(undefined, "", "^1", "2.0.0", "\0"),
    prefer: fc.array(name, { maxLength: 2 }),
  });
  const offered = fc.record({ version: fc.constantFrom(...versions), resources: fc.subarray(["gpu", "ssd", "\0"]) });
  fc.assert(
    fc.property(
      fc.array(offered, { maxLength: 5 }),
      fc.array(question, { minLength: 2, maxLength: 8 }),
      (all, asked) => {
        const catalog = catalogOf(all);
        const answer = (from: Catalog<Owner>, { resources, ...terms }: (typeof asked)[number]): unknown =>
          from.candidates("f", resources, terms).tiers.map((tier) => tier.map(({ owner }) => owner.name));
        for (const each of asked) expect(answer(catalog, each)).toEqual(answer(catalogOf(all), each));
      },
    ),
    { numRuns: 500 },
  );
});
