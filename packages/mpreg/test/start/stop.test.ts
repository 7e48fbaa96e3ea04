/** How `mpreg start` ends. */
import { expect, test } from "vitest";
import { durationMsMax } from "../../src/input/options.js";
import { closeMsAllowed } from "../../src/start/stop.js";

test("a close may take its grace time and 5 s, and never more than a timer can wait (O2)", () => {
  expect([0, 30_000].map(closeMsAllowed)).toEqual([5_000, 35_000]);
  expect([durationMsMax - 5_001, durationMsMax - 1, durationMsMax].map(closeMsAllowed)).toEqual([
    durationMsMax - 1,
    durationMsMax,
    durationMsMax,
  ]);
  expect(durationMsMax).toBe(2 ** 31 - 1); // a timer of more is over at once
});
