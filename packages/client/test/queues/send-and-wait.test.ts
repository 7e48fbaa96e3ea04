/** Messages whose result is waited for, over real sockets and real disks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNode } from "@mpreg/node";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, offered, startMesh, startNode } from "../../../node/test/support/cluster.js";
import { byTurns } from "./turns.js";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mpreg-results-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("a message that a function works off answers its sender, with the result or with why it has failed", async () => {
  const [near, far] = await startMesh({}, {});
  far!.register("double", (value: unknown) => {
    if (typeof value !== "number") throw new TypeError("not a number");
    return value * 2;
  });
  await offered("double", 1, near!);
  const client = await clientOf(near!);
  await client.queue("dead", { durable: false }).create();
  const consumer = { function: "double", concurrency: 4 };
  const jobs = client.queue("jobs", { durable: false, consumer, maxReceives: 2, deadLetter: "dead" });
  expect(await Promise.all([1, 2, 3].map((value) => jobs.sendAndWait(value)))).toEqual([2, 4, 6]);
  const failed = jobs.sendAndWait("x", { id: "wrong" });
  await expect(failed).rejects.toMatchObject({
    code: "handler-error",
    outcome: "applied",
    message: expect.stringMatching(/^Message "wrong" of queue "jobs" was not done: .*not a number/) as string,
  });
  expect(await jobs.stats()).toMatchObject({ messages: 0, acknowledged: 3, deadLettered: 1 });
  await expect(jobs.result("never")).rejects.toMatchObject({ code: "result-lost", outcome: "unknown" });
});

test("whoever acknowledges a message by hand, or with a processor, answers its sender", async () => {
  const { url } = await startNode();
  const [sender, worker] = [await clientOf({ url }), await clientOf({ url })];
  const queue = sender.queue<string>("asked", { durable: false });
  await queue.create();
  const answered = queue.sendAndWait<{ to: string }>("by hand");
  const [message] = await worker.queue<string>("asked").receive();
  expect(message!.keepResult).toBe(true);
  await message!.ack({ result: { to: message!.value } });
  expect(await answered).toEqual({ to: "by hand" });

  const processor = worker.queue<string>("asked").process((each) => {
    if (each.value === "a function") return () => undefined;
    return each.value.length;
  });
  expect(await queue.sendAndWait("four")).toBe(4);
  // it was done, and cannot be undone because nobody can be told
  await expect(queue.sendAndWait("a function")).rejects.toMatchObject({ code: "not-encodable", outcome: "applied" });
  await processor.drain();
});

test("who waits for what another has sent, whose result nobody was to keep, hears that it is lost, and not nothing", async () => {
  const { url } = await startNode();
  const client = await clientOf({ url });
  const queue = client.queue<number, number>("once", { durable: false, dedup: {} });
  await queue.send(7, { dedup: "x" });
  const waiting = queue.sendAndWait(7, { dedup: "x" });
  const processor = queue.process(({ value }) => value * 2);
  await expect(waiting).rejects.toMatchObject({ code: "result-lost", outcome: "applied" });
  await processor.close();
});

test("what is not done in time stays, unless it is to be withdrawn; a signal does the same", async () => {
  const { url } = await startNode();
  const client = await clientOf({ url });
  const queue = client.queue<number>("slow", { durable: false });
  await queue.create();
  await expect(queue.sendAndWait(1, { timeoutMs: 1_500 })).rejects.toMatchObject({
    code: "deadline",
    outcome: "unknown",
  });
  expect(await queue.stats()).toMatchObject({ messages: 1 });
  await expect(queue.sendAndWait(2, { timeoutMs: 1_500, withdraw: true })).rejects.toMatchObject({
    code: "deadline",
    outcome: "not-applied",
  });
  expect(await queue.stats()).toMatchObject({ messages: 1 });
  const abort = new AbortController();
  const given = queue.sendAndWait(3, { id: "three", withdraw: true, signal: abort.signal });
  await expect.poll(async () => (await queue.stats()).messages).toBe(2);
  abort.abort();
  await expect(given).rejects.toMatchObject({ code: "cancelled", outcome: "not-applied" });
  expect(await queue.stats()).toMatchObject({ messages: 1, waiting: 0 });
});

test("a sender waits on while its node is gone, and while the owner of the queue starts anew", async () => {
  const dataDir = await folder();
  const keep = () => createNode({ name: "keeper", dataDir, port: 0, log: "silent", discovery: { mdns: false } });
  let keeper = await keep();
  const near = await startNode({ peers: [keeper.url] });
  const client = await clientOf(near);
  await expect.poll(() => near.nodes().length).toBe(2);
  const jobs = client.queue<number>("jobs", { visibilityMs: 3_000, owner: "keeper" });
  await jobs.create();
  const [first, second] = [jobs.sendAndWait<string>(1, { id: "first" }), jobs.sendAndWait<string>(2, { id: "second" })];
  const messages = await byTurns(() => jobs.receive({ max: 2 }), 2);
  const { url } = keeper;
  await messages[0]!.ack({ result: "done before" });
  expect(await first).toBe("done before");
  await keeper.close();
  keeper = await createNode({
    name: "keeper",
    dataDir,
    port: Number(new URL(url).port),
    log: "silent",
    discovery: { mdns: false },
    peers: [near.url],
  });
  onTestFinished(() => keeper.close());
  await expect.poll(() => jobs.result("first").catch(() => undefined), { timeout: 20_000 }).toBe("done before");
  const [again] = await byTurns(() => jobs.receive(), 1); // its lease is over, or was not written
  await again!.ack();
  expect(await second).toBeUndefined();
});
