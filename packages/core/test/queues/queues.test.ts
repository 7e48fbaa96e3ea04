import { describe, expect, it } from "vitest";
import { MpregError } from "../../src/base/index.js";
import type { QueueSettings } from "../../src/queues/index.js";
import { StepDisk } from "./step-disk.js";
import { Disk, QueueWorld } from "./support.js";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof MpregError) return error.code;
    throw error;
  }
  return "done";
};
const ids = (messages: readonly { readonly id: string }[]): string[] => messages.map(({ id }) => id);

describe.each(["memory", "store"])("a queue in %s", (where) => {
  const world = (): QueueWorld => (where === "memory" ? new QueueWorld() : new QueueWorld({ disk: new Disk() }));

  it("gives what comes to who has waited longest, at once, and nothing to who gave up (V1)", () => {
    const w = world();
    w.create("q");
    const [first, second, third] = [0, 1, 2].map(() =>
      w.begin<"receive">("q", { op: "receive", max: 10, waitMs: 1_000 }),
    );
    first?.cancel();
    w.send("q");
    expect(first?.end).toBeUndefined();
    expect(second?.end).toMatchObject({ kind: "done", value: [{ receives: 1 }] });
    w.clock.advance(1_000);
    expect(third?.end).toEqual({ kind: "done", value: [] });
    expect(w.stats("q").waiting).toBe(0);
  });

  it("wakes who waits when a lease expires, a delay is over, or a message is released, without a tick (L3)", () => {
    const w = world();
    w.create("q", { visibilityMs: 100 });
    w.send("q", { id: "a" });
    w.receive("q");
    const expired = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 10_000 });
    w.clock.advance(99);
    expect(expired.end).toBeUndefined();
    w.clock.advance(1);
    expect(expired.end).toMatchObject({ kind: "done", value: [{ id: "a", receives: 2 }] });
    const released = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 10_000 });
    const receipt = expired.end?.kind === "done" ? (expired.end.value[0]?.receipt ?? "") : "";
    w.do("q", { op: "release", receipts: [receipt], delayMs: 50 });
    w.clock.advance(50);
    expect(released.end).toMatchObject({ kind: "done", value: [{ id: "a", receives: 3 }] });
    w.disk?.flush();
    w.do("q", { op: "purge" });
    w.clock.advance(10_000);
    expect(w.clock.nextDueMs).toBeGreaterThan(w.clock.nowMs + 1e8); // the retention of what is gone by now
  });

  it("gives every subscription its own copy, and keeps it until all have acknowledged theirs (broadcast)", () => {
    const w = world();
    w.create("q", { guarantee: { kind: "broadcast" } });
    expect(codeOf(() => w.send("q"))).toBe("invalid-argument");
    for (const name of ["a", "b"]) w.do("q", { op: "subscribe", name });
    w.send("q", { id: "m" });
    w.do("q", { op: "subscribe", name: "late" });
    const [one] = w.receive("q", 5, { subscription: "a" });
    const [other] = w.receive("q", 5, { subscription: "b" });
    expect(w.receive("q", 5, { subscription: "late" })).toEqual([]);
    w.ack("q", one?.receipt ?? "");
    expect(w.stats("q").messages).toBe(1);
    w.ack("q", other?.receipt ?? "");
    expect(w.stats("q").messages).toBe(0);
    expect(codeOf(() => w.ack("q", one?.receipt ?? ""))).toBe("stale-receipt");
  });

  it("is done with a message when a quorum has acknowledged it, and nobody gets it after that", () => {
    const w = world();
    w.create("q", { guarantee: { kind: "quorum", needed: 2 } });
    for (const name of ["a", "b", "c"]) w.do("q", { op: "subscribe", name });
    w.send("q");
    for (const subscription of ["a", "b"]) w.ack("q", w.receive("q", 1, { subscription })[0]?.receipt ?? "");
    expect(w.stats("q").messages).toBe(0);
    expect(w.receive("q", 1, { subscription: "c" })).toEqual([]);
  });

  it("makes one dead letter of what no quorum can be done with", () => {
    const w = world();
    w.create("dead");
    w.create("q", { guarantee: { kind: "quorum", needed: 2 }, maxReceives: 1, deadLetter: "dead" });
    for (const name of ["a", "b", "c"]) w.do("q", { op: "subscribe", name });
    w.send("q", { id: "m" });
    for (const subscription of ["a", "b"]) {
      const [message] = w.receive("q", 1, { subscription });
      w.do("q", { op: "release", receipts: [message?.receipt ?? ""], error: `${subscription} cannot` });
      w.disk?.flush();
    }
    expect(w.stats("q").messages).toBe(0);
    expect(w.receive("dead", 5)).toMatchObject([
      { id: "m", deadLetter: { queue: "q", reason: "no-quorum", error: "b cannot", attempts: 1 } },
    ]);
  });

  it("makes a dead letter after `maxReceives` receives, no earlier, with the reason and the error in it (D1)", () => {
    const w = world();
    w.create("dead");
    w.create("q", { maxReceives: 2, deadLetter: "dead" });
    w.send("q", { id: "m", headers: { of: "x" } });
    for (const error of ["first", "second"]) {
      expect(w.stats("dead").messages).toBe(0);
      w.do("q", { op: "release", receipts: [w.receive("q")[0]?.receipt ?? ""], error });
    }
    w.disk?.flush();
    const [letter] = w.receive("dead");
    expect(letter).toMatchObject({
      id: "m",
      headers: { of: "x" },
      deadLetter: { queue: "q", reason: "max-receives", error: "second", attempts: 2 },
    });
  });

  it("keeps what its dead-letter queue has no room for", () => {
    const w = world();
    w.create("dead", { messagesMax: 1 });
    w.create("q", { maxReceives: 1, deadLetter: "dead" });
    for (const id of ["a", "b"]) w.send("q", { id });
    w.do("q", { op: "release", receipts: w.receive("q", 2).map(({ receipt }) => receipt) });
    w.disk?.flush();
    expect([w.stats("q").messages, w.stats("dead").messages, w.stats("q").deadLettersRefused]).toEqual([1, 1, 1]);
    w.clock.advance(1_000);
    expect(ids(w.receive("q", 2))).toEqual(["b"]);
  });

  it("answers a repeated send as the first, once it is there, for as long as the window is, and burns no id of a refused one (I1)", () => {
    const w = world();
    w.create("q", { dedup: { windowMs: 1_000, scope: "queue", byContent: true }, messagesMax: 1 });
    const id = w.send("q", { body: Uint8Array.of(7) });
    expect(w.send("q", { body: Uint8Array.of(7) })).toBe(id);
    expect(codeOf(() => w.send("q", { body: Uint8Array.of(8) }))).toBe("overloaded");
    w.do("q", { op: "purge" });
    expect(w.send("q", { body: Uint8Array.of(8) })).not.toBe(id);
    w.do("q", { op: "purge" });
    expect(w.send("q", { body: Uint8Array.of(7) })).toBe(id);
    w.clock.advance(1_000);
    expect(w.send("q", { body: Uint8Array.of(7) })).not.toBe(id);
  });

  it("gives out no more than its rate allows, and wakes who waits when it does (P1)", () => {
    const w = world();
    w.create("q", { rate: { perSecond: 10, burst: 2 } });
    for (const id of ["a", "b", "c", "d"]) w.send("q", { id });
    expect(ids(w.receive("q", 10))).toEqual(["a", "b"]);
    const waits = w.begin<"receive">("q", { op: "receive", max: 10, waitMs: 1_000 });
    w.clock.advance(99);
    expect(waits.end).toBeUndefined();
    w.clock.advance(1);
    expect(waits.end).toMatchObject({ kind: "done", value: [{ id: "c" }] });
  });

  it("gives each group no more than its rate allows, while others go on", () => {
    const w = world();
    w.create("q", { groupRate: { perSecond: 10, burst: 1 } });
    for (const [id, group] of [
      ["a1", "a"],
      ["a2", "a"],
      ["b1", "b"],
    ] as const)
      w.send("q", { id, group });
    expect(ids(w.receive("q", 10))).toEqual(["a1", "b1"]);
    const waits = w.begin<"receive">("q", { op: "receive", max: 10, waitMs: 1_000 });
    w.clock.advance(100);
    expect(waits.end).toMatchObject({ kind: "done", value: [{ id: "a2" }] });
  });

  it.each(["standard", "fifo"] as const)("lets groups take turns: %s", (order) => {
    const w = world();
    w.create("q", { order });
    for (const [id, group] of [
      ["a1", "a"],
      ["a2", "a"],
      ["a3", "a"],
      ["b1", "b"],
      ["c1", "c"],
    ] as const)
      w.send("q", { id, group });
    const came = [];
    for (let turn = 0; turn < 5; turn++) {
      const [message] = w.receive("q");
      came.push(message?.id);
      w.ack("q", message?.receipt ?? "");
    }
    expect(came).toEqual(["a1", "b1", "c1", "a2", "a3"]);
  });

  it("keeps a message back until those that it waits for are done (D1), and fails it when they fail (D2)", () => {
    const w = world();
    w.create("dead");
    w.create("q", { maxReceives: 1, deadLetter: "dead" });
    for (const id of ["a", "b"]) w.send("q", { id });
    w.send("q", { id: "c", after: ["a"] });
    w.send("q", { id: "d", after: ["b", "a", "never"] });
    w.send("q", { id: "e", after: ["d"] });
    const [a, b] = w.receive("q", 10);
    expect(w.receive("q", 10)).toEqual([]);
    w.ack("q", a?.receipt ?? "");
    expect(ids(w.receive("q", 10))).toEqual(["c"]);
    w.do("q", { op: "release", receipts: [b?.receipt ?? ""] });
    for (let i = 0; i < 3; i++) w.disk?.flush();
    expect(w.receive("dead", 10).map(({ id, deadLetter }) => [id, deadLetter?.reason])).toEqual([
      ["b", "max-receives"],
      ["d", "after-failed"],
      ["e", "after-failed"],
    ]);
  });

  it("acknowledges what has a key that was acknowledged, instead of giving it out (V3)", () => {
    const w = world();
    w.create("q", { keyWindowMs: 1_000 });
    w.send("q", { id: "a", idempotencyKey: "k" });
    w.ack("q", w.receive("q")[0]?.receipt ?? "");
    w.send("q", { id: "b", idempotencyKey: "k" });
    w.send("q", { id: "c" });
    expect(ids(w.receive("q", 5))).toEqual(["c"]);
    w.disk?.flush();
    expect(w.stats("q")).toMatchObject({ repeated: 1, messages: 1 });
    w.clock.advance(1_000);
    w.send("q", { id: "d", idempotencyKey: "k" });
    expect(ids(w.receive("q", 5))).toEqual(["d"]);
  });

  it("says of a stale receipt whether its message was acknowledged, and of what is no receipt that it is none (T3)", () => {
    const w = world();
    w.create("q", { visibilityMs: 10 });
    w.create("other");
    for (const queue of ["q", "other"]) for (const id of ["a", "b", "c", "d"]) w.send(queue, { id });
    const receipts = w.receive("q", 4).map(({ receipt }) => receipt);
    const [a = "", b = "", c = "", d = ""] = receipts;
    const [others = ""] = w.receive("other").map(({ receipt }) => receipt);
    const staleOf = (of: readonly string[]): unknown[] =>
      w
        .do<"ack">("q", { op: "ack", receipts: of })
        .map((end) => (end.kind === "done" ? end.kind : (end.stale ?? end.error.code)));
    expect(staleOf([a, a])).toEqual(["done", "settling"]);
    w.do("q", { op: "release", receipts: [b], delayMs: 5 });
    w.clock.advance(10);
    const again = w.receive("q").map(({ receipt }) => receipt);
    expect(staleOf([a, b, c, "nonsense", others, "0.zz.1.0.1"])).toEqual([
      "acknowledged",
      "superseded",
      "expired",
      "invalid-argument",
      "invalid-argument",
      "invalid-argument",
    ]);
    w.do("q", { op: "release", receipts: again });
    expect(staleOf(again)).toEqual(["released"]);
    w.do("q", { op: "purge" });
    expect(staleOf([a, d])).toEqual(["acknowledged", "purged"]);
  });

  it("says what is wrong, and what would work", () => {
    const w = world();
    w.create("orders");
    expect(() => w.stats("order")).toThrow('There is no queue "order"; did you mean "orders"?');
    expect(() => w.ack("orders", "nonsense")).toThrow(/Receipt "nonsense" is none of queue "orders": it is no receipt/);
    w.create("orders");
    expect(() => {
      w.create("orders", { delayMs: 5 });
    }).toThrow(/is there with "delayMs" 0, not 5/);
    w.do("orders", { op: "delete" });
    expect(codeOf(() => w.stats("orders"))).toBe("unknown-queue");
  });
});

describe("a queue that is created by several", () => {
  const create = (w: QueueWorld, settings: Partial<QueueSettings>): { readonly ends: unknown[] } => {
    const ends: unknown[] = [];
    w.queues.create(
      "q",
      settings,
      (end) => ends.push(end.kind === "done" ? (end.created ? "created" : "there") : end.error.code),
      w.clock.nowMs,
    );
    return { ends };
  };

  it("is created by the first, and there for the others, who wait for that (M2)", () => {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    const all = [{}, { visibilityMs: 1_000 }, { visibilityMs: 2_000 }, {}].map((settings) => create(w, settings));
    const ends = (): unknown[] => all.map(({ ends }) => ends);
    expect(ends()).toEqual([[], [], [], []]);
    disk.commitAll();
    expect(ends()).toEqual([["created"], ["invalid-argument"], ["invalid-argument"], ["there"]]);
  });

  it("is created by the next one where the disk has refused the first", () => {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    const [first, second] = [{}, { visibilityMs: 1_000 }].map((settings) => create(w, settings));
    disk.refuse();
    expect([first?.ends, second?.ends]).toEqual([["overloaded"], []]);
    disk.commitAll();
    expect(second?.ends).toEqual(["created"]);
    expect(w.do("q", { op: "settings" })).toMatchObject({ visibilityMs: 1_000 });
  });

  it("is compared in what is given only, not in what it was updated in since", () => {
    const w = new QueueWorld();
    w.create("q", { visibilityMs: 1_000, maxReceives: 3, deadLetter: "dead" });
    w.do("q", { op: "update", settings: { ttlMs: 5_000, tags: { of: "x" } } });
    expect(create(w, { visibilityMs: 1_000 }).ends).toEqual(["there"]);
    expect(create(w, { maxReceives: 3 }).ends).toEqual(["there"]);
    expect(create(w, {}).ends).toEqual(["there"]);
    expect(create(w, { ttlMs: 1_000 }).ends).toEqual(["invalid-argument"]);
    expect(create(w, { deadLetter: undefined }).ends).toEqual(["invalid-argument"]);
    expect(create(w, { visibility: 1_000 } as Partial<QueueSettings>).ends).toEqual(["invalid-argument"]);
  });
});

describe("a queue that promises nothing", () => {
  it("is done with a message when it is received", () => {
    const w = new QueueWorld({ disk: new Disk() });
    w.create("q", { durable: false, guarantee: { kind: "fire-and-forget" } });
    w.send("q");
    const [message] = w.receive("q");
    w.ack("q", message?.receipt ?? "");
    expect(codeOf(() => w.ack("q", "nonsense"))).toBe("invalid-argument");
    expect(w.stats("q")).toMatchObject({ messages: 0, acknowledged: 1 });
  });
});

describe("a durable queue", () => {
  it("tells of a send, and gives it out, once it is on the disk, and refuses all when there is no room (Q1)", () => {
    const disk = new Disk(4_000);
    const w = new QueueWorld({ disk });
    w.create("q", { messagesMax: 2 });
    const sent = w.begin<"send">("q", { op: "send", messages: [{ body: new Uint8Array(100) }] });
    const waits = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 100 });
    expect([sent.end, waits.end]).toEqual([undefined, undefined]);
    disk.flush();
    expect(sent.end).toMatchObject({ value: [{ kind: "done" }] });
    expect(waits.end).toMatchObject({ value: [{ receives: 1 }] });
    const refused = w.begin<"send">("q", { op: "send", messages: [{ body: new Uint8Array(9_000) }] });
    disk.flush();
    expect(refused.end).toMatchObject({
      value: [{ kind: "refused", error: { code: "overloaded", outcome: "not-applied" } }],
    });
    w.send("q"); // (I1) the refused one has given its room back
    expect(w.stats("q").messages).toBe(2);
  });

  it("says of what was on its way to a disk that fails that nobody knows, and refuses all later", () => {
    const disk = new Disk();
    const w = new QueueWorld({ disk });
    w.create("q");
    w.create("memory", { durable: false });
    const sent = w.begin<"send">("q", { op: "send", messages: [{ body: new Uint8Array(1) }] });
    const waits = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 100 });
    w.queues.frozen({ error: new MpregError("storage-failed", "fsync: EIO"), unknown: undefined }, w.clock.nowMs);
    expect(sent.end).toMatchObject({
      value: [{ kind: "refused", error: { code: "storage-failed", outcome: "unknown" } }],
    });
    expect(waits.end).toMatchObject({ kind: "failed", error: { code: "storage-failed" } });
    expect(codeOf(() => w.send("q"))).toBe("storage-failed");
    w.send("memory");
    expect(w.receive("memory")).toHaveLength(1);
  });

  it("is after a restart as it was: leases with their receipts, delays, ids that were sent, subscriptions, counts of receives (C2, C3)", () => {
    const disk = new Disk();
    const before = new QueueWorld({ disk, seed: 1 });
    before.create("q", { dedup: { windowMs: 5_000, scope: "queue", byContent: false }, visibilityMs: 1_000 });
    const a = before.send("q", { dedup: "one" });
    before.send("q", { id: "late", delayMs: 500 });
    before.send("q", { id: "b" });
    const [leased] = before.receive("q");
    before.clock.advance(50); // it is written down
    disk.flush();
    const after = new QueueWorld({ disk, seed: 2 });
    after.clock.advance(200);
    expect(ids(after.receive("q", 5))).toEqual(["b"]);
    expect(after.send("q", { dedup: "one" })).toBe(a);
    after.clock.advance(300);
    expect(ids(after.receive("q", 5))).toEqual(["late"]);
    after.ack("q", leased?.receipt ?? "");
    expect(after.stats("q").messages).toBe(2);
    after.clock.advance(1_000);
    expect(after.receive("q", 5).map(({ id, receives }) => [id, receives])).toEqual([
      ["late", 2],
      ["b", 2],
    ]);
  });

  it("does nothing for a receipt of a run whose leases a crash has forgotten, though the number is the same (R1)", () => {
    const disk = new StepDisk();
    const start = (seed: number): QueueWorld => {
      const started = new QueueWorld({ store: disk, seed });
      disk.owner = started;
      return started;
    };
    const received = (w: QueueWorld): string => {
      const { end } = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 0 });
      return end?.kind === "done" ? (end.value[0]?.receipt ?? "") : "";
    };
    const before = start(1);
    before.queues.create("q", { durable: true }, () => undefined, 0);
    disk.commitAll();
    before.begin<"send">("q", { op: "send", messages: [{ body: new Uint8Array(1) }] });
    disk.commitAll();
    const old = received(before);
    disk.crash(0);
    const after = start(2);
    const [current, stale] = [received(after), after.begin<"ack">("q", { op: "ack", receipts: [old] })];
    expect([current.split(".").slice(1), current === old]).toEqual([old.split(".").slice(1), false]);
    expect(stale.end).toMatchObject({ value: [{ kind: "refused", error: { code: "stale-receipt" } }] });
  });

  it("takes no more than was to be when the wall clock is set back or forth (C2)", () => {
    for (const stepMs of [-1e9, 1e9]) {
      const disk = new Disk();
      const before = new QueueWorld({ disk, seed: 1 });
      before.create("q", { visibilityMs: 1_000, ttlMs: 1e10 });
      before.send("q", { id: "a" });
      before.receive("q");
      disk.flush();
      const after = new QueueWorld({ disk, seed: 2, wallOffsetMs: before.wallOffsetMs + stepMs });
      after.clock.advance(1_000);
      expect(ids(after.receive("q"))).toEqual(["a"]);
    }
  });
});
