/** Calls that handlers make: `context().call`, `context().graph` and `node.call`. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("nested calls", () => {
  test("from A to B to A to B do not deadlock, even where each node runs one handler at a time", async () => {
    const limits = { executionsMax: 4 };
    const [a, b] = await startMesh({ name: "a", limits }, { name: "b", limits });
    const bounce = async (left: number): Promise<string> => {
      const { call, depth, fun } = context();
      const here = `${fun}${depth}`;
      return left === 0 ? here : `${here} ${await call<string>(fun === "on a" ? "on b" : "on a", [left - 1])}`;
    };
    a!.register("on a", bounce);
    b!.register("on b", bounce);
    await offered("on a", 1, b!);
    await offered("on b", 1, a!);
    const client = await clientOf(a!);
    expect(await client.call("on a", [3])).toBe("on a0 on b1 on a2 on b3");
  });

  test("of many requests at once all end", async () => {
    const [a, b] = await startMesh({ name: "a" }, { name: "b" });
    a!.register("outer", async (value: number) => (await context().call<number>("inner", [value])) + 1);
    b!.register("inner", async (value: number) => context().call<number>("innermost", [value]));
    a!.register("innermost", (value: number) => value * 2);
    await offered("inner", 1, a!);
    await offered("innermost", 1, b!);
    const client = await clientOf(b!);
    await offered("outer", 1, b!);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => client.call("outer", [index])));
    expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => index * 2 + 1));
  });

  test("deeper than the limit are too-deep, on one node and across two", async () => {
    const limits = { depthMax: 3 };
    const [a, b] = await startMesh({ name: "a", limits }, { name: "b", limits });
    const recurse = (): Promise<unknown> => context().call(context().fun);
    a!.register("alone", recurse);
    const pingPong = (): Promise<unknown> => context().call(context().fun === "ping" ? "pong" : "ping");
    a!.register("ping", pingPong);
    b!.register("pong", pingPong);
    await offered("pong", 1, a!);
    await offered("ping", 1, b!);
    const client = await clientOf(a!);
    for (const fun of ["alone", "ping"]) {
      const error = await failureOf(client.call(fun));
      expect(told(error)).toMatchObject({
        code: "too-deep",
        message: "Calls are nested 4 deep; the limit is 3",
        outcome: "applied",
      });
    }
  });

  test("that a handler has not waited for are aborted when its client has gone (B1)", async () => {
    const { node, client } = await startPair();
    const [begun, ended] = [new Latch(), new Latch()];
    node.register("inner", async () => {
      context().signal.addEventListener("abort", () => {
        ended.open();
      });
      begun.open();
      await ended.passed;
    });
    let left: Promise<unknown> | undefined;
    node.register("outer", async () => {
      left = failureOf(context().call("inner"));
      await begun.passed;
      return "done";
    });
    expect(await client.call("outer")).toBe("done");
    await client.close();
    await ended.passed;
    expect(await left).toMatchObject({ code: "cancelled", outcome: "unknown" });
  });

  test("that a handler has not waited for are aborted on whatever node when its client has gone (S1)", async () => {
    const [entry, middle, far] = await startMesh({ name: "entry" }, { name: "middle" }, { name: "far" });
    const [begun, ended] = [new Latch(), new Latch()];
    far!.register("inner", async () => {
      context().signal.addEventListener("abort", () => {
        ended.open();
      });
      begun.open();
      await ended.passed;
    });
    await offered("inner", 1, middle!);
    let left: Promise<unknown> | undefined;
    middle!.register("outer", async () => {
      left = failureOf(context().call("inner"));
      await begun.passed;
      return "done";
    });
    await offered("outer", 1, entry!);
    const client = await clientOf(entry!);
    expect(await client.call("outer")).toBe("done");
    await client.close();
    await ended.passed;
    expect(await left).toMatchObject({ code: "cancelled", outcome: "unknown" });
  });

  test("tell the handler that makes them about the limit with its own code", async () => {
    const { node, client } = await startPair({ limits: { depthMax: 1 } });
    node.register("outer", async () => await context().call("inner"));
    node.register("inner", async () => (await failureOf(context().call("echo"))).code);
    expect(await client.call("outer")).toBe("too-deep");
  });

  test("have the deadline of the call they are nested in", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    entry!.register("outer", () => context().call("inner", [], { timeoutMs: 60_000 }));
    worker!.register("inner", () => context().remainingMs);
    await offered("inner", 1, entry!);
    const remainingMs = await (await clientOf(entry!)).call("outer", [], { timeoutMs: 4_000 });
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(4_000);
  });

  test("have the caller of the call they are nested in", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    entry!.register("outer", () => context().call("inner"));
    worker!.register("inner", () => context().caller);
    await offered("inner", 1, entry!);
    expect(await (await clientOf(entry!)).call("outer")).toMatchObject({
      kind: "client",
      address: "127.0.0.1",
      via: "entry",
    });
  });

  test("that fail give the handler an error of their own, with code, step, node and outcome", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    entry!.register("outer", async () => told(await failureOf(context().call("inner"))));
    worker!.register("inner", () => {
      throw new Error("out of paper");
    });
    await offered("inner", 1, entry!);
    expect(await (await clientOf(entry!)).call("outer")).toEqual({
      code: "handler-error",
      message: `"inner" threw: out of paper`,
      step: "inner",
      node: "worker",
      outcome: "applied",
    });
  });

  test("that fail tell the outer caller their code, function, node and message, however deep", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    entry!.register("outer", () => context().call("middle"));
    worker!.register("middle", () => {
      const graph = context().graph();
      return graph.run(graph.call("inner", [], { name: "print" }));
    });
    entry!.register("inner", () => {
      throw new Error("out of paper");
    });
    await offered("middle", 1, entry!);
    await offered("inner", 1, worker!);
    expect(told(await failureOf((await clientOf(entry!)).call("outer")))).toEqual({
      code: "handler-error",
      message:
        `"outer" threw: handler-error at step "middle" on node "worker": ` +
        `"middle" threw: handler-error at step "print" on node "entry": "inner" threw: out of paper`,
      step: "outer",
      node: "entry",
      outcome: "applied",
    });
  });

  test("that fail are the cause of the outer failure for a caller in the same process", async () => {
    const { node } = await startPair();
    const outOfPaper = new Error("out of paper");
    node.register("outer", () => context().call("inner"));
    node.register("inner", () => {
      throw outOfPaper;
    });
    for (const ending of [node.call("outer"), node.request([{ name: "outer", fun: "outer" }])]) {
      const { cause } = await failureOf(ending);
      expect(cause).toMatchObject({ code: "handler-error", step: "inner", node: "solo", outcome: "applied" });
      expect((cause as Error).cause).toBe(outOfPaper);
    }
  });

  test("may be whole graphs", async () => {
    const { node, client } = await startPair();
    node.register("outer", async (value: number) => {
      const graph = context().graph();
      const pair = graph.call<number[]>("echos", [value, value + 1]);
      return await graph.run({ second: pair.at(1), both: graph.call("echos", [pair]) });
    });
    expect(await client.call("outer", [1])).toEqual({ second: 2, both: [[1, 2]] });
  });

  test("through node.call work inside handlers too, as the node's own", async () => {
    const { node, client } = await startPair();
    node.register("outer", () => node.call("inner"));
    node.register("inner", () => [context().depth, context().caller.kind]);
    expect(await client.call("outer")).toEqual([0, "self"]);
  });

  test("end when the call they are nested in is cancelled and they were given its signal", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    const reasons: Promise<unknown>[] = [];
    let running = (): void => undefined;
    const started = new Promise<void>((resolve) => (running = resolve));
    worker!.register("inner", () => {
      const { signal } = context();
      const ended = new Promise<unknown>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve(signal.reason);
        });
      });
      reasons.push(ended);
      running();
      return ended.then(() => "too late");
    });
    entry!.register("outer", () => context().call("inner", [], { signal: context().signal }));
    await offered("inner", 1, entry!);
    const controller = new AbortController();
    const failure = failureOf((await clientOf(entry!)).call("outer", [], { signal: controller.signal }));
    await started;
    controller.abort();
    expect((await failure).code).toBe("cancelled");
    expect(await reasons[0]).toMatchObject({ code: "cancelled" });
  });
});
