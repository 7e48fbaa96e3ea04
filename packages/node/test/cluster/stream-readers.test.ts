/** Streams of an answer that somebody would read twice, over real sockets, and what the errors of a reader name. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

async function* endless(): AsyncGenerator<number> {
  for (let i = 0; ; i++) {
    yield i;
    await new Promise(setImmediate);
  }
}

/** A client of the one node, and streams that the other makes; `left` is open when one was let go. */
async function two() {
  const [entry, maker] = await startMesh({ name: "entry" }, { name: "maker" });
  const left = new Latch();
  maker!.register("endless", () => {
    context().signal.addEventListener("abort", () => {
      left.open();
    });
    return endless(); // which does not begin before somebody reads
  });
  maker!.register("three", async function* () {
    for (let i = 1; i <= 3; i++) yield await Promise.resolve(i);
  });
  maker!.register("list", () => [1, 2, 3]);
  await offered("list", 1, entry!);
  return { entry: entry!, client: await clientOf(entry!), left };
}

describe("a stream that would be in several places of what a request answers", () => {
  const places = [
    ["an array", (stream: unknown) => [stream, stream], "2 times"],
    ["an object and what is in it", (stream: unknown) => ({ a: stream, b: { c: [stream], d: stream } }), "3 times"],
  ] as const;

  test.for(places)("is refused in %s, and let go (W3)", async ([, outputs, times]) => {
    const { client, left } = await two();
    const graph = client.graph();
    const stream = graph.call("endless", [], { name: "made" });
    const other = graph.call("endless", [], { name: "other" });
    const { code, message, step, outcome } = told(await failureOf(graph.run([outputs(stream), other])));
    expect([code, step, outcome]).toEqual(["invalid-argument", "made", "applied"]);
    expect(message).toContain(
      `The result of "made" is a stream, which is read once, and whoever has asked would read it, ${times}`,
    );
    await left.passed;
  });

  test("is refused by a node's own program too, also where a run settles (W3)", async () => {
    const { entry } = await two();
    const graph = entry.graph();
    const stream = graph.call("three", []);
    const failure = told(await failureOf(graph.run([stream, stream], { onError: "settle" })));
    expect(failure).toMatchObject({ code: "invalid-argument", step: "three" });
  });

  test("is no stream where it is a list, which may be in as many places as one likes (O2)", async () => {
    const { client } = await two();
    const graph = client.graph();
    const list = graph.call("list", []);
    expect(await graph.run([list, list])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
});

describe("the error of a stream's reader names the step and the node that was asked (R6)", () => {
  test("when it is read again after its end", async () => {
    const { client } = await two();
    const items = await client.call<AsyncIterable<number>>("three");
    const taken: number[] = [];
    for await (const item of items) taken.push(item);
    expect(taken).toEqual([1, 2, 3]);
    const again = items[Symbol.asyncIterator]().next();
    await expect(again).rejects.toMatchObject({ code: "invalid-argument", step: "three", node: "entry" });
  });

  test("when its caller cancels", async () => {
    const { client } = await two();
    const controller = new AbortController();
    const items = await client.call<AsyncIterableIterator<number>>("endless", [], { signal: controller.signal });
    await items.next();
    controller.abort();
    await expect(items.next()).rejects.toMatchObject({ code: "cancelled", step: "endless", node: "entry" });
  });
});
