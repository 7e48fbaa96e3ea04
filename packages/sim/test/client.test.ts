/** Simulated clients. */
import { describe, expect, test } from "vitest";
import { context } from "@mpreg/core";
import { type Observation, type World, settle, simulate } from "../src/index.js";

const signals: { readonly aborted: boolean }[] = [];
const nodes = [
  { name: "a" },
  {
    name: "b",
    functions: {
      nap: async (durationMs: number) => {
        signals.push(context().signal);
        await context().sleep(durationMs);
        return durationMs;
      },
    },
  },
];

function watched(world: World): Observation["kind"][] {
  const seen: Observation["kind"][] = [];
  world.observers.add(({ kind }) => seen.push(kind));
  return seen;
}

describe("a client", () => {
  test("that loses its link hears so for everything it has asked for (L1), and its work is stopped", async () => {
    const world = await simulate({ seed: 1, nodes });
    const client = await world.connect("a");
    const calls = [client.call("nap", [5_000]), client.call("nap", [6_000])];
    await world.sleep(100);
    expect(client.unanswered).toBe(2);
    let lost = 0;
    client.onLost = () => (lost += 1);
    world.faults.cut("a", client.name);
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "not-connected", outcome: "unknown" });
    expect([client.node, client.unanswered, lost]).toEqual([undefined, 0, 1]);
    await expect(client.call("echo", [1])).rejects.toMatchObject({ code: "not-connected", outcome: "not-applied" });
    await world.sleep(100);
    expect(signals.splice(0).map(({ aborted }) => aborted)).toEqual([true, true]);
    await client.connect("b");
    expect(await client.call("echo", [1])).toBe(1);
    await settle(world);
  });

  test("that disconnects itself is not told that its link was lost", async () => {
    const world = await simulate({ seed: 2, nodes });
    const client = await world.connect("a");
    let lost = 0;
    client.onLost = () => (lost += 1);
    const call = client.call("nap", [5_000]);
    client.disconnect();
    await expect(call).rejects.toMatchObject({ code: "not-connected" });
    expect(lost).toBe(0);
    await settle(world);
  });

  test("hears the end of what it has cancelled too (L2)", async () => {
    const world = await simulate({ seed: 3, nodes });
    const client = await world.connect("a");
    const seen = watched(world);
    const withdraw = client.ask(
      { kind: "call", fields: { fun: "nap", resources: [], args: Uint8Array.of(0x91, 99), timeoutMs: 0, waitForCapacityMs: 0, summary: false, terms: undefined } },
      () => expect.fail("nobody waits for this"),
    ); // prettier-ignore
    await world.sleep(20);
    withdraw();
    await world.sleep(20);
    expect(seen).toEqual(["asked", "started", "withdrawn", "aborted", "ended", "answered"]);
    await settle(world);
  });

  test("cannot connect to a node that is down", async () => {
    const world = await simulate({ seed: 4, nodes });
    world.node("b").crash();
    const client = world.client("me");
    await expect(client.connect("b")).rejects.toMatchObject({ code: "not-connected" });
    await expect(world.connect("nobody")).rejects.toThrow(/no node "nobody"/);
    expect(() => world.client("me")).toThrow(/taken/);
  });
});
