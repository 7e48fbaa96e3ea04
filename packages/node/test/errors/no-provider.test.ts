/** Calls that nobody can run: what is missing, what comes nearest, and waiting for it instead. */
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startPair } from "../support/cluster.js";
import { failureOf, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("a function with resources that nobody has all of", () => {
  test("is refused with the nearest misses", async () => {
    const [entry, one, two] = await startMesh({ name: "entry" }, { name: "one", resources: ["gpu"] }, { name: "two" });
    one!.register("classify", () => 1);
    two!.register("classify", () => 2, { resources: ["gpu"] });
    entry!.register("classify", () => 3); // has none of them, and is not worth a word
    await offered("classify", 3, entry!);
    const call = (await clientOf(entry!)).call("classify", [], { resources: ["gpu", "model-b"] });
    expect(told(await failureOf(call))).toEqual({
      code: "no-provider",
      message: `Cannot call "classify": no node offers it with [gpu, model-b]; 2 nodes offer it with [gpu]`,
      step: "classify",
      node: "entry",
      outcome: "not-applied",
    });
  });

  test("is refused alike in a graph, where nothing has started", async () => {
    const { node, client } = await startPair();
    let starts = 0;
    node.register("start", () => ++starts);
    node.register("classify", () => 1, { resources: ["cpu", "model-b"] });
    const graph = client.graph();
    graph.call("start");
    const classify = graph.call("classify", [], { name: "second", resources: ["model-b", "gpu"] });
    expect(told(await failureOf(graph.run(classify)))).toEqual({
      code: "no-provider",
      message: `Cannot call "classify": no node offers it with [model-b, gpu]; 1 node offers it with [model-b]`,
      step: "second",
      node: "solo",
      outcome: "not-applied",
    });
    expect(starts).toBe(0);
  });

  test("is refused by a node's own calls in the same words", async () => {
    const { node } = await startPair();
    node.register("classify", () => 1);
    expect((await failureOf(node.call("classify", [], { resources: ["gpu"] }))).message).toBe(
      `Cannot call "classify": no node offers it with [gpu]; 1 node offers it with none of them`,
    );
  });

  test("is found on the one node that has all of them, its own and the registration's together", async () => {
    const [entry, one, two] = await startMesh(
      { name: "entry" },
      { name: "one", resources: ["gpu"] },
      { name: "two", resources: ["gpu"] },
    );
    one!.register("where", () => "one", { resources: ["model-a"] });
    two!.register("where", () => "two", { resources: ["model-b"] });
    await offered("where", 2, entry!);
    const client = await clientOf(entry!);
    for (let i = 0; i < 10; i++) expect(await client.call("where", [], { resources: ["gpu", "model-b"] })).toBe("two");
    expect(await client.call("where", [], { resources: ["model-a"] })).toBe("one");
  });
});

test("a function that nobody offers is refused with the name that was probably meant", async () => {
  const { node, client } = await startPair();
  node.register("classify", () => 1);
  expect((await failureOf(client.call("clasify"))).message).toBe(
    `Cannot call "clasify": no node offers a function of that name; did you mean "classify"?`,
  );
  expect((await failureOf(client.call("something else"))).message).toBe(
    `Cannot call "something else": no node offers a function of that name`,
  );
});

describe("waitForCapacity", () => {
  test("lets a call wait until some node offers its function", async () => {
    const [entry, worker] = await startMesh({ name: "entry" }, { name: "worker" });
    const client = await clientOf(entry!);
    const answer = client.call("late", [1], { resources: ["gpu"], waitForCapacity: true });
    await client.call("echo"); // the call before has reached the node
    worker!.register("late", () => "without a gpu");
    await offered("late", 1, entry!);
    worker!.unregister("late");
    worker!.register("late", (value: number) => [value, "with a gpu"], { resources: ["gpu"] });
    expect(await answer).toEqual([1, "with a gpu"]);
  });

  test("lets the steps of a graph start that can, and the others wait", async () => {
    const { node, client } = await startPair();
    let registered = false;
    node.register("first", () => {
      node.register("second", (value: string) => `${value} second`);
      registered = true;
      return "first";
    });
    const graph = client.graph();
    const second = graph.call("second", [graph.call("first")]);
    const alone = graph.call("second", ["alone"]);
    expect(await graph.run([second, alone], { waitForCapacity: true })).toEqual(["first second", "alone second"]);
    expect(registered).toBe(true);
  });

  test("ends after the time given with the same words as without", async () => {
    const { client } = await startPair();
    expect(told(await failureOf(client.call("never", [], { waitForCapacity: 50 })))).toEqual({
      code: "no-provider",
      message: `Cannot call "never": no node offers a function of that name`,
      step: "never",
      node: "solo",
      outcome: "not-applied",
    });
  });

  test("does not outlast the time allowed for the call", async () => {
    const { client } = await startPair();
    expect(told(await failureOf(client.call("never", [], { waitForCapacity: true, timeoutMs: 50 })))).toMatchObject({
      code: "deadline",
      message: `The time allowed for "never" ran out while it waited for a node that offers it`,
      outcome: "not-applied",
    });
  });

  test("is given up when the caller cancels: nothing starts later", async () => {
    const { node, client } = await startPair();
    const controller = new AbortController();
    const failure = failureOf(client.call("late", [], { waitForCapacity: true, signal: controller.signal }));
    await client.call("echo");
    controller.abort();
    await failure;
    await client.call("echo");
    let starts = 0;
    node.register("late", () => ++starts);
    expect(await client.call("late")).toBe(1);
  });

  test("is not for nodes that have their hands full: they say so at once", async () => {
    const { node, client } = await startPair({ limits: { executionsMax: 1, queuedMax: 0 } });
    const release = new Latch();
    node.register("work", () => release.passed);
    const first = client.call("work");
    expect(told(await failureOf(client.call("work", [], { waitForCapacity: true })))).toMatchObject({
      code: "overloaded",
      message: `Cannot run "work": 1 calls run and 0 wait on this node already`,
      outcome: "not-applied",
    });
    release.open();
    await first;
  });
});
