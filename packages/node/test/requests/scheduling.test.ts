/** When steps start: as soon as their own inputs are there, seen from handlers that wait for each other. */
import { describe, expect, test } from "vitest";
import { startMesh, startPair, clientOf, offered } from "../support/cluster.js";
import { Latch } from "../support/latch.js";

describe("a step", () => {
  test("starts when its own inputs are there, though a step of an earlier level still runs", async () => {
    const { node, client } = await startPair();
    const lateStarted = new Latch();
    node.register("quick", () => 1);
    // with a barrier between levels this would never end: it waits for a step two levels further on
    node.register("slow", async () => {
      await lateStarted.passed;
      return "slow";
    });
    node.register("late", (given: number) => {
      lateStarted.open();
      return given;
    });
    const graph = client.graph();
    const slow = graph.call("slow");
    const late = graph.call("late", [graph.call("late", [graph.call("quick")])]);
    expect(await graph.run([slow, late])).toEqual(["slow", 1]);
  });

  test("does not wait for another that it does not use, on whatever nodes they run", async () => {
    const [here, there] = await startMesh({ name: "here" }, { name: "there" });
    const [hereRuns, thereRuns] = [new Latch(), new Latch()];
    here!.register("first", async () => {
      hereRuns.open();
      await thereRuns.passed;
      return "first";
    });
    there!.register("second", async () => {
      thereRuns.open();
      await hereRuns.passed;
      return "second";
    });
    await offered("second", 1, here!);
    const client = await clientOf(here!);
    expect(
      await client.request([
        { name: "a", fun: "first" },
        { name: "b", fun: "second" },
      ]),
    ).toEqual({
      a: "first",
      b: "second",
    });
  });

  test("does not start when another has failed its request before, though both were ready at once (V4)", async () => {
    const { node, client } = await startPair();
    const started: string[] = [];
    node.register("fail", () => {
      started.push("fail");
      throw new Error("no");
    });
    node.register("work", () => started.push("work"));
    const steps = [
      { name: "first", fun: "fail" },
      { name: "second", fun: "work" },
    ];
    await expect(client.request(steps)).rejects.toMatchObject({ code: "handler-error", step: "first" });
    expect(started).toEqual(["fail"]);
  });

  test("starts once, however many others use its result", async () => {
    const { node, client } = await startPair();
    let starts = 0;
    node.register("root", () => ++starts);
    const graph = client.graph();
    const root = graph.call("root");
    const leaves = Array.from({ length: 100 }, () => graph.call("echo", [root]));
    expect([await graph.run(leaves), starts]).toEqual([new Array(100).fill(1), 1]);
  });

  test("may stand before those whose results it uses", async () => {
    const { client } = await startPair();
    const steps = [
      { name: "last", fun: "echos", args: [{ $ref: "middle" }, 3] },
      { name: "middle", fun: "echos", args: [{ $ref: "first" }, 2] },
      { name: "first", fun: "echo", args: [1] },
    ];
    expect(await client.request(steps)).toEqual({ last: [[1, 2], 3] });
  });
});

test("a request of a thousand steps that fan out and in again is answered in full", async () => {
  const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
  worker!.register("square", (value: number) => value * value);
  worker!.register("sum", (...values: number[]) => values.reduce((sum, value) => sum + value, 0));
  await offered("sum", 1, entry!);
  const graph = (await clientOf(entry!)).graph();
  const squares = Array.from({ length: 1000 }, (_, index) => graph.call("square", [index]));
  expect(await graph.run(graph.call("sum", squares))).toBe(332_833_500);
});

test("a chain of steps as long as a request may be does not exhaust the stack", async () => {
  const { client } = await startPair();
  const graph = client.graph();
  let last = graph.call<number>("echo", [0]);
  for (let i = 1; i < 10_000; i++) last = graph.call<number>("echo", [last]);
  expect(await graph.run(last)).toBe(0);
});
