import { describe, expect, test } from "vitest";
import { Catalog } from "../../src/catalog/index.js";
import { semver } from "../support/semver.js";
import { type Target, explainNoProvider } from "../../src/routing/index.js";

/** A catalog in which every entry is a node of its own. */
function catalogOf(offers: readonly (readonly string[])[]): Catalog<object> {
  const names = new Map<object, string>();
  const catalog = new Catalog<object>((owner) => names.get(owner)!, semver);
  offers.forEach(([fun = "", ...resources], index) => {
    const owner = {};
    names.set(owner, `n${index}`);
    catalog.add(owner, fun, resources);
  });
  return catalog;
}

function explained(offers: readonly (readonly string[])[], fun: string, ...resources: string[]): string {
  const { code, outcome, message } = explainNoProvider(catalogOf(offers), { fun, resources });
  expect([code, outcome]).toEqual(["no-provider", "not-applied"]);
  return message;
}

describe("why nobody can run it", () => {
  test("the nearest misses are told: what they have of what was asked for, and how many they are", () => {
    expect(
      explained(
        [
          ["classify", "gpu"],
          ["classify", "gpu", "model-a"],
        ],
        "classify",
        "gpu",
        "model-b",
      ),
    ).toBe('Cannot call "classify": no node offers it with [gpu, model-b]; 2 nodes offer it with [gpu]');
    expect(explained([["classify", "gpu"], ["classify"]], "classify", "gpu", "model-b")).toBe(
      'Cannot call "classify": no node offers it with [gpu, model-b]; 1 node offers it with [gpu]',
    );
  });

  test("misses that are as near as each other are told both", () => {
    expect(
      explained(
        [
          ["f", "a"],
          ["f", "b"],
          ["f", "b", "x"],
        ],
        "f",
        "a",
        "b",
      ),
    ).toBe('Cannot call "f": no node offers it with [a, b]; 1 node offers it with [a], 2 nodes offer it with [b]');
  });

  test("more than three kinds of misses are not told", () => {
    const resources = ["a", "b", "c", "d", "e"];
    expect(
      explained(
        resources.map((each) => ["f", each]),
        "f",
        ...resources,
      ),
    ).toBe(
      'Cannot call "f": no node offers it with [a, b, c, d, e]; 1 node offers it with [a], 1 node offers it with [b], 1 node offers it with [c]',
    );
  });

  test("nodes that have nothing of what was asked for are told as such", () => {
    expect(explained([["f", "x"], ["f"]], "f", "gpu")).toBe(
      'Cannot call "f": no node offers it with [gpu]; 2 nodes offer it with none of them',
    );
  });

  test("a node that offers a function in several versions is counted once", () => {
    const owner = {};
    const catalog = new Catalog<object>(() => "etl", semver);
    for (const version of ["1.4.0", "2.0.0"])
      catalog.add(owner, "f", [], { idempotent: "no", version, tags: [], concurrencyMax: undefined });
    const messageOf = (resources: readonly string[], target?: Target<object>): string =>
      explainNoProvider(catalog, { fun: "f", resources, terms: target && { target: "etl" } }, target).message;
    expect(messageOf(["gpu"])).toBe(
      'Cannot call "f": no node offers it with [gpu]; 1 node offers it with none of them',
    );
    expect(messageOf(["gpu"], { kind: "there", owner, name: "etl" })).toBe(
      'Cannot call "f": node "etl" does not offer it with [gpu]; 1 node offers it with none of them',
    );
    expect(messageOf([], { kind: "unknown", names: [] })).toContain("is known; 1 node offers it");
  });

  test("a function that nobody offers is told, with those that are spelt alike", () => {
    expect(explained([], "clean")).toBe('Cannot call "clean": no node offers a function of that name');
    expect(explained([["cleam"], ["Clean"], ["ingest"]], "clean")).toMatch(
      /^Cannot call "clean": no node offers a function of that name; did you mean "(cleam|Clean)" or "(cleam|Clean)"\?$/,
    );
    expect(explained([["ingest"]], "clean", "gpu")).toBe('Cannot call "clean": no node offers a function of that name');
  });

  test("a long or odd name does not hide the message", () => {
    expect(explained([], `a"\n${"x".repeat(1_000)}`).length).toBeLessThan(200);
    expect(explained([], 'a"\n')).toContain('"a\\"\\n"');
  });
});
