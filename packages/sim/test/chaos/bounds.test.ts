/** How soon what ran on a node that is lost runs elsewhere, in simulated time. */
import { context } from "@mpreg/core";
import { expect, test } from "vitest";
import { type Observation, type World, settle, simulate } from "../../src/index.js";

const calls = 60;

/** A node that is asked for work by a client, and two that do it; `hit` befalls one of them while it does. */
async function rerouting(seed: number, hit: (world: World) => void, isNoticed: (each: Observation) => boolean) {
  const work = { handler: () => context().sleep(8_000), idempotent: true };
  const world = await simulate({
    seed,
    nodes: [{ name: "entry" }, { name: "hit", functions: { work } }, { name: "other", functions: { work } }],
  });
  const client = await world.connect("entry");
  let noticedMs = Infinity;
  const before = new Set<string>();
  const startedMs = new Map<string, number>();
  world.observers.add((each, nowMs) => {
    if (isNoticed(each)) noticedMs = Math.min(noticedMs, nowMs);
    if (each.kind !== "started") return;
    const { request } = each.invocation;
    if (each.node === "hit") before.add(String(request));
    else if (before.has(String(request))) startedMs.set(String(request), nowMs);
  });
  const ends = Array.from({ length: calls }, () => client.call("work", [], { timeoutMs: 30_000 }));
  await world.until(() => world.node("hit").running + world.node("other").running === calls);
  const onHit = world.node("hit").running;
  hit(world);
  await Promise.all(ends);
  await settle(world);
  const waitsMs = [...startedMs.values()].map((atMs) => atMs - noticedMs);
  return { onHit, waitsMs };
}

test.for([1, 2, 3, 4, 5])(
  "what ran on a frozen node runs elsewhere within 250 ms of its detection (seed %i)",
  async (seed) => {
    const { onHit, waitsMs } = await rerouting(
      seed,
      (world) => {
        world.node("hit").pause();
      },
      (each) => each.kind === "reported" && each.node === "entry" && each.event.kind === "node-lost",
    );
    expect(onHit).toBeGreaterThan(15);
    expect(waitsMs).toHaveLength(onHit);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(250);
  },
);

test.for([1, 2, 3, 4, 5])(
  "what ran on a node that crashes runs elsewhere within 50 ms after its link has broken (seed %i)",
  async (seed) => {
    const { onHit, waitsMs } = await rerouting(
      seed,
      (world) => {
        world.node("hit").crash();
      },
      (each) => each.kind === "reported" && each.node === "entry" && each.event.kind === "link-lost",
    );
    expect(onHit).toBeGreaterThan(15);
    expect(waitsMs).toHaveLength(onHit);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(50);
  },
);
