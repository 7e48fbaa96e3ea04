import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Allowance } from "../../src/structures/index.js";

describe("an allowance", () => {
  test("is never exceeded over any time, however it is used (A1)", () => {
    const acts = fc.array(fc.record({ afterMs: fc.nat(3_000), takes: fc.nat(20) }), { maxLength: 40 });
    fc.assert(
      fc.property(
        acts,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        (all, perSecond, capacity) => {
          const allowance = new Allowance(perSecond, capacity, 0);
          const takenMs: number[] = [];
          let nowMs = 0;
          for (const { afterMs, takes } of all) {
            nowMs += afterMs;
            for (let i = 0; i < takes; i++) if (allowance.take(nowMs)) takenMs.push(nowMs);
          }
          takenMs.forEach((fromMs, first) => {
            takenMs.slice(first).forEach((toMs, count) => {
              expect(count + 1).toBeLessThanOrEqual(((toMs - fromMs) / 1_000) * perSecond + capacity + 1e-6);
            });
          });
        },
      ),
    );
  });

  test("gives all of its capacity at once, and then as much as was gained (A1)", () => {
    const allowance = new Allowance(2, 3, 1_000);
    const take = (nowMs: number): boolean => allowance.take(nowMs);
    expect([1_000, 1_000, 1_000, 1_000].map(take)).toEqual([true, true, true, false]);
    expect([1_499, 1_500, 1_501].map(take)).toEqual([false, true, false]);
    expect([90_000, 90_000, 90_000, 90_000].map(take)).toEqual([true, true, true, false]);
  });

  test("gains nothing from a clock that steps back (A1)", () => {
    const allowance = new Allowance(1, 1, 5_000);
    expect([allowance.take(5_000), allowance.take(1_000), allowance.take(1_500)]).toEqual([true, false, false]);
  });
});
