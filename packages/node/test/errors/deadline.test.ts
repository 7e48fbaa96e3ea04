/** Time that runs out: of a call, of a step, of a request, of a node's own default. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { startProcess } from "../support/processes.js";

const never = (): Promise<never> => new Promise(() => undefined);

describe("the deadline", () => {
  test("of a call ends it, naming the node where it was running", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    worker!.register("never", never);
    await offered("never", 1, entry!);
    expect(told(await failureOf((await clientOf(entry!)).call("never", [], { timeoutMs: 60 })))).toEqual({
      code: "deadline",
      // who is first, the node that waits or the one that runs it, is chance; only the latter knows that it runs
      message: expect.stringMatching(
        /^The time allowed for "never" ran out (before node "worker" answered|while it was running on node "worker")$/,
      ) as string,
      step: "never",
      node: "worker",
      outcome: "unknown",
    });
  });

  test("of one step counts from when its inputs are there, and ends the request", async () => {
    const { node, client } = await startPair();
    node.register("never", never);
    const graph = client.graph();
    const stuck = graph.call("never", [graph.call("echo", [1])], { name: "stuck", timeoutMs: 60 });
    const error = await failureOf(graph.run([graph.call("echo", [stuck])], { timeoutMs: 20_000 }));
    expect(told(error)).toMatchObject({
      code: "deadline",
      message: `The time allowed for "never" ran out while it was running on node "solo"`,
      step: "stuck",
      outcome: "unknown",
    });
  });

  test("of a request ends it, naming a step that had not ended", async () => {
    const { node, client } = await startPair();
    node.register("never", never);
    const steps = [
      { name: "quick", fun: "echo" },
      { name: "stuck", fun: "never" },
      { name: "after", fun: "echo", args: [{ $ref: "stuck" }] },
    ];
    expect(told(await failureOf(client.request(steps, { timeoutMs: 60 })))).toEqual({
      code: "deadline",
      message: `The time allowed for the request ran out; 2 of 3 steps had not ended, "stuck" among them`,
      step: "stuck",
      node: "solo",
      outcome: "unknown",
    });
  });

  test("of a node holds for those who name none, and its maximum for those who ask for more", async () => {
    const { node, client } = await startPair({ limits: { timeoutMs: 500, timeoutMsMax: 1_000 } });
    node.register("left", () => context().remainingMs);
    const [unnamed, more] = [
      await client.call<number>("left"),
      await client.call<number>("left", [], { timeoutMs: 90_000 }),
    ];
    expect(unnamed).toBeLessThanOrEqual(500);
    expect(more).toBeGreaterThan(500);
    expect(more).toBeLessThanOrEqual(1_000);
  });

  test("leaves the link and other calls alone", async () => {
    const { node, client } = await startPair();
    node.register("never", never);
    const failures = Array.from({ length: 50 }, () => failureOf(client.call("never", [], { timeoutMs: 40 })));
    for (const failure of failures) expect((await failure).code).toBe("deadline");
    expect(await client.call("echo", ["goes on"])).toBe("goes on");
  });

  test("is the client's own when the node does not say a word", async () => {
    const node = await startProcess();
    const client = await clientOf(node);
    node.kill("SIGSTOP");
    expect(told(await failureOf(client.call("echo", [], { timeoutMs: 30 })))).toEqual({
      code: "deadline",
      message: "The time allowed ran out and the node has not answered",
      step: "echo",
      node: node.name,
      outcome: "unknown",
    });
    node.kill("SIGCONT");
    expect(await client.call("echo", ["awake"])).toBe("awake");
  });
});
