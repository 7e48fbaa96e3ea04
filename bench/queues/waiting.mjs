/** Many messages that wait: what they take of the node's memory, and how soon it has them again after it was killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { withChildren } from "../lib/child.mjs";
import { withFolder } from "../lib/server.mjs";
import { importMpreg } from "../mpreg/build.mjs";
import { openQueueNode } from "./brokers.mjs";
import { inFlight } from "./exchange.mjs";

const driver = new URL("../mpreg/queue-client.mjs", import.meta.url).href;
const senderModule = new URL("sender.mjs", import.meta.url);
/** Before what is counted: what is made once, and what a heap is grown for. */
const firstMessages = 2_000;
const settleMs = 1_000;
const fillTimeoutMs = 10 * 60_000;

export const waiting = {
  name: "queues-waiting",
  title: "messages that wait",
  family: /** @type {const} */ ("mpreg"),
  group: /** @type {const} */ ("waiting"),
  measure: (/** @type {import("./exchange.mjs").Budget} */ { waitingMessages }) =>
    withFolder((folder) => withChildren((open) => measureWaiting(open, folder, waitingMessages))),
};

/**
 * @param {typeof import("../lib/child.mjs").openChild} open
 * @param {string} dataDir
 * @param {number} messages
 * @returns {Promise<Record<string, number>>}
 */
async function measureWaiting(open, dataDir, messages) {
  const { url, child } = await openQueueNode(open, { dataDir });
  const sender = open(senderModule);
  await sender.call("open", { driver, address: url, durable: true });
  await sender.call("sendBlock", { messages: firstMessages, inFlight });
  await sleep(settleMs);
  const before = await child.call("sampleMemory");
  await sender.call("sendBlock", { messages: messages - firstMessages, inFlight: 4 * inFlight }, fillTimeoutMs);
  await sleep(settleMs);
  const after = await child.call("sampleMemory");
  const counted = messages - firstMessages;
  await child.close(); // it is killed
  await sender.close();

  const startedMs = performance.now();
  const again = await openQueueNode(open, { dataDir });
  const restartMs = performance.now() - startedMs;
  await checkAll(again.url, messages);
  const restarted = await again.child.call("sampleMemory");
  return {
    messages,
    heapBytesPerMessage: (after.used - before.used) / counted,
    residentBytesPerMessage: (after.resident - before.resident) / counted,
    restartMs,
    heapBytesPerMessageRestarted: (restarted.used - before.used) / messages,
  };
}

/**
 * @param {string} url
 * @param {number} messages
 */
async function checkAll(url, messages) {
  const { connect } = await importMpreg();
  const client = await connect(url);
  const found = await client.queue("bench").stats();
  await client.close();
  if (found.messages !== messages)
    throw new Error(`After the restart ${found.messages} of ${messages} messages are there`);
}
