import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Random } from "../../src/base/index.js";
import type { Offer } from "../../src/catalog/index.js";
import { type Candidate, choose } from "../../src/routing/index.js";
import { Breaker, Latency } from "../../src/structures/index.js";
import { scripted, seeded } from "../support/random.js";

interface Node extends Candidate {
  readonly name: string;
}

const plainOffer = { idempotent: "no", version: undefined, tags: [], concurrencyMax: undefined } as const;

function offer(
  name: string,
  inFlight = 0,
  latencyMs = 0,
  place: Partial<Pick<Node, "linked" | "distanceMs">> = {},
): Offer<Node> {
  const latency = new Latency();
  if (latencyMs > 0) latency.measured(latencyMs, 0);
  const owner = { name, inFlight, linked: true, distanceMs: undefined, ...place };
  return { owner, fun: "f", resources: [], traits: plainOffer, latency, breaker: new Breaker() };
}

function far(name: string, distanceMs: number, inFlight = 0): Offer<Node> {
  return offer(name, inFlight, 0, { distanceMs });
}

const nobody: Node = { name: "nobody", inFlight: 0, linked: true, distanceMs: undefined };

/** Who is chosen when the numbers drawn are these; more than these may not be drawn. */
function chosen(offers: readonly Offer<Node>[], local: Node, ...numbers: number[]): string | undefined {
  return choose(offers, local, undefined, scripted(...numbers), 0)?.owner.name;
}

const offers = fc.array(fc.record({ inFlight: fc.nat(5), latencyMs: fc.nat(3) }), { maxLength: 6 }).map((all) => {
  return all.map(({ inFlight, latencyMs }, index) => offer(`n${index}`, inFlight, latencyMs));
});

describe("choose", () => {
  test("only a candidate that is not excluded is chosen, and one always when there is any (R1)", () => {
    fc.assert(
      fc.property(offers, fc.array(fc.nat(5)), fc.nat(), (candidates, excludedIndexes, seed) => {
        const excluded = new Set(excludedIndexes.flatMap((index) => candidates[index] ?? []));
        const found = choose(candidates, candidates[0]?.owner ?? nobody, excluded, seeded(seed), 0);
        const open = candidates.filter((each) => !excluded.has(each));
        if (open.length === 0) expect(found).toBeUndefined();
        else expect(open).toContain(found);
      }),
    );
  });

  test("the local node wins ties, whichever place it has (R2)", () => {
    const candidates = [offer("a", 2), offer("b", 2), offer("c", 2)];
    for (const { owner } of candidates) {
      for (const drawn of [0, 0.5, 0.99]) expect(chosen(candidates, owner, drawn)).toBe(owner.name);
    }
  });

  test("one candidate needs no randomness, nor does none (R3)", () => {
    const [a, b] = [offer("a"), offer("b")];
    expect(chosen([a], nobody)).toBe("a");
    expect(chosen([], nobody)).toBeUndefined();
    expect(choose([a, b], nobody, new Set([a]), scripted(), 0)).toBe(b);
  });

  test("the one with less work in flight is taken", () => {
    const [a, b] = [offer("a", 3), offer("b", 2)];
    expect(chosen([a, b], nobody, 0, 0, 0.5)).toBe("b");
    expect(chosen([a, b], nobody, 0.9, 0, 0.5)).toBe("b");
    expect(chosen([a, b], a.owner, 0, 0.5)).toBe("b");
  });

  test("work in flight weighs as much as the time it takes there", () => {
    const slow = offer("slow", 0, 30);
    expect(chosen([slow, offer("busy", 3, 10)], nobody, 0, 0, 0.5)).toBe("slow");
    expect(chosen([slow, offer("quick", 1, 10)], nobody, 0, 0, 0.5)).toBe("quick");
  });

  test("times count only where both have been measured", () => {
    expect(chosen([offer("slow", 0, 1_000), offer("new", 1)], nobody, 0, 0, 0.5)).toBe("slow");
  });

  test("times that were measured long ago do not count", () => {
    const slow = offer("slow", 0, 1_000);
    const quick = offer("quick", 1, 1);
    expect(choose([slow, quick], nobody, undefined, scripted(0, 0, 0.5), 20_000)).toBe(slow);
  });

  test("the local node is always one of the two that are compared", () => {
    const busy = [offer("a", 9), offer("b", 9), offer("c", 9)];
    const local = offer("local");
    for (const drawn of [0, 0.4, 0.7, 0.99]) expect(chosen([...busy, local], local.owner, drawn, 0.5)).toBe("local");
  });

  test("every pair of others is compared sometimes, none with itself", () => {
    const compared = new Set<string>();
    const all = ["a", "b", "c"].map((name) => offer(name));
    for (const first of [0.1, 0.4, 0.9]) {
      for (const second of [0.1, 0.9]) {
        // the one that is compared and not first is less busy
        for (const quiet of all) {
          const candidates = all.map((each) =>
            each === quiet ? offer(each.owner.name, 0) : offer(each.owner.name, 5),
          );
          const name = choose(candidates, nobody, undefined, { ...seeded(1), next: numbers(first, second, 0.5) }, 0)
            ?.owner.name;
          if (name === quiet.owner.name) compared.add(`${first}/${second}: ${name}`);
        }
      }
    }
    expect(compared.size).toBe(3 * 2 * 2); // in each of the six draws two different nodes were looked at
  });

  describe("where it would have to wait on the local node", () => {
    const waiting = (ms: number, other: Offer<Node>, ...numbers: number[]): string | undefined => {
      const local = offer("local", 1);
      return choose([local, other], local.owner, undefined, scripted(0, ...numbers), 0, undefined, () => ms)?.owner
        .name;
    };

    test("one that is away counts as near, if it can be sent there in less time than it would wait (R8)", () => {
      expect(waiting(0, far("away", 40), 0.5)).toBe("local");
      expect(waiting(30, far("away", 40), 0.5)).toBe("local");
      expect(waiting(50, far("away", 40), 0.5)).toBe("away");
      expect(waiting(Infinity, far("away", 40), 0.5)).toBe("away");
    });

    test("one that has more to do already is not given it (R8)", () => {
      expect(waiting(Infinity, far("away", 40, 2), 0.5)).toBe("local");
    });

    test("that is not tried (R4)", () => {
      expect(waiting(Infinity, offer("idle"), 0)).toBe("idle");
      expect(waiting(0, offer("idle"), 0)).toBe("local");
    });
  });

  test("now and then the one that looks worse is taken (R4)", () => {
    const [a, b] = [offer("a", 0), offer("b", 5)];
    expect(chosen([a, b], nobody, 0, 0, 1 / 32 - 0.001)).toBe("b");
    expect(chosen([a, b], nobody, 0, 0, 1 / 32)).toBe("a");
    expect(chosen([a, b], a.owner, 0, 0)).toBe("b");
  });

  test("a node without a link is passed over while a draw may find one with a link (R5)", () => {
    const remote = offer("remote", 0, 0, { linked: false });
    const [a, b] = [offer("a"), offer("b")];
    // the first is drawn for a, the second for remote and then for b
    expect(chosen([a, remote, b], nobody, 0, 0, 0.9, 0.5)).toBe("a");
    // remote is drawn for the first, then a; b for the second
    expect(chosen([remote, a, b], nobody, 0, 0.4, 0.9, 0.5)).toBe("a");
  });

  test("where no draw finds a link one without is taken (R5)", () => {
    const candidates = ["a", "b", "c"].map((name, index) => offer(name, index, 0, { linked: false }));
    const draws = Array<number>(16).fill(0);
    expect(chosen(candidates, nobody, ...draws, 0.5)).toBe("a");
  });

  test("among many a few with links get nearly all the work (R5)", () => {
    const random = seeded(11);
    const candidates = Array.from({ length: 40 }, (_, i) => offer(`n${i}`, 0, 0, { linked: i < 10 }));
    for (let i = 0; i < 2_000; i++) choose(candidates, nobody, undefined, random, 0)!.owner.inFlight += 1;
    const linked = candidates.slice(0, 10).reduce((sum, { owner }) => sum + owner.inFlight, 0);
    expect(linked).toBeGreaterThan(1_400);
  });

  test("of two that were not measured the near one is taken (R6)", () => {
    for (const candidates of [
      [far("near", 2), far("far", 80)],
      [far("far", 80), far("near", 2)],
    ])
      for (const drawn of [0, 0.9]) expect(chosen(candidates, nobody, drawn, 0, 0.5)).toBe("near");
  });

  test("a near one that is busy enough is no better than a far one (R6)", () => {
    expect(chosen([far("near", 10, 9), far("far", 80)], nobody, 0, 0, 0.5)).toBe("far");
    expect(chosen([far("near", 10, 6), far("far", 80)], nobody, 0, 0, 0.5)).toBe("near");
  });

  test("below a millisecond all are near, and so are those of whom nothing is known (R6)", () => {
    for (const distanceMs of [0, 0.9, undefined])
      expect(chosen([offer("a", 1, 0, { distanceMs }), far("b", 1)], nobody, 0, 0, 0.5)).toBe("b");
    expect(chosen([offer("new", 1), far("far", 1.5)], nobody, 0, 0, 0.5)).toBe("far");
  });

  test("this node is near, wherever it says it stands (R6)", () => {
    const local = far("local", 500);
    expect(chosen([far("near", 0.5), local], local.owner, 0, 0.5)).toBe("local");
  });

  test("what was measured counts more than distances (R6)", () => {
    const slow = offer("slow", 0, 30, { distanceMs: 1 });
    const quick = offer("quick", 0, 10, { distanceMs: 200 });
    expect(chosen([slow, quick], nobody, 0, 0, 0.5)).toBe("quick");
  });

  test("a number that reaches 1 by rounding does not lead out of the list (R1)", () => {
    const always1: Random = { ...seeded(1), next: () => 1 };
    for (const count of [2, 3, 5]) {
      const candidates = Array.from({ length: count }, (_, index) => offer(`n${index}`, index));
      expect(choose(candidates, nobody, undefined, always1, 0)).toBeDefined();
    }
  });

  test("in the long run work is spread by load (R4)", () => {
    const random = seeded(7);
    const candidates = [offer("a"), offer("b"), offer("c"), offer("d")];
    for (let i = 0; i < 4_000; i++) choose(candidates, nobody, undefined, random, 0)!.owner.inFlight += 1;
    const loads = candidates.map(({ owner }) => owner.inFlight);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(20);
  });
});

function numbers(...all: number[]): () => number {
  return () => all.shift() ?? NaN;
}
