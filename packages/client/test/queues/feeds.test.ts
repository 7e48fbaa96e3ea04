/** Queues that topics feed, over real sockets and real disks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QueueEvent } from "@mpreg/client";
import { type MpregNode, createNode } from "@mpreg/node";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";

async function twoNodes() {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  return { node, far, near: await clientOf(node), distant: await clientOf(far) };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mpreg-feeds-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("what came from a door as a text may be handed on with its headers, by a send and by a topic", async () => {
  const { near } = await twoNodes();
  const queue = near.queue("on", { durable: false, topics: ["on"] });
  await queue.create();
  const headers = { "mpreg-body": "text", region: "eu" }; // as a native receiver gets them
  await queue.send("hello", { headers });
  await queue.send({ n: 1 }, { headers });
  await queue.sendBatch([{ value: "all", headers }]);
  await near.publish("on", "fed", { headers, confirm: "subscribers" });
  const messages = await queue.receive({ max: 10 });
  expect(messages.map(({ value }) => value)).toEqual(["hello", { n: 1 }, "all", "fed"]);
  for (const message of messages) {
    expect(message.headers).toMatchObject({ region: "eu" });
    expect(message.headers).not.toHaveProperty("mpreg-body");
  }
});

test("what is published anywhere to a topic that matches is in the queue once, with its topic, its id and all that was said of it", async () => {
  const { node, near, distant } = await twoNodes();
  const queue = near.queue<{ n: number }>("orders", {
    durable: false,
    topics: ["shop.*.sold", "shop.#"],
    owner: node.name,
  });
  await queue.create();
  await expect
    .poll(async () => (await distant.publish("shop.lamp.sold", { n: 1 }, { confirm: "subscribers" })).handed)
    .toBe(1);
  await near.publish("shop.chair.sold", { n: 2 }, { headers: { kind: "new" }, correlationId: "c", priority: 7 });
  await near.publish("garden.chair.sold", { n: 3 });
  await expect.poll(async () => (await queue.stats()).feed?.taken).toBeGreaterThanOrEqual(2);
  const messages = await queue.receive({ max: 10 });
  const last = messages.at(-1)!;
  expect(last).toMatchObject({ value: { n: 2 }, correlationId: "c", priority: 7 });
  expect(last.headers).toMatchObject({ kind: "new", "mpreg-topic": "shop.chair.sold" });
  expect(last.headers!["mpreg-message"]).toMatch(/./);
  expect(messages.slice(0, -1).every(({ value }) => value.n === 1)).toBe(true);
  expect(new Set(messages.map(({ headers }) => headers!["mpreg-message"])).size).toBe(messages.length);

  await queue.update({ topics: ["garden.#"] });
  await near.publish("shop.chair.sold", { n: 4 });
  await near.publish("garden.chair.sold", { n: 5 });
  await expect.poll(async () => (await queue.receive({ waitMs: 0 })).map(({ value }) => value.n)).toEqual([5]);
  await queue.update({ topics: [] });
  await near.publish("garden.chair.sold", { n: 6 });
  expect((await queue.receive({ waitMs: 0 })).map(({ value }) => value.n)).toEqual([]);
});

test("a queue is created, or updated, once every node knows which topics feed it: what is published anywhere right after is in it", async () => {
  const [node, far, farther] = (await startMesh({}, {}, {})) as [MpregNode, MpregNode, MpregNode];
  const near = await clientOf(node);
  const others = await Promise.all([far, farther].map((each) => clientOf(each)));
  const publish = (topic: string): Promise<unknown> => Promise.all(others.map((each) => each.publish(topic, 1)));
  for (let round = 0; round < 10; round++) {
    const queue = near.queue(`fed${round}`, { durable: false, topics: [`a${round}.#`], owner: node.name });
    await queue.create();
    await publish(`a${round}.x`);
    await expect.poll(async () => (await queue.stats()).feed?.taken).toBe(2);
    await queue.update({ topics: [`b${round}.#`] });
    await publish(`b${round}.x`);
    await expect.poll(async () => (await queue.stats()).feed?.taken).toBe(4);
  }
});

test("what the queue does not take is counted, with the reason, and told, but never to queues", async () => {
  const { node, near, distant } = await twoNodes();
  const told: QueueEvent[] = [];
  const subscription = await distant.subscribe("mpreg.queue.*.feed-refused");
  await subscription.everywhere();
  void (async () => {
    for await (const { payload } of subscription) told.push(payload);
  })();
  const loop = near.queue("loop", { durable: false, topics: ["mpreg.queue.#"], messagesMax: 1 });
  await loop.create();
  const few = { durable: false, topics: ["a"], messagesMax: 2, owner: node.name }; // what is published there from then on is its
  const queue = near.queue<number>("few", few);
  await queue.create();
  for (let n = 0; n < 5; n++) await near.publish("a", n);
  await expect.poll(async () => (await queue.stats()).feed).toMatchObject({ taken: 2, refused: 3 });
  expect((await queue.stats()).feed!.lastRefusal).toContain("no room");
  await expect.poll(() => told.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  expect(told[0]).toMatchObject({ queue: "few" });
  expect(told[0]!.messages[0]!.error).toContain("no room");
  expect(new Set(told.flatMap(({ messages }) => messages.map(({ id }) => id))).size).toBe(3);
  await expect.poll(async () => (await loop.stats()).feed!.refused).toBeGreaterThan(0);
  await near.publish("a", 5);
  await expect.poll(() => told.reduce((sum, { count }) => sum + count, 0)).toBe(4);
  expect(new Set(told.map(({ queue }) => queue))).toEqual(new Set(["few"])); // what the loop has refused is no news
});

test.each([true, false])(
  "a publisher that wants to know hears whether a queue has its message (durable: %s)",
  async (durable) => {
    const [near, far] = (await startMesh({ dataDir: await folder() }, {})) as [MpregNode, MpregNode];
    const settings = { durable, topics: ["a"], messagesMax: 2, owner: near.name };
    const queue = near.queue<number>("few", settings);
    await queue.create();
    const told = [];
    await expect.poll(async () => (await far.publish("a", 0, { confirm: "subscribers" })).handed).toBe(1);
    await queue.purge();
    for (const node of [near, far, near, far]) {
      const { handed, lost } = await node.publish("a", 1, { confirm: "subscribers" });
      told.push({ handed, lost, messages: (await queue.stats()).messages });
    }
    expect(told).toEqual([
      { handed: 1, lost: 0, messages: 1 },
      { handed: 1, lost: 0, messages: 2 },
      { handed: 0, lost: 1, messages: 2 },
      { handed: 0, lost: 1, messages: 2 },
    ]);
  },
);

test("who may not subscribe to a topic may not have it feed a queue, and what is no pattern is refused", async () => {
  const [node] = (await startMesh({
    policy: (_subject, action) =>
      action.kind === "subscribe" && action.pattern.startsWith("secret")
        ? { allow: false, reason: "it is secret" }
        : { allow: true },
  })) as [MpregNode];
  const client = await clientOf(node);
  const created = client.queue("q", { durable: false, topics: ["secret.#"] }).create();
  await expect(created).rejects.toMatchObject({ code: "denied" });
  const queue = client.queue("q", { durable: false });
  await queue.create();
  await expect(queue.update({ topics: ["secret.#"] })).rejects.toMatchObject({ code: "denied" });
  await expect(queue.update({ topics: ["a#"] })).rejects.toMatchObject({ code: "invalid-argument" });
});

test("after its node was away, a queue gets what the others have kept, and nothing twice", async () => {
  const dataDir = await folder();
  const [other] = (await startMesh({})) as [MpregNode];
  const start = () =>
    createNode({ name: "keeper", dataDir, port: 0, log: "silent", discovery: { mdns: false }, peers: [other.url] });
  const publisher = await clientOf(other);
  const first = await start();
  const queue = publisher.queue<number>("orders", { topics: ["orders.#"], owner: "keeper" });
  await expect
    .poll(() =>
      queue.create().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await expect.poll(async () => (await publisher.publish("orders.new", 0, { confirm: "subscribers" })).handed).toBe(1);
  await expect.poll(async () => (await queue.stats()).feed?.taken).toBe(1);
  await first.close();
  for (const n of [1, 2, 3]) await publisher.publish("orders.new", n);

  const second = await start();
  onTestFinished(() => second.close());
  const again = publisher.queue<number>("orders");
  await expect
    .poll(
      () =>
        again.stats().then(
          ({ messages }) => messages,
          () => 0,
        ),
      { timeout: 10_000 },
    )
    .toBe(4);
  expect((await again.receive({ max: 10 })).map(({ value }) => value).sort()).toEqual([0, 1, 2, 3]);
  expect((await again.stats()).feed).toMatchObject({ taken: 3, refused: 0, gaps: 0, missed: 0 });
});
