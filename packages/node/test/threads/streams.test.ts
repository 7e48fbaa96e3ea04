/** Streams that handlers in threads make: as those of the main thread, and whatever becomes of their threads. */
import { expect, test } from "vitest";
import { z } from "zod";
import { startPair } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { failureOf } from "../support/failure.js";
import { handlerModule } from "../support/threads.js";

const KiB = 1024;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

test("a handler in a thread streams its items, to a client and into the next step (X1, W5)", async () => {
  const { node, client } = await startPair();
  node.register("count", handlerModule, { threads: 1, export: "streams" });
  node.register("sum", async (items: AsyncIterable<number>) => {
    let sum = 0;
    for await (const item of items) sum += item;
    return sum;
  });
  expect(await all(await client.call<AsyncIterable<number>>("count", [1_000]))).toEqual([...Array(1_000).keys()]);
  expect(await all(await client.call<AsyncIterable<number>>("count", [0]))).toEqual([]);
  const graph = client.graph();
  expect(await graph.run(graph.call("sum", [graph.call("count", [100])]))).toBe(4_950);
});

test("it makes no more than a window ahead of its reader, and hears that the reader leaves (N1, N3)", async () => {
  const { node, client } = await startPair();
  let made = 0;
  node.register("made", () => void (made += 1));
  node.register("blocks", handlerModule, { threads: 1, export: "blocks" });
  const items = await client.call<AsyncIterableIterator<Uint8Array>>("blocks", [64 * KiB]);
  expect(made).toBe(0);
  let ahead = 0;
  for (let taken = 1; taken <= 50; taken++) {
    const { value } = (await items.next()) as { value: Uint8Array };
    expect([value.length, value[0]]).toEqual([64 * KiB, (taken - 1) % 256]);
    ahead = Math.max(ahead, made - taken);
  }
  expect(ahead).toBeLessThanOrEqual(8);
  await items.return?.();
  // its permit is free again, and its thread the same
  expect(await all(await client.call<AsyncIterable<string>>("blocks", [0]))).toEqual(["left true"]);
});

test.each([
  ["exit", "thread-lost", "The thread that ran"],
  ["throwError", "handler-error", '"oneThen" threw: an error'],
  ["notEncodable", "not-encodable", 'item 1 of the stream of "oneThen"'],
])("an end that is none is told after the items before: %s (N2, C6)", async (what, code, text) => {
  const { node, client } = await startPair();
  node.register("oneThen", handlerModule, { threads: 1, export: "oneThen" });
  const items = await client.call<AsyncIterableIterator<unknown>>("oneThen", [what]);
  expect(await items.next()).toEqual({ done: false, value: "first" });
  const failure = await failureOf(items.next());
  expect(failure).toMatchObject({ code, step: "oneThen", node: "solo" });
  expect(failure.message).toContain(text);
});

test("a handler that loops between two items ends its stream at the deadline, and its thread (C6)", async () => {
  const { node, client } = await startPair();
  node.register("oneThen", handlerModule, { threads: { max: 1, abortGraceMs: 10 }, export: "oneThen" });
  node.register("echo here", (value: unknown) => value);
  await all(await client.call<AsyncIterable<unknown>>("oneThen", ["where"])); // the thread has loaded its module
  const items = await client.call<AsyncIterableIterator<unknown>>("oneThen", ["loop"], { timeoutMs: 3_000 });
  expect(await items.next()).toEqual({ done: false, value: "first" });
  const looping = failureOf(items.next());
  expect(await client.call("echo here", ["free"])).toBe("free"); // the event loop is
  expect(await looping).toMatchObject({ code: "deadline", outcome: "unknown", step: "oneThen" });
  const next = await eventually("another thread has taken its place", async () => {
    const again = await client.call<AsyncIterableIterator<unknown>>("oneThen", ["never"], { timeoutMs: 20_000 });
    const step = await again.next();
    await again.return?.();
    return step;
  });
  expect(next).toEqual({ done: false, value: "first" });
});

test("its items are checked against the schema of its output, each in the main thread (H5, H7)", async () => {
  const { node, client } = await startPair();
  node.register("count", handlerModule, { threads: 1, export: "streams", output: z.number().max(2) });
  const items = await client.call<AsyncIterableIterator<number>>("count", [10]);
  const taken = [await items.next(), await items.next(), await items.next()];
  expect(taken.map(({ value }) => value as number)).toEqual([0, 1, 2]);
  await expect(items.next()).rejects.toMatchObject({ code: "invalid-output", step: "count" });
});
