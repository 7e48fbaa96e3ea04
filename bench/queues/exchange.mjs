/**
 * Sending, receiving and acknowledging: a contestant, and what one round measures of it. The broker, the sender and the receiver are
 * processes of their own, started anew in every round.
 *
 * (E1) A rate counts what has been received, each message once, until the last of it came; what was confirmed and did not come is a loss, and is told.
 * (E2) A block is as long for the slow as for the fast: its messages are as many as the blocks before say.
 */
import { withChildren } from "../lib/child.mjs";
import { canSeeProcesses, cpuSeconds } from "../lib/processes.mjs";
import { median } from "../lib/stats.mjs";
import { nextBlock } from "../pubsub/contestant.mjs";

const senderModule = new URL("sender.mjs", import.meta.url);
const receiverModule = new URL("receiver.mjs", import.meta.url);

/** Sends that wait for their confirmation, and messages that are worked on, at most. */
export const inFlight = 256;

/** Of the times the first part, while code is compiled. */
const untimedShare = 0.25;

/**
 * @typedef {object} Budget how much of one contestant is measured in one round
 * @property {number} warmUpMs blocks that do not count
 * @property {number} blocks that count
 * @property {number} blockMs how long each takes, about
 * @property {number} singles messages that are sent one after the other, for times
 * @property {number} quietMs after so long without a message the rest of a block is lost
 * @property {number} idleConsumers
 * @property {number} idleSettleMs before, while V8 compiles and collects what came up to then: that goes on for a minute and a half
 * @property {number} idleMs for how long they are watched
 * @property {number} waitingMessages
 * @property {readonly number[]} offered loads, messages per second, for which commits are counted
 * @property {number} offeredMs how long each is offered
 * @property {number} sqsMs how long each load on the SQS door takes
 *
 * @typedef {object} About
 * @property {string} name
 * @property {"peer" | "mpreg"} family
 * @property {"durable" | "memory"} group
 * @property {string} title
 * @property {URL} driver exports `openSender({ address, durable })` → {@link import("./sender.mjs").Send}, and
 *   `openReceiver({ address, durable, concurrency, onMessage })`, which acknowledges what `onMessage` has returned from
 * @property {import("../pubsub/brokers.mjs").WithBroker} withBroker
 * @property {() => Promise<string | undefined> | string | undefined} [whyUnavailable]
 */

/** @param {About} about */
export function exchange({ driver, withBroker, ...about }) {
  const durable = about.group === "durable";
  return {
    ...about,
    name: `queues-${about.name}`,
    measure: (/** @type {Budget} */ budget) =>
      withBroker((broker) => measureExchange({ broker, driver: driver.href, durable, budget })),
  };
}

/**
 * Opens a receiver and a sender, and runs `work` with them.
 *
 * @template T
 * @param {{ driver: string, durable: boolean, sendAddress: any, receiveAddress: any }} job
 * @param {(both: { sender: import("../lib/child.mjs").Child, receiver: import("../lib/child.mjs").Child }) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withExchange({ driver, durable, sendAddress, receiveAddress }, work) {
  return withChildren(async (open) => {
    const receiver = open(receiverModule);
    const sender = open(senderModule);
    await sender.call("open", { driver, address: sendAddress, durable });
    await receiver.call("open", { driver, address: receiveAddress, durable, concurrency: inFlight });
    return work({ sender, receiver });
  });
}

/**
 * @param {{ broker: import("../pubsub/brokers.mjs").Broker, driver: string, durable: boolean, budget: Budget }} job
 * @returns {Promise<Record<string, number>>}
 */
function measureExchange({ broker, driver, durable, budget: { warmUpMs, blocks, blockMs, singles, quietMs } }) {
  const { publishAddress: sendAddress, subscribeAddress: receiveAddress } = broker;
  return withExchange({ driver, durable, sendAddress, receiveAddress }, async ({ sender, receiver }) => {
    const used = () => (canSeeProcesses ? cpuSeconds(broker.pids()) : 0);
    let confirmed = 0;
    const runBlock = async (/** @type {number} */ messages) => {
      confirmed += messages;
      await receiver.call("expect", { messages });
      const usedBefore = used();
      const arrives = receiver.call("arrived", { quietMs });
      const [{ startedMs }, arrived] = await Promise.all([sender.call("sendBlock", { messages, inFlight }), arrives]);
      return { ...rateOf(startedMs, arrived), messages: arrived.messages, usedSeconds: used() - usedBefore };
    };

    let messages = 1_000;
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

    confirmed += singles;
    await receiver.call("expect", { messages: singles, untimed: Math.floor(singles * untimedShare) });
    const arrives = receiver.call("arrived", { quietMs });
    await sender.call("sendSingly", { messages: singles });
    const { p50Ms, p99Ms } = await arrives;
    const { messages: received, repeated } = await receiver.call("totals");
    return { ...summarize(counted), p50Ms, p99Ms, lost: confirmed - received, repeated };
  });
}

/**
 * @param {number} startedMs
 * @param {{ messages: number, lastMs: number }} arrived
 */
export function rateOf(startedMs, { messages, lastMs }) {
  return { messagesPerSecond: messages / ((lastMs - startedMs) / 1_000) }; // (E1)
}

/**
 * @param {readonly { messagesPerSecond: number, messages: number, usedSeconds: number }[]} blocks
 * @returns {Record<string, number>}
 */
export function summarize(blocks) {
  const messages = blocks.reduce((sum, block) => sum + block.messages, 0);
  const usedSeconds = blocks.reduce((sum, block) => sum + block.usedSeconds, 0);
  return {
    messagesPerSecond: median(blocks.map(({ messagesPerSecond }) => messagesPerSecond)),
    ...(usedSeconds > 0 && { messagesPerCpuSecond: messages / usedSeconds }),
  };
}
