import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../lib/histogram.mjs";
import { monotonicMs, monotonicUs } from "../lib/monotonic.mjs";
import { readStat } from "../lib/processes.mjs";
import { findProgram, whyMissing } from "../lib/server.mjs";
import { percentile } from "../lib/stats.mjs";
import { withNodes } from "../pubsub/brokers.mjs";
import { contestant, lossesOf, nextBlock, ratesOf, summarize } from "../pubsub/contestant.mjs";
import { contestants } from "../pubsub/index.mjs";
import { Received, bodyBytes, makeBody, probe, sinceDueUs } from "../pubsub/message.mjs";
import { drawPictures } from "../pubsub/pictures.mjs";
import { renderPubsub } from "../pubsub/report.mjs";
import { judge, targets } from "../pubsub/targets.mjs";

const bareModule = new URL("../peers/pubsub/bare.mjs", import.meta.url);

/** Of one publisher's messages, those with these numbers have come, in this order. */
const took = (/** @type {number[]} */ sequences, publisher = 0, received = new Received()) => {
  for (const sequence of sequences) received.take(makeBody(publisher, sequence, 0));
  const { messages, skipped, disordered } = received;
  return { messages, skipped, disordered };
};

test("a number that was passed over is missing, also the first (M1)", () => {
  assert.deepEqual(took([0, 1, 2]), { messages: 3, skipped: 0, disordered: 0 });
  assert.deepEqual(took([2, 3, 7]), { messages: 3, skipped: 5, disordered: 0 });
});

test("numbers have 32 bits", () => {
  assert.deepEqual(took([0x81_02_03_04, 0x81_02_03_05]), { messages: 2, skipped: 0x81_02_03_04, disordered: 0 });
});

test("what comes twice or late is counted by itself, and fills no gap (M2)", () => {
  assert.deepEqual(took([0, 0, 2, 1, 3]), { messages: 5, skipped: 1, disordered: 2 });
});

test("only what came in its turn is counted by rates (M2)", () => {
  const received = new Received();
  const inTurn = [0, 2, 1, 2, 3].map((sequence) => received.take(makeBody(0, sequence, 0)));
  assert.deepEqual(inTurn, [true, true, false, false, true]);
});

test("each publisher is numbered by itself", () => {
  const received = new Received();
  took([0, 1], 0, received);
  assert.deepEqual(took([0, 3], 7, received), { messages: 4, skipped: 2, disordered: 0 });
});

test("a probe says that a subscription is reached, and counts for nothing", () => {
  const received = new Received();
  assert.equal(received.isReached, false);
  assert.equal(received.take(makeBody(probe, 0, 0)), false);
  assert.equal(received.isReached, true);
  assert.deepEqual(took([0, 1], 0, received), { messages: 2, skipped: 0, disordered: 0 });
});

test("a body that was changed on the way is refused", () => {
  const received = new Received();
  assert.throws(() => received.take(makeBody(0, 0, 0).subarray(1)), /A body of 127 bytes/);
  assert.throws(() => received.take(Buffer.alloc(bodyBytes)), /not what was published/);
});

test("the time since a message was due survives the end of its 32 bits, and is not below 0", () => {
  const wrap = 2 ** 32;
  assert.equal(sinceDueUs(makeBody(0, 0, 5 * wrap - 100), 5 * wrap + 200), 300);
  assert.equal(sinceDueUs(makeBody(0, 0, 1_000.7), 4_000.2), 3_000);
  assert.equal(sinceDueUs(makeBody(0, 0, 1_005), 1_000), 0);
  assert.equal(sinceDueUs(new Uint8Array(makeBody(0, 9, 3 * wrap + 7)), 3 * wrap + 17), 10);
});

test("the clock that is read for every message is never ahead of the one that processes share", () => {
  for (let i = 0; i < 100; i++) assert.ok(monotonicUs() / 1e3 <= monotonicMs());
});

test("a histogram's percentile is the nearest rank, to a hundredth of a millisecond", () => {
  const histogram = new Histogram();
  const us = Array.from({ length: 5_000 }, (_, index) => ((index * 7_919) % 5_000) * 13);
  for (const each of us) histogram.add(each);
  for (const fraction of [0, 0.5, 0.99, 1]) {
    const exactMs = percentile(us, fraction) / 1e3;
    assert.ok(histogram.percentileMs(fraction) >= exactMs && histogram.percentileMs(fraction) <= exactMs + 0.0101);
  }
  assert.equal(histogram.count, 5_000);
  histogram.add(1e12);
  assert.equal(histogram.percentileMs(1), 2_000);
  assert.throws(() => new Histogram().percentileMs(0.5), /empty/);
});

test("a rate counts what was received until the last of it came (P1)", () => {
  const rates = ratesOf({
    messages: 1_000,
    published: { startedMs: 500, takenMs: 600 },
    arrived: { deliveries: 19_000, lastMs: 1_500, p50Ms: null, p99Ms: null },
  });
  assert.deepEqual(rates, { deliveriesPerSecond: 19_000, messagesPerSecond: 1_000, publishesPerSecond: 10_000 });
});

test("what came twice does not make up for what was lost", () => {
  const losses = lossesOf(100, { messages: 100, skipped: 3, disordered: 3 });
  assert.deepEqual(losses, { lost: 3, skipped: 3, disordered: 3 });
});

test("blocks are as long for the slow as for the fast, and grow step by step (P2)", () => {
  assert.equal(nextBlock(200_000, 500, 50_000), 100_000);
  assert.equal(nextBlock(1e6, 500, 1_000), 8_000);
  assert.equal(nextBlock(10, 500, 1_000), 1_000);
  assert.equal(nextBlock(1e9, 500, 1e9), 2_000_000);
});

test("a round's rates are the medians of its blocks, and the broker's seconds those of all of them", () => {
  const block = (/** @type {number} */ rate) => ({
    deliveriesPerSecond: rate,
    messagesPerSecond: rate / 20,
    publishesPerSecond: rate / 10,
    deliveries: 100,
    usedSeconds: 0.25,
  });
  assert.deepEqual(summarize([block(400), block(1_000), block(200)]), {
    deliveriesPerSecond: 400,
    messagesPerSecond: 20,
    publishesPerSecond: 40,
    deliveriesPerCpuSecond: 400,
  });
  assert.ok(!("deliveriesPerCpuSecond" in summarize([{ ...block(1), usedSeconds: 0 }])));
});

test("the name of a process may have spaces and brackets in it", () => {
  assert.deepEqual(readStat("12 (a) b (c)) S 7 12").slice(0, 2), ["S", "7"]);
});

test("a program that is not there is named", () => {
  assert.equal(whyMissing("sh"), undefined);
  assert.equal(findProgram("no-such-broker"), undefined);
  assert.equal(whyMissing("no-such-broker", "sh", "nor-this"), "no-such-broker and nor-this not installed");
});

const budget = { warmUpMs: 1, blocks: 1, blockMs: 20, latencyMs: 100, settleMs: 1, idleSubscriptions: 0 };
const withBare = withNodes(async (open) => {
  const node = open(bareModule);
  return { addresses: [await node.call("serve")], nodes: [node] };
});
const about = { family: /** @type {const} */ ("bare"), group: /** @type {const} */ ("one"), withBroker: withBare };

/** Of what was published in the blocks that count. */
const deliveredShare = (/** @type {Record<string, number>} */ figures, /** @type {number} */ fanOut) =>
  figures[`deliveriesPerSecondAt${fanOut}`] / (figures[`messagesPerSecondAt${fanOut}`] * fanOut);

test("everything that was published is received, once and in order, by each subscriber", async () => {
  const whole = contestant({ ...about, name: "whole", title: "whole", driver: bareModule });
  const figures = await whole.measure({ ...budget, quietMs: 10_000 });
  for (const fanOut of [1, 20]) {
    assert.deepEqual(
      ["lost", "skipped", "disordered"].map((key) => figures[`${key}At${fanOut}`]),
      [0, 0, 0],
    );
    assert.ok(Math.abs(deliveredShare(figures, fanOut) - 1) < 1e-9);
    assert.ok(figures[`p99MsHalfAt${fanOut}`] > 0);
  }
});

test("what a contestant loses and repeats is seen, and it is measured to its end all the same", async () => {
  const driver = new URL("lossy-driver.mjs", import.meta.url);
  const lossy = contestant({ ...about, name: "lossy", title: "lossy", driver });
  const figures = await lossy.measure({ ...budget, quietMs: 200 });
  for (const fanOut of [1, 20]) {
    assert.ok(deliveredShare(figures, fanOut) > 0 && deliveredShare(figures, fanOut) < 1);
    assert.ok(figures[`lostAt${fanOut}`] > 0);
    assert.ok(figures[`skippedAt${fanOut}`] > 0);
    assert.ok(figures[`disorderedAt${fanOut}`] > 0);
  }
});

test("without a figure no target of publish and subscribe is reached or missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

/** What was measured of a contestant: rates as given, nothing lost but what is named. */
const measured = (/** @type {number} */ rate, /** @type {Record<string, number[]>} */ named = {}) => {
  const figures = Object.fromEntries(
    [1, 20].flatMap((fanOut) =>
      [
        ...["deliveriesPerSecond", "messagesPerSecond", "publishesPerSecond"].map((key) => [key, rate * fanOut]),
        ...["p50MsHalf", "p99MsHalf", "p50MsFixed", "p99MsFixed"].map((key) => [key, 2]),
        ...["lost", "skipped", "disordered"].map((key) => [key, 0]),
      ].map(([key, value]) => [`${key}At${fanOut}`, { median: value, min: value, max: value, rounds: [value] }]),
    ),
  );
  for (const [key, rounds] of Object.entries(named)) {
    figures[key] = { median: rounds[0], min: Math.min(...rounds), max: Math.max(...rounds), rounds };
  }
  return { kind: /** @type {const} */ ("measured"), figures };
};

test("rates are judged against NATS and Redis of the same run, memory and times by themselves", () => {
  const outcomes = {
    "pubsub-mpreg": measured(600, { bytesPerSubscription: [2_000] }),
    "pubsub-nats": measured(800),
    "pubsub-redis": measured(300),
    "pubsub-mpreg-two-nodes": measured(390),
  };
  const verdicts = Object.fromEntries(judge(outcomes).map(({ id, ...verdict }) => [id, verdict]));
  const told = (/** @type {string} */ id) => [verdicts[id].measured, verdicts[id].reached];
  assert.deepEqual(told("pubsub-nats-1"), [0.75, false]);
  assert.deepEqual(told("pubsub-redis-20"), [2, true]);
  assert.deepEqual(told("pubsub-two-nodes"), [0.65, true]);
  assert.deepEqual(told("pubsub-p99-1"), [2, true]);
  assert.deepEqual(told("pubsub-memory"), [2_000, false]);
});

const partial = {
  commit: "c",
  date: "2026-01-01T00:00:00Z",
  machine: { cpu: "x", cores: 2, memoryGb: 8, system: "linux", node: "v20" },
  options: { rounds: 3, budget: /** @type {any} */ ({}), otherLoad: 0 },
  targets: [],
};
const titled = (/** @type {"mpreg" | "peer"} */ family, /** @type {string} */ title, /** @type {object} */ outcome) =>
  /** @type {any} */ ({ title, family, group: "one", ...outcome });

test("the report compares with NATS, names who is absent, and no median hides what one round lost", () => {
  const report = renderPubsub({
    ...partial,
    contestants: {
      "pubsub-mpreg": titled("mpreg", "mpreg", { kind: "unavailable", reason: "it is not there yet" }),
      "pubsub-nats": titled("peer", "NATS", measured(800)),
      "pubsub-redis": titled("peer", "Redis", measured(400, { lostAt20: [0, 7, 1_000] })),
    },
  });
  assert.match(report, /\| Redis \| +400 \| +0\.50× \| +400 \| +– \| +0 \| +0 \|/);
  assert.match(report, /\| Redis \| +8,000 \| +0\.50× \| +8,000 \| +– \| +\*\*1,007\*\* \| +0 \|/);
  assert.match(report, /- not measured: mpreg \(it is not there yet\)/);
  assert.match(report, /!\[.*\]\(pubsub-rates\.svg\)/);
  assert.doesNotMatch(report, /An idle subscription|More than one process/);
});

test("the picture has a bar for each that was measured, the longest first, and none without", () => {
  const contestants = {
    "pubsub-nats": titled("peer", "NATS", measured(800)),
    "pubsub-mpreg": titled("mpreg", "mpreg", measured(1_000)),
    "pubsub-redis": titled("peer", "Redis", { kind: "failed", reason: "it ended" }),
  };
  const { "pubsub-rates.svg": picture } = drawPictures({ ...partial, contestants });
  const labels = [...picture.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => label);
  assert.deepEqual(labels, ["mpreg", "NATS", "mpreg", "NATS"]);
  assert.match(picture, />20,000</);
  assert.deepEqual(drawPictures({ ...partial, contestants: {} }), {});
});

test("nothing that is measured has the name of another, of any suite", async () => {
  const { contestants: others } = await import("../contestants/index.mjs");
  const names = [...contestants, ...others].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
