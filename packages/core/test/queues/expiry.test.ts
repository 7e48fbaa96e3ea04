/** When messages expire beside what is remembered for longer. */
import { expect, test } from "vitest";
import { Disk, QueueWorld } from "./support.js";

const settings = { ttlMs: 1_000, dedup: { windowMs: 60_000, scope: "queue", byContent: false } } as const;

test("a message expires in its time, though an id, or a key, is remembered for longer", () => {
  const w = new QueueWorld();
  w.create("q", settings);
  w.send("q", { dedup: "d", idempotencyKey: "k" });
  const [message] = w.receive("q");
  w.ack("q", message?.receipt ?? "");
  w.send("q");
  w.clock.advance(1_001);
  expect(w.stats("q")).toMatchObject({ messages: 0, expired: 1 });
});

test("over a restart, too", () => {
  const disk = new Disk();
  const before = new QueueWorld({ disk });
  before.create("q", settings);
  before.send("q", { dedup: "d" });
  before.queues.close();
  before.clock.advance(500);
  const w = new QueueWorld({ disk, clock: before.clock, seed: 2 });
  w.clock.advance(501);
  expect(w.stats("q")).toMatchObject({ messages: 0, expired: 1 });
});
