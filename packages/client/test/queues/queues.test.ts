/** Queues of clients at different nodes, over real sockets and real disks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MpregNode, createNode } from "@mpreg/node";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, startMesh } from "../../../node/test/support/cluster.js";

async function twoNodes() {
  const [node, far] = (await startMesh({}, {})) as [MpregNode, MpregNode];
  return { node, far, near: await clientOf(node), distant: await clientOf(far) };
}

async function durableNode(dataDir: string) {
  const node = await createNode({ name: "keeper", dataDir, port: 0, log: "silent" });
  onTestFinished(() => node.close());
  return { node, client: await clientOf(node) };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mpreg-queues-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("an owner that has no disk, or is not there, is refused by name: nothing durable is in memory unawares", async () => {
  const { node, near } = await twoNodes();
  await expect(near.queue("orders", { owner: node.name }).send(1)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringMatching(/"orders" cannot be durable: this node has no store.*durable: false/) as unknown,
  });
  await expect(near.queue("orders", { owner: "nobody" }).send(1)).rejects.toMatchObject({
    code: "no-provider",
    outcome: "not-applied",
    message: expect.stringMatching(/Cannot create queue "orders" on node "nobody"/) as unknown,
  });
  expect(await near.queues()).toEqual([]);
});

test("what is sent at one node is received at another one, whichever owns the queue, and is gone once it is acknowledged", async () => {
  const { near, distant } = await twoNodes();
  const orders = near.queue<{ id: number }>("orders", { durable: false });
  const sent = await Promise.all([1, 2, 3].map((id) => orders.send({ id }, { headers: { kind: "new" } })));
  expect(sent.map(({ duplicate }) => duplicate)).toEqual([false, false, false]);
  const there = distant.queue<{ id: number }>("orders");
  const messages = await there.receive({ max: 10 });
  expect(messages.map(({ value, receives, headers }) => ({ value, receives, headers }))).toEqual(
    [1, 2, 3].map((id) => ({ value: { id }, receives: 1, headers: { kind: "new" } })),
  );
  expect(await near.queue("orders").receive({ waitMs: 0 })).toEqual([]);
  await Promise.all(messages.map((message) => message.ack()));
  expect(await orders.stats()).toMatchObject({ messages: 0, sent: 3, acknowledged: 3 });
  await expect(messages[0]!.ack()).rejects.toMatchObject({
    code: "stale-receipt",
    outcome: "not-applied",
    reason: "acknowledged",
  });
  expect(await distant.queues()).toEqual(["orders"]);
  const shown = (await near.functions()).map(({ name }) => name);
  expect(shown.filter((name) => name.startsWith("mpreg."))).toEqual([]);
  const { functions } = (await near.nodes())[0]!;
  expect(functions).toBe(shown.length);
});

test("a receive that waits gets a message the moment it is sent, and none once its caller has gone", async () => {
  const { near, distant } = await twoNodes();
  const queue = near.queue("later", { durable: false });
  await queue.create();
  const there = distant.queue("later");
  const waiting = there.receive({ waitMs: 20_000 });
  await expect.poll(async () => (await queue.stats()).waiting).toBe(1);
  await queue.send("now");
  expect((await waiting).map(({ value }) => value)).toEqual(["now"]);

  const abort = new AbortController();
  const gone = there.receive({ waitMs: 20_000, signal: abort.signal });
  await expect.poll(async () => (await queue.stats()).waiting).toBe(1);
  abort.abort();
  await expect(gone).rejects.toMatchObject({ code: "cancelled" });
  await expect.poll(async () => (await queue.stats()).waiting).toBe(0);
});

test("a durable queue is there with all that was not acknowledged when its node comes back", async () => {
  const dataDir = await folder();
  const first = await durableNode(dataDir);
  const jobs = first.client.queue<number>("jobs", { visibilityMs: 60_000 });
  // more than this process has lived when the node begins anew, were its clock to begin anew with it
  const delayMs = Math.ceil(performance.now() * 0.9);
  for (let job = 0; job < 10; job++) await jobs.send(job);
  await jobs.send(-1, { delayMs });
  const [zero, one] = await jobs.receive({ max: 2 });
  await zero!.ack();
  expect((await jobs.settings()).durable).toBe(true);
  await first.client.close();
  await first.node.close();

  const second = await durableNode(dataDir);
  const again = second.client.queue<number>("jobs");
  const messages = await again.receive({ max: 100, waitMs: 0 });
  expect(messages.map(({ value }) => value)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  // the lease of another one goes on, and its receipt is honoured
  expect(await again.ack([one!.receipt, zero!.receipt])).toMatchObject([
    undefined,
    { code: "stale-receipt", reason: "gone" },
  ]);
  expect(await again.stats()).toMatchObject({ messages: 9, leased: 8, delayed: 1 });
  expect((await again.settings()).visibilityMs).toBe(60_000);
});

test("a processor acknowledges what its handler has done, releases what it threw on, and works on as many as it may at a time", async () => {
  const { near } = await twoNodes();
  const work = near.queue<number>("work", { durable: false });
  await near.queue("dead", { durable: false }).create();
  await work.sendBatch(Array.from({ length: 20 }, (_, value) => ({ value })));
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const errors: unknown[] = [];
  const processor = work.process(
    async ({ value, receives }) => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      if (value === 7 && receives === 1) throw new Error("not yet");
      done.push(value);
    },
    { concurrency: 4, onError: (error) => void errors.push(error) },
  );
  await expect.poll(() => done.length).toBe(20);
  await processor.drain();
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, value) => value));
  expect(most).toBe(4);
  expect(errors).toEqual([new Error("not yet")]);
  expect(await work.stats()).toMatchObject({ messages: 0, leased: 0, waiting: 0 });
});

test("a loop over a queue takes one message after the other, and gives back what it has not handed on when it is left", async () => {
  const { near } = await twoNodes();
  const queue = near.queue<number>("loop", { durable: false });
  for (let value = 0; value < 10; value++) await queue.send(value);
  const seen: number[] = [];
  for await (const message of queue.messages({ prefetch: 5 })) {
    seen.push(message.value);
    await message.ack();
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([0, 1, 2]);
  await expect.poll(async () => await queue.stats()).toMatchObject({ available: 7, leased: 0 });
});

test("a queue that nobody has created, and names and operations that are none, are refused with what would work", async () => {
  const { near } = await twoNodes();
  await expect(near.queue("nowhere").send(1)).rejects.toMatchObject({ code: "unknown-queue", outcome: "not-applied" });
  await expect(near.queue("bad name", { durable: false }).send(1)).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(near.queue("disk", { durable: true }).send(1)).rejects.toMatchObject({ code: "no-provider" });
  await near.queue("some", { durable: false }).create();
  await expect(near.call("mpreg.queue.some", [{ op: "sned" }])).rejects.toThrow(/did you mean "send"/);
  await expect(near.call("mpreg.queue.some", [{ op: "send", messages: [{ body: "text" }] }])).rejects.toThrow(
    /messages\[0\]: body must be bytes/,
  );
  expect(() => near.queue("some", { visibiltyMs: 1 } as object)).toThrow(/did you mean "visibilityMs"/);
});

test("a durable queue takes messages, and gives dead letters up, at once after its node has come back", async () => {
  const dataDir = await folder();
  const first = await durableNode(dataDir);
  await first.client.queue("dead", {}).create();
  await first.client.queue("jobs", { maxReceives: 2, deadLetter: "dead" }).send("bad");
  await first.client.close();
  await first.node.close();

  const { client } = await durableNode(dataDir);
  const jobs = client.queue("jobs");
  const { sequence } = await jobs.send("good");
  expect(sequence).toBeGreaterThan(1n);
  for (let time = 0; time < 2; time++) {
    const messages = await jobs.receive({ max: 2 });
    for (const message of messages) if (message.value === "bad") await message.release();
  }
  await expect.poll(() => jobs.stats()).toMatchObject({ messages: 1, deadLettered: 1, deadLettersRefused: 0 });
  expect((await client.queue("dead").receive())[0]).toMatchObject({ value: "bad", deadLetter: { attempts: 2 } });
});

test("a processor and a loop whose client is gone give up what they had leased, and trouble nobody", async () => {
  const { near, distant } = await twoNodes();
  const queue = near.queue<number>("gone", { durable: false, visibilityMs: 300 });
  await queue.sendBatch([1, 2, 3, 4, 5, 6].map((value) => ({ value })));
  const theirs = distant.queue<number>("gone");
  let begin: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const processor = theirs.process(
    (_message, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        begin();
      }),
    { prefetch: 2 },
  );
  await begun;
  const loop = theirs.messages({ prefetch: 2 });
  await loop.next();
  await distant.close();
  await loop.return!();
  await processor.close();
  await expect.poll(() => queue.stats()).toMatchObject({ messages: 6, available: 6, leased: 0 });
});

test("a queue that was deleted is created anew by who had created it, and one that another has created since is not the one asked for", async () => {
  const { near, distant } = await twoNodes();
  const queue = near.queue("again", { durable: false });
  await queue.create();
  await queue.delete();
  await queue.create();
  await queue.send(1);
  await queue.delete();
  await distant.queue("again", { durable: false, order: "fifo" }).create();
  await expect(near.queue("again", { durable: false, order: "standard" }).create()).rejects.toMatchObject({
    code: "invalid-argument",
  });
  await expect(queue.create()).resolves.toMatchObject({ order: "fifo" }); // nothing was said of its order
});

test("who gives up waiting for a queue to be created leaves it to the others", async () => {
  const { near } = await twoNodes();
  const queue = near.queue<number>("shared", { durable: false });
  const abort = new AbortController();
  const first = queue.create({ signal: abort.signal });
  const second = queue.send(1);
  abort.abort();
  await expect(first).rejects.toMatchObject({ code: "cancelled" });
  expect(await second).toMatchObject({ duplicate: false });
});

test("a durable queue whose owner is away is not placed anew, and goes on when the owner is back", async () => {
  const dataDir = await folder();
  const [keeper, other] = (await startMesh({ name: "keeper", dataDir }, {})) as [MpregNode, MpregNode];
  const client = await clientOf(other);
  await client.queue("jobs", { visibilityMs: 1_000 }).send("first");
  await keeper.close();
  const refused = { code: "node-lost", outcome: "not-applied", node: "keeper" };
  await expect
    .poll(() =>
      client
        .queue("jobs", {})
        .create()
        .catch((error: unknown) => error),
    )
    .toMatchObject(refused);
  await expect(client.queue("jobs").send("second")).rejects.toMatchObject({ code: "unknown-queue" });

  const back = await createNode({ name: "keeper", dataDir, port: 0, log: "silent", peers: [other.url] });
  onTestFinished(() => back.close());
  const again = client.queue("jobs", {});
  await expect.poll(() => again.create().catch(() => undefined)).toMatchObject({ visibilityMs: 1_000 });
  await again.send("second");
  expect((await again.receive({ max: 2 })).map(({ value }) => value)).toEqual(["first", "second"]);
});

test("what is in memory only needs no disk; a message whose lease was lost before its turn is not begun (P3)", async () => {
  const { near } = await twoNodes();
  const pings = near.queue<number>("pings", { guarantee: { kind: "fire-and-forget" }, visibilityMs: 200 });
  expect(await pings.send(1)).toMatchObject({ duplicate: false });

  const work = near.queue<number>("work", { durable: false, visibilityMs: 2_000 });
  await work.sendBatch([{ value: 1 }, { value: 2 }]);
  const begun: number[] = [];
  const processor = work.process(
    ({ value }, { signal }) => {
      begun.push(value);
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
    { prefetch: 1 },
  );
  await expect.poll(() => work.stats()).toMatchObject({ leased: 2 });
  await work.purge();
  await expect.poll(() => processor.running).toBe(0);
  await processor.drain();
  expect(begun).toEqual([1]);
});
