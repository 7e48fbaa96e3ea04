/** `context()`: what a handler knows of its call, wherever in its own flow it asks. */
import { setImmediate as turn } from "node:timers/promises";
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";
import { startLog } from "../support/log.js";

describe("context()", () => {
  test("tells function, step, request, depth, caller and the time left", async () => {
    const { node, client } = await startPair();
    node.register("about", () => {
      const { fun, step, request, depth, caller, deadline, remainingMs } = context();
      return { fun, step, request, depth, caller, left: deadline.getTime() - Date.now(), remainingMs };
    });
    const { about } = await client.request([{ name: "about", fun: "about" }], { timeoutMs: 5_000 });
    expect(about).toMatchObject({ fun: "about", step: "about", depth: 0 });
    const { request, caller, left, remainingMs } = about as Record<string, unknown>;
    expect(request).toMatch(new RegExp(`^${node.id.slice(0, 8)}-[0-9a-z]+$`));
    expect(caller).toEqual({ kind: "client", address: "127.0.0.1", credentials: undefined, via: undefined });
    for (const ms of [left, remainingMs]) {
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(5_000);
    }
  });

  test("names the same request in every step of it, and another in another request", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    const tell = (): string => context().request;
    entry!.register("here", tell);
    worker!.register("there", tell);
    await offered("there", 1, entry!);
    const client = await clientOf(entry!);
    const steps = [
      { name: "a", fun: "here" },
      { name: "b", fun: "there" },
    ];
    const [first, second] = [await client.request(steps), await client.request(steps)];
    expect(first["a"]).toBe(first["b"]);
    expect(second["a"]).toBe(second["b"]);
    expect(first["a"]).not.toBe(second["a"]);
  });

  test("tells a step's name where it differs from the function's", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("who am I", () => context().step);
    await offered("who am I", 1, entry!);
    const client = await clientOf(entry!);
    expect(await client.request([{ name: "first of all", fun: "who am I" }])).toEqual({
      "first of all": "first of all",
    });
  });

  test("is the same after every await, and belongs to each of the handlers that run side by side (X1)", async () => {
    const { node, client } = await startPair();
    const all = new Latch();
    let started = 0;
    node.register("wait", async () => {
      const { step } = context();
      if (++started === 20) all.open();
      await all.passed;
      await turn();
      await new Promise<void>((resolve) => {
        process.nextTick(resolve);
      });
      return [step, context().step];
    });
    const names = Array.from({ length: 20 }, (_, index) => `step ${index}`);
    const answer = await client.request(names.map((name) => ({ name, fun: "wait" })));
    expect(answer).toEqual(Object.fromEntries(names.map((name) => [name, [name, name]])));
  });

  test("tells on whose behalf another node asks: the client behind it, and its name", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("caller", () => context().caller);
    await offered("caller", 1, entry!);
    const client = await clientOf(entry!);
    expect(await client.call("caller")).toEqual({
      kind: "client",
      address: "127.0.0.1",
      credentials: undefined,
      via: "entry",
    });
    expect(await entry!.call("caller")).toMatchObject({ kind: "node", name: "entry", nodeId: entry!.id });
    expect(await worker!.call("caller")).toEqual({ kind: "self" });
  });

  test("gives the client's credentials to the handlers of the node it is connected to", async () => {
    const { node } = await startPair();
    node.register("credentials", () => {
      const { caller } = context();
      return caller.kind === "client" ? caller.credentials : undefined;
    });
    const client = await clientOf(node, { credentials: Uint8Array.of(1, 2, 3) });
    expect(await client.call("credentials")).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("throws outside of a handler, also in the program whose call has just run one", async () => {
    const { node } = await startPair();
    const answer = node.call("echo", [1]);
    expect(thrownBy(() => context()).code).toBe("invalid-argument");
    await answer;
    expect(told(thrownBy(() => context()))).toMatchObject({
      code: "invalid-argument",
      message: "context() was called outside of a handler",
    });
  });

  test("has a log whose every line names node, request and step", async () => {
    const { log, lines } = startLog("info");
    const { node, client } = await startPair({ log });
    node.register("summarise", (rows: number[]) => {
      const { log, request } = context();
      log.info({ rows: rows.length }, "summarising");
      return request;
    });
    const request = await client.call("summarise", [[1, 2]]);
    expect(lines).toEqual([
      expect.objectContaining({ msg: "summarising", rows: 2, node: "solo", request, step: "summarise" }),
    ]);
  });
});

describe("context().signal", () => {
  /** A node whose `wait` runs until its signal aborts; the reason is kept. */
  async function startWaiter() {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    const running = new Latch();
    const aborted = new Latch<unknown>();
    worker!.register("wait", async () => {
      const { signal } = context();
      running.open();
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
      aborted.open(signal.reason);
    });
    await offered("wait", 1, entry!);
    return { entry: entry!, worker: worker!, client: await clientOf(entry!), running, aborted };
  }

  test("aborts on the other node when the caller cancels", async () => {
    const { client, running, aborted } = await startWaiter();
    const controller = new AbortController();
    const failure = failureOf(client.call("wait", [], { signal: controller.signal }));
    await running.passed;
    controller.abort(new Error("changed my mind"));
    const error = await failure;
    expect(told(error)).toMatchObject({ code: "cancelled", message: "The caller cancelled", outcome: "unknown" });
    expect(error.cause).toEqual(new Error("changed my mind"));
    expect(await aborted.passed).toMatchObject({
      code: "cancelled",
      message: "Nobody waits for the result: cancelled",
    });
  });

  test("aborts at the deadline", async () => {
    const { client, aborted } = await startWaiter();
    const error = await failureOf(client.call("wait", [], { timeoutMs: 100 }));
    expect(error.code).toBe("deadline");
    expect(await aborted.passed).toMatchObject({ code: "deadline" });
  });

  test("aborts when the client is gone", async () => {
    const { client, running, aborted } = await startWaiter();
    const failure = failureOf(client.call("wait"));
    await running.passed;
    await client.close();
    expect((await failure).code).toBe("closed");
    expect(await aborted.passed).toMatchObject({ code: "cancelled" });
  });

  test("aborts when the node that asked is gone", async () => {
    const { entry, client, running, aborted } = await startWaiter();
    const failure = failureOf(client.call("wait"));
    await running.passed;
    await entry.close();
    expect((await failure).code).toBe("closed");
    expect(await aborted.passed).toMatchObject({ code: "cancelled" });
  });

  test("aborts when the node itself closes", async () => {
    const { worker, client, running, aborted } = await startWaiter();
    const failure = failureOf(client.call("wait"));
    await running.passed;
    await worker.close();
    expect((await failure).code).toBe("closed");
    expect(await aborted.passed).toBeInstanceOf(Error);
  });

  test("does not abort for a call that has ended well", async () => {
    const { node, client } = await startPair();
    let signal: AbortSignal | undefined;
    node.register("keep", () => {
      ({ signal } = context());
    });
    await client.call("keep");
    await client.close();
    await node.close();
    expect(signal?.aborted).toBe(false);
  });

  test("is aborted already when a handler first asks after the end", async () => {
    const { node, client } = await startPair();
    const [running, cancelled] = [new Latch(), new Latch()];
    const late = new Latch<boolean>();
    node.register("ask late", async () => {
      running.open();
      await cancelled.passed;
      late.open(context().signal.aborted);
    });
    const controller = new AbortController();
    const failure = failureOf(client.call("ask late", [], { signal: controller.signal }));
    await running.passed;
    controller.abort();
    await failure;
    await client.call("echo"); // comes after the cancellation, on the same link
    cancelled.open();
    expect(await late.passed).toBe(true);
  });

  test("of a call that is cancelled in the turn that asked for it: the handler never starts (V4)", async () => {
    const { node, client } = await startPair();
    let starts = 0;
    node.register("start", async () => {
      starts += 1;
    });
    const controller = new AbortController();
    const failure = failureOf(client.call("start", [], { signal: controller.signal }));
    controller.abort(); // call and cancellation leave in one frame
    expect((await failure).code).toBe("cancelled");
    await client.call("echo");
    expect(starts).toBe(0);
  });
});
