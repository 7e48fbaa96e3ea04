import { describe, expect, test } from "vitest";
import { Breaker } from "../../src/structures/index.js";

/** Ends so many pieces of work, each with one of its own. */
function fail(breaker: Breaker, count: number, nowMs: number): boolean[] {
  return Array.from({ length: count }, () => breaker.failed({}, nowMs, 0));
}

function succeed(breaker: Breaker, count: number): void {
  for (let i = 0; i < count; i++) breaker.succeeded({});
}

describe("a breaker", () => {
  test("opens after five failures in a row, and says so once (K1)", () => {
    const breaker = new Breaker();
    fail(breaker, 4, 0);
    succeed(breaker, 1);
    expect(fail(breaker, 6, 0)).toEqual([false, false, false, false, true, false]);
    expect([breaker.state(0), breaker.reason]).toEqual(["open", expect.stringContaining("5 calls in a row")]);
  });

  test("opens when half of at least twenty have failed within ten seconds, and not before (K1)", () => {
    const breaker = new Breaker();
    const halves = (count: number, nowMs: number): boolean[] =>
      Array.from({ length: count }, () => {
        succeed(breaker, 1);
        return breaker.failed({}, nowMs, 0);
      });
    expect(halves(9, 0)).not.toContain(true);
    expect(halves(9, 10_001)).not.toContain(true); // another window
    expect(halves(2, 20_000)).toEqual([false, true]);
    expect(breaker.reason).toContain("11 of 21 calls");
  });

  test("does not open as long as more than half succeed (K1)", () => {
    const breaker = new Breaker();
    for (let i = 0; i < 200; i++) {
      expect(breaker.failed({}, i, 0)).toBe(false);
      succeed(breaker, 2);
    }
  });

  test("lets one piece of work through when its time is over, and closes with its success (K2) (K3)", () => {
    const breaker = new Breaker();
    fail(breaker, 5, 0);
    const [probe, other] = [{}, {}];
    expect([breaker.admits(499), breaker.admits(500), breaker.state(500)]).toEqual([false, true, "half-open"]);
    breaker.began(probe);
    expect([breaker.admits(500), breaker.succeeded(other), breaker.failed(other, 500, 0)]).toEqual([
      false,
      false,
      false,
    ]);
    expect([breaker.succeeded(probe), breaker.state(500), breaker.admits(500)]).toEqual([true, "closed", true]);
    expect(fail(breaker, 5, 500)).toEqual([false, false, false, false, true]); // as at first
  });

  test("opens again when the probe fails, twice as long each time, half a minute at most (K2) (K3)", () => {
    const breaker = new Breaker();
    breaker.failed({}, 0, 0);
    for (let i = 0; i < 4; i++) breaker.failed({}, 0, 0.999_999);
    let nowMs = 0;
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      waits.push(Math.round(breaker.openUntilMs - nowMs));
      nowMs = breaker.openUntilMs;
      const probe = {};
      breaker.began(probe);
      expect(breaker.failed(probe, nowMs, 0.999_999)).toBe(true);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("lets another probe through when one ended without saying anything (K3)", () => {
    const breaker = new Breaker();
    fail(breaker, 5, 0);
    const probe = {};
    breaker.began(probe);
    breaker.released({});
    expect(breaker.admits(5_000)).toBe(false);
    breaker.released(probe);
    expect(breaker.admits(5_000)).toBe(true);
  });
});
