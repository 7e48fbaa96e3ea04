/** Links that work one way only, stall or are half-open, in generated clusters. */
import { expect, test } from "vitest";
import { type LinkVerdict, runBrokenLinks } from "../../src/broken-links/run-broken-links.js";
import { planLinks } from "../../src/broken-links/plan.js";
import { clusterSeeds } from "../support/cluster-seeds.js";
import { isLong } from "../support/long.js";

const seeds = clusterSeeds(15);
const plans = seeds.map((seed) => planLinks(seed, isLong ? 40 : 12));
const verdicts: LinkVerdict[] = [];

test.for(plans)(
  "whoever is reached by some is down for nobody, and all agree once links work again: seed $seed (R1) (R2) (V2)",
  async (plan) => {
    const verdict = await runBrokenLinks(plan);
    verdicts.push(verdict);
    expect(verdict.violations).toEqual([]);
  },
);

test.runIf(seeds.length > 10)("every kind of fault is among them; some are suspected for it, and lost", () => {
  const kinds = new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(["deaf", "half-open", "mute", "one-way", "stall"]);
  expect(verdicts.some(({ suspected }) => suspected > 0)).toBe(true);
  expect(verdicts.some(({ lost }) => lost.size > 0)).toBe(true);
});
