import assert from "node:assert/strict";
import { test } from "node:test";
import { withChildren } from "../lib/child.mjs";
import { brokerOf } from "../pubsub/brokers.mjs";
import { exchange, rateOf, summarize } from "../queues/exchange.mjs";
import { contestants, quickBudget } from "../queues/index.mjs";
import { Received, bodyBytes, makeOrder } from "../queues/message.mjs";
import { drawPictures } from "../queues/pictures.mjs";
import { renderQueues, syncsOf } from "../queues/report.mjs";
import { judge, targets } from "../queues/targets.mjs";

const lossy = new URL("lossy-queue.mjs", import.meta.url);

test("a message that comes again is told apart (M1)", () => {
  const received = new Received();
  const first = [0, 2, 2, 100_000, 1, 0].map((number) => received.take(makeOrder(number, 0)));
  assert.deepEqual(first, [true, true, false, true, true, false]);
  assert.deepEqual([received.messages, received.repeated], [4, 2]);
});

test("a message that was changed on the way is refused", () => {
  assert.throws(() => new Received().take({ ...makeOrder(1, 0), note: "" }), /not what was sent/);
  assert.throws(() => new Received().take({ ...makeOrder(1, 0), number: 0.5 }), /not what was sent/);
});

test("a message is as long as the report says, about", () => {
  const { length } = JSON.stringify(makeOrder(12_345, 1e12));
  assert.ok(Math.abs(length - bodyBytes) < bodyBytes / 20, `${length}`);
});

test("a rate counts what was received until the last of it came (E1)", () => {
  assert.deepEqual(rateOf(500, { messages: 900, lastMs: 1_500 }), { messagesPerSecond: 900 });
});

test("a round's rate is the median of its blocks, and the broker's seconds those of all of them", () => {
  const block = (/** @type {number} */ rate, usedSeconds = 0.5) => ({
    messagesPerSecond: rate,
    messages: 100,
    usedSeconds,
  });
  assert.deepEqual(summarize([block(3), block(9), block(4)]), { messagesPerSecond: 4, messagesPerCpuSecond: 200 });
  assert.deepEqual(summarize([block(3, 0)]), { messagesPerSecond: 3 });
});

test("what a broker loses and repeats is seen, and it is measured to its end all the same", async () => {
  const about = { family: /** @type {const} */ ("peer"), group: /** @type {const} */ ("durable"), title: "lossy" };
  const contestant = exchange({
    ...about,
    name: "lossy",
    driver: lossy,
    withBroker: (work) =>
      withChildren(async (open) => {
        const child = open(lossy);
        return work(brokerOf([{ pid: child.pid, stop: async () => {} }], await child.call("serve")));
      }),
  });
  const figures = await contestant.measure({
    ...quickBudget,
    warmUpMs: 1,
    blocks: 1,
    blockMs: 20,
    singles: 20,
    quietMs: 200,
  });
  assert.ok(figures.lost >= 10 && figures.repeated >= 10);
  assert.ok(figures.messagesPerSecond > 0 && figures.p50Ms > 0);
});

test("without a figure no target of queues is reached or missed", () => {
  const verdicts = judge({});
  assert.equal(verdicts.length, targets.length);
  assert.ok(verdicts.every(({ measured, reached }) => measured === null && reached === null));
});

/** @param {Record<string, number[]>} named */
const measured = (named) => ({
  kind: /** @type {const} */ ("measured"),
  figures: Object.fromEntries(
    Object.entries(named).map(([key, rounds]) => [
      key,
      { median: rounds[0], min: Math.min(...rounds), max: Math.max(...rounds), rounds },
    ]),
  ),
});
const rate = (/** @type {number} */ value) => ({
  messagesPerSecond: [value],
  p50Ms: [1],
  p99Ms: [2],
  lost: [0],
  repeated: [0],
});
const outcomes = {
  "queues-mpreg": measured({ ...rate(30_000), lost: [0, 7, 1_000] }),
  "queues-rabbitmq": measured(rate(20_000)),
  "queues-commits": measured({ syncsPerMessageAt1000: [0.5], syncsPerMessageAt100: [4] }),
  "queues-idle": measured({
    consumers: [10_000],
    connections: [100],
    cpuSecondsPerMinuteAlone: [0.01],
    cpuSecondsPerMinuteConnected: [0.25],
    cpuSecondsPerMinute: [0.75],
    cpuSecondsPerMinuteOfPolls: [0.5],
    cpuSecondsPerMinuteRenewing: [1],
  }),
  "queues-waiting": measured({ messages: [1_000], heapBytesPerMessage: [150], restartMs: [6_000] }),
  "queues-sqs-sdk": measured(rate(600)),
  "queues-sqs-canned": measured(rate(1_000)),
};

test("what is a ratio is judged against the same run, all else by itself", () => {
  const verdicts = Object.fromEntries(judge(outcomes).map(({ id, ...verdict }) => [id, verdict]));
  const told = (/** @type {string} */ id) => [verdicts[id].measured, verdicts[id].reached];
  assert.deepEqual(told("queues-rabbitmq"), [1.5, true]);
  assert.deepEqual(told("queues-sqs-sdk"), [0.6, true]);
  assert.deepEqual(told("queues-idle"), [0.5, false]);
  assert.deepEqual(told("queues-waiting"), [150, true]);
  assert.deepEqual(told("queues-restart"), [6_000, false]);
  assert.deepEqual(told("queues-memory"), [null, null]);
});

const result = {
  commit: "c",
  date: "2026-01-01T00:00:00Z",
  machine: { cpu: "x", cores: 2, memoryGb: 8, system: "linux", node: "v20" },
  options: { rounds: 3, budget: /** @type {any} */ ({}), otherLoad: 0 },
  targets: [],
  contestants: /** @type {any} */ ({
    ...Object.fromEntries(
      contestants.map(({ name, title, family, group }) => [
        name,
        {
          title,
          family,
          group,
          .../** @type {any} */ (outcomes[name] ?? { kind: "unavailable", reason: "it is not there yet" }),
        },
      ]),
    ),
  }),
};

test("the report compares with RabbitMQ, names who is absent, and no median hides what one round lost", () => {
  const report = renderQueues(result);
  assert.match(report, /\| mpreg +\| +30,000 \| +1\.50× \| +– \| +1\.00 \| +2\.00 \| +\*\*1,007\*\* \| +0 \|/);
  assert.match(report, /- not measured: .*JetStream.*\(it is not there yet\)/);
  assert.match(report, /\| +100 \| +4\.00 \|\n\| +1,000 \| +0\.50 \|/);
});

test("syncs are in the order of loads, whatever the order of their figures", () => {
  const loads = syncsOf(/** @type {any} */ (outcomes["queues-commits"])).map(({ perSecond }) => perSecond);
  assert.deepEqual(loads, [100, 1_000]);
});

test("there is a picture of what was measured, and none without", () => {
  const { "queues-rates.svg": rates, "queues-syncs.svg": syncs } = drawPictures(result);
  const labels = [...rates.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => label);
  assert.deepEqual(labels, ["mpreg", "RabbitMQ"]);
  assert.match(syncs, />4\.00</);
  assert.deepEqual(drawPictures({ ...result, contestants: {} }), {});
});

test("nothing that is measured has the name of another, of any suite", async () => {
  const { contestants: others } = await import("../pubsub/index.mjs");
  const names = [...contestants, ...others].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
