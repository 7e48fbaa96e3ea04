/** What a request answers: the steps that no other uses, or what the caller selects; and where its time went. */
import type { RequestSummary } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";

describe("the answer", () => {
  test("has every step that no other step uses, on whatever level", async () => {
    const { client } = await startPair();
    const steps = [
      { name: "alone", fun: "echo", args: ["alone"] },
      { name: "used", fun: "echo", args: ["used"] },
      { name: "middle", fun: "echos", args: [{ $ref: "used" }] },
      { name: "end", fun: "echos", args: [{ $ref: "middle" }] },
      { name: "side", fun: "echos", args: [{ $ref: "used" }, "side"] },
    ];
    expect(await client.request(steps)).toEqual({ alone: "alone", end: [["used"]], side: ["used", "side"] });
  });

  test("is what the caller selects, steps that others use included", async () => {
    const { client } = await startPair();
    const steps = [
      { name: "first", fun: "echo", args: ["hi there!"] },
      { name: "second", fun: "echos", args: [{ $ref: "first" }, "AND ME TOO"] },
    ];
    expect(await client.request(steps)).toEqual({ second: ["hi there!", "AND ME TOO"] });
    expect(await client.request(steps, { outputs: ["first"] })).toEqual({ first: "hi there!" });
  });

  test("has the shape of the selection, with what is no reference passed through", async () => {
    const { client } = await startPair();
    const graph = client.graph();
    const pair = graph.call<{ left: number[]; right: string }>("echo", [{ left: [1, 2], right: "r" }]);
    const selection = { a: [pair.left.at(1), { b: pair.right }], count: pair.left.length, fixed: "as it is" };
    expect(await graph.run(selection)).toEqual({ a: [2, { b: "r" }], count: 2, fixed: "as it is" });
  });

  test("of a selection without references is the selection, and every step runs", async () => {
    const { node, client } = await startPair();
    let runs = 0;
    node.register("run", () => ++runs);
    const graph = client.graph();
    graph.call("run");
    expect([await graph.run("done"), runs]).toEqual(["done", 1]);
  });

  test("of undefined results has them as undefined", async () => {
    const { node, client } = await startPair();
    node.register("nothing", () => undefined);
    expect(await client.call("nothing")).toBeUndefined();
    expect(await client.request([{ name: "nothing", fun: "nothing" }])).toStrictEqual({ nothing: undefined });
  });

  test("keeps results named like members of a prototype as own fields", async () => {
    const { client } = await startPair();
    const names = ["__proto__", "constructor", "toString"];
    const answer = await client.request(names.map((name) => ({ name, fun: "echo", args: [name] })));
    expect(Object.entries(answer)).toEqual(names.map((name) => [name, name]));
    expect(Object.getPrototypeOf(answer)).toBe(Object.prototype);
  });
});

describe("echo and echos", () => {
  test("are offered by every node, echo with its first argument and echos with all", async () => {
    const nodes = await startMesh({ name: "a" }, { name: "b" }, { name: "c" });
    for (const node of nodes) {
      const client = await clientOf(node);
      expect(await client.call("echo", ["hi there!", "ignored"])).toBe("hi there!");
      expect(await client.call("echos", [1, "two", [3]])).toEqual([1, "two", [3]]);
      expect(await client.call("echos")).toEqual([]);
      expect(await client.call("echo")).toBeUndefined();
    }
    expect(nodes[0]!.functions().map(({ name, offers }) => [name, offers.length])).toEqual([
      ["echo", 3],
      ["echos", 3],
    ]);
  });
});

describe("the summary", () => {
  test("tells before the answer where each step ran and where its time went", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("work", (text: string) => text.repeat(1000));
    await offered("work", 1, entry!);
    const client = await clientOf(entry!);
    const summaries: RequestSummary[] = [];
    const graph = client.graph();
    const work = graph.call<string>("work", ["x"], { name: "far" });
    const answered = graph.run(graph.call("echo", [work.length], { name: "near", resources: [] }), {
      onSummary: (summary) => summaries.push(summary),
    });
    expect(await answered).toBe(1000);
    expect(summaries).toHaveLength(1);
    const [{ requestId, coordinator, totalMs, steps }] = summaries as [RequestSummary];
    expect([coordinator, requestId.slice(0, 9)]).toEqual(["entry", `${entry!.id.slice(0, 8)}-`]);
    const [far, near] = steps;
    expect([far?.name, far?.fun, far?.node, near?.name]).toEqual(["far", "work", "worker", "near"]);
    expect(far!.bytesOut).toBeGreaterThan(1000);
    expect(near!.bytesIn).toBeLessThan(20);
    for (const { readyMs, startMs, queueMs, networkMs, runMs } of steps) {
      for (const ms of [readyMs, queueMs, networkMs, runMs]) expect(ms).toBeGreaterThanOrEqual(0);
      expect(startMs).toBeGreaterThanOrEqual(readyMs);
      expect(readyMs + queueMs + networkMs + runMs).toBeLessThanOrEqual(totalMs + 0.01);
    }
    expect(near!.readyMs).toBeGreaterThanOrEqual(far!.startMs + far!.runMs);
  });

  test("of a single call and of a node's own call has their one step", async () => {
    const { node, client } = await startPair();
    for (const caller of [client, node]) {
      const steps: string[] = [];
      await caller.call("echo", [1], { onSummary: (summary) => steps.push(...summary.steps.map(({ name }) => name)) });
      expect(steps).toEqual(["echo"]);
    }
  });

  test("whose receiver throws says that the call itself has ended well, and hurts no other", async () => {
    const { client } = await startPair();
    const broken = client.call("echo", [1], {
      onSummary: () => {
        throw new TypeError("from the receiver");
      },
    });
    const [first, second] = await Promise.allSettled([broken, client.call("echo", [2])]);
    const cause = { message: "from the receiver" };
    expect(first).toMatchObject({
      status: "rejected",
      reason: { code: "invalid-argument", outcome: "applied", cause },
    });
    expect(second).toEqual({ status: "fulfilled", value: 2 });
  });
});
