/** Messages for queues of nodes that are away, over real sockets and real disks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreateNodeOptions, type MpregNode, createNode } from "@mpreg/node";
import type { Client } from "@mpreg/client";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, meshed, startMesh } from "../../../node/test/support/cluster.js";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mpreg-spool-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A node again, with the data directory that it had, that knows all `others`. */
async function again(options: CreateNodeOptions, ...others: readonly MpregNode[]): Promise<MpregNode> {
  const node = await createNode({
    log: "silent",
    discovery: { mdns: false },
    peers: others.map(({ url }) => url),
    ...options,
  });
  onTestFinished(() => node.close());
  await meshed([node, ...others]);
  return node;
}

/** What Prometheus reads of its spool. */
async function metricsOf({ url }: MpregNode): Promise<Readonly<Record<string, string>>> {
  const text = await (await fetch(`${url.replace("ws", "http")}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith("mpreg_spool"));
  return Object.fromEntries(lines.map((line) => line.split(" ")));
}

async function valuesOf(client: Client, queue: string, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  while (values.length < count) {
    const messages = await client.queue(queue).receive({ max: 100, waitMs: 10_000 });
    expect(messages).not.toEqual([]);
    values.push(...messages.map(({ value }) => value));
    await client.queue(queue).ack(messages.map(({ receipt }) => receipt));
  }
  expect(await client.queue(queue).receive({ waitMs: 0 })).toEqual([]);
  return values;
}

test("what is sent while the owner is away comes once, in the order of each node, also of one that was away itself", async () => {
  const dirs = [await folder(), await folder(), await folder()] as const;
  const [keeper, left, right] = (await startMesh(
    { name: "keeper", dataDir: dirs[0] },
    { name: "left", dataDir: dirs[1] },
    { name: "right", dataDir: dirs[2] },
  )) as [MpregNode, MpregNode, MpregNode];
  const clients = [await clientOf(left), await clientOf(right)] as const;
  const queues = clients.map((client) => client.queue<string>("jobs", { owner: "keeper" }));
  await Promise.all(queues.map((queue) => queue.create()));
  expect(await queues[0]!.send("direct", { accept: "spool" })).not.toHaveProperty("spooled");
  await keeper.close();
  for (let round = 0; round < 20; round++) {
    for (const [at, queue] of queues.entries()) {
      const sent = await queue.send(`${at} ${round}`, { accept: "spool" });
      expect(sent).toMatchObject({ spooled: true, duplicate: false, sequence: 0n });
    }
  }
  await expect(queues[0]!.send("now")).rejects.toMatchObject({ code: "node-lost", outcome: "not-applied" });
  await expect(clients[0].queue("never-there").send(1, { accept: "spool" })).rejects.toMatchObject({
    code: "unknown-queue",
    outcome: "not-applied",
  });
  const spooled = await clients[0].spooled();
  expect(spooled.map(({ queue, messages, refused }) => ({ queue, messages, refused }))).toEqual([
    { queue: "jobs", messages: 20, refused: 0 },
    { queue: "jobs", messages: 20, refused: 0 },
  ]);
  await left.close();
  const leftAgain = await again({ name: "left", dataDir: dirs[1] }, right);
  await again({ name: "keeper", dataDir: dirs[0] }, right, leftAgain);

  const values = await valuesOf(clients[1], "jobs", 41);
  const rounds = Array.from({ length: 20 }, (_, round) => round);
  expect(values[0]).toBe("direct");
  for (const at of [0, 1]) {
    expect(values.filter((value) => (value as string).startsWith(`${at} `))).toEqual(
      rounds.map((round) => `${at} ${round}`),
    );
  }
  expect(await clients[1].spooled()).toEqual([]);
});

test("what a program sends after that goes behind what waits, whether or not it may wait itself", async () => {
  const dataDir = await folder();
  const [keeper, near] = (await startMesh({ name: "keeper", dataDir }, { name: "near", dataDir: await folder() })) as [
    MpregNode,
    MpregNode,
  ];
  const client = await clientOf(near);
  const jobs = client.queue<number>("jobs", { owner: "keeper" });
  await jobs.create();
  await keeper.close();
  const first = Array.from({ length: 600 }, (_, value) => jobs.send(value, { accept: "spool" }));
  const others = client.queue<number>("jobs"); // the same queue: it is the program that waits its turn
  expect((await Promise.all(first)).every(({ spooled }) => spooled === true)).toBe(true);
  await again({ name: "keeper", dataDir }, near);
  await others.send(600);
  await client.queue<number>("jobs").send(601, { accept: "spool" });
  expect(await valuesOf(client, "jobs", 602)).toEqual(Array.from({ length: 602 }, (_, value) => value));
});

test("a dead letter goes to a queue of another node, and back, once each", async () => {
  const dirs = [await folder(), await folder()] as const;
  const [keeper, morgue] = (await startMesh(
    { name: "keeper", dataDir: dirs[0] },
    { name: "morgue", dataDir: dirs[1] },
  )) as [MpregNode, MpregNode];
  const client = await clientOf(keeper);
  const dead = client.queue<number>("dead", { owner: "morgue" });
  await dead.create();
  const jobs = client.queue<number>("jobs", { owner: "keeper", maxReceives: 1, deadLetter: "dead" });
  for (let value = 0; value < 5; value++) await jobs.send(value);
  const die = async (): Promise<void> => {
    for (const message of await jobs.receive({ max: 10 })) await message.release({ error: "no good" });
  };
  await die();
  await expect.poll(() => dead.stats()).toMatchObject({ messages: 5 });
  const letters = await dead.browse();
  expect(letters.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4]);
  expect(letters[0]!.deadLetter).toMatchObject({
    queue: "jobs",
    reason: "max-receives",
    error: "no good",
    attempts: 1,
  });

  await dead.redrive();
  await expect.poll(() => jobs.stats()).toMatchObject({ messages: 5 });
  expect(await dead.stats()).toMatchObject({ messages: 0, redriven: 5 });

  await morgue.close();
  await die();
  await expect.poll(() => client.spooled()).toMatchObject([{ queue: "dead", messages: 5 }]);
  expect(await jobs.stats()).toMatchObject({ messages: 0 });
  await again({ name: "morgue", dataDir: dirs[1] }, keeper);
  expect(await valuesOf(client, "dead", 5)).toEqual([0, 1, 2, 3, 4]);
});

test("what was set aside is told, and is tried again or thrown away from anywhere", async () => {
  const dataDir = await folder();
  const [keeper, morgue] = (await startMesh(
    { name: "keeper", dataDir: await folder() },
    { name: "morgue", dataDir },
  )) as [MpregNode, MpregNode];
  const told: string[] = [];
  const subscription = await (await clientOf(keeper)).subscribe("mpreg.queue.dead.*");
  void (async () => {
    for await (const { topic, payload } of subscription) {
      const { node, count, messages } = payload;
      told.push(`${topic.split(".").at(-1)} ${node} ${count} ${messages[0]?.error?.includes("limit")}`);
    }
  })();
  await keeper.queue<string>("dead", { owner: "morgue", messageBytesMax: 50 }).create();
  await expect.poll(() => keeper.queues()).toContain("dead");
  await morgue.close();
  for (const id of ["a", "b", "c"]) await keeper.queue<string>("dead").send(id.repeat(100), { id, accept: "spool" });
  const client = await clientOf(await again({ name: "morgue", dataDir }, keeper));
  const dead = client.queue<string>("dead");
  await expect
    .poll(() => client.spooled(), { timeout: 20_000 })
    .toMatchObject([{ queue: "dead", messages: 0, refused: 3, refusals: [{ id: "a" }, { id: "b" }, { id: "c" }] }]);
  expect(await metricsOf(keeper)).toMatchObject({
    'mpreg_spool_messages{queue="dead",state="waiting"}': "0",
    'mpreg_spool_messages{queue="dead",state="set-aside"}': "3",
    'mpreg_spool_set_aside_total{what="set-aside"}': "3",
  });
  expect(await client.discardSpooled({ ids: ["b"] })).toBe(1);
  await dead.update({ messageBytesMax: 1_000 });
  expect(await keeper.retrySpooled({ queue: "dead", ids: ["a", "b"] })).toBe(1);
  expect(await client.retrySpooled("all")).toBe(1);
  expect((await valuesOf(client, "dead", 2)).sort()).toEqual(["a".repeat(100), "c".repeat(100)]);
  const spoolTold = (): string[] => told.filter((one) => one.startsWith("spool"));
  await expect.poll(() => spoolTold().length).toBeGreaterThanOrEqual(5);
  expect(new Set(spoolTold().map((one) => one.replace(/ \d /, " ")))).toEqual(
    new Set(["refused", "discarded", "retried"].map((what) => `spool-${what} keeper true`)),
  );
  await expect(client.discardSpooled({} as never)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("a node without a disk keeps nothing, and says so; a client may not hand on what nodes do", async () => {
  const [keeper, near] = (await startMesh({ name: "keeper", dataDir: await folder() }, { name: "near" })) as [
    MpregNode,
    MpregNode,
  ];
  const client = await clientOf(near);
  const jobs = client.queue("jobs", { owner: "keeper" });
  await jobs.create();
  const transfer = { op: "transfer", origin: "o", call: 1, messages: [] };
  await expect(client.call("mpreg.queue.jobs", [transfer])).rejects.toMatchObject({ code: "denied" });
  await keeper.close();
  await expect(jobs.send(1, { accept: "spool" })).rejects.toMatchObject({
    code: "unsupported",
    outcome: "not-applied",
  });
  await expect(jobs.send(1, { accept: "disk" as never })).rejects.toMatchObject({ code: "invalid-argument" });
});
