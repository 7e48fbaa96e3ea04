/** Registering and unregistering: what is refused, and what others see. */
import { context } from "@mpreg/node";
import { describe, expect, test } from "vitest";
import { clientOf, offered, startMesh, startNode, startPair } from "../support/cluster.js";
import { failureOf, thrownBy, told } from "../support/failure.js";
import { Latch } from "../support/latch.js";

describe("register", () => {
  test("refuses a name the node has already, and says what to do", async () => {
    const { node, client } = await startPair();
    node.register("work", () => "first");
    expect(told(thrownBy(() => node.register("work", () => "second")))).toEqual({
      code: "already-registered",
      message: `Cannot register "work": node "solo" already has a function of that name; unregister it first`,
      step: undefined,
      node: "solo",
      outcome: "not-applied",
    });
    expect(await client.call("work")).toBe("first");
  });

  const schema = "must be a schema with the Standard Schema interface (zod, valibot, arktype, …)";
  const bytes = "text of 1 to 1024 bytes";
  test.each<[string, unknown, unknown, unknown, string]>([
    ["an empty name", "", () => 1, {}, `register: a function's name must be a ${bytes}`],
    ["a name that is no text", 7, () => 1, {}, `register: a function's name must be a ${bytes}`],
    ["a name of too many bytes", "é".repeat(513), () => 1, {}, `register: a function's name must be a ${bytes}`],
    ["a handler that is no function", "f", { handler: true }, {}, `register("f"): the handler must be a function`],
    [
      "resources that are no array",
      "f",
      () => 1,
      { resources: "gpu" },
      `register("f"): resources must be an array of texts of 1 to 1024 bytes`,
    ],
    [
      "an empty resource",
      "f",
      () => 1,
      { resources: ["gpu", ""] },
      `register("f"): resources must be an array of texts of 1 to 1024 bytes`,
    ],
    [
      "an option that it does not have",
      "f",
      () => 1,
      { resource: ["gpu"] },
      `register("f") has no option "resource"; it has resources, version, tags, scope, concurrencyMax, queueMax, batch, idempotent, input, output; did you mean "resources"?`,
    ],
    ["an input that is no schema", "f", () => 1, { input: "text" }, `register("f"): input ${schema}, got string`],
    [
      "an input with something else among its schemas",
      "f",
      () => 1,
      { input: ["text"] },
      `register("f"): input[0] ${schema}, got string`,
    ],
    ["an output that is no schema", "f", () => 1, { output: {} }, `register("f"): output ${schema}, got object`],
  ])("refuses %s", async (_what, name, handler, options, message) => {
    const { node } = await startPair();
    const attempt = (): unknown => node.register(name as string, handler as () => unknown, options as object);
    expect(told(thrownBy(attempt))).toMatchObject({ code: "invalid-argument", message });
  });

  test("refuses more resources than other nodes accept, the node's own included", async () => {
    const own = Array.from({ length: 200 }, (_, index) => `own ${index}`);
    const [here, there] = await startMesh({ name: "here" }, { name: "there", resources: own });
    const resources = Array.from({ length: 57 }, (_, index) => `more ${index}`);
    expect(told(thrownBy(() => there!.register("much", () => 1, { resources })))).toMatchObject({
      code: "invalid-argument",
      message: `register("much"): a function may have 256 resources, its node's included, got 257`,
    });
    there!.register("enough", () => 1, { resources: resources.slice(1) });
    await offered("enough", 1, here!);
  });

  test("takes names like members of a prototype", async () => {
    const [here, there] = await startMesh({ name: "here" }, { name: "there" });
    for (const name of ["__proto__", "constructor", "toString"]) there!.register(name, () => `${name}!`);
    await offered("toString", 1, here!);
    const client = await clientOf(here!);
    for (const name of ["__proto__", "constructor", "toString"]) expect(await client.call(name)).toBe(`${name}!`);
  });

  test("on a closed node says that it is closed", async () => {
    const node = await startNode({ name: "gone" });
    await node.close();
    expect(told(thrownBy(() => node.register("late", () => 1)))).toMatchObject({
      code: "closed",
      message: `Node "gone" is closed`,
      node: "gone",
    });
  });
});

describe("unregister", () => {
  test("withdraws the function from every node; the registration does it too, once", async () => {
    const [here, there] = await startMesh({ name: "here" }, { name: "there" });
    const client = await clientOf(here!);
    const first = there!.register("work", () => "first");
    await offered("work", 1, here!);
    expect(there!.unregister("work")).toBe(true);
    expect(there!.unregister("work")).toBe(false);
    await offered("work", 0, here!);
    expect((await failureOf(client.call("work"))).code).toBe("no-provider");
    there!.register("work", () => "second");
    first.unregister(); // is not the registration of that name any more
    await offered("work", 1, here!);
    expect(await client.call("work")).toBe("second");
  });

  test("happens at the end of a block with `using`", async () => {
    const { node, client } = await startPair();
    {
      using registration = node.register("brief", () => 1);
      expect(await client.call(registration.name)).toBe(1);
    }
    expect((await failureOf(client.call("brief"))).code).toBe("no-provider");
  });

  test("lets calls that run go on to their end", async () => {
    const [here, there] = await startMesh({ name: "here" }, { name: "there" });
    const [running, unregistered] = [new Latch(), new Latch()];
    there!.register("work", async () => {
      running.open();
      await unregistered.passed;
      return [context().signal.aborted, await context().call("echo", ["nested"])];
    });
    await offered("work", 1, here!);
    const answer = (await clientOf(here!)).call("work");
    await running.passed;
    there!.unregister("work");
    await offered("work", 0, here!, there!);
    unregistered.open();
    expect(await answer).toEqual([false, "nested"]);
  });

  test("by the handler itself, while it runs, is fine", async () => {
    const { node, client } = await startPair();
    node.register("once", () => node.unregister("once"));
    expect(await client.call("once")).toBe(true);
    expect((await failureOf(client.call("once"))).code).toBe("no-provider");
  });

  test("between two calls of one turn: the second is told that nobody offers it", async () => {
    const { node, client } = await startPair();
    node.register("once", () => node.unregister("once"));
    const [first, second] = await Promise.allSettled([client.call("once"), client.call("once")]);
    expect(first).toEqual({ status: "fulfilled", value: true });
    expect(second).toMatchObject({ status: "rejected", reason: { code: "no-provider", outcome: "not-applied" } });
  });

  test("of a function of the same name registered anew in the same turn reaches only the new one", async () => {
    const { node, client } = await startPair();
    node.register("work", () => "old");
    node.unregister("work");
    node.register("work", () => "new");
    expect(await client.call("work")).toBe("new");
  });

  test("may take echo away: it is a function like any other", async () => {
    const { node, client } = await startPair();
    expect(node.unregister("echo")).toBe(true);
    expect((await failureOf(client.call("echo", [1]))).code).toBe("no-provider");
  });
});
