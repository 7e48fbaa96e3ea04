/** Members that lie, in generated clusters: what the others believe, and what becomes of the liar. */
import { expect, test } from "vitest";
import { type HostileVerdict, runHostile } from "../../src/hostile/run-hostile.js";
import { lies } from "../../src/hostile/lies.js";
import { createMachine } from "../../src/node/machine.js";
import { clusterSeeds } from "../support/cluster-seeds.js";

const seeds = clusterSeeds(15);
const verdicts: HostileVerdict[] = [];

test.for(seeds)("nobody is harmed by what the liar of seed %i says (U1) (U2) (U3) (V2)", async (seed) => {
  const verdict = await runHostile(seed);
  verdicts.push(verdict);
  expect(verdict.violations).toEqual([]);
});

test.runIf(seeds.length > 10)("every kind of lie was told, and refused for what it is", () => {
  const told = new Set(verdicts.flatMap((verdict) => [...verdict.told]));
  expect([...told].sort()).toEqual(Object.keys(lies).sort());
  const refusals = verdicts.flatMap((verdict) => verdict.refusals).join("\n");
  for (const reason of [
    /a record of node \w+ that its key has not signed/,
    /a record of cluster "elsewhere"/,
    /an accusation of node \w+ that \w+ has not signed/,
    /offers of node \w+ that its key has not signed/,
    /which stands nowhere/,
    /more than 50 news per second/,
  ]) {
    expect(refusals).toMatch(reason);
  }
});

test.for([2, 4])("a cluster that takes every signature for genuine is harmed, with seed %i", async (seed) => {
  const verdict = await runHostile(seed, (options, capabilities, effects) => {
    const signer = { ...capabilities.signer, verify: () => true };
    return createMachine(options, { ...capabilities, signer }, effects);
  });
  expect(verdict.violations.map(({ guarantee }) => guarantee)).toContain("unharmed");
});

test("the same seed has the same verdict (V1)", async () => {
  const [first, second] = [await runHostile(4), await runHostile(4)];
  expect(second).toEqual(first);
});
