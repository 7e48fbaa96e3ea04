import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf } from "../topics/matching.mjs";
import { renderTopics } from "../topics/report.mjs";
import { judge, targets } from "../topics/targets.mjs";
import { makeLoad, variants, worstPatterns } from "../topics/workload.mjs";

test("without a figure no target of topics is reached or missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

test("the same seed makes the same load: different patterns, each with a wildcard, and topics of which the few are many", () => {
  const size = { subscriptions: 1_000, publishes: 5_000, seed: 7 };
  const load = makeLoad(size);
  const again = makeLoad(size);
  assert.deepEqual(again.patterns, load.patterns);
  assert.deepEqual(again.draws, load.draws);
  assert.equal(load.topics.length, 1_000_000);
  assert.equal(new Set(load.patterns).size, size.subscriptions);
  assert.ok(load.patterns.every((pattern) => pattern.split(".").some((word) => word === "*" || word === "#")));
  const counts = new Map();
  for (const draw of load.draws) counts.set(draw, (counts.get(draw) ?? 0) + 1);
  const most = Math.max(...counts.values()) / load.draws.length;
  assert.ok(most > 0.05 && most < 0.09, `the most frequent topic has ${most} of all, not the 0.069 of Zipf's law`);
});

const round = (/** @type {number} */ rate) => ({
  rates: Object.fromEntries(variants.map(({ name }) => [name, [rate, rate * 3, rate * 2]])),
  hits: Object.fromEntries(variants.map(({ name, cache }) => [name, cache ? 0.75 : 0])),
  size: { patterns: 100_000, nodes: 180_000, topics: 1_000_000 },
  matchesMean: 3,
  bytesPerPattern: 300,
  addsPerSecond: 5e5,
  removesPerSecond: 5e5,
});

test("rates are medians of turns, then of rounds; targets are judged by them", () => {
  const matching = figuresOf([round(4e5), round(6e5), round(5e5)]);
  const worst = {
    patterns: worstPatterns().length,
    rows: [64, 256].map((words) => ({ words, visited: words * 90, visitedMax: words * 122, us: words })),
  };
  assert.deepEqual(matching.rows[0].rates, [8e5, 1.2e6, 1e6]);
  const verdicts = judge({ matching, "worst-patterns": worst });
  assert.ok(verdicts.every(({ reached }) => reached === true));
  assert.equal(judge({ matching: figuresOf([round(4e5)]) })[0].reached, false);
  const report = renderTopics({
    commit: "c",
    date: "2026-01-01T00:00:00Z",
    machine: { cpu: "x", cores: 2, memoryGb: 8, system: "linux", node: "v20" },
    options: { budget: /** @type {any} */ ({}), otherLoad: 0 },
    targets: verdicts,
    measurements: { matching: { kind: "measured", ...matching }, "worst-patterns": { kind: "measured", ...worst } },
  });
  assert.match(report, /\| no cache: the trie alone +\| +1,000,000 \| 800,000–1,200,000 \| +0 % \|/);
  assert.match(report, /\| +256 \| +23,040 \| +90\.0 \| +31,232 \| +256 \|/);
});
