/** MQTT 3.1.1, QoS 0, through mqtt.js. The protocol does not confirm such a publish: taken is what the socket has taken. */
import { once } from "node:events";
import mqtt from "mqtt";

async function open(address) {
  const client = await mqtt.connectAsync(address, { reconnectPeriod: 0 });
  client.stream.setNoDelay(true); // which is not among its options
  return client;
}

/** Words of topics are divided by slashes, and one word is a plus. */
const levels = (topic) => topic.replaceAll(".", "/").replaceAll("*", "+");

export async function openPublisher({ address, topics }) {
  const client = await open(address);
  const names = topics.map(levels);
  return {
    // with a callback each publish to a full socket would wait for it by itself, with a listener of its own
    publish: (topic, body) => client.publish(names[topic], body),
    taken: async () => {
      if (client.stream.writableNeedDrain) await once(client.stream, "drain");
    },
  };
}

export async function openSubscriber({ address, pattern, onMessage }) {
  const client = await open(address);
  client.on("message", (_topic, body) => onMessage(body));
  await client.subscribeAsync(levels(pattern));
}

export async function openIdle({ address }) {
  const client = await open(address);
  return (patterns) => client.subscribeAsync(patterns.map(levels));
}
