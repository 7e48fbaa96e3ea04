import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf, variants } from "../calls/features.mjs";
import { drawPictures } from "../calls/pictures.mjs";
import { renderCalls } from "../calls/report.mjs";
import { figuresOf as reroutesOf } from "../calls/reroutes.mjs";
import { judge, targets } from "../calls/targets.mjs";
import { failuresOf, figuresOf } from "../calls/timeline.mjs";
import { monotonicMs } from "../lib/monotonic.mjs";
import { pauseMsMin, watchPauses } from "../lib/pauses.mjs";
import { assertMade, fill, turned } from "../mpreg/large-value.mjs";

const verdictOf = (/** @type {Parameters<typeof judge>[0]} */ measured, /** @type {string} */ id) =>
  judge(measured).find((verdict) => verdict.id === id);

test("without a figure no target of calls is reached or missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

/** One round with one turn, in which all that is not named had 100 calls per second. */
const round = (/** @type {Record<string, number>} */ named) => ({
  rates: [64, 512].map((inFlight) => ({
    inFlight,
    byVariant: { ...Object.fromEntries(variants.map(({ name }) => [name, 100])), ...named },
  })),
});

test("tracing is judged against the same program without it, and both ratios are told", () => {
  const rows = rowsOf([round({ deadlines: 84, contexts: 80, tracing: 72, all: 60 })]);
  const measured = { features: { rows, exportedSpans: {} } };
  const figures = (/** @type {string} */ id) => [verdictOf(measured, id)?.measured, verdictOf(measured, id)?.reached];
  assert.deepEqual(figures("features-tracing-64"), [0.9, true]);
  assert.deepEqual(figures("features-all-512"), [0.75, false]);
  assert.deepEqual(figures("features-deadlines-64"), [0.84, false]);
  const report = renderCalls({ ...partial, measurements: { features: { kind: "measured", ...measured.features } } });
  assert.match(report, /\| tracing, for callers .* \| +72.0 \| +0\.72 \| +0\.90 \|/);
  assert.match(report, /\| the program's contexts alone.* \| +80.0 \| +0\.80 \| +0\.80 \|/);
});

test("a ratio is the median of the rounds, each against blocks of its own turns", () => {
  const rows = rowsOf([
    round({ contexts: 50, tracing: 45 }),
    round({ contexts: 100, tracing: 70 }),
    round({ contexts: 80, tracing: 64 }),
  ]);
  const tracing = rows.find(({ variant, inFlight }) => variant === "tracing" && inFlight === 64);
  assert.deepEqual(tracing?.own, { ratio: 0.8, ratios: [0.9, 0.7, 0.8] });
  assert.equal(tracing?.ratio, 0.64);
});

const point = {
  offered: 1,
  failed: {},
  p50Ms: 20,
  p99Ms: 30,
  rssMb: { first: 100, last: 105, max: 105 },
};

test("goodput under overload is judged against the best of the same admission, at any load", () => {
  const rows = [
    { ...point, admission: /** @type {const} */ ("learned"), factor: 1, goodput: 100 },
    { ...point, admission: /** @type {const} */ ("learned"), factor: 5, goodput: 80 },
    { ...point, admission: /** @type {const} */ ("off"), factor: 1, goodput: 1_000 },
  ];
  const measured = { overload: { capacity: 100, timeoutMs: 500, rows } };
  assert.equal(verdictOf(measured, "overload-goodput-learned")?.measured, 0.8);
  assert.equal(verdictOf(measured, "overload-goodput-learned")?.reached, false);
  assert.equal(verdictOf(measured, "overload-memory-learned")?.measured, 1.05);
  assert.equal(verdictOf(measured, "overload-goodput-set")?.measured, null);
});

const held = { entry: 3, client: 70, first: 2_000, second: 4_000, third: 2_000 };

test("the memory of intermediates is that of the coordinator and the client, whoever has more", () => {
  const row = { mib: 1_024, way: /** @type {const} */ ("kept"), ms: 1, extraMib: held, failure: null };
  const measured = { intermediates: { rows: [row] } };
  assert.equal(verdictOf(measured, "intermediates-1024")?.measured, 70);
  assert.equal(verdictOf(measured, "intermediates-1024")?.reached, false);
  assert.equal(verdictOf(measured, "intermediates-64")?.measured, null);
});

test("a chain that fails misses its target", () => {
  const row = { mib: 64, way: /** @type {const} */ ("kept"), ms: null, extraMib: {}, failure: "too-large" };
  assert.equal(verdictOf({ intermediates: { rows: [row] } }, "intermediates-64")?.reached, false);
});

const call = (
  /** @type {number} */ atMs,
  /** @type {number} */ tookMs,
  /** @type {"idempotent" | "graph" | "once"} */ kind = "idempotent",
  /** @type {string | null} */ code = null,
) => ({ kind, atMs, tookMs, code });

test("a timeline has what was due in each quarter of a second, and its failures by kind", () => {
  const calls = [
    call(1_000, 10),
    call(1_100, 30),
    call(1_300, 20),
    call(1_310, 5_000, "once", "node-lost"),
    call(1_320, 1, "once"),
  ];
  const { kinds, buckets } = figuresOf(calls, 1_000);
  assert.deepEqual(buckets, [
    { atMs: 0, p50: 30, max: 30, failed: 0 },
    { atMs: 250, p50: 20, max: 20, failed: 1 },
  ]);
  assert.deepEqual(kinds.once.failed, { "node-lost": 1 });
  assert.equal(kinds.once.tookMs.max, 1);
  assert.equal(failuresOf([kinds.idempotent]), 0);
  assert.equal(failuresOf(Object.values(kinds)), 1);
});

test("while nodes are killed only what is idempotent must not fail, in a rolling restart nothing", () => {
  const calls = [call(0, 1), call(0, 1, "graph"), call(0, 1, "once"), call(0, 1, "once", "node-lost")];
  const timeline = { nodes: 5, callsPerSecond: 100, happenings: [], ...figuresOf(calls, 0) };
  assert.equal(verdictOf({ kills: { timeline } }, "kills-failures")?.reached, true);
  assert.equal(verdictOf({ restarts: { timeline } }, "restarts-failures")?.reached, false);
});

test("a call is re-routed from when the loss of its node was known until it was given to another", () => {
  const started = (/** @type {string} */ node, /** @type {number} */ atMs) => ({ node, atMs });
  const calls = [
    { startedOn: [started("victim", 90), started("other", 125)], code: null },
    { startedOn: [started("victim", 10)], code: null }, // ended before
    { startedOn: [started("other", 50)], code: null },
  ];
  const loss = { victim: "victim", lostMs: 100, signal: /** @type {const} */ ("SIGKILL") };
  const news = [
    { kind: "link-lost", name: "other", atMs: 101 },
    { kind: "node-lost", name: "victim", atMs: 102 },
    { kind: "link-lost", name: "victim", atMs: 105 },
  ];
  assert.deepEqual(reroutesOf({ calls, news }, loss), { noticedMs: 5, reroutedMs: [20], failed: 0 });
  assert.deepEqual(reroutesOf({ calls, news }, { ...loss, signal: "SIGSTOP" }), {
    noticedMs: 2,
    reroutedMs: [23],
    failed: 0,
  });
  assert.throws(() => reroutesOf({ calls, news: [] }, loss), /has not heard/);
  assert.throws(() => reroutesOf({ calls: calls.slice(1), news }, loss), /Nothing ran on victim/);
});

test("a large value is known byte by byte", () => {
  const value = turned(fill(200_000));
  assert.equal(assertMade(value, { isTurned: true }), 200_000);
  assert.throws(() => assertMade(value, { isTurned: false }), /Byte 0/);
  for (const at of [1, 100_000, 199_999]) {
    const changed = value.slice();
    changed[at] ^= 1;
    assert.throws(() => assertMade(changed, { isTurned: true }), /are not those that were made/);
  }
});

const timeline = {
  nodes: 3,
  callsPerSecond: 100,
  happenings: [
    { atMs: 300, node: "n0", what: /** @type {const} */ ("killed") },
    { atMs: 600, node: "n0", what: /** @type {const} */ ("ready again") },
  ],
  ...figuresOf([call(0, 10), call(300, 40, "once", "node-lost"), call(310, 80)], 0),
};

/** @type {import("../calls/report.mjs").Result} */
const partial = {
  commit: "c",
  date: "2026-01-01T00:00:00.000Z",
  machine: { cpu: "cpu", cores: 2, memoryGb: 1, system: "s", node: "v20" },
  options: { budget: /** @type {any} */ ({}), otherLoad: 0 },
  targets: [],
  measurements: {
    overload: {
      kind: "measured",
      capacity: 100,
      timeoutMs: 500,
      rows: [
        { ...point, admission: "learned", factor: 1, goodput: 100 },
        { ...point, admission: "off", factor: 5, goodput: 0, p50Ms: null, p99Ms: null, failed: { deadline: 400 } },
      ],
    },
    intermediates: {
      kind: "measured",
      rows: [
        { mib: 64, way: "kept", ms: 900, extraMib: held, failure: null },
        { mib: 1_024, way: "carried", ms: null, extraMib: {}, failure: "it is too large" },
      ],
    },
    kills: { kind: "measured", timeline, everyMs: 5_000, downMs: 1_000 },
    reroutes: { kind: "failed", title: "re-routing", reason: "nobody was lost\nat all" },
  },
};

test("a report of calls says what failed, what ended otherwise, and what was not measured", () => {
  const report = renderCalls(partial);
  assert.match(report, /\| +1 GiB \| the client, call by call \| failed: it is too large/);
  assert.match(report, /\| without admission control +\| +5× .*\| +0\.00 \| +– \| +– \| 400 deadline/);
  assert.match(report, /\| one that is not idempotent \| +1 \| 1 node-lost/);
  assert.match(report, /- not measured: re-routing \(nobody was lost\)/);
});

test("a report of calls says when the machine held up a process that only waits, and when never", () => {
  const reportOf = (/** @type {{ atMs: number, ms: number }[] | undefined} */ pauses) => {
    const restarts = { kind: /** @type {const} */ ("measured"), timeline: { ...timeline, pauses } };
    return renderCalls({ ...partial, measurements: { restarts } });
  };
  assert.match(reportOf([{ atMs: 5_000, ms: 850 }]), /held up 1 times, 850 ms at most \(at 5.00 s for 850 ms\)/);
  assert.match(reportOf([]), /was never held up for 100 ms/);
  assert.doesNotMatch(reportOf(undefined), /held up/);
});

test("a process that was held up is told of, for how long and since when", () => {
  const pausesSeen = watchPauses();
  const beganMs = monotonicMs();
  while (monotonicMs() < beganMs + 2 * pauseMsMin); // nothing else gets its turn
  const [pause] = pausesSeen();
  assert.ok(pause !== undefined && pause.ms > pauseMsMin && pause.atMs <= beganMs);
});

test("pictures of calls are drawn for what was measured: curves, and what happened to which node", () => {
  const pictures = drawPictures(partial);
  assert.deepEqual(Object.keys(pictures), ["overload-goodput.svg", "overload-p99.svg", "kills.svg"]);
  for (const label of ["killed", "ready again", "n0", "failed calls"]) {
    assert.ok(pictures["kills.svg"].includes(`>${label}</text>`), label);
  }
});
