/** Streams over real sockets: async generators on one node, `for await` at a client of another, or in the next step. */
import { context } from "@mpreg/core/handlers";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";

const KiB = 1024;

async function* counting(to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) {
    if (i % 100 === 0) await Promise.resolve();
    yield i;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

/** A cluster of two, and a client of the one that does not make the streams. */
async function two() {
  const [entry, maker] = await startMesh({ name: "entry" }, { name: "maker" });
  return { entry: entry!, maker: maker!, client: await clientOf(entry!) };
}

describe("a handler that returns an async iterable", () => {
  test("streams its items to for await at a client of another node", async () => {
    const { entry, maker, client } = await two();
    maker.register("count", (to: number) => counting(to));
    await offered("count", 1, entry);
    const items = await client.call<AsyncIterable<number>>("count", [5_000]);
    expect(await all(items)).toEqual([...Array(5_000).keys()]);
  });

  test("makes no more than a window ahead of a reader that does not read", async () => {
    const { entry, maker, client } = await two();
    let made = 0;
    let paused = 0;
    maker.register("endless", async function* () {
      for (;;) {
        made += 1;
        yield new Uint8Array(64 * KiB).fill(made % 256);
        await new Promise(setImmediate);
      }
    });
    await offered("endless", 1, entry);
    const items = await client.call<AsyncIterableIterator<Uint8Array>>("endless");
    expect(made).toBe(0);
    for (let taken = 1; taken <= 200; taken++) {
      const { value } = await items.next();
      expect([(value as Uint8Array).length, (value as Uint8Array)[0]]).toEqual([64 * KiB, taken % 256]);
      paused = Math.max(paused, made - taken);
    }
    expect(paused).toBeLessThanOrEqual(8);
    await items.return?.();
  });

  test("is told when its reader leaves the loop, and cleans up", async () => {
    const { entry, maker, client } = await two();
    const cleanedUp = new Promise<readonly [boolean, string]>((resolve) => {
      maker.register("endless", async function* () {
        const { fun, signal } = context();
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          await Promise.resolve();
          resolve([signal.aborted, `${fun} ${context().fun}`]);
        }
      });
    });
    await offered("endless", 1, entry);
    for await (const item of await client.call<AsyncIterable<number>>("endless")) if (item === 3) break;
    expect(await cleanedUp).toEqual([true, "endless endless"]);
  });

  test("that throws ends the loop with its error, after the items before", async () => {
    const { entry, maker, client } = await two();
    maker.register("fails", async function* () {
      yield "first";
      await Promise.resolve();
      throw new Error("the disk is gone");
    });
    await offered("fails", 1, entry);
    const items = await client.call<AsyncIterableIterator<string>>("fails");
    expect(await items.next()).toEqual({ done: false, value: "first" });
    await expect(items.next()).rejects.toMatchObject({
      code: "handler-error",
      message: '"fails" threw: the disk is gone',
      step: "fails",
      node: "maker",
      outcome: "applied",
    });
  });

  test("may yield anything that can be sent, undefined as well; what cannot be ends the stream and names the item", async () => {
    const { entry, maker, client } = await two();
    maker.register("odd", function (): AsyncIterable<unknown> {
      return (async function* () {
        yield undefined;
        yield new Map([["a", 1n]]);
        yield await Promise.resolve(() => "a function");
      })();
    });
    await offered("odd", 1, entry);
    const items = await client.call<AsyncIterableIterator<unknown>>("odd");
    expect(await items.next()).toEqual({ done: false, value: undefined });
    expect(await items.next()).toEqual({ done: false, value: new Map([["a", 1n]]) });
    await expect(items.next()).rejects.toMatchObject({
      code: "not-encodable",
      step: "odd",
      node: "maker",
      message: expect.stringContaining('item 2 of the stream of "odd"') as string,
    });
  });

  test("ends with the signal of the call, and with its deadline", async () => {
    const { entry, maker, client } = await two();
    maker.register("tail", async function* () {
      yield 1;
      await context().sleep(60_000);
    });
    await offered("tail", 1, entry);
    const controller = new AbortController();
    const cancelled = await client.call<AsyncIterableIterator<number>>("tail", [], { signal: controller.signal });
    await cancelled.next();
    const next = cancelled.next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toMatchObject({ code: "cancelled", outcome: "unknown" });
    const late = await client.call<AsyncIterableIterator<number>>("tail", [], { timeoutMs: 200 });
    await late.next();
    await expect(late.next()).rejects.toMatchObject({ code: "deadline", step: "tail", node: "maker" });
  });

  test("is what web streams are as well", async () => {
    const { entry, maker, client } = await two();
    maker.register("web", () => new Blob(["ab", "cd"]).stream());
    await offered("web", 1, entry);
    const blocks = await all(await client.call<AsyncIterable<Uint8Array>>("web"));
    expect(Buffer.concat(blocks).toString()).toBe("abcd");
  });

  test("can be read by the node's own program, and by a handler that has called it", async () => {
    const { entry, maker } = await two();
    maker.register("count", (to: number) => counting(to));
    entry.register("sum", async (to: number) => {
      let sum = 0;
      for await (const item of await context().call<AsyncIterable<number>>("count", [to])) sum += item;
      return sum;
    });
    await offered("count", 1, entry);
    expect(await all(await entry.call<AsyncIterable<number>>("count", [3]))).toEqual([0, 1, 2]);
    expect(await entry.call("sum", [1_000])).toBe(499_500);
  });
});

describe("a step that takes a stream", () => {
  test("reads it on its own node while it is made, and may stream itself", async () => {
    const [entry, maker, doubler] = await startMesh({ name: "entry" }, { name: "maker" }, { name: "doubler" });
    maker!.register("count", (to: number) => counting(to));
    doubler!.register("double", async function* (items: AsyncIterable<number>) {
      for await (const item of items) yield item * 2;
    });
    entry!.register("sum", async (items: AsyncIterable<number>) => {
      let sum = 0;
      for await (const item of items) sum += item;
      return sum;
    });
    for (const fun of ["count", "double", "sum"]) await offered(fun, 1, entry!);
    const client = await clientOf(entry!);
    const graph = client.graph();
    const counted = graph.call("count", [2_000]);
    const doubled = graph.call("double", [counted]);
    expect(await graph.run(graph.call("sum", [doubled]))).toBe(3_998_000);
    const again = client.graph();
    const output = await again.run(again.call("double", [again.call("count", [3])]));
    expect(await all(output as AsyncIterable<number>)).toEqual([0, 2, 4]);
  });

  test("that fails ends the stream", async () => {
    const { entry, maker, client } = await two();
    const ended = new Promise<void>((resolve) => {
      maker.register("endless", async function* () {
        try {
          for (;;) yield await Promise.resolve(1);
        } finally {
          resolve();
        }
      });
    });
    entry.register("picky", async (items: AsyncIterable<number>) => {
      for await (const item of items) throw new Error(`does not like ${item}`);
    });
    await offered("endless", 1, entry);
    const graph = client.graph();
    await expect(graph.run(graph.call("picky", [graph.call("endless")]))).rejects.toMatchObject({ step: "picky" });
    await ended;
  });
});
