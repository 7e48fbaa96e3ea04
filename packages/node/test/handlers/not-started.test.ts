/** Calls that are given up in the very turn in which their handlers were to start: these have not begun, and never do. */
import { expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

test("a graph that fails in the turn in which a step of it starts has done nothing (W2) (S2)", async () => {
  const { node, client } = await startPair();
  const [began, over] = [new Latch(), new Latch()];
  let runs = 0;
  node.register("count", () => ++runs);
  const full = async (): Promise<void> => {
    began.open();
    await over.passed;
  };
  node.register("full", full, { concurrencyMax: 1, queueMax: 1 });
  const calls = [client.call("full")];
  await began.passed;
  calls.push(client.call("full"));
  const graph = client.graph();
  const begins = graph.call<number>("count", [], { name: "begins" });
  const refused = graph.call("full", [], { name: "refused" });
  const failure = await failureOf(graph.run([begins, refused]));
  expect(failure).toMatchObject({ code: "overloaded", step: "refused", outcome: "not-applied" });
  expect(runs).toBe(0);
  expect(await client.call("count")).toBe(1);
  over.open();
  await Promise.all(calls);
});

test("of many that are cancelled in the turn in which they came none starts, and what has begun before goes on (S2)", async () => {
  const { node, client } = await startPair();
  const started: number[] = [];
  const over = new Latch();
  node.register("note", async (n: number) => {
    started.push(n);
    await over.passed;
    return n;
  });
  const kept = client.call("note", [-1]);
  const cancelled = Array.from({ length: 100 }, (_, n) => {
    const controller = new AbortController();
    const failure = failureOf(client.call("note", [n], { signal: controller.signal }));
    controller.abort();
    return failure;
  });
  const last = client.call("note", [100]);
  for (const failure of await Promise.all(cancelled)) expect(failure.code).toBe("cancelled");
  over.open();
  expect(await Promise.all([kept, last])).toEqual([-1, 100]);
  expect(started).toEqual([-1, 100]);
});
