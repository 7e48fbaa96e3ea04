/** Everything that is measured of queues through sockets, in the order of a round. */
import { whyMissing } from "../lib/server.mjs";
import { natsCanSync, withDurableRedis, withJetstream, withNodeAsBroker, withRabbitmq } from "./brokers.mjs";
import { commits } from "./commits.mjs";
import { exchange } from "./exchange.mjs";
import { idle } from "./idle.mjs";
import { sqs } from "./sqs.mjs";
import { waiting } from "./waiting.mjs";

const mpreg = new URL("../mpreg/queue-client.mjs", import.meta.url);

/** @param {string} file */
const peer = (file) => new URL(`../peers/queues/${file}`, import.meta.url);

export const contestants = [
  exchange({
    name: "mpreg",
    family: "mpreg",
    group: "durable",
    title: "mpreg",
    driver: mpreg,
    withBroker: withNodeAsBroker(true),
  }),
  exchange({
    name: "rabbitmq",
    family: "peer",
    group: "durable",
    title: "RabbitMQ, quorum queue",
    driver: peer("rabbitmq.mjs"),
    withBroker: withRabbitmq,
    whyUnavailable: () => whyMissing("rabbitmq-server", "epmd"),
  }),
  exchange({
    name: "jetstream",
    family: "peer",
    group: "durable",
    title: natsCanSync() ? "JetStream, file, sync always" : "JetStream, file: on the disk within two minutes",
    driver: peer("jetstream.mjs"),
    withBroker: withJetstream,
    whyUnavailable: () => whyMissing("nats-server"),
  }),
  exchange({
    name: "bullmq",
    family: "peer",
    group: "durable",
    title: "BullMQ, Redis with appendfsync always",
    driver: peer("bullmq.mjs"),
    withBroker: withDurableRedis,
    whyUnavailable: () => whyMissing("redis-server"),
  }),
  exchange({
    name: "mpreg-memory",
    family: "mpreg",
    group: "memory",
    title: "mpreg, a queue in memory",
    driver: mpreg,
    withBroker: withNodeAsBroker(false),
  }),
  commits,
  idle,
  waiting,
  ...sqs,
];

/** @type {import("./exchange.mjs").Budget} */
export const fullBudget = {
  warmUpMs: 3_000,
  blocks: 5,
  blockMs: 1_000,
  singles: 1_000,
  quietMs: 5_000,
  idleConsumers: 10_000,
  idleSettleMs: 100_000,
  idleMs: 40_000,
  waitingMessages: 1_000_000,
  offered: [100, 300, 1_000, 3_000, 10_000, 30_000],
  offeredMs: 2_000,
  sqsMs: 4_000,
};

/** @type {import("./exchange.mjs").Budget} */
export const quickBudget = {
  warmUpMs: 300,
  blocks: 2,
  blockMs: 300,
  singles: 200,
  quietMs: 5_000,
  idleConsumers: 1_000,
  idleSettleMs: 500,
  idleMs: 1_000,
  waitingMessages: 20_000,
  offered: [100, 1_000, 10_000],
  offeredMs: 300,
  sqsMs: 500,
};
