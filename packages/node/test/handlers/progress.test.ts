/** What handlers report is told to who watches, wherever they run: in the node, in a thread, in a batch. */
import type { RequestEvent } from "@mpreg/core";
import type { BatchedCall } from "@mpreg/core/handlers";
import { context } from "@mpreg/node";
import { expect, test } from "vitest";
import { startPair } from "../support/cluster.js";
import { handlerModule } from "../support/threads.js";

/** The values that were told for `step`, and how many events were missed. */
function reportsOf(events: readonly RequestEvent[]): { readonly values: unknown[]; readonly missed: number } {
  return {
    values: events.flatMap((event) => (event.kind === "progress" ? [event.value] : [])),
    missed: events.reduce((sum, event) => sum + (event.kind === "missed" ? event.count : 0), 0),
  };
}

test("a handler reports before and after an await, and its result is told after all of it (E2)", async () => {
  const { node, client } = await startPair();
  node.register("count", async () => {
    const { progress } = context();
    progress(1);
    await Promise.resolve();
    progress(2);
    return 3;
  });
  const events: RequestEvent[] = [];
  expect(await client.call("count", [], { onEvent: (event) => void events.push(event) })).toBe(3);
  expect(events.map(({ kind }) => kind)).toEqual([
    "received",
    "started",
    "progress",
    "progress",
    "result-available",
    "finished",
  ]);
  expect(reportsOf(events).values).toEqual([1, 2]);
});

test("a handler that reports without end is heard as far as there is room, and its result is not held up (P2)", async () => {
  const { node, client } = await startPair();
  node.register("chatter", () => {
    for (let report = 0; report < 5_000; report++) context().progress(report);
    return "done";
  });
  const events: RequestEvent[] = [];
  expect(await client.call("chatter", [], { onEvent: (event) => void events.push(event) })).toBe("done");
  const { values, missed } = reportsOf(events);
  expect(values[0]).toBe(0);
  expect(missed).toBeGreaterThan(0);
  expect(values.length + missed).toBe(5_000);
});

test("a handler in a thread reports, too, and what it reports too fast is counted (P2)", async () => {
  const { node, client } = await startPair();
  node.register("count", handlerModule, { export: "countLoudly", threads: 1 });
  const events: RequestEvent[] = [];
  expect(await client.call("count", [3_000], { onEvent: (event) => void events.push(event) })).toBe(3_000);
  const { values, missed } = reportsOf(events);
  expect(values[0]).toBe(1);
  expect(values.length + missed).toBe(3_000);
});

test("in a batch each call reports for itself", async () => {
  const { node, client } = await startPair();
  node.register(
    "embed",
    (calls: readonly string[][], about: readonly BatchedCall[]) => {
      calls.forEach(([value], index) => about[index]?.progress(`reading ${String(value)}`));
      return calls.map(([value]) => value);
    },
    { batch: true },
  );
  const heard = await Promise.all(
    ["a", "b"].map(async (value) => {
      const events: RequestEvent[] = [];
      await client.call("embed", [value], { onEvent: (event) => void events.push(event) });
      return reportsOf(events).values;
    }),
  );
  expect(heard).toEqual([["reading a"], ["reading b"]]);
});
