import { describe, expect, test } from "vitest";
import type { MembershipOptions } from "../../src/membership/index.js";
import { View, partners, partnersWanted } from "../../src/membership/view.js";
import { pairWeight } from "../../src/membership/weight.js";
import { MemberTable, options } from "../support/membership.js";
import { idOf } from "../support/news.js";
import { seeded } from "../support/random.js";

const { fullMeshMax } = options;

function randomIds(count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => Buffer.from(random.bytes(16)).toString("hex"));
}

/** Whom each node wants, when all know all. */
function wishes(ids: readonly string[]): Map<string, Set<string>> {
  const count = partnersWanted(ids.length, fullMeshMax);
  return new Map(
    ids.map((nodeId) => {
      const others = ids.filter((other) => other !== nodeId);
      const candidates = others.map((other) => ({ nodeId: other, weight: pairWeight(nodeId, other) }));
      return [nodeId, new Set(partners(candidates, count).map((partner) => partner.nodeId))];
    }),
  );
}

/** The links there are: to those a node wants, and from those that want it. */
function linksOf(wanted: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const links = new Map([...wanted].map(([nodeId, each]) => [nodeId, new Set(each)]));
  for (const [nodeId, each] of wanted) for (const other of each) links.get(other)!.add(nodeId);
  return links;
}

function reachedFrom(start: string, links: ReadonlyMap<string, ReadonlySet<string>>): number {
  const reached = new Set([start]);
  for (const each of reached) for (const other of links.get(each)!) reached.add(other);
  return reached.size;
}

describe("weights", () => {
  test("are the same from both sides, and different for different pairs (W1)", () => {
    const ids = randomIds(60, 1);
    const weights = new Set<number>();
    for (const one of ids) {
      for (const other of ids) {
        if (one === other) continue;
        expect(pairWeight(one, other)).toBe(pairWeight(other, one));
        expect(Number.isSafeInteger(pairWeight(one, other))).toBe(true);
        weights.add(pairWeight(one, other));
      }
    }
    expect(weights.size).toBe((60 * 59) / 2);
  });
});

describe("the partners of all nodes together", () => {
  test.for([33, 50, 200, 1_000])(
    "of %i nodes are about log2(n) + 4 for each, at least three, and lead from each to all (W2)",
    (count) => {
      const ids = randomIds(count, count);
      const links = linksOf(wishes(ids));
      const sizes = [...links.values()].map(({ size }) => size);
      const mean = sizes.reduce((sum, size) => sum + size, 0) / count;
      const aim = Math.log2(count) + 4;
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(Math.max(3, partnersWanted(count, fullMeshMax)));
      expect(Math.abs(mean - aim)).toBeLessThan(1);
      expect(Math.max(...sizes)).toBeLessThan(2.5 * aim);
      expect(reachedFrom(ids[0]!, links)).toBe(count);
      // nor does any single node hold them together
      for (const gone of ids.slice(0, 10)) {
        const rest = new Map(
          [...links].map(([nodeId, each]) => [nodeId, new Set([...each].filter((id) => id !== gone))]),
        );
        expect(reachedFrom(ids.at(-1)!, rest)).toBe(count - 1);
      }
    },
  );

  test.for([33, 50, 200, 1_000])("of %i nodes change for a few only when one joins or is lost (W3)", (count) => {
    const ids = randomIds(count + 1, count);
    const [joined] = ids.slice(-1) as [string];
    expect(partnersWanted(count, fullMeshMax)).toBe(partnersWanted(count + 1, fullMeshMax));
    const before = wishes(ids.slice(0, -1));
    const after = wishes(ids);
    const changed = [...before].filter(([nodeId, each]) => {
      const now = after.get(nodeId)!;
      const lost = [...each].filter((other) => !now.has(other));
      expect(lost.length).toBeLessThanOrEqual(1);
      expect([...now].filter((other) => !each.has(other))).toEqual(lost.length === 1 ? [joined] : []);
      return lost.length > 0;
    });
    expect(changed.length).toBeLessThan(3 * partnersWanted(count, fullMeshMax));
  });

  test("are all others as long as there are few (W2)", () => {
    expect([0, 1, 2, 32].map((members) => partnersWanted(members, 32))).toEqual([0, 0, 1, 31]);
    expect(partnersWanted(33, 32)).toBe(7);
  });
});

describe("the best of candidates", () => {
  test("do not depend on the order in which they come, ties neither (W1)", () => {
    const candidates = ["c", "a", "d", "b"].map((nodeId) => ({ nodeId, weight: nodeId === "d" ? 2 : 1 }));
    for (const order of [candidates, candidates.toReversed()])
      expect(partners(order, 3).map(({ nodeId }) => nodeId)).toEqual(["d", "a", "b"]);
    expect(partners(candidates, 0)).toEqual([]);
    expect(partners(candidates, 9)).toHaveLength(4);
  });
});

/** The view of "self", over a table of members. */
class Looking extends MemberTable {
  readonly view: View;
  readonly linked = new Set<string>();
  readonly told: string[] = [];
  readonly #nameOf = new Map<string, string>();

  constructor(given: Partial<MembershipOptions> = {}) {
    super(given);
    this.view = new View(
      idOf("self"),
      { ...options, ...given },
      {
        members: this.members,
        isLinked: (nodeId) => this.linked.has(nodeId),
        want: ({ nodeId }, wanted) => {
          this.told.push(`${wanted ? "+" : "-"}${this.#nameOf.get(nodeId)!}`);
        },
      },
    );
  }

  override join(...names: readonly string[]): void {
    for (const name of names) this.#nameOf.set(idOf(name), name);
    super.join(...names);
    this.view.changed();
  }

  /** Whom it wants now, of those in `names`. */
  wanted(names: readonly string[]): string[] {
    this.view.update(this.nowMs);
    return names.filter((name) => this.view.has(idOf(name)));
  }
}

const names = Array.from({ length: 40 }, (_, i) => `n${i}`);

describe("a view", () => {
  test("of a small cluster is everybody but the node itself and those that have gone", () => {
    const looking = new Looking();
    looking.join("self", "a", "b", "c");
    expect(looking.wanted(["self", "a", "b", "c"])).toEqual(["a", "b", "c"]);
    looking.record("b", { sequence: 2, left: true });
    looking.accuse("c", "a");
    looking.view.changed();
    expect(looking.wanted(["a", "b", "c"])).toEqual(["a", "c"]);
    expect(looking.told).toContain("-b");
  });

  test("of a large one is as many as a node wants (W2)", () => {
    const looking = new Looking();
    looking.join("self", ...names);
    expect(looking.wanted(names)).toHaveLength(partnersWanted(41, fullMeshMax));
  });

  test("is made anew only when something has changed", () => {
    const looking = new Looking();
    looking.join("self", "a");
    looking.wanted(["a"]);
    looking.told.length = 0;
    looking.wanted(["a"]);
    expect(looking.told).toEqual([]);
    looking.view.changed();
    looking.wanted(["a"]);
    expect(looking.told).toEqual(["+a"]);
  });

  test("passes over a partner that cannot be dialled, for the next best, until it is compared again or has a link", () => {
    const looking = new Looking();
    looking.join("self", ...names);
    const first = looking.wanted(names);
    const [deaf] = first as [string];
    looking.view.unreached(idOf(deaf), 1, 0);
    expect(looking.wanted(names)).toEqual(first);
    looking.view.unreached(idOf(deaf), 2, 0);
    const second = looking.wanted(names);
    expect(second).not.toContain(deaf);
    expect(second).toHaveLength(first.length);
    looking.view.linked(idOf(deaf));
    expect(looking.wanted(names)).toEqual(first);
    looking.view.unreached(idOf(deaf), 2, 0);
    expect(looking.wanted(names)).toEqual(second);
    looking.advance(options.reconcileIntervalMs);
    looking.view.changed();
    expect(looking.wanted(names)).toEqual(first);
  });

  test("of a small cluster gives nobody up, however often a dial has failed", () => {
    const looking = new Looking();
    looking.join("self", "a", "b");
    looking.view.unreached(idOf("a"), 100, 0);
    looking.view.changed();
    expect(looking.wanted(["a", "b"])).toEqual(["a", "b"]);
  });
});
