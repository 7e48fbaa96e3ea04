/** Group commit: how often the disk is asked to sync, for each message that is sent, received and acknowledged, under loads of different size. */
import { withQueueNode } from "./brokers.mjs";
import { withExchange } from "./exchange.mjs";

const driver = new URL("../mpreg/queue-client.mjs", import.meta.url).href;

export const commits = {
  name: "queues-commits",
  title: "syncs of the disk under load",
  family: /** @type {const} */ ("mpreg"),
  group: /** @type {const} */ ("commits"),
  measure: (/** @type {import("./exchange.mjs").Budget} */ budget) =>
    withQueueNode({})((node) => measureCommits(node, budget)),
};

/**
 * @param {import("./brokers.mjs").QueueNode} node
 * @param {import("./exchange.mjs").Budget} budget
 * @returns {Promise<Record<string, number>>}
 */
function measureCommits({ url, child }, { offered, offeredMs, quietMs }) {
  return withExchange(
    { driver, durable: true, sendAddress: url, receiveAddress: url },
    async ({ sender, receiver }) => {
      /** @type {Record<string, number>} */
      const figures = {};
      await receiver.call("expect", { messages: 1_000 });
      await Promise.all([
        sender.call("sendBlock", { messages: 1_000, inFlight: 64 }),
        receiver.call("arrived", { quietMs }),
      ]);
      for (const perSecond of offered) {
        const messages = Math.max(10, Math.round((perSecond * offeredMs) / 1_000));
        await receiver.call("expect", { messages });
        const before = await child.call("storeFigures");
        const arrives = receiver.call("arrived", { quietMs });
        await sender.call("sendAt", { messages, perSecond });
        const arrived = await arrives;
        const after = await child.call("storeFigures");
        if (arrived.messages !== messages) throw new Error(`${messages - arrived.messages} messages did not come`);
        figures[`syncsPerMessageAt${perSecond}`] = (after.syncs - before.syncs) / messages;
      }
      return figures;
    },
  );
}
