/** Slow consumers: what each overflow policy does with what they cannot take, and that none of it is lost in silence. */
import type { Subscription, SubscriptionEvent, TopicMessage } from "@mpreg/client";
import { expect, test } from "vitest";
import { clientOf, startPair } from "../../../node/test/support/cluster.js";
import { eventually } from "../../../node/test/support/eventually.js";

const count = 2_000;
const buffer = { messages: 100 };
const windowBytes = 4_096;

/** Everything that is still to come up to the message `last`. */
async function takeUntil(subscription: Subscription<number>, last: number): Promise<TopicMessage<number>[]> {
  const messages: TopicMessage<number>[] = [];
  for await (const message of subscription) {
    messages.push(message);
    if (message.payload === last) break;
  }
  return messages;
}

async function publishAll(overflow: "drop-oldest" | "drop-newest" | "disconnect") {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const slow = (await client.subscribe("load", { overflow, buffer, windowBytes })) as Subscription<number>;
  const events = slow.status();
  const fast = (await client.subscribe("load")) as Subscription<number>;
  for (let i = 0; i < count; i++) await publisher.publish("load", i);
  await publisher.publish("load", count, { confirm: "local" });
  return { publisher, slow, fast, events };
}

async function allOf(events: AsyncIterable<SubscriptionEvent>): Promise<SubscriptionEvent[]> {
  const told: SubscriptionEvent[] = [];
  for await (const event of events) told.push(event);
  return told;
}

test("drop-oldest keeps the newest: what is missing is counted, told in its place, and the others get all", async () => {
  const { slow, fast, events } = await publishAll("drop-oldest");
  const taken = await takeUntil(slow, count);
  expect(taken.length).toBeLessThan(count);
  expect(taken.at(-1)!.payload).toBe(count);
  let expected = 0;
  for (const { payload, missedBefore } of taken) {
    expect(payload).toBe(expected + missedBefore);
    expected = payload + 1;
  }
  expect(slow.missed).toBe(count + 1 - taken.length);
  const lost = (await allOf(events)).flatMap((event) => (event.kind === "messages-lost" ? event.count : []));
  expect(lost.reduce((sum, each) => sum + each, 0)).toBe(slow.missed);
  expect((await takeUntil(fast, count)).map(({ payload }) => payload)).toEqual(
    Array.from({ length: count + 1 }, (_, i) => i),
  );
});

test("drop-newest keeps what waits: what came later is missing, and told before the next one", async () => {
  const { publisher, slow } = await publishAll("drop-newest");
  const messages = slow[Symbol.asyncIterator]();
  const taken: TopicMessage<number>[] = [];
  do taken.push((await messages.next()).value!);
  while (taken.length < 100);
  // there is room again
  for (let next = taken.length; taken.at(-1)!.missedBefore === 0; next++) {
    await publisher.publish("load", count + next, { confirm: "local" });
    taken.push((await messages.next()).value!);
  }
  const before = taken.at(-2)!.payload;
  expect(taken.slice(0, -1).map(({ payload }) => payload)).toEqual(Array.from({ length: before + 1 }, (_, i) => i));
  expect(slow.missed).toBe(taken.at(-1)!.missedBefore);
});

test("disconnect ends it: what had come is taken, then the loop throws how many are lost", async () => {
  const { slow, fast } = await publishAll("disconnect");
  const taken: number[] = [];
  let thrown: unknown;
  try {
    for await (const { payload } of slow) taken.push(payload);
  } catch (error) {
    thrown = error;
  }
  expect(taken).toEqual(Array.from({ length: taken.length }, (_, i) => i));
  expect(thrown).toMatchObject({ code: "overloaded" });
  expect(String(thrown)).toMatch(/more came than its buffer holds.*100 messages that waited for it are lost/);
  expect(slow.missed).toBe(100);
  expect(await takeUntil(fast, count)).toHaveLength(count + 1);
});

test("block-publisher lets publishers wait: nothing is lost, and they go on as the consumer takes", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const slow = (await client.subscribe("load", {
    overflow: "block-publisher",
    buffer,
    windowBytes,
  })) as Subscription<number>;
  let published = 0;
  const publishing = (async () => {
    for (let i = 0; i <= count; i++) {
      await publisher.publish("load", i, { confirm: "local" });
      published += 1;
    }
  })();
  const messages = slow[Symbol.asyncIterator]();
  expect((await messages.next()).value!.payload).toBe(0);
  const taken = [0];
  while (taken.at(-1) !== count) {
    expect(published).toBeLessThan(taken.length + 400); // the window, the buffer, and no more
    taken.push((await messages.next()).value!.payload);
  }
  await publishing;
  expect(taken).toEqual(Array.from({ length: count + 1 }, (_, i) => i));
  expect(slow.missed).toBe(0);
});

test("a consumer that takes one message at a time gets all of many, although its window is small", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const all = (await client.subscribe("load", { windowBytes: 1_024 })) as Subscription<number>;
  for (let i = 0; i <= 5_000; i++) await publisher.publish("load", i);
  const taken = await takeUntil(all, 5_000);
  expect(taken.map(({ payload }) => payload)).toEqual(Array.from({ length: 5_001 }, (_, i) => i));
});

test("who wants more of the past than is kept is told that messages may be missing before the first", async () => {
  const { node, client } = await startPair({ limits: { backlogPerTopicMax: 2 } });
  for (let i = 0; i < 2; i++) await client.publish("load", i, { confirm: "local" });
  const begin = async (from: Pick<typeof client, "subscribe">) => {
    const subscription = await from.subscribe("load", { backlog: { ageMs: 60_000 } });
    const first = (await subscription[Symbol.asyncIterator]().next()).value!;
    return [first.payload, first.missedBefore, subscription.unknownGaps];
  };
  for (const from of [client, node]) expect(await begin(from)).toEqual([0, 0, 0]);
  await client.publish("load", 2, { confirm: "local" });
  for (const from of [client, node]) expect(await begin(from)).toEqual([1, Infinity, 1]);
});

test("what expires while it waits for its consumer is not handed on, and counted", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const slow = await client.subscribe("load");
  for (let i = 0; i < 10; i++) await publisher.publish("load", "short", { ttlMs: 1 });
  await publisher.publish("load", "long");
  await client.call("echo", [1]); // all of that has come
  const beganMs = performance.now();
  await eventually("it has waited", () => performance.now() > beganMs + 3);
  for await (const { payload, missedBefore } of slow) {
    expect([payload, missedBefore]).toEqual(["long", 0]);
    break;
  }
  expect([slow.expired, slow.missed]).toEqual([10, 0]);
});
