import { describe, expect, it } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { type QueueEverywhereHost, whenKnownEverywhere } from "../../src/node/queue-everywhere.js";
import type { EverywhereWaiter } from "../../src/topics/interest/index.js";
import { Clock } from "../support/clock.js";

function start(isFull: boolean = false) {
  const clock = new Clock();
  const waiters = new Set<EverywhereWaiter>();
  const told: number[] = [];
  const interests = {
    everywhere: (waiter: EverywhereWaiter) => {
      if (isFull) throw new MpregError("overloaded", "too many wait");
      waiters.add(waiter);
    },
    leave: (waiter: EverywhereWaiter) => {
      waiters.delete(waiter);
    },
  };
  const host = {
    schedule: clock.schedule,
    unschedule: clock.unschedule,
    cluster: { interests },
  } as unknown as QueueEverywhereHost;
  const stop = whenKnownEverywhere(host, () => told.push(clock.nowMs), clock.nowMs);
  return { clock, waiters, told, stop };
}

describe("what topics feed", () => {
  it("is told once all nodes know it, and not at once (K1)", () => {
    const { clock, waiters, told } = start();
    clock.advance(500);
    expect(told).toEqual([]);
    for (const waiter of waiters) waiter.everywhere(clock.nowMs);
    expect(told).toEqual([]);
    clock.advance(0);
    clock.advance(60_000);
    expect([told, waiters.size, clock.scheduled]).toEqual([[500], 0, 0]);
  });

  it("is told after 10 s where a node says nothing, and soon where too many wait (K1)", () => {
    const silent = start();
    silent.clock.advance(60_000);
    expect([silent.told, silent.waiters.size]).toEqual([[10_000], 0]);
    const full = start(true);
    full.clock.advance(0);
    expect(full.told).toEqual([0]);
  });

  it("holds nothing once nobody waits any more", () => {
    const { clock, waiters, told, stop } = start();
    stop();
    clock.advance(60_000);
    expect([told, waiters.size, clock.scheduled]).toEqual([[], 0, 0]);
  });
});
