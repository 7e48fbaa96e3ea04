import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalog, covers } from "../../src/catalog/index.js";
import { semver } from "../support/semver.js";

interface Owner {
  readonly name: string;
}

const owners: readonly Owner[] = ["a", "b", "c", "d"].map((name) => ({ name }));

function create(): Catalog<Owner> {
  return new Catalog<Owner>(({ name }) => name, semver);
}

/** Who offers what, as a map of maps. */
class Naive {
  readonly offers = new Map<string, Map<Owner, readonly string[]>>();

  add(owner: Owner, fun: string, resources: readonly string[]): void {
    this.offers.set(fun, new Map(this.offers.get(fun)).set(owner, [...new Set(resources)].sort()));
  }

  remove(owner: Owner, fun: string): boolean {
    const had = this.offers.get(fun)?.delete(owner) ?? false;
    if (this.offers.get(fun)?.size === 0) this.offers.delete(fun);
    return had;
  }

  candidates(fun: string, resources: readonly string[]): (readonly [string, readonly string[]])[] {
    return [...(this.offers.get(fun) ?? [])]
      .filter(([, has]) => resources.every((resource) => has.includes(resource)))
      .map(([{ name }, has]) => [name, has] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }
}

function found(
  catalog: Catalog<Owner>,
  fun: string,
  resources: readonly string[],
): (readonly [string, readonly string[]])[] {
  return catalog.candidates(fun, resources).all.map(({ owner, resources: has }) => [owner.name, has] as const);
}

const owner = fc.constantFrom(...owners);
const fun = fc.constantFrom("f", "g", "toString", "__proto__", "");
const resource = fc.constantFrom(
  "gpu",
  "cpu",
  "m",
  "__proto__",
  "",
  "\0",
  "gpu\0cpu",
  "cpu\0gpu",
  '["gpu","cpu"]',
  "gpu,cpu",
);
const resources = fc.array(resource, { maxLength: 4 });
const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add" as const), owner, fun, resources }),
    fc.record({ kind: fc.constant("remove" as const), owner, fun }),
    fc.record({ kind: fc.constant("forget" as const), owner }),
    fc.record({ kind: fc.constant("ask" as const), fun, resources }),
  ),
  { maxLength: 60 },
);

describe("catalog", () => {
  test("it finds what a look at every offer finds, whatever is added, removed and asked for (C1) (C3) (M1) (M2)", () => {
    fc.assert(
      fc.property(operations, (steps) => {
        const catalog = create();
        const naive = new Naive();
        for (const step of steps) {
          if (step.kind === "add") {
            catalog.add(step.owner, step.fun, step.resources);
            naive.add(step.owner, step.fun, step.resources);
          } else if (step.kind === "remove") {
            expect(catalog.remove(step.owner, step.fun)).toBe(naive.remove(step.owner, step.fun));
          } else if (step.kind === "forget") {
            catalog.forget(step.owner);
            for (const name of [...naive.offers.keys()]) naive.remove(step.owner, name);
          } else {
            expect(found(catalog, step.fun, step.resources)).toEqual(naive.candidates(step.fun, step.resources));
          }
          expect([...catalog.functions()].toSorted()).toEqual([...naive.offers.keys()].toSorted());
        }
        for (const name of naive.offers.keys())
          expect(catalog.offersOf(name)).toHaveLength(naive.offers.get(name)!.size);
        for (const each of owners) {
          expect(catalog.countOf(each)).toBe([...naive.offers.values()].filter((offers) => offers.has(each)).length);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("the order in which offers are heard makes no difference (C2)", () => {
    const offers = fc.uniqueArray(fc.record({ owner, fun, resources }), {
      selector: (offer) => `${offer.owner.name}/${offer.fun}`,
    });
    fc.assert(
      fc.property(
        offers.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        resources,
        ([heard, otherwise], asked) => {
          const [one, other] = [create(), create()];
          for (const offer of heard) one.add(offer.owner, offer.fun, offer.resources);
          for (const offer of otherwise) other.add(offer.owner, offer.fun, offer.resources);
          for (const name of one.functions()) expect(found(one, name, asked)).toEqual(found(other, name, asked));
        },
      ),
    );
  });

  test("a new offer takes the place of the one the owner had under that name (C1)", () => {
    const catalog = create();
    catalog.add(owners[0]!, "f", ["gpu"]);
    expect(catalog.candidates("f", ["gpu"]).all).toHaveLength(1);
    catalog.add(owners[0]!, "f", ["cpu", "cpu"]);
    expect(found(catalog, "f", [])).toEqual([["a", ["cpu"]]]);
    expect(catalog.candidates("f", ["gpu"]).all).toEqual([]);
  });

  test("a question is answered from memory until the offers change (M2)", () => {
    const catalog = create();
    catalog.add(owners[0]!, "f", ["gpu", "cpu"]);
    const first = catalog.candidates("f", ["cpu", "gpu"]);
    expect(catalog.candidates("f", ["cpu", "gpu"])).toBe(first);
    catalog.add(owners[1]!, "f", ["gpu", "cpu"]);
    expect(catalog.candidates("f", ["cpu", "gpu"]).all).toHaveLength(2);
    catalog.forget(owners[0]!);
    expect(found(catalog, "f", ["cpu", "gpu"])).toEqual([["b", ["cpu", "gpu"]]]);
  });

  test("no question is answered with what was remembered of another, however odd the names (M1)", () => {
    const odd = fc
      .array(fc.constantFrom("a", "b", "\0", '"', ",", "[", "]", ";", "1"), { maxLength: 5 })
      .map((parts) => parts.join(""));
    const questions = fc.array(fc.array(odd, { maxLength: 3 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(questions, fc.array(odd, { minLength: 1, maxLength: 3 }), (all, has) => {
        const catalog = create();
        catalog.add(owners[0]!, "f", has);
        // the same names cut otherwise, so that what is remembered under a joined key collides
        for (const asked of [has, [has.join("\0")], [JSON.stringify(has)], ...all, has]) {
          expect(catalog.candidates("f", asked).all.length > 0).toBe(asked.every((resource) => has.includes(resource)));
        }
      }),
    );
    const catalog = create();
    catalog.add(owners[0]!, "f", ["gpu", "cpu"]);
    expect(catalog.candidates("f", ["gpu\0cpu"]).all).toEqual([]);
    expect(catalog.candidates("f", ["gpu", "cpu"]).all).toHaveLength(1);
  });

  test("a stranger's questions do not fill the memory (M2)", () => {
    const catalog = create();
    catalog.add(owners[0]!, "f", ["gpu"]);
    const first = catalog.candidates("f", ["gpu"]);
    for (let i = 0; i < 300; i++) catalog.candidates("f", [`resource-${i}`]);
    expect(catalog.candidates("f", ["gpu"])).not.toBe(first);
    expect(found(catalog, "f", ["gpu"])).toEqual([["a", ["gpu"]]]);
    const long = "x".repeat(1_001);
    expect(catalog.candidates("f", [long])).not.toBe(catalog.candidates("f", [long]));
  });

  test("nor do questions about many functions (M2)", () => {
    const catalog = create();
    for (let i = 0; i < 100; i++) catalog.add(owners[0]!, `f${i}`, ["gpu"]);
    const first = catalog.candidates("f0", ["gpu"]);
    for (let i = 0; i < 4_200; i++) {
      catalog.candidates(`f${1 + (i % 99)}`, [`resource-${i}`]);
      // what was forgotten with offers that changed does not count
      if (i === 2_000) for (let j = 1; j < 100; j++) catalog.add(owners[0]!, `f${j}`, ["gpu"]);
    }
    expect(catalog.candidates("f0", ["gpu"])).toBe(first);
    for (let i = 0; i < 2_000; i++) catalog.candidates(`f${1 + (i % 99)}`, [`other-${i}`]);
    expect(catalog.candidates("f0", ["gpu"])).not.toBe(first);
    expect(found(catalog, "f0", ["gpu"])).toEqual([["a", ["gpu"]]]);
  });

  test("everything asked for has to be offered (M1)", () => {
    expect(covers(["a", "b"], ["b", "a"])).toBe(true);
    expect(covers(["a", "b"], [])).toBe(true);
    expect(covers(["a"], ["a", "b"])).toBe(false);
    expect(covers([], ["a"])).toBe(false);
  });
});
