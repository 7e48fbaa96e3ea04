import { expect, it, test } from "vitest";
import type { QueueSettings } from "../../../src/queues/index.js";
import { Stepping } from "../stepping.js";

const once: Partial<QueueSettings> = { maxReceives: 1, deadLetter: "dead", visibilityMs: 100 };

/** The dead-letter queue is made last: it is there last after a restart, too. */
function started(settings: Partial<QueueSettings> = {}): Stepping {
  const s = new Stepping();
  s.create("q", { ...once, ...settings });
  s.create("dead");
  return s;
}

test("what was received too often is a dead letter after a restart, and not received once more, wherever a crash came in between (world 261)", () => {
  for (const subscription of [undefined, "x"]) {
    for (let kept = 0; kept <= 2; kept++) {
      const s = started(subscription === undefined ? {} : { guarantee: { kind: "broadcast" } });
      if (subscription !== undefined) s.do("q", { op: "subscribe", name: subscription });
      s.send("q");
      const receipts = s.receive("q", subscription);
      s.pass(50); // so that it is written that it was received
      s.begin("q", { op: "release", receipts });
      s.disk.commit(1);
      s.crash(kept);
      s.pass(200);
      expect(s.receive("q", subscription)).toEqual([]);
      expect(s.stats("q")).toMatchObject({ messages: 0, deadLettersRefused: 0 });
      expect(s.world.do<"browse">("dead", { op: "browse", limit: 10 }).map((one) => one.deadLetter?.attempts)).toEqual([
        1,
      ]);
    }
  }
});

it("is none where its queue is purged or deleted just then, and else it is one (D2)", () => {
  for (const op of ["purge", "delete"] as const) {
    for (const isRefused of [true, false]) {
      const s = started();
      s.send("q");
      s.receive("q");
      s.pass(50);
      const wiped = s.begin("q", { op });
      s.clock.advance(60); // its lease has ended
      if (isRefused) s.disk.refuse();
      s.pass(0);
      expect(wiped.end?.kind).toBe(isRefused ? "failed" : "done");
      s.pass(10_000);
      expect(s.stats("dead").messages, `${op} ${String(isRefused)}`).toBe(isRefused ? 1 : 0);
      if (isRefused) expect(s.stats("q")).toMatchObject({ messages: 0, deadLettered: 1, received: 1 });
    }
  }
});

it("a purge that was refused keeps nothing from going, whatever else was asked meanwhile", () => {
  const s = started();
  s.send("q");
  const first = s.begin("q", { op: "purge" });
  const second = s.begin("q", { op: "purge" });
  s.disk.refuse();
  s.disk.refuse();
  expect([first.end?.kind, second.end?.kind]).toEqual(["failed", "failed"]);
  s.do("q", { op: "redrive", to: "dead" });
  s.pass(10);
  expect(s.stats("dead").messages).toBe(1);
});

test("what is acknowledged for its idempotency key was not received, however often the disk refuses that", () => {
  const s = started({ visibilityMs: 50 });
  s.send("q", { idempotencyKey: "k" });
  s.do("q", { op: "ack", receipts: s.receive("q") });
  s.send("q", { idempotencyKey: "k" });
  for (let time = 0; time < 3; time++) {
    s.pass(50);
    expect(s.receive("q")).toEqual([]);
    s.disk.refuse();
  }
  s.pass(50);
  expect(s.receive("q")).toEqual([]);
  s.pass(0);
  expect(s.stats("q")).toMatchObject({ messages: 0, deadLettered: 0, acknowledged: 2 });
});

it("tells the dedup id that it was sent with, also where it came from and after a restart, and is compared with none", () => {
  const s = new Stepping();
  const fifo: Partial<QueueSettings> = { order: "fifo", dedup: { windowMs: 60_000, scope: "queue", byContent: false } };
  s.create("q", { ...once, ...fifo });
  s.create("dead", fifo);
  const dedups = (queue: string): unknown[] =>
    s.world.do<"browse">(queue, { op: "browse", limit: 10 }).map(({ dedup }) => dedup);
  const send = (queue: string): boolean => {
    const sent = s.begin<"send">(queue, {
      op: "send",
      messages: [{ body: Uint8Array.of(1), group: "g", dedup: "d" }],
    });
    s.pass(10);
    const { end } = sent;
    return end?.kind === "done" && end.value[0]?.kind === "done" && !end.value[0].duplicate;
  };
  expect(send("q")).toBe(true);
  s.begin("q", { op: "release", receipts: s.receive("q") });
  s.pass(10);
  expect(dedups("dead")).toEqual(["d"]);
  s.crash(0);
  s.pass(10);
  expect(dedups("dead")).toEqual(["d"]);
  expect(send("dead")).toBe(true); // the letter is no message that was sent here
  s.begin("dead", { op: "redrive" });
  s.pass(100);
  expect(dedups("q")).toEqual(["d"]);
});
