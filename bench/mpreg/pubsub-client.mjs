/** Topics of mpreg, as its users take them: the same driver as those of the peers. */
import { eventually } from "../lib/eventually.mjs";
import { importMpreg } from "./build.mjs";

const acrossTimeoutMs = 10_000;

/**
 * Nothing is dropped: a subscriber that is slow holds the publisher back. By default the oldest of what waits for it would go,
 * and be told as missed.
 */
const lossless = { overflow: "block-publisher" };

/** @param {{ address: string }} options */
async function open({ address }) {
  const { connect } = await importMpreg();
  return connect(address);
}

/** @param {{ address: string, topics: string[] }} options */
export async function openPublisher({ address, topics }) {
  const client = await open({ address });
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return {
    publish: (/** @type {number} */ topic, /** @type {Uint8Array} */ body) => {
      last = client.publish(topics[topic], body);
    },
    taken: () => last,
  };
}

/** It is sure of its own node only: who measures waits until it is reached. @param {{ address: string, pattern: string, onMessage: (body: Uint8Array) => void }} options */
export async function openSubscriber({ address, pattern, onMessage }) {
  const client = await open({ address });
  await client.subscribe(pattern, {
    ...lossless,
    onMessage: (/** @type {{ payload: Uint8Array }} */ message) => onMessage(message.payload),
  });
}

/** @param {{ address: string }} options */
export async function openIdle({ address }) {
  const client = await open({ address });
  return (/** @type {string[]} */ patterns) =>
    Promise.all(patterns.map((pattern) => client.subscribe(pattern, { onMessage: () => {} })));
}

/**
 * Whether this build has topics, at its clients and at its nodes: a function of a child module.
 *
 * @returns {Promise<string | undefined>} why it has not
 */
export async function whyUnavailable() {
  const { createNode } = await importMpreg();
  const node = await createNode({ name: "asked", port: 0, log: "fatal" });
  const client = await open({ address: node.url });
  if (typeof client.subscribe !== "function") return "this build's clients cannot subscribe yet";
  try {
    await client.subscribe("a.*", { timeoutMs: 10_000 });
    return undefined;
  } catch (error) {
    return `this build's nodes have no topics yet: ${/** @type {Error} */ (error).message}`;
  }
}

/**
 * The same across two nodes: whether what is published at one comes to a subscriber of the other.
 *
 * @returns {Promise<string | undefined>} why it does not
 */
export async function whyUnavailableAcross() {
  const reason = await whyUnavailable();
  if (reason !== undefined) return reason;
  const { createNode } = await importMpreg();
  const one = await createNode({ name: "one", port: 0, log: "fatal" });
  const other = await createNode({ name: "other", port: 0, peers: [one.url], log: "fatal" });
  let hasCome = false;
  const subscriber = await open({ address: other.url });
  await subscriber.subscribe("a.*", { onMessage: () => (hasCome = true) });
  const publisher = await open({ address: one.url });
  try {
    await eventually(async () => {
      await publisher.publish("a.b", "probe");
      if (!hasCome) throw new Error(`nothing within ${acrossTimeoutMs} ms`);
    }, acrossTimeoutMs);
    return undefined;
  } catch (error) {
    return `what is published at one node of this build does not come to a subscriber of another: ${/** @type {Error} */ (error).message}`;
  }
}
