/** Topics over connections that break: what is told again, what is not, and what nobody knows. */
import { type SubscriptionEvent, connect } from "@mpreg/client";
import { expect, onTestFinished, test } from "vitest";
import { askMs } from "../../../core/src/topics/publisher/publish-ledger.js";
import { clientOf, startNode } from "../../../node/test/support/cluster.js";
import { startProxy } from "../../../node/test/support/proxy.js";

async function behindProxy() {
  const node = await startNode({ name: "home" });
  const proxy = await startProxy(node);
  const client = await connect(proxy.url, { discover: false });
  onTestFinished(() => client.close());
  return { node, proxy, client, publisher: await clientOf(node) };
}

test("what was published while the connection was gone is told, once and in order, before what is live", async () => {
  const { proxy, client, publisher } = await behindProxy();
  const subscription = await client.subscribe("a.*");
  const events = subscription.status();
  const messages = subscription[Symbol.asyncIterator]();
  const payloads: unknown[] = [];
  let published = 0;
  const publish = async (): Promise<void> => {
    for (const until = published + 50; published < until; published++) {
      await publisher.publish(`a.${published % 3}`, published, { confirm: "local" });
    }
  };
  await publish();
  while (payloads.length < 50) payloads.push((await messages.next()).value!.payload);
  for (let round = 1; round <= 3; round++) {
    proxy.cut();
    await publish();
    while (payloads.length < 50 * (round + 1)) payloads.push((await messages.next()).value!.payload);
  }
  expect(payloads).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(subscription.missed).toBe(0);
  await subscription.unsubscribe();
  const kinds: string[] = [];
  for await (const event of events) kinds.push(event.kind === "resubscribed" ? event.gap : event.kind);
  expect(kinds).toEqual([...Array.from({ length: 3 }, () => ["disconnected", "filled"]).flat(), "ended"]);
  expect(subscription.unknownGaps).toBe(0);
});

test("messages whose publishers gave them the same id are messages of their own, also after a reconnect", async () => {
  const { node, proxy, client, publisher } = await behindProxy();
  const another = await clientOf(node);
  const subscription = await client.subscribe("a.*");
  const messages = subscription[Symbol.asyncIterator]();
  const payloads: unknown[] = [];
  for (const round of [0, 1, 2]) {
    if (round > 0) proxy.cut();
    for (const id of ["1", "2", "2"]) {
      await publisher.publish("a.first", { round, id, by: "one" }, { id, confirm: "local" });
      await another.publish("a.second", { round, id, by: "another" }, { id, confirm: "local" });
    }
    for (let i = 0; i < 6; i++) payloads.push((await messages.next()).value!.payload);
  }
  const expected = [0, 1, 2].flatMap((round) =>
    ["1", "2", "2"].flatMap((id) => ["one", "another"].map((by) => ({ round, id, by }))),
  );
  expect(payloads).toEqual(expected);
  expect(subscription.unknownGaps).toBe(0);
});

test("where more was published meanwhile than the node keeps, the next message says that nobody knows how many are missing", async () => {
  const { node, proxy, client, publisher } = await behindProxy();
  const subscription = await client.subscribe("a");
  await publisher.publish("a", 0, { confirm: "local" });
  const messages = subscription[Symbol.asyncIterator]();
  expect((await messages.next()).value!.payload).toBe(0);
  proxy.target = undefined; // nobody gets through
  proxy.cut();
  for (let i = 1; i <= 1_100; i++) await publisher.publish("a", i); // it keeps 1,000 of a topic
  await publisher.publish("b", "all are there", { confirm: "local" });
  proxy.relayTo(node);
  expect((await messages.next()).value!).toMatchObject({ payload: 101, missedBefore: Infinity });
  expect((await messages.next()).value!).toMatchObject({ payload: 102, missedBefore: 0 });
  expect(subscription.unknownGaps).toBe(1);
});

test("a consumer that is slow gets what had waited at the node when the connection broke, and nothing twice", async () => {
  const { proxy, client, publisher } = await behindProxy();
  const subscription = await client.subscribe("a", { windowBytes: 1_024 });
  for (let i = 0; i < 300; i++) await publisher.publish("a", i, { confirm: "local" });
  const resubscribed = (async () => {
    for await (const { kind } of subscription.status()) if (kind === "resubscribed") return;
  })();
  proxy.cut();
  await resubscribed;
  await publisher.publish("a", 300);
  const payloads: unknown[] = [];
  for await (const { payload } of subscription) {
    payloads.push(payload);
    if (payload === 300) break;
  }
  expect(payloads).toEqual(Array.from({ length: 301 }, (_, i) => i));
});

test("where another process takes over, nobody knows what was missed: the subscription and its next message say so", async () => {
  const { proxy, node, client } = await behindProxy();
  const subscription = await client.subscribe("a");
  const events = subscription.status();
  const messages = subscription[Symbol.asyncIterator]();
  const other = await startNode({ name: "other" });
  proxy.relayTo(other);
  await node.close();
  const seen: SubscriptionEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (event.kind === "resubscribed") break;
  }
  expect(seen.at(-1)).toEqual({ kind: "resubscribed", node: "other", gap: "unknown" });
  const publisher = await clientOf(other);
  await publisher.publish("a", 1);
  await publisher.publish("a", 2);
  expect((await messages.next()).value).toMatchObject({ payload: 1, missedBefore: Infinity });
  expect((await messages.next()).value).toMatchObject({ payload: 2, missedBefore: 0 });
  expect(subscription.unknownGaps).toBe(1);
});

test("what may have been lost with a connection is counted and told; nothing is sent twice; what comes later waits (H1)", async () => {
  const { proxy, client, publisher } = await behindProxy();
  const subscription = await publisher.subscribe("a");
  const status = client.status();
  for (let i = 0; i < 100; i++) void client.publish("a", i); // they are in the link when it breaks
  proxy.cut();
  let lost = 0;
  for await (const event of status) {
    if (event.kind === "publishes-lost") lost += event.count;
    if (event.kind === "disconnected") break;
  }
  expect(lost).toBe(100);
  await client.publish("a", "later"); // waits for the next connection
  const payloads: unknown[] = [];
  for await (const { payload } of subscription) {
    payloads.push(payload);
    if (payload === "later") break;
  }
  const arrived = payloads.slice(0, -1);
  expect(arrived).toEqual(Array.from({ length: arrived.length }, (_, i) => i));
});

test("what has arrived long ago does not count as lost with its connection, however little it was (H2)", async () => {
  const { proxy, client } = await behindProxy();
  const status = client.status();
  const beganMs = Date.now();
  let published = 0;
  while (published < 100 || Date.now() - beganMs < 3 * askMs) {
    await client.publish("a", published++);
    await client.publish("a", published++, { confirm: "local" });
  }
  proxy.cut();
  let lost = 0;
  for await (const event of status) {
    if (event.kind === "publishes-lost") lost += event.count;
    if (event.kind === "disconnected") break;
  }
  expect(lost).toBeLessThan(published / 2 - 10); // of those that nobody has confirmed
});

test("a confirmation whose connection breaks ends as unknown", async () => {
  const { proxy, client, publisher } = await behindProxy();
  const slow = await publisher.subscribe("a", {
    overflow: "block-publisher",
    buffer: { messages: 1 },
    windowBytes: 64,
  });
  const status = client.status();
  const confirmed = Array.from({ length: 10 }, (_, i) =>
    client.publish("a", `${"x".repeat(100)}${i}`, { confirm: "local" }),
  );
  expect(await confirmed[0]).toMatchObject({ handed: 1 });
  proxy.cut();
  await expect(confirmed[9]).rejects.toMatchObject({ code: "node-lost", outcome: "unknown" });
  await Promise.allSettled(confirmed);
  for await (const { kind } of status) if (kind === "reconnected") break;
  await slow.unsubscribe();
});

test("without reconnect a subscription ends with its connection: what had come is taken, then the loop throws", async () => {
  const node = await startNode({ name: "home" });
  const proxy = await startProxy(node);
  const client = await connect(proxy.url, { reconnect: false });
  const publisher = await clientOf(node);
  const subscription = await client.subscribe("a");
  await publisher.publish("a", 1, { confirm: "local" });
  const messages = subscription[Symbol.asyncIterator]();
  expect((await messages.next()).value!.payload).toBe(1);
  proxy.cut();
  await expect(messages.next()).rejects.toMatchObject({ code: "not-connected" });
  expect(await messages.next()).toEqual({ value: undefined, done: true });
  await expect(client.publish("a", 1)).rejects.toMatchObject({ code: "not-connected" });
});

test("requests go on over the next connection", async () => {
  const { proxy, client, publisher } = await behindProxy();
  await client.respond("q", ({ payload }) => payload);
  expect(await publisher.publishRequest("q", 1)).toBe(1);
  expect(await client.publishRequest("q", 2)).toBe(2);
  const status = client.status();
  proxy.cut();
  for await (const { kind } of status) if (kind === "reconnected") break;
  expect(await client.publishRequest("q", 3)).toBe(3);
  expect(await publisher.publishRequest("q", 4)).toBe(4);
});
