import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeGrowth } from "../lib/growth.mjs";
import { median, percentile, slope } from "../lib/stats.mjs";
import { judge, targets } from "../lib/targets.mjs";

const tolerance = { noiseMb: 2, noiseFraction: 0.05 };
const tenMinutes = (/** @type {(minute: number) => number} */ megabytesAt) =>
  Array.from({ length: 60 }, (_, i) => ({ atMs: (i + 1) * 10_000, bytes: megabytesAt((i + 1) / 6) * 1e6 }));
const noise = (/** @type {number} */ minute) => Math.sin(minute * 100) * 1.5;

test("the median of an even number of values is the mean of the middle two", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
});

test("the highest percentiles are values that occurred", () => {
  assert.equal(percentile([1, 2, 3, 4], 0.99), 4);
});

test("one outlier does not tilt the slope", () => {
  const points = Array.from({ length: 20 }, (_, x) => ({ x, y: x === 19 ? 1000 : 2 * x }));
  assert.equal(slope(points), 2);
});

test("noise around a level is not growth", () => {
  assert.equal(
    judgeGrowth(
      tenMinutes((minute) => 40 + noise(minute)),
      tolerance,
    ).growing,
    false,
  );
});

test("a leak smaller than the noise of one sample is growth", () => {
  const growth = judgeGrowth(
    tenMinutes((minute) => 40 + 0.5 * minute + noise(minute)),
    tolerance,
  );
  assert.equal(growth.growing, true);
  assert.ok(Math.abs(growth.slopeMbPerMinute - 0.5) < 0.1);
});

test("the climb of the warm-up does not count as growth (G1)", () => {
  assert.equal(
    judgeGrowth(
      tenMinutes((minute) => 40 + 20 * Math.min(minute, 1.5)),
      tolerance,
    ).growing,
    false,
  );
});

test("a target whose contestants did not run is neither reached nor missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

test("a target is reached at its limit", () => {
  const figure = (/** @type {number} */ median) => ({ median, min: median, max: median, rounds: [median] });
  const verdicts = judge({
    "mpreg-echo": { kind: "measured", figures: { callsPerSecondAt64: figure(100) } },
    "moleculer-tcp": { kind: "measured", figures: { callsPerSecondAt64: figure(50) } },
    "ws-batch-msgpack": { kind: "measured", figures: { callsPerSecondAt64: figure(201) } },
  });
  assert.equal(verdicts.find(({ id }) => id === "echo-64-moleculer")?.reached, true);
  assert.equal(verdicts.find(({ id }) => id === "echo-64-bare")?.reached, false);
});
