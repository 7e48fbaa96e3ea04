/** Generated worlds are worth running: they do much, and a failure among them says how to see it again. */
import { describe, expect, test } from "vitest";
import { explainFailure, explore, planWorld, runSeed, shrink } from "../../src/index.js";
import { withFault } from "../support/faulty.js";

const leak = withFault({ size: (size) => ({ ...size, tickets: size.tickets + 1 }) }, 60);

describe("generated worlds", () => {
  test("most asks end well, and every kind of failure comes about", async () => {
    const { ends, failures } = await explore({ from: 1, count: 150 });
    const total = Object.values(ends).reduce((sum, count) => sum + count, 0);
    expect(failures.map(({ violations }) => violations)).toEqual([]);
    expect(total).toBeGreaterThan(1_500);
    expect(((ends["ok"] ?? 0) + (ends["settled"] ?? 0)) / total).toBeGreaterThan(0.6);
    expect(Object.keys(ends)).toEqual(
      expect.arrayContaining([
        "handler-error", "not-encodable", "path-missing", "no-provider", "deadline", "node-lost", "not-connected",
        "overloaded", "cancelled", "closed", "too-large",
      ]),
    ); // prettier-ignore
  }, 300_000);

  test("a third of them is left undisturbed (W2) but for their clocks, and every kind of fault is among the rest", () => {
    const plans = Array.from({ length: 300 }, (_, index) => planWorld(index + 1));
    const still = plans.filter(({ faults }) => faults.length === 0);
    expect(still.filter(({ clockSteps }) => clockSteps.length > 0).length).toBeGreaterThan(20); // (W3)
    expect(still.filter(({ nodes }) => nodes.some(({ clockRate }) => clockRate !== 1)).length).toBeGreaterThan(20);
    const kinds = plans.flatMap(({ faults }) => faults.map(({ kind }) => kind));
    expect(still.length).toBeGreaterThan(70);
    expect([...new Set(kinds)].sort()).toEqual(
      ["close", "crash", "cut", "drain", "one-way", "partition", "pause", "slow", "slow-reader", "stall"], // prettier-ignore
    );
  });

  test("what is left out of a plan changes nothing else in it (G1) (H1)", () => {
    const [one, other] = [planWorld(4), planWorld(4)];
    expect(other).toEqual(one);
  });
});

describe("a failing seed", () => {
  test("is told with the command that runs it again and the end of its trace (Y1)", async () => {
    const { failures } = await explore({ from: 1, count: 3, createMachine: leak });
    const text = await explainFailure(failures[0]!, "again with SEED=%", { createMachine: leak });
    expect(text).toMatch(/^Seed \d violates empty-tables: . has 1 entries in its table "tickets"/);
    expect(text).toContain("again with SEED=");
    expect(text).toMatch(/It still fails with 0 asks, 0 faults/);
    expect(text).toContain("VIOLATION of empty-tables");
  }, 300_000);

  test("is shrunk to what it takes (Z1)", async () => {
    const createMachine = withFault({ input: (input) => (input.kind === "unregister" ? undefined : input) });
    let seed = 1;
    while ((await runSeed(seed, { createMachine })).violations.length === 0) seed += 1;
    const plan = planWorld(seed);
    const smallest = await shrink(plan, "same-catalog", { createMachine });
    expect(smallest.faults).toEqual([]);
    expect(smallest.asks).toEqual([]);
    expect(smallest.changes).toHaveLength(1);
  });
});
