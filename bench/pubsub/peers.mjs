/** What a user would pick instead, and what is possible: each with the same load. */
import { whyMissing } from "../lib/server.mjs";
import * as brokers from "./brokers.mjs";
import { contestant } from "./contestant.mjs";

/** @param {string} file */
const peer = (file) => new URL(`../peers/pubsub/${file}`, import.meta.url);

const whyNoNats = () => whyMissing("nats-server");

const bare = contestant({
  name: "bare",
  family: "bare",
  group: "one",
  title: "bare: a broker in JavaScript that slices bytes",
  driver: peer("bare.mjs"),
  withBroker: brokers.withNodes(async (open) => {
    const node = open(peer("bare.mjs"));
    return { addresses: [await node.call("serve")], nodes: [node] };
  }),
  idleSubscriptionsMax: 0,
});

export const peers = [
  contestant({
    name: "nats",
    family: "peer",
    group: "one",
    title: "NATS",
    driver: peer("nats.mjs"),
    withBroker: brokers.withNats,
    whyUnavailable: whyNoNats,
  }),
  contestant({
    name: "redis",
    family: "peer",
    group: "one",
    title: "Redis",
    driver: peer("redis.mjs"),
    withBroker: brokers.withRedis,
    whyUnavailable: () => whyMissing("redis-server"),
  }),
  contestant({
    name: "mosquitto",
    family: "peer",
    group: "one",
    title: "Mosquitto, QoS 0",
    driver: peer("mosquitto.mjs"),
    withBroker: brokers.withMosquitto,
    whyUnavailable: () => whyMissing("mosquitto"),
  }),
  contestant({
    name: "rabbitmq",
    family: "peer",
    group: "one",
    title: "RabbitMQ",
    driver: peer("rabbitmq.mjs"),
    withBroker: brokers.withRabbitmq,
    idleSubscriptionsMax: 2_000, // each is a queue, which is a process of the broker's
    whyUnavailable: () => whyMissing("rabbitmq-server", "epmd"),
  }),
  bare,
  contestant({
    name: "nats-cluster",
    family: "peer",
    group: "many",
    title: "NATS, two servers: the publisher at one, the subscribers at the other",
    driver: peer("nats.mjs"),
    withBroker: brokers.withNatsCluster,
    idleSubscriptionsMax: 0,
    whyUnavailable: whyNoNats,
  }),
];
