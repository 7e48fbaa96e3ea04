import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Latency } from "../../src/structures/index.js";

describe("latency", () => {
  test("what was never measured is expected to take no time", () => {
    expect(new Latency().expectedMs(0)).toBe(0);
  });

  test("the first measurement counts as it is, later ones by a fifth", () => {
    const latency = new Latency();
    latency.measured(100, 0);
    expect(latency.expectedMs(0)).toBe(100);
    latency.measured(200, 0);
    expect(latency.expectedMs(0)).toBe(120);
  });

  test("it fades evenly and is forgotten after ten seconds", () => {
    const latency = new Latency();
    latency.measured(100, 1_000);
    expect(latency.expectedMs(6_000)).toBe(50);
    expect(latency.expectedMs(10_999)).toBeGreaterThan(0);
    expect(latency.expectedMs(11_000)).toBe(0);
    latency.measured(7, 30_000);
    expect(latency.expectedMs(30_000)).toBe(7);
  });

  test("it never leaves the range of what was measured, fading apart", () => {
    const measurements = fc.array(fc.record({ tookMs: fc.integer({ min: 1, max: 1_000 }), afterMs: fc.nat(100) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(measurements, (all) => {
        const latency = new Latency();
        let nowMs = 0;
        for (const { tookMs, afterMs } of all) {
          nowMs += afterMs;
          latency.measured(tookMs, nowMs);
          expect(latency.expectedMs(nowMs)).toBeLessThanOrEqual(Math.max(...all.map((each) => each.tookMs)));
          expect(latency.expectedMs(nowMs)).toBeGreaterThan(0);
        }
      }),
    );
  });
});
