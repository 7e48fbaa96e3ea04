/** The limit that learns: simulated handlers that wait, compute, or wait for something that has a capacity. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AdaptiveLimit } from "../../../src/rpc/admission/limit.js";
import { seeded } from "../../support/random.js";

interface Run {
  readonly beganMs: number;
  readonly crowd: number;
  readonly endMs: number;
}

/** One function under load: `latencyOf` tells how long the `crowd`th call takes that begins at `nowMs`. */
class Load {
  nowMs = 0;
  ended = 0;
  readonly limit: AdaptiveLimit;
  readonly #running: Run[] = [];
  readonly #latencyOf: (crowd: number, nowMs: number) => number;

  constructor(latencyOf: (crowd: number, nowMs: number) => number, max = 100_000) {
    this.limit = new AdaptiveLimit(max);
    this.#latencyOf = latencyOf;
  }

  /** Lets `forMs` pass with always `offered` calls under way or waiting. */
  run(forMs: number, offered: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      while (this.#running.length < Math.min(offered, this.limit.value)) {
        const crowd = this.#running.length + 1;
        const run = { beganMs: this.nowMs, crowd, endMs: this.nowMs + this.#latencyOf(crowd, this.nowMs) };
        // kept by their ends
        let at = this.#running.length;
        while (at > 0 && this.#running[at - 1]!.endMs > run.endMs) at -= 1;
        this.#running.splice(at, 0, run);
      }
      const next = this.#running[0]!;
      if (next.endMs > endMs) break;
      this.#running.shift();
      this.nowMs = next.endMs;
      this.ended += 1;
      this.limit.measured(next.beganMs, this.nowMs - next.beganMs, next.crowd, this.nowMs);
    }
    this.nowMs = endMs;
  }

  /** Calls that end per second. */
  rate(forMs: number, offered: number): number {
    const before = this.ended;
    this.run(forMs, offered);
    return ((this.ended - before) * 1000) / forMs;
  }
}

const waits = (ms: number) => (): number => ms;
/** One thread: each takes as long as all that are before it and itself. */
const computes =
  (ms: number) =>
  (crowd: number): number =>
    ms * crowd;

describe("the limit of handlers that only wait", () => {
  test("grows as long as it is reached, within a second to thousands (G1)", () => {
    const load = new Load(waits(50));
    load.run(1_000, 5_000);
    expect(load.limit.value).toBeGreaterThanOrEqual(5_000);
  });

  test("stays where it is while it is not reached (G1)", () => {
    const load = new Load(waits(50));
    const before = load.limit.value;
    load.run(10_000, before - 1);
    expect(load.limit.value).toBe(before);
  });

  test("does not sink for long when latencies vary widely (G3)", () => {
    const random = seeded(1);
    const load = new Load(() => 5 - 100 * Math.log(1 - random.next()));
    load.run(20_000, 400);
    expect(load.rate(60_000, 400)).toBeGreaterThan(0.85 * (400 / 0.105));
  });

  test("comes back when latencies have risen for another reason (G3)", () => {
    let ms = 20;
    const load = new Load(() => ms, 400);
    load.run(5_000, 1_000);
    expect(load.limit.value).toBe(400);
    ms = 200;
    load.run(10_000, 1_000);
    expect(load.limit.value).toBe(400);
  });

  test("never exceeds what the node may run (G5)", () => {
    const load = new Load(waits(1), 30);
    load.run(1_000, 1_000);
    expect(load.limit.value).toBe(30);
  });
});

describe("the limit of handlers that compute", () => {
  test("sinks to a few, while as many end as before", () => {
    const load = new Load(computes(10));
    load.run(30_000, 1_000);
    expect(load.limit.value).toBeLessThanOrEqual(10);
    expect(load.rate(5_000, 1_000)).toBeGreaterThan(85);
  });

  test("stays low for as long as the load lasts (G4)", () => {
    const load = new Load(computes(10));
    load.run(30_000, 1_000);
    let most = 0;
    for (let turns = 0; turns < 100; turns++) {
      load.run(5_000, 1_000);
      most = Math.max(most, load.limit.value);
    }
    expect(most).toBeLessThanOrEqual(20);
  });

  test("sinks again after they only waited", () => {
    let latencyOf: (crowd: number) => number = waits(20);
    const load = new Load((crowd) => latencyOf(crowd), 1_000);
    load.run(5_000, 2_000);
    expect(load.limit.value).toBe(1_000);
    latencyOf = computes(5);
    load.run(60_000, 2_000);
    expect(load.limit.value).toBeLessThanOrEqual(20);
  });
});

test("what stands behind the handlers sets the limit: it stays near its capacity, and keeps it busy (G2)", () => {
  const capacity = 300;
  const load = new Load((crowd) => 50 * Math.max(1, crowd / capacity));
  load.run(20_000, 10_000);
  const limits: number[] = [];
  let ended = 0;
  for (let turns = 0; turns < 60; turns++) {
    ended += load.rate(1_000, 10_000);
    limits.push(load.limit.value);
  }
  expect(Math.max(...limits)).toBeLessThanOrEqual(3 * capacity);
  expect(ended / 60).toBeGreaterThan(0.9 * (capacity / 0.05));
});

test("whatever is measured, the limit is between 1 and its maximum (G5)", () => {
  const sample = fc.record({
    duration: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
    crowd: fc.nat(2_000),
    elapsed: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.array(sample, { maxLength: 2_000 }), (max, samples) => {
      const limit = new AdaptiveLimit(max);
      let nowMs = 0;
      for (const { duration, crowd, elapsed } of samples) {
        nowMs += elapsed;
        limit.measured(nowMs - Math.min(nowMs, duration), duration, crowd, nowMs);
        if (limit.value < 1 || limit.value > max) return false;
      }
      return true;
    }),
  );
});
