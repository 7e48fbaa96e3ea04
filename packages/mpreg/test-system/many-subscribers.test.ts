/** Ten thousand subscribers at one node, and a thousand connections. */
import { type Client, type SubscribeOptions, connect } from "mpreg";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "../test/processes.js";

const patience = { timeout: 60_000, interval: 50 };

test.for([
  { connections: 20, each: 500 },
  { connections: 1_000, each: 1 },
])(
  "$connections connections with $each subscriptions each: every one gets its own messages and those for all, once",
  async ({ connections, each }) => {
    const node = await startNode(["--name", "a", "--port", "0", "--no-mdns", "--log", "fatal"]);
    const heard = new Map<number, string[]>();
    const clients: Client[] = [];
    onTestFinished(async () => {
      await Promise.all(clients.map((client) => client.close()));
    });
    for (let at = 0; at < connections; at++) {
      const client = await connect(node.url);
      clients.push(client);
      const subscribing = Array.from({ length: each }, async (_, index) => {
        const number = at * each + index;
        const own: string[] = [];
        heard.set(number, own);
        const options: SubscribeOptions = {
          onMessage: ({ topic, missedBefore }) => void own.push(topic, `${missedBefore}`),
        };
        await client.subscribe([`one.${number}`, "all.*", "all.#"], options);
      });
      await Promise.all(subscribing);
    }
    const [publisher] = clients as [Client];
    await publisher.publish("all.first", 1);
    for (const number of heard.keys()) await publisher.publish(`one.${number}`, 1);
    const { handed } = await publisher.publish("all.last", 1, { confirm: "subscribers" });
    expect(handed).toBe(connections * each);
    const isDone = (): boolean => [...heard.values()].every((topics) => topics.length >= 6);
    await expect.poll(isDone, patience).toBe(true);
    for (const [number, topics] of heard) {
      expect(topics).toEqual(["all.first", "0", `one.${number}`, "0", "all.last", "0"]);
    }
  },
);
