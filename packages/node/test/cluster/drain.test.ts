/** A node that drains, over real sockets. */
import { describe, expect, test } from "vitest";
import { clientOf, meshed, offered, startMesh, startNode } from "../support/cluster.js";
import { failureOf } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("drain()", () => {
  test("finishes what runs, sends its clients to another node, leaves, and closes", async () => {
    const [a, b] = await startMesh({ name: "a" }, { name: "b" });
    const [started, end] = [new Latch(), new Latch()];
    a!.register("hold", async () => {
      started.open();
      await end.passed;
      return "done";
    });
    b!.register("work", (value: number) => value);
    await offered("work", 1, a!);
    const client = await clientOf(a!);
    const held = client.call("hold");
    await started.passed;
    const draining = a!.drain();
    expect(await client.call("work", [1])).toBe(1);
    expect(client.url).toBe(b!.url);
    await expect.poll(() => b!.nodes().find(({ name }) => name === "a")?.draining).toBe(true);
    end.open();
    expect(await held).toBe("done");
    await draining;
    expect((await failureOf(a!.call("echo"))).code).toBe("closed");
    expect(b!.cluster().nodes.find(({ name }) => name === "a")?.state).toBe("left");
    expect(await client.call("echo", [2])).toBe(2);
  });

  test("ends what runs longer than its grace, as close() does; a second one waits for the first", async () => {
    const node = await startNode();
    node.register("hold", () => new Promise(() => undefined));
    const held = failureOf(node.call("hold"));
    await Promise.all([node.drain({ graceMs: 50 }), node.drain()]);
    expect((await held).code).toBe("closed");
    await node.drain();
  });

  test("whose signal aborts is not waited for any more, and goes on", async () => {
    const node = await startNode();
    const [started, end] = [new Latch(), new Latch()];
    node.register("hold", async () => {
      started.open();
      await end.passed;
      return "done";
    });
    const held = node.call("hold");
    await started.passed;
    expect(await failureOf(node.drain({ signal: AbortSignal.abort("no") }))).toMatchObject({
      code: "cancelled",
      outcome: "not-applied",
    });
    expect(await node.call("echo", ["takes calls"])).toBe("takes calls");
    const ending = new AbortController();
    const given = failureOf(node.drain({ signal: ending.signal }));
    ending.abort("enough");
    expect(await given).toMatchObject({ code: "cancelled", outcome: "unknown", cause: "enough" });
    const drained = node.drain({ signal: new AbortController().signal });
    end.open();
    expect(await held).toBe("done");
    await drained;
    expect((await failureOf(node.drain({ signal: 1 as never }))).message).toContain("signal must be an AbortSignal");
  });

  test.for([false, true])("is cut short by close(), a worker of a queue: %s", async (hasWorker) => {
    const node = await startNode();
    if (hasWorker) {
      const queue = node.queue("jobs", { durable: false });
      await queue.create();
      queue.process(() => undefined);
    }
    node.register("hold", () => new Promise(() => undefined));
    const held = failureOf(node.call("hold"));
    const draining = node.drain({ graceMs: 1_000_000 });
    await node.close();
    await draining;
    expect((await held).code).toBe("closed");
  });

  test("refuses options that it does not have", async () => {
    const node = await startNode();
    const refusalOf = async (asked: Promise<unknown>): Promise<string> => (await failureOf(asked)).message;
    expect(await refusalOf(node.drain({ grace: 1 } as never))).toMatch(/^drain has no option "grace"; it has graceMs/);
    expect(await refusalOf(node.drain({ graceMs: -1 }))).toMatch(
      /^drain: graceMs must be a number of milliseconds above 0/,
    );
    // as those of everything else that answers a promise
    expect(await refusalOf(node.call("f", [], { timeout: 1 } as never))).toContain('"timeout"');
    expect(await refusalOf(node.graph().run(undefined, { timeout: 1 } as never))).toContain('"timeout"');
    expect(await refusalOf(node.request(5 as never))).toContain("array of steps");
    expect(await refusalOf(node.trace("0f1e2d3c-1", { timeout: 1 } as never))).toContain('"timeout"');
    expect(await refusalOf(node.requests({ timeout: 1 } as never))).toContain('"timeout"');
    await meshed([node]);
  });
});
