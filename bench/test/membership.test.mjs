import assert from "node:assert/strict";
import { test } from "node:test";
import { serfConvergenceMs, serfShareAt } from "../lib/serf-model.mjs";
import { summarize } from "../lib/stats.mjs";
import { renderVerdicts, verdictOn } from "../lib/verdicts.mjs";
import { drawPictures } from "../membership/pictures.mjs";
import { renderMembership } from "../membership/report.mjs";
import { judge, targets } from "../membership/targets.mjs";

test("Serf's model gives what its simulator shows for 100 nodes: 2.0 s clean, 2.6 s with a quarter lost", () => {
  assert.equal(serfConvergenceMs({ nodes: 100, lossRatio: 0 }), 2_000);
  assert.equal(serfConvergenceMs({ nodes: 100, lossRatio: 0.25 }), 2_600);
});

test("in Serf's model hardly anybody but one knows at first, and all but one in ten thousand at the end", () => {
  const cluster = { nodes: 200, lossRatio: 0.05 };
  assert.equal(serfShareAt(0, cluster), 1 / 202);
  const endMs = serfConvergenceMs(cluster);
  assert.ok(serfShareAt(endMs, cluster) >= 0.9999);
  assert.ok(serfShareAt(endMs - 200, cluster) < 0.9999);
});

test("a summary names the middle, the tail and how many there were", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(summarize(values), { p50: 50.5, p99: 100, max: 100, count: 100 });
});

test("a bound that is not measured is told so, and one that is missed stands out", () => {
  const bound = { id: "b", text: "bytes", bound: /** @type {const} */ ("at most"), limit: 10, unit: "bytes/s" };
  const [unknown, reached, missed] = [undefined, 10, 11].map((measured) =>
    renderVerdicts([verdictOn(bound, measured)]),
  );
  assert.match(unknown, /not measured +\| –/);
  assert.match(reached, /10\.0 bytes\/s +\| yes/);
  assert.match(missed, /11\.0 bytes\/s +\| \*\*no\*\*/);
});

test("without a figure no target of membership is reached or missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

const summary = (/** @type {number} */ max) => ({ p50: 1, p99: max, max, count: 10 });

test("the slowest change of any size and loss rate is what stands against Serf's model", () => {
  const row = { nodes: 100, lossRatio: 0, added: summary(1_000), removed: summary(500), serfMs: 2_000 };
  const slow = { ...row, nodes: 5, lossRatio: 0.25, removed: summary(3_000) };
  const verdicts = judge({ convergence: { rows: [row, slow], curves: [] } });
  assert.equal(verdicts.find(({ id }) => id === "convergence-serf")?.measured, 1.5);
  assert.equal(verdicts.find(({ id }) => id === "convergence-100-0")?.measured, 1_000);
  assert.equal(verdicts.find(({ id }) => id === "convergence-100-25")?.measured, null);
});

test("a crash counts as noticed once it is routed around and down, in the worst case of its profile", () => {
  const row = { nodes: 20, profile: /** @type {const} */ ("lan"), silent: false, wronglyDown: 0 };
  const rows = [
    { ...row, unrouted: summary(1), down: summary(1_500) },
    { ...row, silent: true, unrouted: summary(6_000), down: summary(2_000) },
  ];
  const verdicts = judge({ detection: { rows } });
  assert.equal(verdicts.find(({ id }) => id === "detection-lan")?.measured, 6_000);
  assert.equal(verdicts.find(({ id }) => id === "detection-lan")?.reached, false);
  assert.equal(verdicts.find(({ id }) => id === "detection-local")?.measured, null);
});

/** @type {import("../membership/report.mjs").Result} */
const partial = {
  commit: "c",
  date: "2026-01-01T00:00:00.000Z",
  machine: { cpu: "cpu", cores: 2, memoryGb: 1, system: "s", node: "v20" },
  options: { budget: /** @type {any} */ ({ trafficMs: { durationMs: 1_000 } }), otherLoad: 0 },
  targets: [],
  measurements: {
    traffic: {
      kind: "measured",
      rows: [5, 20].map((nodes) => ({
        nodes,
        bytesPerSecond: 30 * nodes,
        cpuPercent: 0.05,
        socketsMedian: 4,
        socketsMax: 4,
        observersMin: 4,
      })),
    },
    serf: { kind: "unavailable", title: "beside Serf", reason: "serf is not installed" },
  },
};

test("a report says what was not measured, and why", () => {
  assert.match(renderMembership(partial), /- not measured: beside Serf \(serf is not installed\)/);
});

test("a picture is drawn for what was measured, and for nothing else", () => {
  const pictures = drawPictures(partial);
  assert.deepEqual(Object.keys(pictures), ["traffic.svg"]);
  assert.match(pictures["traffic.svg"], />600<\/text>/);
});
