import { expect, test } from "vitest";
import { Quantile } from "../../src/structures/index.js";
import { seeded } from "../support/random.js";

/** The share of `count` more values that the estimate exceeds as they come. */
function shareBelow(quantile: Quantile, count: number, draw: () => number): number {
  let below = 0;
  for (let i = 0; i < count; i++) {
    const value = draw();
    if (value <= (quantile.value ?? 0)) below += 1;
    quantile.add(value);
  }
  return below / count;
}

test.each([
  ["even", (x: number) => 10 + 90 * x],
  ["exponential", (x: number) => -20 * Math.log(1 - x)],
  ["heavy", (x: number) => 1 / (1 - x)],
])("of %s values about the share that was asked for is below the estimate (Q1)", (_name, of) => {
  const random = seeded(3);
  const quantile = new Quantile(0.95);
  const draw = (): number => of(random.next());
  shareBelow(quantile, 300, draw);
  const share = shareBelow(quantile, 5_000, draw);
  expect(share).toBeGreaterThan(0.92);
  expect(share).toBeLessThan(0.98);
});

test("the estimate follows values that become a hundred times as large, and as small again (Q1)", () => {
  const random = seeded(4);
  const quantile = new Quantile(0.95);
  for (const scale of [1, 100, 1]) {
    shareBelow(quantile, 4_000, () => scale * (1 + random.next()));
    expect(quantile.value! / scale).toBeGreaterThan(1.5);
    expect(quantile.value! / scale).toBeLessThan(2.5);
  }
});

test("nothing is known of a few values; values of 0 do not hold it there (Q2)", () => {
  const quantile = new Quantile(0.95);
  for (let i = 0; i < 19; i++) quantile.add(0);
  expect(quantile.value).toBeUndefined();
  quantile.add(0);
  expect(quantile.value).toBeLessThan(1);
  for (let i = 0; i < 500; i++) quantile.add(1_000);
  expect(quantile.value).toBeGreaterThan(500);
});
