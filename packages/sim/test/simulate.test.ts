/** A simulated cluster as its users meet it. */
import { MpregError, context, contract, fn } from "@mpreg/core";
import type { FunctionInfo } from "@mpreg/core/node";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { SimulationError, World, settle, simulate } from "../src/index.js";

const nodes = [
  { name: "router" },
  {
    name: "worker",
    resources: ["gpu"],
    functions: {
      train: async (rows: number[]) => {
        await context().sleep(rows.length * 1_000);
        return { rows: rows.length, node: context().node };
      },
      scale: { handler: (value: number, { by }: { by: number }) => value * by, resources: ["cpu"] },
    },
  },
  { name: "helper" },
];

/** What all see the same way: how busy its own functions are a node tells of itself only. */
function withoutLoads(functions: readonly FunctionInfo[]): unknown {
  return functions.map((each) => ({ ...each, offers: each.offers.map((offer) => ({ ...offer, load: undefined })) }));
}

describe("a simulated cluster", () => {
  test("answers calls, graphs and plain requests, in simulated time", async () => {
    const world = await simulate({ seed: 1, nodes });
    const client = await world.connect("router");
    const startedMs = world.nowMs;
    expect(await client.call("train", [[1, 2, 3]], { resources: ["gpu"] })).toEqual({ rows: 3, node: "worker" });
    expect(world.nowMs - startedMs).toBeGreaterThan(3_000);
    expect(world.nowMs - startedMs).toBeLessThan(3_010);

    const graph = client.graph();
    const trained = graph.call<{ rows: number }>("train", [[1, 2]]);
    const scaled = graph.call<number>("scale", [trained.rows], { resources: ["cpu", "gpu"], kwargs: { by: 10 } });
    expect(await graph.run({ trained, scaled })).toEqual({ trained: { rows: 2, node: "worker" }, scaled: 20 });

    const steps = [
      { name: "one", fun: "echo", args: ["hi"] },
      { name: "two", fun: "echos", args: [{ $ref: "one" }, "there"] },
    ];
    expect(await client.request(steps)).toEqual({ two: ["hi", "there"] });
    await settle(world);
  });

  test("is the same for the same seed, and another for another (W1)", async () => {
    const run = async (seed: number): Promise<string> => {
      const world = await simulate({ seed, nodes });
      const client = await world.connect("helper");
      await Promise.all([client.call("train", [[1]]), client.call("echo", [1]), world.sleep(10)]);
      return world.trace.hash;
    };
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("every node calls as a client does, and all have the same view", async () => {
    const world = await simulate({ seed: 2, nodes });
    for (const node of world.nodes.values()) {
      expect(await node.call("scale", [2], { kwargs: { by: 3 } })).toBe(6);
      expect(withoutLoads(node.functions())).toEqual(withoutLoads(world.node("router").functions()));
      expect(node.nodes().map(({ name }) => name).sort()).toEqual(["helper", "router", "worker"]); // prettier-ignore
    }
  });

  test("functions come and go at run time", async () => {
    const world = await simulate({ seed: 3, nodes });
    const client = await world.connect("router");
    const waiting = client.call("late", [], { waitForCapacity: true });
    await world.sleep(5_000);
    const registration = world.node("helper").register("late", () => "here", { resources: ["disk"] });
    expect(await waiting).toBe("here");
    expect(() => world.node("helper").register("late", () => 1)).toThrow(/already/);
    registration.unregister();
    registration.unregister();
    await world.sleep(100);
    await expect(client.call("late")).rejects.toMatchObject({ code: "no-provider" });
  });

  test("contracts are implemented and checked as on a real node", async () => {
    const api = contract({ half: fn({ input: z.number().int(), output: z.number().max(10), resources: ["cpu"] }) });
    const world = await simulate({ seed: 4, nodes });
    world.node("helper").implement(api, { half: (value) => value / 2 });
    await world.sleep(100);
    const client = await world.connect("router");
    expect(await client.call("half", [8], { resources: ["cpu"] })).toBe(4);
    await expect(client.call("half", [1.5])).rejects.toMatchObject({ code: "invalid-input", outcome: "not-applied" });
    await expect(client.call("half", [100])).rejects.toMatchObject({ code: "invalid-output", outcome: "applied" });
  });

  test("a world whose nodes cannot find each other is refused", async () => {
    const lonely = [{ name: "a" }, { name: "b", peers: ["nobody"] }];
    await expect(simulate({ seed: 1, nodes: lonely })).rejects.toThrow(/have not found each other/);
    expect(() => new World({ seed: 1, nodes: [{ name: "a" }, { name: "a" }] })).toThrow(SimulationError);
  });

  test("time stands still while nobody waits for the world (O1)", async () => {
    const world = await simulate({ seed: 1, nodes });
    const { nowMs } = world;
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.nowMs).toBe(nowMs);
    expect(await world.until(() => world.nowMs > nowMs + 50, { withinMs: 100 })).toBe(true);
    expect(await world.until(() => false, { withinMs: 100 })).toBe(false);
  });

  test("a world that waits for however long goes on as any other, and no longer than anything can happen (O2)", async () => {
    const world = await simulate({ seed: 1, nodes, patienceMs: Infinity });
    expect(await world.node("router").call("train", [[1]])).toEqual({ rows: 1, node: "worker" });
    const empty = new World({ seed: 1, nodes: [], patienceMs: Infinity });
    await expect(empty.until(() => false)).rejects.toThrow("nothing more will happen in it");
  });

  test("what does not come within the world's patience is an error (O2)", async () => {
    const world = await simulate({ seed: 1, nodes, patienceMs: 5_000 });
    const client = await world.connect("router");
    const call = client.call("train", [new Array(100).fill(0)], { timeoutMs: 3_600_000 });
    await expect(call).rejects.toThrow("Nothing came of it within 5000 ms of simulated time");
  });
});

describe("settle", () => {
  test("says what does not hold, with the seed", async () => {
    const world = await simulate({ seed: 77, nodes });
    world.node("worker").crash();
    world.violated("my-guarantee", "my message");
    await expect(settle(world)).rejects.toThrow(
      "The world of seed 77 violates what it guarantees:\n  my-guarantee: my message",
    );
    await expect(settle(new World({ seed: 1, nodes }))).rejects.toThrow(SimulationError);
  });

  test("ends what disturbs, and waits until everything is well", async () => {
    const world = await simulate({ seed: 5, nodes });
    const client = await world.connect("router");
    world.faults.partition(["router"], ["worker", "helper"]);
    world.node("helper").pause();
    const lost = client.call("train", [[1]], { timeoutMs: 60_000 });
    await expect(lost).rejects.toMatchObject({ code: "node-lost", outcome: "unknown" });
    await settle(world);
    expect(world.node("helper").state).toBe("up");
    expect(await client.call("train", [[1]])).toEqual({ rows: 1, node: "worker" });
  });
});

describe("faults", () => {
  test("work on a node that crashes ends as node-lost, and runs again once it is back", async () => {
    const world = await simulate({ seed: 6, nodes });
    const client = await world.connect("router");
    const call = client.call("train", [[1, 2, 3]]);
    await world.sleep(500);
    const { id } = world.node("worker");
    world.node("worker").crash();
    expect(world.node("worker").state).toBe("down");
    await expect(call).rejects.toMatchObject({ code: "node-lost", outcome: "unknown", node: "worker" });
    await expect(client.call("train", [[1]])).rejects.toMatchObject({ code: "no-provider" });
    world.node("worker").restart(); // (K1)
    expect(world.node("worker").id).not.toBe(id); // (K2)
    expect(await client.call("train", [[1]], { waitForCapacity: true })).toEqual({ rows: 1, node: "worker" });
    await settle(world);
  });

  test("a node that keeps its key has its id again (K2), and what its program registered is gone (K1)", async () => {
    const world = await simulate({ seed: 7, nodes });
    const worker = world.node("worker");
    const { id } = worker;
    worker.register("extra", () => 1);
    worker.crash({ silent: true });
    await expect(worker.call("echo", [1])).rejects.toBeInstanceOf(MpregError);
    await world.sleep(1_000);
    worker.restart({ keepKey: true });
    expect(worker.id).toBe(id);
    expect(worker.offers("extra")).toBe(false);
    await settle(world);
  });

  test("a node that closes says goodbye, and settles what its own program asked for", async () => {
    const world = await simulate({ seed: 8, nodes });
    const worker = world.node("worker");
    const own = worker.call("train", [[1, 2, 3]]);
    const client = await world.connect("router");
    const others = client.call("train", [[1, 2, 3]]);
    await world.sleep(100);
    worker.close();
    await expect(own).rejects.toMatchObject({ code: "closed" });
    await expect(others).rejects.toMatchObject({ outcome: "unknown", node: "worker" });
    expect(worker.state).toBe("down");
    await settle(world);
  });

  test("a paused node does nothing until it is resumed", async () => {
    const world = await simulate({ seed: 9, nodes });
    const client = await world.connect("router");
    const call = client.call("train", [[1]]);
    await world.sleep(500);
    world.node("worker").pause();
    expect(world.node("worker").state).toBe("paused");
    await world.sleep(3_000);
    const resumedMs = world.nowMs;
    world.node("worker").resume();
    expect(await call).toEqual({ rows: 1, node: "worker" });
    expect(world.nowMs).toBeGreaterThanOrEqual(resumedMs);
  });

  test("healing ends all of them (F1)", async () => {
    const world = await simulate({ seed: 10, nodes });
    const client = await world.connect("router");
    world.faults.stall("router", "worker");
    world.faults.slow("worker", "router", 1_000);
    world.faults.throttle("router", "worker", 0.001);
    const undo = world.faults.block("worker", "router");
    undo();
    world.faults.heal();
    const startedMs = world.nowMs;
    await client.call("scale", [1], { kwargs: { by: 1 } });
    expect(world.nowMs - startedMs).toBeLessThan(10);
  });

  test("a cut that one end does not hear of is found by its silence", async () => {
    const world = await simulate({ seed: 11, nodes });
    const told: string[] = [];
    world.observers.add((observation) => {
      if (observation.kind === "reported" && observation.event.kind === "link-lost") told.push(observation.node);
    });
    world.faults.cut("router", "worker", "one");
    await world.sleep(1_000);
    expect(told).toContain("router");
    await settle(world);
  });
});
