/** A node with a long queue of short work still hears others: it gives the event loop back now and then. */
import { performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { clientOf, startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

const items = Array.from({ length: 400 }, (_, at) => at);

/** Takes a millisecond. */
function spin(): void {
  const untilMs = performance.now() + 1;
  while (performance.now() < untilMs);
}

/** A node whose function "short" takes a millisecond; tells when it has begun, and how often it was called. */
async function startBusy(handler: () => unknown) {
  const node = await startNode();
  const began = new Latch();
  let runs = 0;
  node.register("short", () => {
    runs += 1;
    began.open();
    return handler();
  });
  return { node, began, runs: () => runs };
}

describe.each([
  ["end at once", spin],
  ["end in a microtask", () => Promise.resolve().then(spin)],
])("while handlers run one after the other that %s", (_, handler) => {
  test("another client is answered (W1)", async () => {
    const { node, began, runs } = await startBusy(handler);
    const [busy, other] = [await clientOf(node), await clientOf(node)];
    const graph = busy.graph();
    const job = graph.run(graph.map(items, () => graph.call("short")));
    await began.passed;
    await other.call("echo", ["hello"]);
    expect(runs()).toBeLessThan(items.length);
    await job;
  });

  test("what is cancelled does not go on to its end (W1)", async () => {
    const { node, began, runs } = await startBusy(handler);
    const client = await clientOf(node);
    const cancel = new AbortController();
    const graph = client.graph();
    const map = graph.map(items, () => graph.call("short"), { concurrency: 4 });
    const job = failureOf(graph.run(map, { signal: cancel.signal }));
    await began.passed;
    cancel.abort();
    expect((await job).code).toBe("cancelled");
    await client.call("short"); // behind all that was there
    expect(runs()).toBeLessThan(items.length);
  });

  test("the event loop goes round (W1)", async () => {
    const { node, began, runs } = await startBusy(handler);
    const job = Promise.all(items.map(() => node.call("short")));
    await began.passed;
    await turn();
    expect(runs()).toBeLessThan(items.length);
    await job;
  });
});

test("the event loop goes round while the items of a stream go from one handler to another on one node (W1)", async () => {
  const node = await startNode();
  node.register("count", async function* (to: number) {
    for (let i = 0; i < to; i++) yield await Promise.resolve(i);
  });
  const began = new Latch();
  let read = 0;
  node.register("sum", async (numbers: AsyncIterable<number>) => {
    let sum = 0;
    for await (const number of numbers) {
      read += 1;
      began.open();
      sum += number;
    }
    return sum;
  });
  const client = await clientOf(node);
  const graph = client.graph();
  const to = 50_000;
  const job = graph.run(graph.call("sum", [graph.call("count", [to])]));
  await began.passed;
  await turn();
  expect(read).toBeLessThan(to);
  expect(await job).toBe((to * (to - 1)) / 2);
});

describe("items and calls take turns, when each of them takes its time", () => {
  /** A node that makes items and serves calls, a millisecond each; tells how many of both it has done. */
  async function startBoth() {
    const node = await startNode();
    const done = { items: 0, calls: 0 };
    const [streaming, calling] = [new Latch(), new Latch()];
    node.register("items", async function* (count: number) {
      for (let index = 0; index < count; index++) {
        spin();
        done.items += 1;
        streaming.open();
        yield await Promise.resolve(index);
      }
    });
    node.register("short", () => {
      spin();
      done.calls += 1;
      calling.open();
    });
    const [one, other] = [await clientOf(node), await clientOf(node)];
    const read = async (client: typeof one, count: number): Promise<void> => {
      let items = 0;
      for await (const _ of await client.call<AsyncIterable<number>>("items", [count])) items += 1;
      expect(items).toBe(count);
    };
    return { one, other, read, done, streaming, calling };
  }

  test("a call is served while there are always streams that are asked for an item (V6)", async () => {
    const { one, other, read, done, streaming } = await startBoth();
    const [streams, each] = [30, 20];
    const reading = Promise.all(Array.from({ length: streams }, () => read(one, each)));
    await streaming.passed;
    await other.call("short");
    expect(done.items).toBeLessThan((streams * each) / 2);
    await reading;
  });

  test("a stream is made while there are always calls that would start (V6)", async () => {
    const { one, other, read, done, calling } = await startBoth();
    const calls = 600;
    const job = Promise.all(Array.from({ length: calls }, () => one.call("short")));
    await calling.passed;
    await read(other, 20);
    expect(done.calls).toBeLessThan(calls); // an item a slice: each waits for the loop
    await job;
  });
});
