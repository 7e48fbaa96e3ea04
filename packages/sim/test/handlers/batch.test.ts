/** Functions with `batch` in a simulated world: as on a real node. */
import { context } from "@mpreg/core";
import { expect, test } from "vitest";
import { settle, simulate } from "../../src/index.js";

test("a batch waits, sleeps and answers in simulated time, also when its first call is cancelled meanwhile (B4)", async () => {
  const sizes: number[] = [];
  const load = async (calls: number[][]): Promise<number[]> => {
    sizes.push(calls.length);
    await context().sleep(1_000);
    return calls.map(([value]) => value! + 1);
  };
  const functions = { load: { handler: load, batch: { waitMs: 100 } } };
  const world = await simulate({ seed: 1, nodes: [{ name: "a" }, { name: "b", functions }] });
  const client = await world.connect("a");
  const first = client.call("load", [0], { timeoutMs: 500 }).catch((error: unknown) => error);
  const others = Promise.all([1, 2, 3].map((value) => client.call("load", [value])));
  expect(await first).toMatchObject({ code: "deadline" });
  expect(await others).toEqual([2, 3, 4]);
  expect(sizes).toEqual([4]);
  await settle(world);
});

test("a call whose time is up before its batch closes was not applied, and is in no batch (K4)", async () => {
  const sizes: number[] = [];
  const load = (calls: number[][]): number[] => calls.map(() => sizes.push(calls.length));
  const functions = { load: { handler: load, batch: { waitMs: 1_000 } } };
  const world = await simulate({ seed: 1, nodes: [{ name: "a", functions }] });
  const client = await world.connect("a");
  const left = client.call("load", [], { timeoutMs: 500 }).catch((error: unknown) => error);
  expect(await left).toMatchObject({ code: "deadline", outcome: "not-applied" });
  await settle(world);
  expect(sizes).toEqual([]);
});
