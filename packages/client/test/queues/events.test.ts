/** What nodes publish of their queues, under `mpreg.queue`, over real sockets. */
import type { MpregNode } from "@mpreg/node";
import type { QueueEvent } from "@mpreg/client";
import { expect, test } from "vitest";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";

test("what happens to queues and their messages is told at every node, by id and without payloads", async () => {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  const [near, distant] = [await clientOf(node), await clientOf(far)];
  const heard: { topic: string; event: QueueEvent }[] = [];
  const subscription = await distant.subscribe("mpreg.queue.#");
  await subscription.everywhere();
  void (async () => {
    for await (const { topic, payload } of subscription) heard.push({ topic, event: payload });
  })();
  const name = "shop.orders";
  const dead = near.queue("dead", { durable: false, owner: node.name });
  await dead.create();
  const queue = near.queue(name, {
    durable: false,
    owner: node.name,
    maxReceives: 1,
    deadLetter: "dead",
    messagesMax: 2,
    overflow: "drop-oldest",
  });
  await queue.send("dropped", { id: "a" });
  await queue.send("done", { id: "b" });
  await queue.send("failed", { id: "c" });
  const [done, failed] = await queue.receive({ max: 2 });
  await done!.ack();
  await failed!.release();
  await queue.send("short", { id: "d", ttlMs: 20 });
  await expect.poll(() => heard.map(({ topic }) => topic)).toContain(`mpreg.queue.${name}.expired`);
  await queue.delete();
  await expect.poll(() => heard.map(({ topic }) => topic)).toContain(`mpreg.queue.${name}.deleted`);
  const told = heard
    .filter(({ event }) => event.queue === name)
    .map(({ topic, event }) => [
      topic.slice(`mpreg.queue.${name}.`.length),
      event.count,
      event.messages.map(({ id }) => id),
    ]);
  expect(told).toEqual([
    ["created", 0, []],
    ["dropped", 1, ["a"]],
    ["acknowledged", 1, ["b"]],
    ["dead-letter", 1, ["c"]],
    ["expired", 1, ["d"]],
    ["deleted", 0, []],
  ]);
  const { event } = heard.find(({ topic }) => topic.endsWith("acknowledged"))!;
  expect(event).toMatchObject({ node: node.name, nodeId: node.id });
  expect(event.messages[0]).toEqual({ id: "b", receives: 1, sentMs: expect.any(Number) });
  await subscription.unsubscribe();
});

test("what feeds a queue of what happens to queues ends: such a queue tells nothing of its own messages", async () => {
  const [node] = (await startMesh({})) as [MpregNode];
  const client = await clientOf(node);
  const audit = client.queue<QueueEvent>("audit", { durable: false, topics: ["mpreg.#"], messagesMax: 3 });
  await audit.create();
  const work = client.queue("work", { durable: false });
  await work.send(1);
  const [message] = await work.receive();
  await message!.ack();
  await expect.poll(async () => (await audit.stats()).messages).toBeGreaterThanOrEqual(2);
  const messages = await audit.receive({ max: 10 });
  await Promise.all(messages.map((each) => each.ack()));
  const topics = messages.map(({ headers }) => headers!["mpreg-topic"]);
  expect(topics).toContain("mpreg.queue.work.created");
  expect(topics).toContain("mpreg.queue.work.acknowledged");
  expect(await audit.receive({ waitMs: 100 })).toEqual([]);
});
