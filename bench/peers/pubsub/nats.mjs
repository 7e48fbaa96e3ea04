/** NATS, core publish/subscribe: the client writes all of a turn at once by itself; a flush is its PING and PONG. */
import { connect } from "@nats-io/transport-node";

/** @param {{ address: string, topics: string[] }} options */
export async function openPublisher({ address, topics }) {
  const connection = await connect({ servers: address });
  return {
    publish: (topic, body) => connection.publish(topics[topic], body),
    taken: () => connection.flush(),
  };
}

export async function openSubscriber({ address, pattern, onMessage }) {
  const connection = await connect({ servers: address });
  connection.subscribe(pattern, {
    callback: (error, message) => {
      if (error) throw error;
      onMessage(message.data);
    },
  });
  await connection.flush();
}

export async function openIdle({ address }) {
  const connection = await connect({ servers: address });
  return async (patterns) => {
    for (const each of patterns) connection.subscribe(each, { callback: () => {} });
    await connection.flush();
  };
}
