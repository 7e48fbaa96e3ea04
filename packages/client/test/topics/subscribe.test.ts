/** Subscriptions of clients over real sockets: what arrives, in which order, and how they end. */
import { type Client, type PublishConfirmation, type Subscription, connect } from "@mpreg/client";
import type { MpregError, Policy } from "@mpreg/core";
import { expect, test } from "vitest";
import { clientOf, startNode, startPair } from "../../../node/test/support/cluster.js";
import { eventually } from "../../../node/test/support/eventually.js";
import { Latch } from "../../../node/test/support/latch.js";

/** The payloads of the next `count` messages. */
async function next(subscription: Subscription, count: number): Promise<unknown[]> {
  const payloads: unknown[] = [];
  const messages = subscription[Symbol.asyncIterator]();
  while (payloads.length < count) payloads.push((await messages.next()).value?.payload);
  return payloads;
}

test("a message that several patterns match comes once, with all that its publisher said of it", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const logins = await client.subscribe(["user.*.login", "user.#"]);
  await publisher.publish(
    "user.7.login",
    { ip: "::1" },
    {
      headers: { region: "eu", __proto__x: "data" },
      id: "first",
      correlationId: "c",
      replyTo: "answers.7",
      ttlMs: 60_000,
      priority: 9,
    },
  );
  await publisher.publish("user.8.login", null);
  const messages = logins[Symbol.asyncIterator]();
  const first = (await messages.next()).value!;
  expect([first.topic, first.payload, first.headers]).toEqual([
    "user.7.login",
    { ip: "::1" },
    { region: "eu", __proto__x: "data" },
  ]);
  expect([first.id, first.correlationId, first.replyTo]).toEqual(["first", "c", "answers.7"]);
  expect([first.ttlMs, first.priority, first.missedBefore]).toEqual([60_000, 9, 0]);
  expect(first.payload).toBe(first.payload); // decoded once
  const second = (await messages.next()).value!;
  expect([second.topic, second.payload, second.correlationId]).toEqual(["user.8.login", null, undefined]);
  expect(second.id).toMatch(/^[\w-]{17}$/);
  expect(Math.abs(second.timestampMs - Date.now())).toBeLessThan(60_000);
});

test("what a client publishes comes in the order in which it published, awaited or not, whatever else is said of it", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const all = await client.subscribe("n.#");
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < 3_000; i++) {
    const options = i % 3 === 0 ? { headers: { i: "x" } } : undefined;
    if (i % 100 === 50) sent.push(publisher.publish(`n.${i % 7}`, i, { confirm: "local" }));
    else sent.push(publisher.publish(`n.${i % 7}`, i, options));
  }
  await Promise.all(sent);
  expect(await next(all, 3_000)).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
});

test("a callback is called with each message; one that is asynchronous is waited for by drain", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const seen: unknown[] = [];
  const ended: unknown[] = [];
  const subscription = await client.subscribe("a", {
    onMessage: async ({ payload }) => {
      seen.push(payload);
      await publisher.call("echo", [payload]);
      ended.push(payload);
    },
  });
  for (let i = 0; i < 10; i++) await publisher.publish("a", i, { confirm: "local" });
  await subscription.drain();
  expect(seen).toHaveLength(10);
  expect(ended).toHaveLength(10);
  expect(() => subscription[Symbol.asyncIterator]()).toThrow("onMessage");
});

test("a callback that throws, or rejects, ends its subscription, and closed says why", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  for (const fail of [
    () => {
      throw new Error("no good");
    },
    () => Promise.reject(new Error("no good")),
  ]) {
    const subscription = await client.subscribe("a", { onMessage: fail });
    const closed = subscription.closed.catch((error: unknown) => (error as MpregError).message);
    await publisher.publish("a", 1);
    expect(await closed).toBe("The callback of a subscription threw: no good");
    expect(await publisher.publish("a", 2, { confirm: "local" })).toMatchObject({ handed: 0, waiting: 0 });
  }
});

test("what cannot be read ends nothing: reading its payload throws, and the next one is read", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const all = await client.subscribe("a.*");
  await publisher.publish("a.1", { deep: nested(90) });
  await publisher.publish("a.2", "good");
  const shallow = await connect(node.url);
  await shallow.close();
  const messages = all[Symbol.asyncIterator]();
  expect((await messages.next()).value!.topic).toBe("a.1");
  expect((await messages.next()).value!.payload).toBe("good");
});

function nested(depth: number): unknown {
  return depth === 0 ? 0 : [nested(depth - 1)];
}

test("the backlog comes first, in order, without gap or repetition: by count, by age, the last of each topic", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  for (let i = 0; i < 20; i++) await publisher.publish(`b.${i % 2}`, i, { confirm: "local" });
  const counted = await client.subscribe("b.#", { backlog: 5 });
  const aged = await client.subscribe("b.#", { backlog: { ageMs: 60_000 } });
  const last = await client.subscribe("b.#", { backlog: "last" });
  for (let i = 20; i < 23; i++) await publisher.publish(`b.${i % 2}`, i);
  expect(await next(counted, 8)).toEqual([15, 16, 17, 18, 19, 20, 21, 22]);
  expect(await next(aged, 23)).toEqual(Array.from({ length: 23 }, (_, i) => i));
  expect(await next(last, 5)).toEqual([18, 19, 20, 21, 22]);
});

test("of a group one member gets each message; a filter lets through what its headers say", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const one = await client.subscribe("g", { group: "workers" });
  const other = await publisher.subscribe("g", { group: "workers" });
  const filtered = await client.subscribe("g", { filter: { match: "all", headers: { kind: "even", any: true } } });
  for (let i = 0; i < 10; i++) {
    await publisher.publish("g", i, { headers: { kind: i % 2 === 0 ? "even" : "odd", any: "" } });
  }
  const both = [...(await next(one, 5)), ...(await next(other, 5))];
  expect(both.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await next(filtered, 5)).toEqual([0, 2, 4, 6, 8]);
});

test("leaving the loop, unsubscribe, a signal and the client's end leave nothing behind", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const reached = async (): Promise<number> => (await publisher.publish("a", 1, { confirm: "local" })).handed;
  const controller = new AbortController();
  const [left, ended, aborted, whole] = await Promise.all([
    client.subscribe("a"),
    client.subscribe("a"),
    client.subscribe("a", { signal: controller.signal }),
    client.subscribe("a"),
  ]);
  expect(await reached()).toBe(4);
  for await (const { topic } of left) if (topic === "a") break;
  await ended.unsubscribe();
  controller.abort();
  await aborted.closed;
  await eventually("three are gone", async () => (await reached()) === 1);
  const rest = whole[Symbol.asyncIterator]();
  await client.close();
  while ((await rest.next()).done !== true); // what had come is still taken, then it is done
  await whole.closed;
  await eventually("all are gone", async () => (await reached()) === 0);
  await expect(client.subscribe("a")).rejects.toMatchObject({ code: "closed" });
  await expect(client.publish("a", 1)).rejects.toMatchObject({ code: "closed" });
});

test("a loop over what is over says why: how it failed, or that a loop was left; where the program has ended it, it is done", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const loop = async (subscription: Subscription): Promise<void> => {
    for await (const message of subscription) if (message.payload === "last") break;
  };
  const left = await client.subscribe("a");
  await publisher.publish("a", "last");
  await loop(left);
  await expect(loop(left)).rejects.toMatchObject({ code: "closed" });
  await left.closed; // as wanted
  const failed = await client.subscribe("b", { overflow: "disconnect", buffer: { messages: 1 }, windowBytes: 1 });
  for (let i = 0; i < 3; i++) await publisher.publish("b", i, { confirm: "local" });
  for (let loops = 0; loops < 2; loops++) await expect(loop(failed)).rejects.toMatchObject({ code: "overloaded" });
  const aborting = new AbortController();
  const aborted = await client.subscribe("a", { signal: aborting.signal });
  aborting.abort();
  await loop(aborted);
});

test("drain ends it so that all that was published before is still taken", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const subscription = await client.subscribe("a");
  for (let i = 0; i < 500; i++) await publisher.publish("a", i);
  await publisher.publish("a", 500, { confirm: "local" });
  const drained = subscription.drain();
  const taken: unknown[] = [];
  for await (const { payload } of subscription) taken.push(payload);
  await drained;
  expect(taken).toEqual(Array.from({ length: 501 }, (_, i) => i));
});

test("drain takes also what waits at the node; what is published later does not come, and asked twice it waits twice", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const subscription = await client.subscribe("a", { windowBytes: 100, buffer: { messages: 1_000 } });
  const last = await publishedUntil(publisher, 500);
  expect(last.waiting).toBe(1);
  const drains = [subscription.drain(), subscription.drain()];
  await eventually("the node has heard of it", async () => {
    const { handed, waiting } = await publisher.publish("a", "late", { confirm: "local" });
    return handed + waiting === 0;
  });
  const taken: unknown[] = [];
  for await (const { payload } of subscription) if (payload !== "late") taken.push(payload);
  await Promise.all(drains);
  expect(taken).toEqual(Array.from({ length: 501 }, (_, i) => i));
  expect(subscription.missed).toBe(0);
});

async function publishedUntil(publisher: Client, count: number): Promise<PublishConfirmation> {
  for (let i = 0; i < count; i++) await publisher.publish("a", i);
  return publisher.publish("a", count, { confirm: "local" });
}

test("unsubscribe ends a drain: what waits at the node is not taken any more", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const subscription = await client.subscribe("a", { windowBytes: 100 });
  await publishedUntil(publisher, 100);
  const drained = subscription.drain();
  await subscription.unsubscribe();
  await drained;
  const taken: unknown[] = [];
  for await (const { payload } of subscription) taken.push(payload);
  expect(taken).toEqual([]);
});

test("drain ends it also for who waits no longer", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const [begun, end] = [new Latch(), new Latch()];
  const subscription = await client.subscribe("a", {
    onMessage: () => {
      begun.open();
      return end.passed;
    },
  });
  await publisher.publish("a", 1);
  await begun.passed;
  const aborted = subscription.drain({ signal: AbortSignal.abort("no") });
  await expect(aborted).rejects.toMatchObject({ code: "cancelled", outcome: "not-applied", cause: "no" });
  await subscription.everywhere(); // it has not ended
  await expect(subscription.drain({ timeoutMs: -1 })).rejects.toMatchObject({ code: "invalid-argument" });
  const late = subscription.drain({ timeoutMs: 20 });
  const ending = new AbortController();
  const given = subscription.drain({ signal: ending.signal });
  ending.abort("enough");
  await expect(given).rejects.toMatchObject({ code: "cancelled", outcome: "unknown", cause: "enough" });
  await expect(late).rejects.toMatchObject({ code: "deadline", outcome: "unknown" });
  await expect(subscription.everywhere()).rejects.toMatchObject({ code: "closed" });
  end.open();
  await subscription.closed;
});

test("unsubscribe waits for no callback: one may wait for it, another may never end (U6)", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const taken: unknown[] = [];
  const waiting = await client.subscribe("a", {
    onMessage: async ({ payload }) => {
      await client.call("echo", [payload]); // what comes before the wait is not within the callback's call
      await waiting.unsubscribe();
      taken.push(payload);
    },
  });
  const begun = new Latch();
  const endless = await client.subscribe("a", {
    onMessage: () => {
      begun.open();
      return new Promise(() => undefined);
    },
  });
  await publisher.publish("a", 1);
  await waiting.closed;
  expect(taken).toEqual([1]);
  await begun.passed;
  await expect(endless.unsubscribe({ signal: AbortSignal.abort("no") })).rejects.toMatchObject({ cause: "no" });
  await endless.everywhere(); // it has not ended
  await endless.unsubscribe();
  await endless[Symbol.asyncDispose]();
  await expect(endless.everywhere()).rejects.toMatchObject({ code: "closed" });
  await eventually("both are gone", async () => (await publisher.publish("a", 2, { confirm: "local" })).handed === 0);
});

test("what a drain has left waiting is dropped by unsubscribe; of a loop that has thrown why it ended nothing is told again", async () => {
  const { node, client } = await startPair();
  const publisher = await clientOf(node);
  const left = await client.subscribe("a");
  await publisher.publish("a", 1, { confirm: "local" });
  const drained = left.drain();
  await expect(left.everywhere()).rejects.toMatchObject({ code: "closed" });
  await left.unsubscribe();
  await drained;
  const ended = await client.subscribe("b", { overflow: "disconnect", buffer: { messages: 1 }, windowBytes: 1 });
  for (let i = 0; i < 3; i++) await publisher.publish("b", i, { confirm: "local" });
  const loop = async (): Promise<void> => {
    for await (const message of ended) expect(message.topic).toBe("b");
  };
  await expect(loop()).rejects.toMatchObject({ code: "overloaded" });
  await ended.unsubscribe();
  await ended[Symbol.asyncDispose]();
});

test("what is wrong is refused with what would work, before anything is sent", async () => {
  const { client } = await startPair();
  const refused = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "",
      (error: unknown) => `${(error as MpregError).code}: ${(error as MpregError).message}`,
    );
  // before anything was published
  expect(await refused(client.publish(undefined as never, 1))).toContain("Topic must be a string, got undefined");
  expect(await refused(client.subscribe("a.b*"))).toContain('"a.*" would work');
  expect(await refused(client.subscribe([]))).toContain('"#" matches every topic');
  expect(await refused(client.subscribe("a", { backlog: 0 }))).toContain('backlog must be "last", how many');
  expect(await refused(client.subscribe("a", { overflow: "lose" as "disconnect" }))).toContain(
    "drop-oldest, drop-newest",
  );
  expect(await refused(client.subscribe("a", { filter: { match: "all", headers: {} } }))).toContain(
    "it names no header",
  );
  expect(await refused(client.subscribe("a", { bufer: {} } as object))).toContain('did you mean "buffer"?');
  expect(await refused(client.publish("a.*", 1))).toContain("has a wildcard");
  expect(await refused(client.publish("mpreg.x", 1))).toContain("denied: Cannot publish to");
  expect(await refused(client.publish("a", () => 1))).toContain("not-encodable: Cannot encode payload");
  expect(await refused(client.publish("a", 1, { priority: 10 }))).toContain("from 0 to 9");
  expect(await refused(client.publish("a", 1, { priority: "high" as never }))).toContain('got "high"');
  expect(await refused(client.respond("a", undefined as never))).toContain(
    "what answers must be a function, got undefined",
  );
  expect(await refused(client.publish("a", 1, { headers: { a: 1 } as never }))).toContain('header "a" must be a text');
  const wrongHeaders = [new Map([["a", "b"]]), new Headers({ a: "b" }), [["a", "b"]]];
  for (const headers of wrongHeaders) {
    expect(await refused(client.publish("a", 1, { headers: headers as never }))).toContain(
      "must be an object of texts",
    );
  }
  const halves = [
    { headers: { a: "\ud800" } },
    { headers: { "\udc00": "" } },
    { id: "\ud800" },
    { correlationId: "\ud800" },
  ];
  for (const options of halves) {
    expect(await refused(client.publish("a", 1, options))).toContain("has half of a surrogate pair; only whole ones");
  }
  expect(await refused(client.publish(7 as never, 1))).toContain("Topic must be a string");
  expect(await refused(client.subscribe("a", { windowBytes: 2 ** 40 }))).toContain("windowBytes");
  expect(await refused(client.subscribe("a", { buffer: { messages: 1e6 } }))).toContain('"buffer.messages" must be');
  expect(await refused(client.subscribe("a", { buffer: { bytes: 1e9 } }))).toContain('"buffer.bytes" must be');
});

test("a subscription is served everywhere, where the cluster is one node", async () => {
  const { client } = await startPair();
  const subscription = await client.subscribe("a");
  await subscription.everywhere({ timeoutMs: 20_000 });
  await subscription.unsubscribe();
  await expect(subscription.everywhere()).rejects.toMatchObject({ code: "closed" });
});

test("a node that is not there is waited for no longer than allowed", async () => {
  const node = await startNode({ name: "home" });
  const client = await clientOf(node, { discover: false });
  await node.close();
  await expect(client.publish("a", 1, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "deadline",
    outcome: "not-applied",
  });
  await expect(client.subscribe("a", { timeoutMs: 50 })).rejects.toMatchObject({ code: "deadline" });
});

test("what the node refuses is told, by the id of the message; other messages go on", async () => {
  const policy: Policy = (_subject, action) =>
    action.kind === "publish" && action.topic === "secret" ? { allow: false, reason: "not for you" } : { allow: true };
  const { client } = await startPair({ policy });
  const status = client.status();
  const all = await client.subscribe("#");
  await client.publish("secret", 1, { id: "mine" });
  await client.publish("open", 2);
  await expect(client.publish("secret", 3, { confirm: "local" })).rejects.toMatchObject({ code: "denied" });
  expect(await next(all, 1)).toEqual([2]);
  for await (const event of status) {
    if (event.kind !== "publish-refused") continue;
    expect(event).toMatchObject({
      id: "mine",
      error: { code: "denied", message: expect.stringContaining("not for you") as string },
    });
    break;
  }
});
