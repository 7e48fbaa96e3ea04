/** Acknowledgements: many at once, and late ones. */
import { describe, expect, it } from "vitest";
import { Stepping } from "../stepping.js";

describe("many messages that are acknowledged at once", () => {
  it("are several batches, none too large for the last of a disk that is full, and each has an end of its own (T5)", () => {
    const s = new Stepping();
    s.create("q");
    for (let sent = 0; sent < 80; sent++) s.send("q");
    const receipts = Array.from({ length: 8 }, () => s.receive("q")).flat();
    s.disk.commitAll();
    const ack = s.begin<"ack">("q", { op: "ack", receipts: receipts.with(5, "nonsense") });
    expect(s.disk.waiting).toBe(3);
    s.disk.commit(1);
    s.disk.refuse();
    expect(ack.end).toBeUndefined();
    s.disk.commit(1);
    if (ack.end?.kind !== "done") throw new Error("it has not ended");
    const refused = ack.end.value.flatMap(({ kind }, at) => (kind === "refused" ? [at] : []));
    expect(refused).toEqual([5, ...Array.from({ length: 32 }, (_, at) => 33 + at)]);
    expect(s.world.stats("q")).toMatchObject({ messages: 33, leased: 33, acknowledged: 47 });
  });
});

describe("an acknowledgement that may be late", () => {
  const retry = { baseMs: 5_000, maxMs: 5_000, jitter: false } as const;
  const late = (s: Stepping, receipts: readonly string[]): unknown =>
    s.do<"ack">("q", { op: "ack", receipts, late: true });

  it.each(["standard", "priority"] as const)("counts until its message is received again: %s (T1)", (order) => {
    for (const durable of [true, false]) {
      const s = new Stepping();
      s.create("q", { order, durable, visibilityMs: 1_000, retry });
      s.send("q", { idempotencyKey: "key" });
      const old = s.receive("q");
      s.pass(6_000);
      const last = s.receive("q");
      expect(late(s, old)).toMatchObject([{ kind: "refused", stale: "superseded" }]);
      s.do("q", { op: "release", receipts: last, delayMs: 60_000 });
      expect(s.do("q", { op: "ack", receipts: last })).toMatchObject([{ kind: "refused", stale: "released" }]);
      expect(late(s, last)).toEqual([{ kind: "done" }]);
      expect(late(s, last)).toMatchObject([{ kind: "refused", stale: "acknowledged" }]);
      if (durable) s.crash(0);
      s.send("q", { idempotencyKey: "key" }); // done with that
      s.pass(60_000);
      expect(s.receive("q")).toEqual([]);
      s.disk.commitAll();
      expect(s.stats("q")).toMatchObject({ messages: 0 });
    }
  });

  it("is too late in a FIFO queue, where what is behind its message may be with somebody by then (T1)", () => {
    const s = new Stepping();
    s.create("q", { order: "fifo", visibilityMs: 1_000 });
    s.send("q", { group: "a" });
    const receipts = s.receive("q");
    s.pass(1_000);
    expect(late(s, receipts)).toMatchObject([{ kind: "refused", stale: "expired" }]);
  });

  it("takes no message from who waits for it, and leaves it to come when it was to where the disk refuses that (T2)", () => {
    for (const crashes of [false, true]) {
      const s = new Stepping();
      s.create("q", { visibilityMs: 1_000, retry });
      s.send("q");
      const receipts = s.receive("q");
      s.pass(1_000);
      const ack = s.begin<"ack">("q", { op: "ack", receipts, late: true });
      s.disk.refuse();
      expect(ack.end).toMatchObject({ value: [{ kind: "refused", error: { code: "overloaded" } }] });
      s.pass(100);
      if (crashes) s.crash(0);
      s.pass(4_899);
      expect(s.receive("q")).toEqual([]);
      const again = s.begin<"ack">("q", { op: "ack", receipts, late: true });
      const twice = s.begin<"ack">("q", { op: "ack", receipts, late: true });
      expect(twice.end).toMatchObject({ value: [{ kind: "refused", stale: "settling" }] });
      s.clock.advance(1);
      expect(s.receive("q")).toEqual([]);
      s.disk.refuse();
      expect(again.end).toMatchObject({ value: [{ kind: "refused" }] });
      expect(s.receive("q")).toHaveLength(1);
    }
  });
});
