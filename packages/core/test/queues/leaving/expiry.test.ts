/** When messages expire beside what is remembered for longer. */
import { expect, test } from "vitest";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

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

test("what comes from a slow disk when its time is over already is given to nobody, also where somebody waits for it (X3)", () => {
  for (const ttl of [{ ttlMs: 40 }, {}]) {
    const s = new Stepping();
    s.create("q", { ttlMs: 100 });
    const messages = [1, 2, 3].map((body) => ({ body: Uint8Array.of(body), ...ttl }));
    const sent = s.begin("q", { op: "send", messages });
    const waits = s.begin("q", { op: "receive", max: 3, waitMs: 10_000 });
    s.clock.advance(200);
    s.disk.commitAll();
    expect(sent.end).toMatchObject({ value: messages.map(() => ({ kind: "done" })) });
    expect(waits.end).toBeUndefined();
    expect(s.receive("q")).toEqual([]);
    s.pass(0);
    expect(s.stats("q")).toMatchObject({ messages: 0, available: 0, expired: 3 });
  }
});

test("a message that waits for one whose time was over while its node was away is not taken for one that may go on (X3, D2)", () => {
  const s = new Stepping();
  s.create("dead");
  s.create("q", { maxReceives: 1, deadLetter: "dead" });
  for (const id of ["first", "beside"]) s.send("q", { id, ttlMs: 100 });
  s.send("q", { id: "second", after: ["first"] });
  s.world.queues.close();
  s.clock.advance(200);
  s.crash(0);
  expect(s.receive("q")).toEqual([]);
  s.pass(2_000);
  expect(s.receive("q")).toEqual([]);
  const dead = s.do<"browse">("dead", { op: "browse", limit: 10 });
  expect(dead.map(({ id, deadLetter }) => [id, deadLetter?.reason])).toEqual([["second", "after-failed"]]);
});

test("who waits gets what is left of very many that were over when a busy node came to them (X2)", () => {
  for (const over of [1_000, 1_500, 2_500]) {
    const w = new QueueWorld({ limits: { awakeMessagesMax: 10_000 } });
    w.create("q", { ttlMs: 1_500 });
    const waits = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 60_000 });
    for (let sent = 0; sent < over; sent++) w.send("q", { delayMs: 1_000 });
    w.clock.advance(600);
    w.send("q", { id: "good", delayMs: 1_000 });
    w.clock.standStill(1_100); // all delays are over, and the time of the first
    w.clock.advance(10);
    expect(waits.end, `${over} over`).toMatchObject({ kind: "done", value: [{ id: "good" }] });
  }
});
