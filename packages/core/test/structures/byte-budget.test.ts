/** A budget that many share: who has to go when it is spent. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteBudget } from "../../src/structures/index.js";

test("holders never hold more than the budget together, and what is evicted held most (B1, B2)", () => {
  const changes = fc.array(fc.tuple(fc.nat(9), fc.nat(60)), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(changes, (all) => {
      const budget = new ByteBudget(100);
      const held = new Array<number>(10).fill(0);
      let evicted: number[] = [];
      const holders = held.map((_, index) => budget.holder(() => void evicted.push(index)));
      for (const [index, bytes] of all) {
        held[index] = bytes;
        evicted = [];
        holders[index]!.hold(bytes);
        for (const each of evicted) {
          expect(held[each]).toBe(Math.max(...held));
          held[each] = 0;
        }
        expect(holders.map((holder) => holder.bytes)).toEqual(held);
        expect(budget.bytes).toBe(held.reduce((sum, one) => sum + one, 0));
        expect(budget.bytes).toBeLessThanOrEqual(100);
        if (evicted.length > 0) expect(budget.bytes + bytes).toBeGreaterThan(0);
      }
    }),
  );
});

test("nobody is evicted while there is room, and one that asks for more than all is evicted itself", () => {
  const budget = new ByteBudget(100);
  const evicted: string[] = [];
  const [a, b] = ["a", "b"].map((name) => budget.holder(() => void evicted.push(name)));
  a!.hold(60);
  b!.hold(40);
  expect(evicted).toEqual([]);
  b!.hold(101);
  expect([evicted, budget.bytes]).toEqual([["b"], 60]);
});

test("holders that hold less than they said are asked before anybody is evicted (B3)", () => {
  const budget = new ByteBudget(100);
  const evicted: string[] = [];
  const actual = new Map([
    ["a", 0],
    ["b", 30],
  ]);
  const [a, b] = ["a", "b"].map((name) => {
    return budget.holder(
      () => void evicted.push(name),
      () => actual.get(name)!,
    );
  });
  const c = budget.holder(() => void evicted.push("c"));
  a!.hold(50);
  b!.hold(50);
  c.hold(60);
  expect([evicted, budget.bytes]).toEqual([[], 90]);
  actual.set("b", 70);
  b!.hold(70);
  expect([evicted, budget.bytes]).toEqual([["b"], 60]);
});
