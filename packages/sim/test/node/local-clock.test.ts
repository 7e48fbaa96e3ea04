/** The clocks of simulated machines: no two are alike, and nobody may depend on what they show. */
import { context } from "@mpreg/core";
import { describe, expect, test } from "vitest";
import { planWorld, runPlan, settle, simulate } from "../../src/index.js";

const look = (): { nowMs: number; remainingMs: number; deadlineMs: number } => {
  const { nowMs, remainingMs, deadline } = context();
  return { nowMs, remainingMs, deadlineMs: deadline.getTime() };
};
const nap = async (durationMs: number): Promise<void> => context().sleep(durationMs);

async function threeNodes(clockRate?: number) {
  const functions = { look, nap };
  const nodes = ["a", "b", "c"].map((name) => ({ name, functions: { [`look at ${name}`]: look, ...functions } }));
  return simulate({ seed: 3, nodes: [...nodes, { name: "d", clockRate, functions: { "nap at d": nap } }] });
}

describe("the clocks of machines", () => {
  test("count from moments of their own, so that a time of one means nothing to another (L2)", async () => {
    const world = await threeNodes();
    const asked = ["a", "b", "c"].map((name) =>
      world.node("a").call<ReturnType<typeof look>>(`look at ${name}`, [], { timeoutMs: 10_000 }),
    );
    const seen = await Promise.all(asked);
    for (const { remainingMs } of seen) expect(remainingMs).toBeCloseTo(10_000, -2);
    const [a, b, c] = seen.map(({ nowMs }) => nowMs);
    for (const apartMs of [a! - b!, b! - c!, a! - c!]) expect(Math.abs(apartMs)).toBeGreaterThan(10_000);
  });

  test("can be set, and show it, and nothing else changes (L1)", async () => {
    const world = await threeNodes();
    const node = world.node("b");
    const before = await node.call<ReturnType<typeof look>>("look at b", [], { timeoutMs: 10_000 });
    node.setWallClock(-3_600_000);
    const after = await node.call<ReturnType<typeof look>>("look at b", [], { timeoutMs: 10_000 });
    expect(after.deadlineMs - before.deadlineMs).toBeCloseTo(-3_600_000, -2);
    expect(after.nowMs).toBeGreaterThan(before.nowMs);
    expect(after.remainingMs).toBeCloseTo(before.remainingMs, -1);
    await settle(world);
  });

  test("may go faster or slower than they should, and with them what their machine waits for", async () => {
    const world = await threeNodes(2);
    const startedMs = world.nowMs;
    await world.node("a").call("nap at d", [1_000]);
    expect(world.nowMs - startedMs).toBeGreaterThan(500);
    expect(world.nowMs - startedMs).toBeLessThan(510);
    await settle(world);
  });
});

test("worlds in which wall clocks are set have the same trace as without that (L1) (W3)", async () => {
  const plans = Array.from({ length: 40 }, (_, index) => planWorld(index + 1)).filter(
    (plan) => plan.clockSteps.length > 0,
  );
  expect(plans.length).toBeGreaterThan(5);
  for (const plan of plans) {
    const [without, verdict] = [await runPlan({ ...plan, clockSteps: [] }), await runPlan(plan)];
    expect(verdict.traceHash).toBe(without.traceHash);
    expect(verdict.ends).toEqual(without.ends);
  }
}, 300_000);
