/** JetStream: a work queue in files, whose publishes and messages are acknowledged one by one. */
import { AckPolicy, RetentionPolicy, StorageType, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const stream = "BENCH";
const subject = "bench.orders";
const consumer = "receiver";

/** @param {string} address */
async function open(address) {
  const connection = await connect({ servers: address });
  const manager = await jetstreamManager(connection);
  // the same twice is no error
  await manager.streams.add({
    name: stream,
    subjects: [subject],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
  });
  return { connection, manager };
}

/** @param {{ address: string }} options */
export async function openSender({ address }) {
  const { connection } = await open(address);
  const client = jetstream(connection);
  return (/** @type {object} */ order) => client.publish(subject, JSON.stringify(order));
}

/** @param {{ address: string, concurrency: number, onMessage: (order: any) => void }} options */
export async function openReceiver({ address, concurrency, onMessage }) {
  const { connection, manager } = await open(address);
  await manager.consumers.add(stream, {
    durable_name: consumer,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 4 * concurrency,
  });
  const from = await jetstream(connection).consumers.get(stream, consumer);
  await from.consume({
    max_messages: 2 * concurrency,
    callback: (message) => {
      onMessage(message.json());
      message.ack();
    },
  });
}
