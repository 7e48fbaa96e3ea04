/** What handlers may do in a simulated world, and what they may wait for. */
import { type FunctionRegistry, type HandlerContext, MpregError, context, fn } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type FunctionDefinition,
  SimulationError,
  type World,
  type WorldOptions,
  settle,
  simulate,
} from "../../src/index.js";

async function worldWith(
  functions: Record<string, FunctionDefinition>,
  options: Partial<WorldOptions> = {},
): Promise<World> {
  return simulate({ seed: 1, nodes: [{ name: "a" }, { name: "b", functions }], ...options });
}

describe("the context", () => {
  test("tells what a real node's tells", async () => {
    let seen: HandlerContext | undefined;
    const world = await worldWith({ look: () => void (seen = context()) }, { trace: true });
    const client = await world.connect("a");
    await client.call("look", [], { timeoutMs: 1_000 });
    expect(seen).toMatchObject({ fun: "look", step: "look", node: "b", depth: 0 });
    expect(seen!.caller).toMatchObject({ kind: "client", address: "client-1", via: "a" });
    expect(seen!.request).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(seen!.deadline.getTime()).toBeGreaterThan(Date.UTC(2000, 0, 1));
    expect(seen!.remainingMs).toBeLessThan(1_000);
  });

  test("publishes to topics, with the caller's authority, and waits for the node to take it", async () => {
    const functions = { tell: () => context().publish("t.1", { n: 1 }, { confirm: "subscribers" }) };
    const world = await worldWith(functions);
    const client = await world.connect("a");
    expect(await client.call("tell")).toEqual({ handed: 0, waiting: 0, lost: 0, nodes: 0 });
    expect(await client.call("tell")).toEqual({ handed: 0, waiting: 0, lost: 0, nodes: 0 });
  });

  test("logs to the world's trace, naming the request and the step", async () => {
    const world = await worldWith(
      {
        tell: () => {
          context().log.info({ rows: 2 }, "summarising");
          return context().request;
        },
      },
      { trace: true },
    );
    const { told } = await world.node("a").request([{ name: "told", fun: "tell" }]);
    const line = world.trace.lines.find((each) => each.includes("summarising"));
    expect(line).toMatch(new RegExp(`b +info: ${told as string} told {"rows":2} summarising$`));
  });

  test("is the same after every await, of each of the handlers that run side by side on several nodes", async () => {
    const handler = async (durationMs: number): Promise<string[]> => {
      const seen = [context().step];
      await context().sleep(durationMs);
      seen.push(context().step);
      for (let i = 0; i < 40; i++) await Promise.resolve(); // longer than others are given
      seen.push(context().step);
      await Promise.all([context().call("echo", [1]), context().sleep(1)]);
      return [...seen, context().step, context().node];
    };
    const nodes = ["a", "b", "c"].map((name) => ({ name, functions: { handler } }));
    const world = await simulate({ seed: 1, nodes });
    const steps = Array.from({ length: 30 }, (_, index) => {
      return { name: `s${index}`, fun: "handler", args: [1 + (index % 3)] };
    });
    const seen = (await world.node("a").request(steps)) as Record<string, string[]>;
    for (const { name } of steps) expect(seen[name]!.slice(0, 4)).toEqual([name, name, name, name]);
    expect(new Set(Object.values(seen).map((each) => each[4]))).toEqual(new Set(["a", "b", "c"]));
    expect(() => context()).toThrow(MpregError);
    await settle(world);
  });

  test("calls and graphs of a handler are nested in its own call", async () => {
    const world = await worldWith({
      outer: async (value: number) => {
        const { call, graph, sleep: rest } = context();
        const inner = graph();
        const one = inner.call<number>("depth", [value]);
        const [direct, both] = await Promise.all([call("depth", [1]), inner.run([one, one]), rest(5)]);
        return { direct, both };
      },
      depth: (value: number) => value + context().depth,
    });
    expect(await world.node("a").call("outer", [10])).toEqual({ direct: 2, both: [11, 11] });
    await settle(world);
  });

  test("calls nested too deep are refused as on a real node", async () => {
    const deeper = (): Promise<unknown> => context().call("deeper");
    const world = await worldWith({ deeper }, { limits: { rpc: { depthMax: 3 } } });
    await expect(world.node("a").call("deeper")).rejects.toMatchObject({ code: "too-deep", outcome: "applied" });
  });

  test("the signal aborts when nobody waits, and with it every sleep that is not told otherwise", async () => {
    const log: string[] = [];
    const world = await worldWith({
      nap: async () => {
        const here = context();
        const { signal } = here;
        signal.addEventListener("abort", () => log.push("aborted"));
        await Promise.all([here.sleep(60_000), here.sleep(70_000)]).catch((error: unknown) =>
          log.push((error as MpregError).code),
        );
        expect(() => {
          signal.throwIfAborted();
        }).toThrow(MpregError);
        await here.sleep(1).catch(() => log.push("at once"));
        await here.sleep(50, { signal: null });
        log.push("goes on");
      },
    });
    const client = await world.connect("a");
    const controller = new AbortController();
    const call = client.call("nap", [], { signal: controller.signal });
    world.after(50, () => {
      controller.abort();
    });
    await expect(call).rejects.toMatchObject({ code: "cancelled", outcome: "unknown" });
    await world.sleep(100);
    expect(log).toEqual(["aborted", "cancelled", "at once", "goes on"]);
    await settle(world);
  });
});

describe("a node's functions", () => {
  test("are registered with the options of a real node, an entry of a contract among them", async () => {
    const world = await worldWith({ scaled: { handler: (x: number) => 2 * x, ...fn({ input: z.number() }) } });
    const node = world.node("b");
    node.register("half", (x: number) => x / 2, fn({ input: z.number(), output: z.number(), resources: ["cpu"] }));
    await world.sleep(100);
    expect(await world.node("a").call("half", [8], { resources: ["cpu"] })).toBe(4);
    await expect(world.node("a").call("half", ["8"])).rejects.toMatchObject({ code: "invalid-input" });
    await expect(world.node("a").call("scaled", ["8"])).rejects.toMatchObject({ code: "invalid-input" });
    expect(() => node.register("third", () => 1, { resource: ["cpu"] } as object)).toThrow(
      `register("third") has no option "resource"; it has resources, version, tags, scope, concurrencyMax, queueMax, batch, idempotent, input, output; did you mean "resources"?`,
    );
    expect(node.unregister("half")).toBe(true);
    expect(node.unregister("half")).toBe(false);
  });

  test("are what a module's register(node) gives it, again each time it starts", async () => {
    const nodes = [
      { name: "a" },
      { name: "b", register: (node: FunctionRegistry) => void node.register("f", () => node.name) },
    ];
    const world = await simulate({ seed: 1, nodes });
    expect(await world.node("a").call("f")).toBe("b");
    world.node("b").crash();
    expect(() => world.node("b").register("late", () => 1)).toThrow(`Node "b" is down`);
    expect(world.node("b").offers("late")).toBe(false);
    await world.sleep(100);
    world.node("b").restart();
    expect(await world.node("a").call("f", [], { waitForCapacity: true })).toBe("b");
    await settle(world);
  });

  test("cannot be registered later than at once", async () => {
    const nodes = [{ name: "a", register: async () => Promise.resolve() }];
    await expect(simulate({ seed: 1, nodes })).rejects.toThrow(SimulationError);
  });
});

describe("a handler", () => {
  test("ends once, whatever it does", async () => {
    const world = await worldWith({
      throws: () => {
        throw new Error("broken");
      },
      rejects: async () => {
        await context().sleep(1);
        throw new MpregError("overloaded", "a node's own word, used by a handler");
      },
      odd: () => () => 1,
    });
    const client = await world.connect("a");
    await expect(client.call("throws")).rejects.toMatchObject({
      code: "handler-error",
      message: '"throws" threw: broken',
      outcome: "applied",
      node: "b",
    });
    await expect(client.call("rejects")).rejects.toMatchObject({ code: "handler-error", outcome: "applied" });
    await expect(client.call("odd")).rejects.toMatchObject({ code: "not-encodable", outcome: "applied" });
    await settle(world);
  });

  test("may run through as many promises as it likes, and no time passes (W1)", async () => {
    const world = await worldWith({
      busy: async () => {
        const startedMs = context().nowMs;
        for (let i = 0; i < 20_000; i++) await Promise.resolve();
        const passedMs = context().nowMs - startedMs;
        await Promise.race([context().sleep(1), context().sleep(1_000)]);
        return passedMs;
      },
    });
    expect(await world.node("a").call("busy")).toBe(0);
  });

  test("does its parts side by side: each goes on at its own time, also through some promises", async () => {
    const world = await worldWith({
      parts: async () => {
        const startedMs = context().nowMs;
        const part = async (): Promise<number> => {
          await context().sleep(10);
          for (let i = 0; i < 100; i++) await Promise.resolve(); // while the other part rests
          await context().sleep(10);
          return Math.round(context().nowMs - startedMs);
        };
        const [first] = await Promise.all([part(), context().sleep(1_000)]);
        return first;
      },
    });
    expect(await world.node("a").call("parts")).toBe(20);
  });

  test("that waits for anything but its context is an error with its name, told to all who wait (W2) (O3)", async () => {
    const world = await worldWith({ stuck: () => new Promise(() => undefined) });
    const sleeping = world.sleep(1_000);
    await Promise.all([
      expect(world.node("a").call("stuck")).rejects.toThrow(
        /^Handler "stuck" on node "b" waits for something that is not its context/,
      ),
      expect(sleeping).rejects.toThrow(/stuck/),
    ]);
  });

  test("may wait for promises of its own where the world gives it turns", async () => {
    const real = (): Promise<unknown> => new Promise((resolve) => setImmediate(() => setImmediate(resolve, "real")));
    const world = await worldWith({ real }, { turn: () => new Promise((resolve) => setImmediate(resolve)) });
    expect(await world.node("a").call("real")).toBe("real");
  });

  test("whose node crashes never goes on (E1)", async () => {
    const log: string[] = [];
    const world = await worldWith({
      work: async () => {
        await context().sleep(100);
        log.push("went on");
        await context().sleep(100);
      },
    });
    const call = world.node("a").call("work");
    await world.sleep(50);
    world.node("b").crash();
    await expect(call).rejects.toMatchObject({ code: "node-lost" });
    await world.sleep(1_000);
    expect(log).toEqual([]);
    await settle(world);
  });
});
