/** How much one receive or browse gets. */
import { expect, test } from "vitest";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { QueueWorld } from "../support.js";

test("a receive and a browse stop where they have as many bytes as one answer may have, and leave the rest for the next", () => {
  const w = new QueueWorld({ limits: { receiveBytesMax: 2_500 } });
  w.create("q");
  for (let sent = 0; sent < 5; sent++) w.send("q", { body: new Uint8Array(1_000) });
  const counts = [1, 2, 3].map(() => w.do<"receive">("q", { op: "receive", max: 10, waitMs: 0 }).length);
  expect(counts).toEqual([3, 2, 0]);
  expect(w.do<"browse">("q", { op: "browse", limit: 10 })).toHaveLength(3);
});

test("a release that is uncounted takes its receive back: it never makes a dead letter, and keeps what was told before", () => {
  const w = new QueueWorld();
  w.create("dead");
  w.create("q", { maxReceives: 2, deadLetter: "dead" });
  w.send("q");
  const receipt = (): string => w.receive("q")[0]!.receipt;
  w.do<"release">("q", { op: "release", receipts: [receipt()], error: "broken" });
  for (let again = 0; again < 5; again++) {
    w.do<"release">("q", { op: "release", receipts: [receipt()], uncounted: true });
  }
  const [message] = w.receive("q");
  expect(message).toMatchObject({ receives: 2 });
  w.do<"release">("q", { op: "release", receipts: [message!.receipt], error: "broken again" });
  expect(w.stats("dead").messages).toBe(1);
});

test("an uncounted release counts again where the disk refuses it, and is the same after a restart", () => {
  const disk = new StepDisk();
  const clock = new Clock();
  const start = (seed: number): QueueWorld => {
    const world = new QueueWorld({ store: disk, clock, seed });
    disk.owner = world;
    return world;
  };
  const w = start(1);
  w.queues.create("q", { durable: true }, () => undefined, clock.nowMs);
  disk.commitAll();
  w.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1) }] });
  disk.commitAll();
  const receipts = [w.receive("q")[0]!.receipt];
  disk.commitAll();
  w.begin<"release">("q", { op: "release", receipts, uncounted: true });
  disk.refuse();
  expect(w.do<"browse">("q", { op: "browse", limit: 1 })).toMatchObject([{ state: "leased", receives: 1 }]);
  w.begin<"release">("q", { op: "release", receipts, uncounted: true });
  disk.crash(1);
  expect(start(2).receive("q")).toMatchObject([{ receives: 1 }]);
});

test("a receive that waits is answered once where one of the messages that come together was done before, by its key", () => {
  const w = new QueueWorld();
  w.create("q");
  const body = Uint8Array.of(1);
  const key = { idempotencyKey: "k" };
  w.send("q", { id: "k1", ...key });
  w.ack("q", w.receive("q")[0]!.receipt);
  const waiting = [1, 2].map(() => w.begin<"receive">("q", { op: "receive", max: 2, waitMs: 20_000 }));
  const messages = ["a", "k2", "b", "c"].map((id) => ({ id, body, ...(id === "k2" && key) }));
  w.do<"send">("q", { op: "send", messages });
  expect(waiting.map(({ end }) => end)).toMatchObject([
    { value: [{ id: "a" }, { id: "b" }] },
    { value: [{ id: "c" }] },
  ]);
  expect(w.stats("q")).toMatchObject({ messages: 3, leased: 3, waiting: 0, repeated: 1 });
});
