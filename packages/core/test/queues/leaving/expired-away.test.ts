import { expect, it } from "vitest";
import type { Guarantee } from "../../../src/queues/index.js";
import { Disk, QueueWorld } from "../support.js";

it.each<Guarantee>([{ kind: "quorum", needed: 2 }, { kind: "broadcast" }])(
  "a message whose time is over while its node is away, and that one subscription has released, is in no lane after it: %o (Q2)",
  (guarantee) => {
    const disk = new Disk();
    const world = new QueueWorld({ disk });
    world.create("q", { guarantee, ttlMs: 1_000, order: "fifo" });
    for (const name of ["x", "y"]) world.do<"subscribe">("q", { op: "subscribe", name });
    world.send("q", { group: "g" });
    const [message] = world.receive("q", 1, { subscription: "x" });
    world.do<"release">("q", { op: "release", receipts: [message?.receipt ?? ""], delayMs: 10 });
    world.queues.close();
    world.clock.advance(2_000);
    const after = new QueueWorld({ disk, clock: world.clock, seed: 2 });
    disk.flush();
    expect(after.stats("q")).toMatchObject({ messages: 0, available: 0, delayed: 0, leased: 0, bytes: 0 });
    for (const subscription of ["x", "y"]) expect(after.receive("q", 1, { subscription })).toEqual([]);
    after.send("q", { group: "g" });
    for (const subscription of ["x", "y"]) expect(after.receive("q", 1, { subscription }).length).toBe(1);
  },
);
