/**
 * A contestant of publish/subscribe, and what one round measures of it: a broker, the publisher and the subscribers are processes of
 * their own, started anew for each number of subscribers.
 *
 * (P1) A rate counts what has been received, until the last of it came; what was published and did not come is a loss, and is told.
 * (P2) A block is as long for the slow as for the fast: its messages are as many as the blocks before say.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { withChildren } from "../lib/child.mjs";
import { eventually } from "../lib/eventually.mjs";
import { canSeeProcesses, cpuSeconds } from "../lib/processes.mjs";
import { median } from "../lib/stats.mjs";

const publisherModule = new URL("publisher.mjs", import.meta.url);
const subscribersModule = new URL("subscribers.mjs", import.meta.url);
const idleModule = new URL("idle.mjs", import.meta.url);

/** How many subscribers, each of which gets every message. */
export const fanOuts = [1, 20];

/** The same load for all, as messages published per second: what the slowest of them can do. */
export const fixedPerSecond = 1_000;

/** Of a load the first part, in which queues of the load before are gone and code is compiled. */
const untimedShare = 0.25;

const blockMessagesMin = 1_000;
const blockMessagesMax = 2_000_000;
/** Before what is counted, so that what the first ones cost once is not divided among the others. */
const firstSubscriptions = 1_000;

/**
 * @typedef {object} Budget how much of one contestant is measured in one round
 * @property {number} warmUpMs blocks that do not count
 * @property {number} blocks that count, for each number of subscribers
 * @property {number} blockMs how long each takes, about
 * @property {number} latencyMs at each load
 * @property {number} quietMs after so long without a message the rest of a block is lost
 * @property {number} settleMs quiet time before memory is read
 * @property {number} idleSubscriptions
 *
 * @typedef {object} About
 * @property {string} name
 * @property {"bare" | "peer" | "mpreg"} family
 * @property {"one" | "many"} group brokers that are one node, or more than one
 * @property {string} title
 * @property {URL} driver exports `openPublisher({ address, topics })` → {@link import("./publisher.mjs").Publisher},
 *   `openSubscriber({ address, pattern, onMessage })`, and `openIdle({ address })` → a function that subscribes to patterns
 * @property {import("./brokers.mjs").WithBroker} withBroker
 * @property {number} [idleSubscriptionsMax] fewer than the budget has, where they are expensive; 0 = not measured
 * @property {() => Promise<string | undefined> | string | undefined} [whyUnavailable]
 */

/** @param {About} about */
export function contestant({ driver, withBroker, idleSubscriptionsMax = Infinity, ...about }) {
  return {
    ...about,
    name: `pubsub-${about.name}`,
    measure: async (/** @type {Budget} */ budget) => {
      /** @type {Record<string, number>} */
      const figures = {};
      for (const fanOut of fanOuts) {
        const measured = await withBroker((broker) => measureFanOut({ broker, driver: driver.href, fanOut, budget }));
        for (const [key, value] of Object.entries(measured)) figures[`${key}At${fanOut}`] = value;
      }
      const idle = Math.min(budget.idleSubscriptions, idleSubscriptionsMax);
      if (idle > 0) {
        const job = { driver: driver.href, subscriptions: idle, settleMs: budget.settleMs };
        figures.bytesPerSubscription = await withBroker((broker) => measureIdle({ broker, ...job }));
      }
      return figures;
    },
  };
}

/**
 * @param {{ broker: import("./brokers.mjs").Broker, driver: string, fanOut: number, budget: Budget }} job
 * @returns {Promise<Record<string, number>>}
 */
function measureFanOut({ broker, driver, fanOut, budget: { warmUpMs, blocks, blockMs, latencyMs, quietMs } }) {
  return withChildren(async (open) => {
    const subscribers = open(subscribersModule);
    const publisher = open(publisherModule);
    await subscribers.call("open", { driver, address: broker.subscribeAddress, subscriptions: fanOut });
    await publisher.call("open", { driver, address: broker.publishAddress });
    await eventually(async () => {
      await publisher.call("publishProbe");
      if (!(await subscribers.call("areReached"))) throw new Error("What is published does not reach all subscribers");
    });

    const runBlock = async (/** @type {number} */ messages) => {
      await subscribers.call("expect", { messages });
      const usedBefore = canSeeProcesses ? cpuSeconds(broker.pids()) : 0;
      const arrives = subscribers.call("arrived", { quietMs });
      const [published, arrived] = await Promise.all([publisher.call("publishBlock", { messages }), arrives]);
      const usedSeconds = (canSeeProcesses ? cpuSeconds(broker.pids()) : 0) - usedBefore;
      return { ...ratesOf({ messages, published, arrived }), deliveries: arrived.deliveries, usedSeconds };
    };
    const runOpen = async (/** @type {number} */ perSecond) => {
      const messages = Math.max(1, Math.round((perSecond * latencyMs) / 1_000));
      await subscribers.call("expect", { messages, untimed: Math.floor(messages * untimedShare) });
      const arrives = subscribers.call("arrived", { quietMs });
      await publisher.call("publishAt", { messages, perSecond });
      return arrives;
    };

    let messages = blockMessagesMin;
    const untilMs = performance.now() + warmUpMs;
    do {
      messages = nextBlock((await runBlock(messages)).messagesPerSecond, blockMs, messages);
    } while (performance.now() < untilMs);
    const counted = [];
    for (let block = 0; block < blocks; block++) {
      const run = await runBlock(messages);
      counted.push(run);
      messages = nextBlock(run.messagesPerSecond, blockMs, messages);
    }
    const rates = summarize(counted);
    const half = await runOpen(rates.messagesPerSecond / 2);
    const fixed = await runOpen(fixedPerSecond);
    const published = await publisher.call("publishedInAll");
    return {
      ...rates,
      ...timesOf(half, "Half"),
      ...timesOf(fixed, "Fixed"),
      ...lossesOf(published * fanOut, await subscribers.call("totals")),
    };
  });
}

/**
 * @param {{ messages: number, published: { startedMs: number, takenMs: number }, arrived: import("./subscribers.mjs").Arrived }} block
 * @returns {{ deliveriesPerSecond: number, messagesPerSecond: number, publishesPerSecond: number }} received in all, and of the
 *   messages that were published, per second until the last one came; and published, per second until the broker had taken them
 */
export function ratesOf({ messages, published: { startedMs, takenMs }, arrived: { deliveries, lastMs } }) {
  const seconds = (lastMs - startedMs) / 1_000;
  return {
    deliveriesPerSecond: deliveries / seconds,
    messagesPerSecond: messages / seconds,
    publishesPerSecond: messages / ((takenMs - startedMs) / 1_000),
  };
}

/**
 * @param {number} messagesPerSecond of the block before
 * @param {number} blockMs
 * @param {number} before its messages: the next block has at most eight times as many
 * @returns {number} (P2)
 */
export function nextBlock(messagesPerSecond, blockMs, before) {
  const wanted = Math.min(Math.round((messagesPerSecond * blockMs) / 1_000), before * 8, blockMessagesMax);
  return Math.max(blockMessagesMin, wanted);
}

/**
 * @param {({ deliveries: number, usedSeconds: number } & ReturnType<typeof ratesOf>)[]} blocks
 * @returns {Record<string, number> & { messagesPerSecond: number }}
 */
export function summarize(blocks) {
  const medianOf = (/** @type {"deliveriesPerSecond" | "messagesPerSecond" | "publishesPerSecond"} */ key) =>
    median(blocks.map((block) => block[key]));
  const sum = (/** @type {"deliveries" | "usedSeconds"} */ key) =>
    blocks.reduce((total, block) => total + block[key], 0);
  const usedSeconds = sum("usedSeconds");
  return {
    deliveriesPerSecond: medianOf("deliveriesPerSecond"),
    messagesPerSecond: medianOf("messagesPerSecond"),
    publishesPerSecond: medianOf("publishesPerSecond"),
    ...(usedSeconds > 0 ? { deliveriesPerCpuSecond: sum("deliveries") / usedSeconds } : {}),
  };
}

/**
 * @param {number} expected deliveries of all that was published
 * @param {{ messages: number, skipped: number, disordered: number }} totals
 */
export function lossesOf(expected, { messages, skipped, disordered }) {
  return { lost: expected - (messages - disordered), skipped, disordered };
}

/**
 * @param {import("./subscribers.mjs").Arrived} arrived
 * @param {"Half" | "Fixed"} load
 * @returns {Record<string, number>} nothing where nothing came
 */
function timesOf({ p50Ms, p99Ms }, load) {
  return p50Ms === null || p99Ms === null ? {} : { [`p50Ms${load}`]: p50Ms, [`p99Ms${load}`]: p99Ms };
}

/** @param {{ broker: import("./brokers.mjs").Broker, driver: string, subscriptions: number, settleMs: number }} job */
function measureIdle({ broker, driver, subscriptions, settleMs }) {
  return withChildren(async (open) => {
    const client = open(idleModule);
    await client.call("open", { driver, address: broker.subscribeAddress });
    await client.call("add", { subscriptions: Math.min(subscriptions, firstSubscriptions) });
    await sleep(settleMs);
    const before = await broker.memoryBytes();
    await client.call("add", { subscriptions });
    await sleep(settleMs);
    return ((await broker.memoryBytes()) - before) / subscriptions;
  });
}
