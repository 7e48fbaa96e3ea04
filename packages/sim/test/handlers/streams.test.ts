/** Streams in a simulated world: as on real nodes, in simulated time. */
import { context } from "@mpreg/core";
import { expect, test } from "vitest";
import { settle, simulate } from "../../src/index.js";

async function* ticks(): AsyncGenerator<number> {
  for (;;) {
    await context().sleep(1_000);
    yield context().nowMs;
  }
}

async function sum(items: AsyncIterable<number>): Promise<number> {
  let total = 0;
  for await (const item of items) {
    total += item;
    await context().sleep(10);
  }
  return total;
}

async function* counting(to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) {
    await context().sleep(5);
    yield i;
  }
}

test("items are made in simulated time, and the world goes on while a program waits for one", async () => {
  const world = await simulate({ seed: 1, nodes: [{ name: "a" }, { name: "b", functions: { ticks } }] });
  const client = await world.connect("a");
  const times: number[] = [];
  for await (const time of await client.call<AsyncIterable<number>>("ticks")) {
    times.push(time);
    if (times.length === 5) break;
  }
  const gaps = times.slice(1).map((time, index) => Math.round(time - times[index]!));
  expect(gaps.every((gap) => gap >= 1_000)).toBe(true);
  await settle(world);
});

test("a handler that takes a stream waits for its items only", async () => {
  const world = await simulate({
    seed: 2,
    nodes: [{ name: "a" }, { name: "b", functions: { counting } }, { name: "c", functions: { sum } }],
  });
  const client = await world.connect("a");
  const graph = client.graph();
  expect(await graph.run(graph.call("sum", [graph.call("counting", [200])]))).toBe(19_900);
  await settle(world);
});
