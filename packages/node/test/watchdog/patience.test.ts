/** Patience: ticks of the watcher, counted against beats of the event loop. */
import { Patience, tickMsOf } from "../../src/watchdog/patience.js";
import { expect, test } from "vitest";

const limitMs = 1_000;

/** How long, in ms of the watcher's own ticks, until it is blocked: what `beatsAt` says of each tick. */
function blockedAfterMs(beatsAt: (tick: number) => number, isInspectedAt = (_tick: number): boolean => false): number {
  const patience = new Patience();
  for (let tick = 1; tick <= 1_000; tick++) {
    if (patience.isOver(beatsAt(tick), isInspectedAt(tick))) return tick * tickMsOf(limitMs);
  }
  return Infinity;
}

test("a loop that does not beat for longer than the limit is blocked, and one tick longer is enough (D2)", () => {
  const lastBeatMs = 10 * tickMsOf(limitMs);
  const afterMs = blockedAfterMs((tick) => Math.min(tick, 10)) - lastBeatMs;
  expect(afterMs).toBe(limitMs + tickMsOf(limitMs));
});

test("a loop that beats now and then is not blocked, however many beats it misses in all (D2)", () => {
  expect(blockedAfterMs((tick) => Math.floor(tick / 20))).toBe(Infinity);
});

test("no debugger may have stopped a loop that is blocked: it counts from when it is gone (D3)", () => {
  expect(
    blockedAfterMs(
      () => 1,
      () => true,
    ),
  ).toBe(Infinity);
  const goneMs = 100 * tickMsOf(limitMs);
  const isInspectedAt = (tick: number): boolean => tick <= 100;
  expect(blockedAfterMs(() => 1, isInspectedAt) - goneMs).toBe(limitMs + tickMsOf(limitMs));
});
