/** What handlers may do in a simulated world, and what they may wait for. */
import { MpregError } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import {
  type FunctionDefinition,
  type SimulatedContext,
  type World,
  type WorldOptions,
  context,
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
    let seen: SimulatedContext | undefined;
    const world = await worldWith({ look: () => void (seen = context()) }, { trace: true });
    const client = await world.connect("a");
    await client.call("look", [], { timeoutMs: 1_000 });
    expect(seen).toMatchObject({ fun: "look", step: "look", node: "b", depth: 0 });
    expect(seen!.caller).toMatchObject({ kind: "client", address: "client-1", via: "a" });
    expect(seen!.request).toMatch(/^[0-9a-f]{8}-1$/);
    expect(seen!.deadline.getTime()).toBeGreaterThan(Date.UTC(2000, 0, 1));
    expect(seen!.remainingMs).toBeLessThan(1_000);
    seen!.log.info("hello", 1);
    expect(world.trace.lines.at(-1)).toMatch(/b +info: hello 1$/);
  });

  test("is there until the first await, and nowhere else (X1)", async () => {
    const world = await worldWith({
      early: () => context().node,
      late: async () => {
        await context().sleep(1);
        return context().node;
      },
    });
    expect(await world.node("a").call("early")).toBe("b");
    await expect(world.node("a").call("late")).rejects.toThrow(/outside of a handler, or after its first await/);
    expect(() => context()).toThrow(MpregError);
  });

  test("a scope of one's own is entered too", async () => {
    const entered: string[] = [];
    const scope: WorldOptions["scope"] = (inner, handler) => {
      entered.push(inner.fun);
      return handler();
    };
    const world = await worldWith({ look: () => context().fun }, { scope });
    expect(await world.node("a").call("look")).toBe("look");
    expect(entered).toEqual(["look"]);
  });

  test("calls and graphs of a handler are nested in its own call", async () => {
    const world = await worldWith({
      outer: async (value: number) => {
        const here = context();
        const { call, graph } = here;
        const inner = graph();
        const one = inner.call<number>("depth", [value]);
        const [direct, both] = await Promise.all([call("depth", [1]), inner.run([one, one]), here.sleep(5)]);
        return { direct, both };
      },
      depth: (value: number) => value + context().depth,
    });
    expect(await world.node("a").call("outer", [10])).toEqual({ direct: 2, both: [11, 11] });
    await settle(world);
  });

  test("the signal aborts when nobody waits, once, and a sleep that has it ends (A1)", async () => {
    const log: string[] = [];
    const world = await worldWith({
      nap: async () => {
        const here = context();
        const { signal } = here;
        const ignored = (): void => void log.push("ignored");
        signal.addEventListener("abort", ignored);
        signal.removeEventListener("abort", ignored);
        signal.addEventListener("abort", () => log.push("aborted"));
        await here.sleep(60_000, { signal }).catch((error: unknown) => log.push((error as MpregError).code));
        expect(() => signal.throwIfAborted()).toThrow(MpregError);
        await here.sleep(1, { signal }).catch(() => log.push("at once"));
        await here.sleep(50);
        log.push("goes on");
      },
    });
    const client = await world.connect("a");
    await expect(client.call("nap", [], { timeoutMs: 100 })).rejects.toMatchObject({
      code: "deadline",
      outcome: "unknown",
    });
    await world.sleep(100);
    expect(log).toEqual(["aborted", "cancelled", "at once", "goes on"]);
    await settle(world);
  });
});

describe("a handler", () => {
  test("ends once, whatever it does (E1)", async () => {
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
        const here = context();
        const now = context();
        for (let i = 0; i < 500; i++) await Promise.resolve();
        const passedMs = now.nowMs - startedMs;
        await Promise.race([here.sleep(1), here.sleep(1_000)]);
        return passedMs;
      },
    });
    expect(await world.node("a").call("busy")).toBe(0);
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

  test("whose node crashes never goes on (E2)", async () => {
    const log: string[] = [];
    const world = await worldWith({
      work: async () => {
        const here = context();
        await here.sleep(100);
        log.push("went on");
        await here.sleep(100);
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
