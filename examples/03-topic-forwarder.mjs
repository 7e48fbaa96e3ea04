/**
 * A forwarder: what one cluster publishes to a pattern is published to another cluster as well, below a word of its own.
 *
 * Each message keeps its id, headers and how long it may be kept. It is taken from the first cluster only when the second one has it
 * (`confirm`), so that a slow cluster makes messages wait where they come from. What the first one had to drop is told on.
 */
import { connect, createNode } from "mpreg";

/** Forwards until the subscription ends; answers how many messages there were. */
async function forward(from, to, pattern, below) {
  const subscription = await from.subscribe(pattern, { overflow: "block-publisher" });
  const done = (async () => {
    let count = 0;
    for await (const { topic, payload, id, headers, ttlMs, priority, missedBefore } of subscription) {
      if (topic.startsWith(`${below}.`)) continue; // what has come from there is not sent round and round
      if (missedBefore > 0) await to.publish(`${below}.forwarder.missed`, missedBefore);
      const kept = { id, headers, priority, ...(ttlMs > 0 ? { ttlMs } : {}) };
      await to.publish(`${below}.${topic}`, payload, { ...kept, confirm: "local" });
      count += 1;
    }
    return count;
  })();
  return { stop: () => subscription.drain(), done };
}

const berlin = await createNode({ cluster: "berlin", log: "warn" });
const paris = await createNode({ cluster: "paris", log: "warn" });
const [here, there] = await Promise.all([connect(berlin.url), connect(paris.url)]);

const received = await there.subscribe("berlin.#");
const forwarder = await forward(here, there, "orders.#", "berlin");

await here.publish("orders.new", { id: 7 }, { headers: { urgent: "yes" } });
await here.publish("news.today", "not for Paris");
await here.publish("orders.paid", { id: 7 });

let count = 0;
for await (const { topic, payload, headers } of received) {
  console.log(topic, payload, headers);
  if (++count === 2) break;
}
await forwarder.stop();
console.log(`${await forwarder.done} messages forwarded`);

await here.close();
await there.close();
await berlin.close();
await paris.close();
