/** Calls that are given up in the very turn in which their handlers were to start, in a simulated world: as on a real node. */
import { context } from "@mpreg/core";
import { expect, test } from "vitest";
import { settle, simulate } from "../../src/index.js";

test("a graph that fails in the turn in which a step of it starts has done nothing (W2)", async () => {
  let runs = 0;
  const functions = {
    count: { handler: () => ++runs },
    full: { handler: () => context().sleep(5_000), concurrencyMax: 1, queueMax: 1 },
  };
  const world = await simulate({ seed: 1, nodes: [{ name: "a", functions }] });
  const client = await world.connect("a");
  const calls = [client.call("full"), client.call("full")];
  const graph = client.graph();
  const begins = graph.call<number>("count", [], { name: "begins" });
  const refused = graph.call("full", [], { name: "refused" });
  const failure = await graph.run([begins, refused]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "overloaded", step: "refused", outcome: "not-applied" });
  await Promise.all(calls);
  expect(runs).toBe(0);
  await settle(world);
});
