/** What a gate learns of the calls of its function that come to their end, and of those that do not. */
import { describe, expect, test } from "vitest";
import { Gate } from "../../../src/rpc/admission/gate.js";

function gateOf(concurrencyMax?: number, max = 1_000): Gate<string> {
  return new Gate("work", { concurrencyMax, queueMax: 10 }, max, () => undefined);
}

/** Runs that took so long, one after the other. */
function measured(gate: Gate<string>, ...durationsMs: readonly number[]): number {
  let nowMs = 0;
  for (const durationMs of durationsMs) gate.measured(nowMs, durationMs, 1, (nowMs += durationMs));
  return nowMs;
}

test("enough for a run is the usual time and four mean deviations, at most twice the usual time (T2)", () => {
  const gate = gateOf(1);
  expect([gate.usualMs, gate.enoughMs]).toEqual([0, 0]);
  measured(gate, 100);
  expect([gate.usualMs, gate.enoughMs]).toEqual([100, 100]);
  measured(gate, 110);
  expect([gate.usualMs, gate.enoughMs]).toEqual([101, 105]);
  measured(gate, 1_101);
  expect([gate.usualMs, gate.enoughMs]).toEqual([201, 402]);
  const shorter = gateOf(1);
  measured(shorter, 100, 90);
  expect([shorter.usualMs, shorter.enoughMs]).toEqual([99, 103]); // a short run deviates as well
});

test("what waits has its turn when those before it have had theirs, as many at a time as may run", () => {
  const gate = gateOf(4);
  measured(gate, 100);
  expect([gate.turnsMs(1), gate.turnsMs(8)]).toEqual([25, 200]);
});

describe("where nothing ends the limit grows (G6)", () => {
  test.for([
    [100, 500],
    [400, 800],
  ] as const)("of calls that take %i ms when none has for %i ms", ([durationMs, stallMs]) => {
    const gate = gateOf();
    const endMs = measured(gate, durationMs);
    gate.running = gate.limit;
    expect(gate.stallMs).toBe(stallMs);
    gate.raiseIfStalled(endMs + stallMs - 1);
    expect(gate.limit).toBe(100);
    gate.raiseIfStalled(endMs + stallMs);
    expect(gate.limit).toBe(200);
  });

  test("but not where it is not reached, nor beyond what the node may run (G1) (G5)", () => {
    const gate = gateOf(undefined, 150);
    gate.running = 99;
    gate.raiseIfStalled(10_000);
    expect(gate.limit).toBe(100);
    gate.running = 100;
    gate.raiseIfStalled(10_000);
    expect(gate.limit).toBe(150);
  });

  test("but not where it was given", () => {
    const gate = gateOf(2);
    gate.running = 2;
    expect(gate.stallMs).toBe(Infinity);
    gate.raiseIfStalled(1e9);
    expect(gate.limit).toBe(2);
  });
});
