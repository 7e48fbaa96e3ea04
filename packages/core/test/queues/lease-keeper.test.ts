import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { Clock } from "../../src/program/index.js";
import { LeaseKeeper } from "../../src/program/queues/lease-keeper.js";
import { Leased } from "../../src/program/queues/leased.js";
import type { QueueHost } from "../../src/program/queues/asking.js";
import type { QueueMessage } from "../../src/program/queues/api.js";

interface Extension {
  readonly name: string;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** A keeper on a clock that the test moves. */
function start() {
  let nowMs = 0;
  let timer: { readonly callback: () => void; readonly dueMs: number } | undefined;
  let timersSet = 0;
  const extensions: Extension[] = [];
  const lost: string[] = [];
  const clock: Clock = {
    now: () => nowMs,
    wallMs: () => nowMs,
    setTimer: (callback, ms) => {
      expect(timer).toBeUndefined(); // (K3)
      timersSet += 1;
      timer = { callback, dueMs: nowMs + ms };
      return timer;
    },
    clearTimer: (cleared) => {
      if (cleared === timer) timer = undefined;
    },
    endOfTurn: () => undefined,
  };
  const names = new Map<Leased<unknown, unknown>, string>();
  const keeper = new LeaseKeeper<unknown, unknown>(clock, (leased) => lost.push(names.get(leased) as string));
  const holder = { done: () => undefined, threw: () => undefined };
  const lease = (name: string, visibleForMs: number): Leased<unknown, unknown> => {
    const extend = (): Promise<void> => new Promise((done, fail) => extensions.push({ name, done, fail }));
    const leased = new Leased({ extend } as unknown as QueueMessage, visibleForMs, {} as QueueHost, holder);
    names.set(leased, name);
    keeper.keep(leased);
    return leased;
  };
  const until = (ms: number): void => {
    for (; timer !== undefined && timer.dueMs <= ms;) {
      const { callback, dueMs } = timer;
      timer = undefined;
      nowMs = dueMs;
      callback();
    }
    nowMs = ms;
  };
  const told = (): Promise<void> => Promise.resolve().then(() => undefined);
  return {
    keeper,
    lease,
    until,
    told,
    lost,
    extensions,
    asked: () => extensions.map(({ name }) => name),
    timers: () => timersSet,
    isArmed: () => timer !== undefined,
  };
}

describe("leases that are kept", () => {
  test("are extended when half of their time is over, and again when half of that is (K1)", async () => {
    const { lease, until, told, extensions, asked } = start();
    lease("long", 1_000);
    lease("short", 200);
    until(99);
    expect(asked()).toEqual([]);
    until(100);
    expect(asked()).toEqual(["short"]);
    until(300);
    expect(asked()).toEqual(["short"]); // it is on its way
    extensions[0]?.done();
    await told();
    until(399);
    expect(asked()).toEqual(["short"]);
    until(400);
    expect(asked()).toEqual(["short", "short"]);
    until(500);
    expect(asked()).toEqual(["short", "short", "long"]);
  });

  test("are not extended once they are forgotten, also where that happens while an extension is on its way (K2)", async () => {
    const { keeper, lease, until, told, extensions, asked, lost } = start();
    const [first, second, third] = [lease("first", 200), lease("second", 200), lease("third", 200)];
    keeper.forget(first);
    until(100);
    expect(asked()).toEqual(["second", "third"]);
    keeper.forget(second);
    keeper.forget(third);
    extensions[0]?.done();
    extensions[1]?.fail(new MpregError("stale-receipt", "it is somebody else's"));
    await told();
    until(10_000);
    expect(asked()).toEqual(["second", "third"]);
    expect(lost).toEqual([]);
  });

  test("are tried again where an extension fails for another reason than that they are lost; of one that is lost that is told once", async () => {
    const { lease, until, told, extensions, asked, lost } = start();
    lease("away", 200);
    lease("lost", 200);
    until(100);
    extensions[0]?.fail(new MpregError("node-lost", "its node is gone"));
    extensions[1]?.fail(new MpregError("stale-receipt", "it is somebody else's"));
    await told();
    until(250);
    expect(asked()).toEqual(["away", "lost", "away"]);
    expect(lost).toEqual(["lost"]);
  });

  test("are tried again before they are over where an extension fails, sooner each time; and then as seldom as before (K4)", async () => {
    const { lease, until, told, extensions, asked } = start();
    lease("away", 1_000);
    const times: number[] = [];
    for (let ms = 0; ms <= 2_000; ms += 10) {
      until(ms);
      if (asked().length === times.length) continue;
      times.push(ms);
      extensions.at(-1)?.fail(new MpregError("unknown-queue", "its node is away"));
      await told();
    }
    expect(times).toEqual([500, 750, 880, 940, 990, 1_490, 1_990]);
  });

  test("share one timer, which those that are gone before half of their time do not move, and none is left when it is closed (K3)", () => {
    const { keeper, lease, until, timers, isArmed, asked } = start();
    for (let round = 0; round < 1_000; round++) {
      until(round);
      keeper.forget(lease("brief", 30_000));
    }
    expect(timers()).toBe(1);
    lease("last", 30_000);
    until(15_000);
    expect([timers(), asked()]).toEqual([2, []]);
    keeper.close();
    expect(isArmed()).toBe(false);
  });
});
