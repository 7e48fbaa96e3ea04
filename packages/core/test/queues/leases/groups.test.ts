/** Several messages of one FIFO group in one receive: who has which, and which receipts stay good. */
import { describe, expect, test } from "vitest";
import type { QueueSettings, ReceivedMessage } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { QueueWorld } from "../support.js";

const ids = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ id }) => id);

/** Sends `a1`, `b1` …: the letter is the group. */
function sendAll(w: QueueWorld, names: string): void {
  for (const id of names.split(" ")) w.send("q", { id, group: id.slice(0, 1) });
}

function world(settings: Partial<QueueSettings> = {}): QueueWorld {
  const w = new QueueWorld();
  w.create("q", { order: "fifo", visibilityMs: 1_000, ...settings });
  return w;
}

/** Per receipt `done`, or why it is stale. */
function ends(w: QueueWorld, op: "ack" | "extend", messages: readonly ReceivedMessage[]): string[] {
  const receipts = messages.map(({ receipt }) => receipt);
  const told = w.do<"ack">("q", (op === "ack" ? { op, receipts } : { op, receipts, visibilityMs: 5_000 }) as never);
  return told.map((end) => (end.kind === "done" ? "done" : (end.stale ?? end.error.code)));
}

const release = (w: QueueWorld, messages: readonly ReceivedMessage[], delayMs = 0): void => {
  w.do<"release">("q", { op: "release", receipts: messages.map(({ receipt }) => receipt), delayMs });
};

describe("a FIFO queue", () => {
  test("gives as many of a group as there are, in order, before the next group has its turn (V4)", () => {
    const w = world();
    sendAll(w, "a1 b1 a2 c1 b2 a3");
    expect(ids(w.receive("q", 4))).toEqual(["a1", "a2", "a3", "b1"]);
    expect(ids(w.receive("q", 9))).toEqual(["c1"]);
  });

  test("gives at most `groupMax` of each group to who asks so", () => {
    const w = world();
    sendAll(w, "a1 a2 a3 b1 b2 b3");
    const receive = (groupMax: number): string[] =>
      ids(w.do<"receive">("q", { op: "receive", max: 9, waitMs: 0, groupMax }));
    expect(receive(1)).toEqual(["a1", "b1"]);
    w.do<"purge">("q", { op: "purge" });
    sendAll(w, "a1 a2 a3 b1 b2 b3");
    expect(receive(2)).toEqual(["a1", "a2", "b1", "b2"]);
    expect(() => receive(0)).toThrow(/groupMax/);
  });

  test("gives nothing of a group to anybody else until all that was received of it is settled, in whatever order (G1)", () => {
    const w = world();
    sendAll(w, "a1 a2 a3");
    const [a1, a2] = w.receive("q", 2) as [ReceivedMessage, ReceivedMessage];
    sendAll(w, "a4");
    expect(w.receive("q", 9)).toEqual([]);
    expect(ends(w, "ack", [a2])).toEqual(["done"]);
    expect(w.receive("q", 9)).toEqual([]);
    expect(ends(w, "ack", [a1])).toEqual(["done"]);
    expect(ids(w.receive("q", 9))).toEqual(["a3", "a4"]);
  });

  test("puts what is behind a released message back with it, uncounted; what is before it stays leased (U1, U2)", () => {
    const w = world();
    sendAll(w, "a1 a2 a3 a4");
    const all = w.receive("q", 4);
    release(w, [all[1]!]);
    expect(w.stats("q")).toMatchObject({ available: 3, leased: 1, released: 1 });
    expect(w.receive("q", 9)).toEqual([]); // a1 is leased
    expect(ends(w, "ack", all)).toEqual(["done", "released", "behind", "behind"]);
    const again = w.receive("q", 9);
    expect(again.map(({ id, receives }) => [id, receives])).toEqual([
      ["a2", 2],
      ["a3", 1],
      ["a4", 1],
    ]);
    expect(ends(w, "extend", [...all.slice(1), ...again])).toEqual([
      "superseded",
      "superseded",
      "superseded",
      "done",
      "done",
      "done",
    ]);
  });

  test("does the same where a lease expires: an extension saves what is before, and nothing behind (U1)", () => {
    const w = world();
    sendAll(w, "a1 a2 a3");
    const all = w.receive("q", 3);
    expect(ends(w, "extend", [all[0]!, all[2]!])).toEqual(["done", "done"]);
    w.clock.advance(1_000);
    expect(ends(w, "ack", all)).toEqual(["done", "expired", "behind"]);
    expect(w.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a2", 2],
      ["a3", 1],
    ]);
  });

  test("makes a dead letter of the message that fails, and of none of those received with it (U2)", () => {
    const w = world({ maxReceives: 2, deadLetter: "dead" });
    w.create("dead");
    sendAll(w, "a1 a2 a3");
    for (let round = 0; round < 2; round++) release(w, w.receive("q", 9).slice(0, 1));
    expect(w.stats("dead").messages).toBe(1);
    expect(w.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a2", 1],
      ["a3", 1],
    ]);
  });

  test("counts, and delays, each message that is released itself; a delay holds back all behind it", () => {
    const w = world();
    sendAll(w, "a1 a2 a3");
    const all = w.receive("q", 3);
    release(w, [all[2]!, all[0]!], 100);
    w.clock.advance(99);
    expect(w.receive("q", 9)).toEqual([]);
    w.clock.advance(1);
    expect(w.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a1", 2],
      ["a2", 1],
      ["a3", 2],
    ]);
  });

  test("keeps to the rate of groups also within one receive", () => {
    const w = world({ groupRate: { perSecond: 1, burst: 2 } });
    sendAll(w, "a1 a2 a3 b1");
    expect(ids(w.receive("q", 9))).toEqual(["a1", "a2", "b1"]);
  });

  test("gives out what is done when it is received one after the other", () => {
    const w = world({ guarantee: { kind: "fire-and-forget" } });
    sendAll(w, "a1 a2 b1 a3");
    expect(ids(w.receive("q", 9))).toEqual(["a1", "a2", "a3", "b1"]);
    expect(w.stats("q").messages).toBe(0);
  });
});

describe("a durable FIFO queue", () => {
  function durable(): {
    clock: Clock;
    disk: StepDisk;
    start: (seed: number) => QueueWorld;
    sent: (w: QueueWorld, names: string) => void;
  } {
    const disk = new StepDisk();
    const clock = new Clock();
    const start = (seed: number): QueueWorld => {
      const w = new QueueWorld({ store: disk, clock, seed });
      disk.owner = w;
      w.queues.create("q", { order: "fifo", visibilityMs: 1_000, durable: true }, () => undefined, clock.nowMs);
      disk.commitAll();
      return w;
    };
    const sent = (w: QueueWorld, names: string): void => {
      for (const id of names.split(" ")) {
        w.begin<"send">("q", { op: "send", messages: [{ id, group: id.slice(0, 1), body: Uint8Array.of(1) }] });
      }
      disk.commitAll();
    };
    return { clock, disk, start, sent };
  }

  const begin = (w: QueueWorld, op: "ack" | "release", one: ReceivedMessage): void => {
    w.begin<"ack">("q", { op: op as "ack", receipts: [one.receipt] });
  };

  test("leases all again where the disk has no room for a release, and none where it has", () => {
    const { disk, start, sent } = durable();
    const w = start(1);
    sent(w, "a1 a2 a3");
    const [a1, a2, a3] = w.receive("q", 3) as [ReceivedMessage, ReceivedMessage, ReceivedMessage];
    begin(w, "release", a2);
    expect(w.stats("q")).toMatchObject({ leased: 3 });
    disk.refuse();
    for (const one of [a1, a2, a3]) begin(w, "ack", one);
    disk.commitAll();
    expect(w.stats("q")).toMatchObject({ messages: 0, acknowledged: 3, released: 0 });
  });

  test("leases nothing again behind what has gone back, whatever the disk refuses when (U3)", () => {
    const { disk, start, sent } = durable();
    const w = start(1);
    sent(w, "a1 a2 a3");
    const [a1, a2] = w.receive("q", 3) as [ReceivedMessage, ReceivedMessage];
    begin(w, "ack", a2);
    begin(w, "release", a1); // a2 is on its way out
    disk.refuse(); // and stays
    disk.commitAll();
    expect(w.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a1", 2],
      ["a2", 1],
      ["a3", 1],
    ]);

    const { clock, disk: other, start: begun, sent: sentTo } = durable();
    const late = begun(1);
    sentTo(late, "a1 a2");
    const two = late.receive("q", 2);
    clock.advance(500);
    other.commitAll();
    begin(late, "ack", two[1]!);
    clock.advance(500); // the lease of a1 expires meanwhile
    other.refuse();
    other.commitAll();
    expect(late.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a1", 2],
      ["a2", 1],
    ]);
  });

  test("has the same after a crash: what was released is back with all behind it, or nothing is", () => {
    for (const kept of [0, 1]) {
      const { clock, disk, start, sent } = durable();
      const w = start(1);
      sent(w, "a1 a2 a3");
      const all = w.receive("q", 3);
      clock.advance(100);
      disk.commitAll(); // the leases are on the disk
      begin(w, "release", all[1]!);
      disk.crash(kept);
      w.queues.close();
      const after = start(2);
      expect(after.receive("q", 9)).toEqual([]);
      expect(ends(after, "extend", [])).toEqual([]);
      const { end } = after.begin<"ack">("q", { op: "ack", receipts: all.map(({ receipt }) => receipt) });
      disk.commitAll();
      expect(end === undefined).toBe(true);
      expect(after.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual(
        kept === 0
          ? []
          : [
              ["a2", 2],
              ["a3", 1],
            ],
      );
    }
  });

  test("gives back what was received behind a message whose lease the crash has forgotten (U1)", () => {
    const { disk, start, sent } = durable();
    const w = start(1);
    sent(w, "a1 a2 a3");
    const [, a2] = w.receive("q", 3) as [ReceivedMessage, ReceivedMessage];
    w.begin<"extend">("q", { op: "extend", receipts: [a2.receipt], visibilityMs: 60_000 }); // its lease is written, that of a1 is not
    disk.crash(9);
    w.queues.close();
    const after = start(2);
    expect(after.receive("q", 9).map(({ id, receives }) => [id, receives])).toEqual([
      ["a1", 1],
      ["a2", 1],
      ["a3", 1],
    ]);
  });
});
