/** `onError`: what a failure ends, and what it leaves running. */
import { describe, expect, test } from "vitest";
import { context } from "@mpreg/node";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe(`onError "fail"`, () => {
  test("ends the request with the first failure and aborts what still runs, here and on other nodes", async () => {
    const [here, there] = await startMesh({ name: "here" }, { name: "there" });
    const running = [new Latch(), new Latch()];
    const aborted = [new Latch<unknown>(), new Latch<unknown>()];
    [here!, there!].forEach((node, index) => {
      node.register(`wait ${node.name}`, () => {
        const { signal } = context();
        running[index]!.open();
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted[index]!.open(signal.reason);
            reject(new Error("given up"));
          });
        });
      });
    });
    there!.register("fail when both run", async () => {
      await Promise.all(running.map(({ passed }) => passed));
      throw new Error("out of paper");
    });
    await offered("wait there", 1, here!);
    await offered("fail when both run", 1, here!);
    const steps = ["wait here", "wait there", "fail when both run"].map((fun) => ({ name: fun, fun }));
    expect(told(await failureOf((await clientOf(here!)).request(steps)))).toEqual({
      code: "handler-error",
      message: `"fail when both run" threw: out of paper`,
      step: "fail when both run",
      node: "there",
      outcome: "unknown", // nobody knows how far the two others came
    });
    for (const { passed } of aborted) expect(await passed).toMatchObject({ code: "cancelled" });
  });

  test("does not start what needs the failed step", async () => {
    const { node, client } = await startPair();
    let started = false;
    node.register("fail", () => {
      throw new Error("no");
    });
    node.register("dependent", () => {
      started = true;
    });
    const graph = client.graph();
    const dependent = graph.call("dependent", [graph.call("fail")]);
    expect(told(await failureOf(graph.run(dependent)))).toMatchObject({ step: "fail", outcome: "applied" });
    expect(await client.call("echo", [started])).toBe(false);
  });
});

describe(`onError "settle"`, () => {
  async function startWithFailure() {
    const { node, client } = await startPair();
    node.register("fail", () => {
      throw new Error("no");
    });
    return { node, client };
  }

  test("finishes the independent branches and says per step what happened", async () => {
    const { client } = await startWithFailure();
    const steps = [
      { name: "bad", fun: "fail" },
      { name: "after", fun: "echo", args: [{ $ref: "bad" }] },
      { name: "long after", fun: "echos", args: [{ $ref: "after" }, { $ref: "good" }] },
      { name: "good", fun: "echo", args: ["good"] },
      { name: "fine", fun: "echos", args: [{ $ref: "good" }] },
    ];
    const answer = (await client.request(steps, { onError: "settle" })) as unknown as {
      outputs: unknown;
      steps: Record<string, { status: string; error?: unknown; because?: string }>;
    };
    expect(answer.outputs).toStrictEqual({ "long after": undefined, fine: ["good"] });
    expect(answer.steps).toMatchObject({
      bad: { status: "failed", error: { code: "handler-error", step: "bad", node: "solo", outcome: "applied" } },
      after: { status: "skipped", because: "bad" },
      "long after": { status: "skipped", because: "after" },
      good: { status: "done" },
      fine: { status: "done" },
    });
  });

  test("waits for branches that still run when another has failed", async () => {
    const { node, client } = await startWithFailure();
    const failed = new Latch();
    node.register("fail loudly", () => {
      failed.open();
      throw new Error("no");
    });
    node.register("outlive", async () => {
      await failed.passed;
      await client.call("echo"); // a round trip, so that the failure is known before this ends
      return "alive";
    });
    const graph = client.graph();
    const outlive = graph.call("outlive");
    const fail = graph.call("fail loudly");
    const { outputs, steps } = await graph.run({ outlive, fail }, { onError: "settle" });
    expect(outputs).toStrictEqual({ outlive: "alive", fail: undefined });
    expect(steps["fail loudly"]).toMatchObject({ status: "failed", error: { message: `"fail loudly" threw: no` } });
  });

  test("reports every kind of failure where it happened", async () => {
    const { client } = await startWithFailure();
    const steps = [
      { name: "missing", fun: "echo", args: [{ $ref: "source", path: ["nope"] }] },
      { name: "source", fun: "echo", args: [{}] },
      { name: "threw", fun: "fail" },
    ];
    const answer = await client.request(steps, { onError: "settle" });
    expect(answer).toMatchObject({
      outputs: { missing: undefined, threw: undefined },
      steps: {
        missing: { status: "failed", error: { code: "path-missing", step: "missing" } },
        source: { status: "done" },
        threw: { status: "failed", error: { code: "handler-error", step: "threw" } },
      },
    });
  });

  test("says of a step that nobody offers that it failed, and finishes the others", async () => {
    const { client } = await startWithFailure();
    const steps = [
      { name: "one", fun: "echo" },
      { name: "two", fun: "nobody has this" },
    ];
    const settled = await client.request(steps, { onError: "settle" });
    expect(settled.steps).toMatchObject({
      one: { status: "done" },
      two: { status: "failed", error: { code: "no-provider", step: "two", outcome: "not-applied" } },
    });
  });

  test("passes a failed step by for those that only use others", async () => {
    const { node, client } = await startWithFailure();
    const order: string[] = [];
    node.register("note", (text: string) => order.push(text));
    const graph = client.graph();
    graph.call("note", [graph.call("fail")], { name: "never" });
    graph.call("note", ["independent"]);
    const { steps } = await graph.run(undefined, { onError: "settle" });
    expect([order, steps["never"]]).toEqual([["independent"], { status: "skipped", because: "fail" }]);
  });
});
