/** What mpreg wants to reach with queues: bounds on figures, or on ratios of two, of the same run. */
import { judgeMedians } from "../lib/verdicts.mjs";

/** @typedef {import("../pubsub/targets.mjs").Target} Target */

/** @type {Target[]} */
export const targets = [
  {
    id: "queues-rabbitmq",
    text: "durable messages sent, received and acknowledged, against RabbitMQ's quorum queue",
    bound: "at least",
    limit: 1.5,
    unit: "×",
    measure: (median) => median("queues-mpreg", "messagesPerSecond") / median("queues-rabbitmq", "messagesPerSecond"),
  },
  {
    id: "queues-memory",
    text: "messages of a queue in memory sent, received and acknowledged",
    bound: "at least",
    limit: 100_000,
    unit: "per second",
    measure: (median) => median("queues-mpreg-memory", "messagesPerSecond"),
  },
  {
    id: "queues-latency-durable",
    text: "p50 from send to handler, durable",
    bound: "at most",
    limit: 2,
    unit: "ms",
    measure: (median) => median("queues-mpreg", "p50Ms"),
  },
  {
    id: "queues-latency-memory",
    text: "p50 from send to handler, in memory",
    bound: "at most",
    limit: 0.3,
    unit: "ms",
    measure: (median) => median("queues-mpreg-memory", "p50Ms"),
  },
  {
    id: "queues-idle",
    text: "the node's CPU for consumers that wait at an empty queue, beyond that for their connections",
    bound: "at most",
    limit: 0.1,
    unit: "s per minute",
    measure: (median) => median("queues-idle", "cpuSecondsPerMinuteOfPolls"),
  },
  {
    id: "queues-waiting",
    text: "memory of the node for a message that waits, its body on disk",
    bound: "at most",
    limit: 200,
    unit: "bytes",
    measure: (median) => median("queues-waiting", "heapBytesPerMessage"),
  },
  {
    id: "queues-restart",
    text: "a node is back with all messages that waited",
    bound: "at most",
    limit: 5_000,
    unit: "ms",
    measure: (median) => median("queues-waiting", "restartMs"),
  },
  {
    id: "queues-sqs-wire",
    text: "SQS door: messages sent, received and deleted in batches of ten, requests written beforehand",
    bound: "at least",
    limit: 20_000,
    unit: "per second",
    measure: (median) => median("queues-sqs-wire", "messagesPerSecond"),
  },
  {
    id: "queues-sqs-sdk",
    text: "SQS door: the AWS SDK, against the same SDK and a server that answers all alike",
    bound: "at least",
    limit: 0.6,
    unit: "×",
    measure: (median) =>
      median("queues-sqs-sdk", "messagesPerSecond") / median("queues-sqs-canned", "messagesPerSecond"),
  },
];

/**
 * @param {Record<string, import("../lib/rounds.mjs").Outcome>} outcomes
 * @returns {import("../lib/verdicts.mjs").Verdict[]}
 */
export function judge(outcomes) {
  return judgeMedians(targets, outcomes);
}
