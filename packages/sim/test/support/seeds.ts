/**
 * Seeds: generated worlds as tests, a few dozen to a test so that none takes long.
 *
 * SIM_SEEDS=20000 runs that many, SIM_SEED=123 only the one.
 */
import { expect, test } from "vitest";
import { explainFailure, explore } from "../../src/index.js";

const again = "SIM_SEED=% npm test -- packages/sim/test/explore/";
const seedsPerTest = 25;

/** Tests every `parts`-th group of seeds, beginning with number `part`. */
export function testSeeds(part: number, parts: number): void {
  const { SIM_SEED: only, SIM_SEEDS: count = "1000" } = process.env;
  if (only !== undefined) {
    testRange(Number(only), 1);
    return;
  }
  for (let from = 1 + part * seedsPerTest; from <= Number(count); from += parts * seedsPerTest) {
    testRange(from, Math.min(seedsPerTest, Number(count) - from + 1));
  }
}

function testRange(from: number, count: number): void {
  test(`every guarantee holds in the worlds of the seeds ${from} to ${from + count - 1}`, async () => {
    const { failures } = await explore({ from, count, onSeed: () => new Promise((resolve) => setImmediate(resolve)) });
    const [first] = failures;
    if (first !== undefined) expect.fail(await explainFailure(first, again));
  });
}
