/** RabbitMQ: a quorum queue, confirms, and an acknowledgement for each message. */
import { connect } from "amqplib";

const queue = "bench";

/** @param {string} address */
async function open(address) {
  const connection = await connect(address, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  return channel;
}

/** @param {{ address: string }} options */
export async function openSender({ address }) {
  const channel = await open(address);
  return (/** @type {object} */ order) =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(JSON.stringify(order));
      channel.sendToQueue(queue, body, { persistent: true }, (error) => (error ? reject(error) : resolve(undefined)));
    });
}

/** @param {{ address: string, concurrency: number, onMessage: (order: any) => void }} options */
export async function openReceiver({ address, concurrency, onMessage }) {
  const channel = await open(address);
  await channel.prefetch(concurrency);
  await channel.consume(queue, (message) => {
    if (message === null) throw new Error("The broker has cancelled the consumer");
    onMessage(JSON.parse(message.content.toString()));
    channel.ack(message);
  });
}
