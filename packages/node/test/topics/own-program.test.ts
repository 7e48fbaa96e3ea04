/** Topics of the program that has made a node: over real sockets where others take part. `core/program/own-topics.ts`. */
import { MpregError, type Policy, createDefaultPolicy, topics } from "@mpreg/core";
import { type MpregNode, createNode } from "@mpreg/node";
import { expect, test } from "vitest";
import { z } from "zod";
import { startMesh, startNode, startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";

test("a node's program and a client hear each other, each message once and in order", async () => {
  const { node, client } = await startPair();
  const here = await node.subscribe(["a.*", "a.1"]);
  const there = await client.subscribe("b.*");
  for (let i = 0; i < 500; i++) {
    await client.publish(`a.${i % 3}`, i);
    await node.publish(`b.${i % 3}`, i, { headers: { n: String(i) } });
  }
  const heard: unknown[] = [];
  for await (const { payload } of here) if (heard.push(payload) === 500) break;
  const told: unknown[] = [];
  for await (const { payload, headers } of there) if (told.push([payload, headers["n"]]) === 500) break;
  const all = Array.from({ length: 500 }, (_, i) => i);
  expect(heard).toEqual(all);
  expect(told).toEqual(all.map((i) => [i, String(i)]));
});

test("what the program of one node publishes reaches the program of another one, once everywhere() has resolved", async () => {
  const [one, other] = (await startMesh({ name: "one" }, { name: "other" })) as [MpregNode, MpregNode];
  const subscription = await other.subscribe("news.#");
  await subscription.everywhere({ timeoutMs: 20_000 });
  expect(await one.publish("news.today", { n: 1 }, { confirm: "local" })).toEqual({
    handed: 0,
    waiting: 0,
    lost: 0,
    nodes: 1,
  });
  for await (const { topic, payload } of subscription) {
    expect([topic, payload]).toEqual(["news.today", { n: 1 }]);
    break;
  }
});

test("a request of a program is answered by another's, its error told; nobody's fails at once", async () => {
  const { node, client } = await startPair();
  await node.respond("double", ({ payload }) => (payload as number) * 2);
  await client.respond("fails", () => {
    throw new Error("not today");
  });
  expect(await client.publishRequest("double", 21)).toBe(42);
  expect(await node.publishRequest("double", 4)).toBe(8);
  await expect(node.publishRequest("fails", 1)).rejects.toMatchObject({ code: "handler-error", message: "not today" });
  await expect(node.publishRequest("nobody", 1)).rejects.toMatchObject({ code: "no-provider" });
});

test("the policy is asked as the node itself (G4); what it refuses, and reserved topics, reject", async () => {
  const allow = createDefaultPolicy({ cluster: "default" });
  const policy: Policy = (subject, action) => {
    const isSecret =
      (action.kind === "publish" && action.topic === "secret") ||
      (action.kind === "subscribe" && action.pattern === "secret");
    if (subject.kind === "self" && isSecret) return { allow: false, reason: "not for programs" };
    return allow(subject, action);
  };
  const node = await startNode({ policy });
  await expect(node.publish("secret", 1)).rejects.toMatchObject({
    code: "denied",
    outcome: "not-applied",
    message: 'Cannot publish to "secret": not for programs',
  });
  await expect(node.subscribe("secret")).rejects.toMatchObject({ code: "denied" });
  await expect(node.publish("mpreg.x", 1)).rejects.toMatchObject({ code: "denied" });
  await expect(node.publish("a", () => 1)).rejects.toMatchObject({ code: "not-encodable" });
  await node.publish("a", 1);
});

test("callbacks run outside of the node (G3): one may publish, subscribe and leave; one that throws ends its subscription", async () => {
  const { node } = await startPair();
  const echoed: unknown[] = [];
  await node.subscribe("echo.*", {
    onMessage: async ({ payload }) => {
      if ((payload as number) < 5) await node.publish("echo.next", (payload as number) + 1);
      echoed.push(payload);
    },
  });
  await node.publish("echo.first", 0);
  await eventually("all echoes", () => echoed.length === 6);
  expect(echoed).toEqual([0, 1, 2, 3, 4, 5]);
  const failing = await node.subscribe("x", {
    onMessage: () => {
      throw new Error("no");
    },
  });
  await node.publish("x", 1);
  await expect(failing.closed).rejects.toMatchObject({ code: "handler-error" });
});

test("a slow program loses what its buffer does not hold, and is told how much; block-publisher makes publishers wait", async () => {
  const { node } = await startPair();
  const slow = await node.subscribe("a", { windowBytes: 100, buffer: { messages: 10 } });
  const patient = await node.subscribe("b", {
    windowBytes: 100,
    buffer: { messages: 10 },
    overflow: "block-publisher",
  });
  for (let i = 0; i < 100; i++) await node.publish("a", i);
  const published = Promise.all(Array.from({ length: 100 }, (_, i) => node.publish("b", i)));
  let heard = 0;
  for await (const { payload, missedBefore } of slow) {
    heard += 1 + missedBefore;
    if (payload === 99) break;
  }
  expect(heard).toBe(100);
  const all: unknown[] = [];
  for await (const { payload } of patient) if (all.push(payload) === 100) break;
  expect(all).toEqual(Array.from({ length: 100 }, (_, i) => i));
  await published;
  expect(patient.missed).toBe(0);
});

test("a publish that waits gives up with its signal and its time; nobody knows then whether it went out", async () => {
  const { node } = await startPair();
  await node.subscribe("b", { windowBytes: 1, buffer: { messages: 1 }, overflow: "block-publisher" });
  await node.publish("b", 1);
  await node.publish("b", 2);
  const controller = new AbortController();
  const aborted = node.publish("b", 3, { signal: controller.signal });
  const late = node.publish("b", 4, { timeoutMs: 20 });
  controller.abort("enough");
  await expect(aborted).rejects.toMatchObject({ code: "cancelled", outcome: "unknown" });
  await expect(late).rejects.toMatchObject({ code: "deadline", outcome: "unknown" });
});

test("a loop that publishes leaves the event loop to others (P2)", async () => {
  const { node } = await startPair();
  let turns = 0;
  const turn = setInterval(() => (turns += 1), 0);
  const until = performance.now() + 5_000;
  while (turns < 3 && performance.now() < until) await node.publish("nobody", 1);
  clearInterval(turn);
  expect(turns).toBeGreaterThanOrEqual(3);
});

test("drain takes what has come, and an unsubscribed program hears nothing; a group's messages go to one of its members", async () => {
  const { node, client } = await startPair();
  const heard: unknown[] = [];
  const draining = await node.subscribe("d", { onMessage: ({ payload }) => heard.push(payload) });
  for (let i = 0; i < 10; i++) await node.publish("d", i);
  await draining.drain();
  await node.publish("d", 10);
  expect(heard).toEqual(Array.from({ length: 10 }, (_, i) => i));
  let taken = 0;
  const onMessage = (): void => void (taken += 1);
  await node.subscribe("g", { group: "g", onMessage });
  await client.subscribe("g", { group: "g", onMessage });
  for (let i = 0; i < 20; i++) await node.publish("g", i);
  await eventually("all are taken", () => taken >= 20);
  expect(taken).toBe(20);
});

test("drain takes also what waits in the node, and nothing that is published later", async () => {
  const { node } = await startPair();
  const subscription = await node.subscribe("d", { windowBytes: 100 });
  for (let i = 0; i < 100; i++) await node.publish("d", i);
  const drained = subscription.drain();
  await node.publish("d", "late");
  const heard: unknown[] = [];
  for await (const { payload } of subscription) heard.push(payload);
  await drained;
  expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test("bytes that the program keeps stay as they came, and nobody can take their memory from the others", async () => {
  const { node } = await startPair();
  const subscription = await node.subscribe("bytes");
  const count = 500;
  for (let i = 0; i < count; i++) await node.publish("bytes", new Uint8Array(i % 200).fill(i));
  const kept: Uint8Array[] = [];
  for await (const { payload } of subscription) if (kept.push(payload as Uint8Array) === count) break;
  try {
    structuredClone(kept[9], { transfer: [kept[9]!.buffer] }); // Node.js 20 copies what cannot be transferred
  } catch (error) {
    expect(error).toMatchObject({ name: "DataCloneError" }); // later ones refuse it
  }
  kept.forEach((bytes, i) => {
    expect(bytes).toEqual(new Uint8Array(i % 200).fill(i));
  });
});

test("a backlog is told to whoever comes late, in order", async () => {
  const { node } = await startPair();
  const first = await node.subscribe("h.*");
  for (let i = 0; i < 5; i++) await node.publish(`h.${i}`, i);
  await first.unsubscribe();
  const late = await node.subscribe("h.*", { backlog: 3 });
  const heard: unknown[] = [];
  for await (const { payload } of late) if (heard.push(payload) === 3) break;
  expect(heard).toEqual([2, 3, 4]);
});

test("schemas of createNode refuse what the program publishes; an asynchronous one keeps the order", async () => {
  const slowly = z.number().refine(async (value) => {
    await new Promise(setImmediate);
    return value >= 0;
  });
  const contract = topics({ "n.#": slowly, "t.#": z.object({ text: z.string() }) });
  const node = await createNode({ log: "silent", discovery: { mdns: false }, topics: contract });
  try {
    const subscription = await node.subscribe("n.#");
    await expect(node.publish("n.1" as string, -1)).rejects.toMatchObject({ code: "invalid-input" });
    await expect(node.publish("t.1" as string, { text: 1 })).rejects.toMatchObject({ code: "invalid-input" });
    await Promise.all([node.publish("n.1", 1), node.publish("n.2", 2), node.publish("n.3", 3)]);
    const heard: number[] = [];
    for await (const { payload } of subscription) if (heard.push(payload) === 3) break;
    expect(heard).toEqual([1, 2, 3]);
  } finally {
    await node.close();
  }
});

test("with the node its subscriptions end, and everything rejects as closed", async () => {
  const { node } = await startPair();
  const subscription = await node.subscribe("a");
  await node.respond("r", () => new Promise(() => undefined));
  const asked = node.publishRequest("r", 1).catch((error: unknown) => error);
  await eventually("it is asked", () => node.publish("r", 1, { confirm: "local" }).then(({ handed }) => handed === 1));
  await node.close();
  await subscription.closed;
  expect(await asked).toBeInstanceOf(MpregError);
  for await (const message of subscription) expect(message).toBeUndefined();
  await expect(node.publish("a", 1)).rejects.toMatchObject({ code: "closed" });
  await expect(node.subscribe("a")).rejects.toMatchObject({ code: "closed" });
  await expect(node.publishRequest("a", 1)).rejects.toMatchObject({ code: "closed" });
});
