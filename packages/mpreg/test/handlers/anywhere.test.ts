/** The same handlers on real nodes and in a simulated world: what they import from "mpreg" works in both. */
import { simulate } from "@mpreg/sim";
import { MpregError, context, createNode } from "mpreg";
import { describe, expect, onTestFinished, test } from "vitest";
import { register, stopped } from "./functions.js";
import { inSimulatedWorld, onRealNodes } from "./stages.js";

describe.each([
  ["on real nodes", onRealNodes],
  ["in a simulated world", inSimulatedWorld],
])("%s a handler", (_where, start) => {
  test("knows its call", async () => {
    const { client } = await start();
    const { first } = (await client.request([{ name: "first", fun: "about" }], { timeoutMs: 5_000 })) as {
      first: Record<string, unknown>;
    };
    expect(first).toMatchObject({
      fun: "about",
      step: "first",
      depth: 0,
      kind: "client",
      node: "worker",
      aborted: false,
    });
    expect(first["request"]).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(first["remainingMs"]).toBeGreaterThan(0);
    expect(first["remainingMs"]).toBeLessThanOrEqual(5_000);
  });

  test("has the same context after every await, beside others that have theirs", async () => {
    const { client } = await start();
    const steps = Array.from({ length: 20 }, (_, index) => ({ name: `s${index}`, fun: "steps", args: [index % 3] }));
    const expected = steps.map(({ name }) => [name, [name, name, name, name]]);
    expect(await client.request(steps)).toEqual(Object.fromEntries(expected));
    expect(() => context()).toThrow(MpregError);
  });

  test("calls others, one level deeper, in calls and in graphs", async () => {
    const { client } = await start();
    expect(await client.call("nested", [[1, 2, 3]])).toEqual([6, 1]);
  });

  test("is guarded by the schemas it is registered with", async () => {
    const { client } = await start();
    await expect(client.call("sum", [["1"]])).rejects.toMatchObject({ code: "invalid-input", node: "worker" });
  });

  test("that sleeps is told when nobody waits any more, and may still put things in order", async () => {
    const { client, until } = await start();
    stopped.clear();
    const { signal, abort } = cancellation();
    const long = client.request([{ name: "long one", fun: "long" }], { signal });
    const about = await client.call("about"); // asked for later, so the other runs
    expect(about).toMatchObject({ fun: "about" });
    abort();
    await expect(long).rejects.toMatchObject({ code: "cancelled" });
    await until(() => stopped.size > 0);
    expect(Object.fromEntries(stopped)).toEqual({ "long one": { sameReason: true, code: "cancelled" } });
  });
});

describe("real nodes and simulated worlds in one process", () => {
  test("do not disturb each other", async () => {
    const [real, simulated] = [await onRealNodes(), await inSimulatedWorld()];
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    const ask = async (stage: typeof real, prefix: string): Promise<unknown> =>
      stage.client.request(names.map((name) => ({ name: prefix + name, fun: "steps", args: [1] })));
    const of = (prefix: string): unknown =>
      Object.fromEntries(names.map((name) => [prefix + name, Array.from({ length: 4 }, () => prefix + name)]));
    const answers = await Promise.all([ask(real, "real "), ask(simulated, "sim "), ask(real, "more ")]);
    expect(answers).toEqual([of("real "), of("sim "), of("more ")]);
  });

  test("a real handler may run a world of its own: in there context() is the simulated handler's", async () => {
    const node = await createNode({ name: "outside", log: "silent" });
    onTestFinished(() => node.close());
    node.register("explore", async () => {
      const world = await simulate({ seed: 2, nodes: [{ name: "inside", register }] });
      const inside = await world.node("inside").call<{ node: string }>("about");
      const steps = await world.node("inside").request([{ name: "s", fun: "steps", args: [5] }]);
      return [inside.node, steps, context().node];
    });
    expect(await node.call("explore")).toEqual(["inside", { s: ["s", "s", "s", "s"] }, "outside"]);
  });
});

function cancellation(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}
