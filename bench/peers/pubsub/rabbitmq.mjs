/**
 * RabbitMQ, a topic exchange that is not durable, through amqplib: a queue for each subscriber, whose messages need no
 * acknowledgement.
 */
import { connect } from "amqplib";

const exchange = "bench";

async function openChannel(address) {
  const connection = await connect(address, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.assertExchange(exchange, "topic", { durable: false });
  return channel;
}

export async function openPublisher({ address, topics }) {
  const channel = await openChannel(address);
  let isFull = false;
  return {
    publish: (topic, body) => {
      isFull = !channel.publish(exchange, topics[topic], body);
    },
    taken: () => (isFull ? new Promise((resolve) => channel.once("drain", resolve)) : Promise.resolve()),
  };
}

async function subscribe(channel, pattern, onMessage) {
  const { queue } = await channel.assertQueue("", { exclusive: true, durable: false });
  await channel.bindQueue(queue, exchange, pattern);
  await channel.consume(
    queue,
    (message) => {
      if (message === null) throw new Error("The broker has cancelled a consumer");
      onMessage(message.content);
    },
    { noAck: true },
  );
}

export async function openSubscriber({ address, pattern, onMessage }) {
  await subscribe(await openChannel(address), pattern, onMessage);
}

export async function openIdle({ address }) {
  const channel = await openChannel(address);
  return (patterns) => Promise.all(patterns.map((each) => subscribe(channel, each, () => {})));
}
