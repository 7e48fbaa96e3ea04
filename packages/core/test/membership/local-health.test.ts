import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LocalHealth } from "../../src/membership/local-health.js";

describe("local health", () => {
  test("a healthy node takes timeouts as they are, one that has failed makes them longer", () => {
    const health = new LocalHealth();
    expect(health.scaled(500)).toBe(500);
    health.failed();
    health.failed();
    expect([health.score, health.scaled(500)]).toEqual([2, 1_500]);
    health.succeeded();
    expect(health.scaled(500)).toBe(1_000);
  });

  test("timeouts grow ninefold at most (H1)", () => {
    const health = new LocalHealth();
    for (let i = 0; i < 100; i++) health.failed();
    expect([health.score, health.scaled(100)]).toEqual([8, 900]);
    for (let i = 0; i < 8; i++) health.succeeded();
    expect(health.score).toBe(0);
  });

  test("whatever happens the score stays within its bounds (H1)", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (ends) => {
        const health = new LocalHealth();
        for (const succeeds of ends) {
          const before = health.score;
          if (succeeds) health.succeeded();
          else health.failed();
          expect(health.score).toBe(Math.min(8, Math.max(0, before + (succeeds ? -1 : 1))));
        }
      }),
    );
  });
});
