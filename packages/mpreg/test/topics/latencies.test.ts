import fc from "fast-check";
import { expect, test } from "vitest";
import { Latencies } from "../../src/topics/latencies.js";

test("a percentile is what was measured, or at most 2 % more; the longest is exact (L1)", () => {
  const measured = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(measured, (all) => {
      const latencies = new Latencies();
      for (const ms of all) latencies.add(ms);
      const sorted = all.toSorted((a, b) => a - b);
      const { p50, p99, max } = latencies.percentiles;
      for (const [share, told] of [
        [0.5, p50],
        [0.99, p99],
      ] as const) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1]!;
        expect(told).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(told).toBeLessThanOrEqual(exact * 1.0201);
      }
      expect(max).toBe(sorted.at(-1));
    }),
  );
});
