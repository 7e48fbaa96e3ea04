/** What worlds of queues have found out about queues with subscriptions. */
import { expect, test } from "vitest";
import { type Operation, type QueueOperation, queueTables } from "../../../src/queues/index.js";
import { StepDisk } from "../step-disk.js";
import { Stepping } from "../stepping.js";
import { Disk, type Ended, QueueWorld } from "../support.js";

test.each([{ kind: "broadcast" } as const, { kind: "quorum", needed: 2 } as const])(
  "what one subscription has acknowledged under an idempotency key the others get all the same: %o",
  (guarantee) => {
    const disk = new Disk();
    const w = new QueueWorld({ disk });
    w.create("q", { guarantee });
    for (const name of ["x", "y", "z"]) w.do("q", { op: "subscribe", name });
    const id = w.send("q", { idempotencyKey: "k" });
    for (const subscription of ["x", "y"]) {
      const [message] = w.receive("q", 1, { subscription });
      expect(message?.id).toBe(id);
      w.ack("q", message?.receipt ?? "");
    }
    const again = w.send("q", { idempotencyKey: "k" });
    expect(w.receive("q", 1, { subscription: "x" })).toEqual([]); // it did that already
    expect(w.receive("q", 1, { subscription: "y" })).toEqual([]);
    const [last] = w.receive("q", 1, { subscription: "z" });
    expect(last?.id).toBe(guarantee.kind === "broadcast" ? id : undefined);
    if (last !== undefined) w.ack("q", last.receipt);
    expect(w.receive("q", 1, { subscription: "z" })).toEqual([]);
    expect(w.stats("q").messages).toBe(0);
    expect(again).not.toBe(id);
    const later = new QueueWorld({ disk, clock: w.clock, seed: 2 });
    later.send("q", { idempotencyKey: "k" });
    expect(later.receive("q", 5, { subscription: "x" })).toEqual([]); // over a restart, too
  },
);

test("a message that two subscriptions have given up leaves a dead letter of each, and to acknowledge one is not to acknowledge the other, though they have one key", () => {
  const disk = new Disk();
  const w = new QueueWorld({ disk });
  w.create("dead");
  w.create("q", { guarantee: { kind: "broadcast" }, maxReceives: 1, deadLetter: "dead" });
  for (const name of ["x", "y"]) w.do("q", { op: "subscribe", name });
  w.send("q", { idempotencyKey: "k" });
  for (const subscription of ["x", "y"]) {
    const [message] = w.receive("q", 1, { subscription });
    w.do("q", { op: "release", receipts: [message?.receipt ?? ""] });
  }
  disk.flush();
  const [first] = w.receive("dead", 1);
  w.ack("dead", first?.receipt ?? "");
  disk.flush();
  const later = new QueueWorld({ disk, clock: w.clock, seed: 2 }); // over a restart, too
  for (const world of [w, later]) {
    const [second] = world.receive("dead", 1, { visibilityMs: 0 });
    expect([first, second].map((letter) => letter?.deadLetter?.subscription)).toEqual(["x", "y"]);
    expect(second?.idempotencyKey).toBe("k");
  }
});

test("a message that no quorum can be done with any more, since it has expired, leaves nothing in the store", () => {
  const disk = new Disk();
  const w = new QueueWorld({ disk });
  w.create("q", { guarantee: { kind: "quorum", needed: 2 }, ttlMs: 1_000, visibilityMs: 100 });
  for (const name of ["x", "y"]) w.do("q", { op: "subscribe", name });
  w.send("q");
  const [message] = w.receive("q", 1, { subscription: "x" });
  w.ack("q", message?.receipt ?? "");
  w.clock.advance(1_001);
  disk.flush();
  expect(w.stats("q")).toMatchObject({ messages: 0, expired: 1 });
  const rows = queueTables.filter((table) => disk.store.range(table, { limit: 1 }).length > 0);
  expect(rows.sort()).toEqual(["queue-sequences", "queues"]);
});

test("what receivers do while a purge is on its way leaves no rows behind it, over a crash neither", () => {
  for (const crashes of [false, true]) {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    const begun = (operation: QueueOperation): Ended<Operation> => w.begin("q", operation);
    w.queues.create("q", { guarantee: { kind: "broadcast" } }, () => undefined, 0);
    disk.commitAll();
    for (const name of ["x", "y"]) begun({ op: "subscribe", name });
    disk.commitAll();
    begun({ op: "send", messages: [{ body: Uint8Array.of(1) }] });
    disk.commitAll();
    begun({ op: "purge" });
    const x = begun({ op: "receive", max: 1, waitMs: 0, subscription: "x" });
    begun({ op: "receive", max: 1, waitMs: 0, subscription: "y" });
    const [message] = (x.end as { value: readonly { receipt: string }[] }).value;
    begun({ op: "ack", receipts: [message?.receipt ?? ""] });
    if (crashes) {
      disk.crash(4);
      disk.owner = new QueueWorld({ store: disk, seed: 2 });
    }
    disk.commitAll();
    for (const table of ["queue-messages", "queue-leases", "queue-acks"]) {
      expect(disk.range(table, { limit: 1 }), table).toEqual([]);
    }
  }
});

test("what a subscription has acknowledged counts in a quorum after a restart, too, though the subscription has ended", () => {
  const disk = new Disk();
  const w = new QueueWorld({ disk });
  w.create("q", { guarantee: { kind: "quorum", needed: 2 } });
  for (const name of ["x", "y", "z"]) w.do("q", { op: "subscribe", name });
  w.send("q");
  const ackBy = (world: QueueWorld, subscription: string): void => {
    world.ack("q", world.receive("q", 1, { subscription })[0]?.receipt ?? "");
  };
  ackBy(w, "x");
  w.do("q", { op: "unsubscribe", name: "x" });
  const later = new QueueWorld({ disk, clock: w.clock, seed: 2 });
  ackBy(later, "y");
  expect(later.stats("q").messages).toBe(0);
  expect(later.receive("q", 1, { subscription: "z" })).toEqual([]);
});

test("what a subscription acknowledges while it ends counts as that says: done, or refused and given up", () => {
  for (const isRefused of [false, true]) {
    const s = new Stepping();
    s.create("q", { guarantee: { kind: "quorum", needed: 2 }, visibilityMs: 50 }, ["x", "y", "z"]);
    s.send("q");
    const receipts = s.receive("q", "x");
    const unsubscribed = s.begin("q", { op: "unsubscribe", name: "x" });
    const ack = s.begin("q", { op: "ack", receipts });
    s.disk.commit(1);
    expect(unsubscribed.end?.kind).toBe("done");
    expect(s.begin("q", { op: "ack", receipts }).end).toMatchObject({ value: [{ kind: "refused", stale: "gone" }] });
    if (isRefused) s.disk.refuse();
    s.pass(1_000);
    expect(ack.end).toMatchObject({ value: [{ kind: isRefused ? "refused" : "done" }] });
    s.do("q", { op: "ack", receipts: s.receive("q", "y") });
    const left = s.receive("q", "z");
    expect(left.length).toBe(isRefused ? 1 : 0);
    s.do("q", { op: "ack", receipts: left });
    expect(s.stats("q")).toMatchObject({ messages: 0, abandoned: 0 });
  }
});

test("a message that is sent as its last subscription ends is refused, or is there after every crash: it was told to be sent, and gone (U1)", () => {
  for (const guarantee of [{ kind: "broadcast" }, { kind: "quorum", needed: 1 }] as const) {
    for (let kept = 0; kept < 4; kept++) {
      const s = new Stepping();
      s.create("dead", { messagesMax: 1 });
      s.send("dead");
      s.create("q", { guarantee, maxReceives: 1, deadLetter: "dead" }, ["x"]);
      const unsubscribed = s.begin("q", { op: "unsubscribe", name: "x" });
      const sent = s.begin("q", { op: "send", messages: [{ body: Uint8Array.of(7) }] });
      s.disk.commit(kept);
      const wasTold = sent.end?.kind === "done" && sent.end.value[0]?.kind === "done";
      if (kept === 3) expect([unsubscribed.end, sent.end]).toMatchObject([{ kind: "done" }, { kind: "done" }]);
      s.crash(0);
      s.pass(0);
      expect(s.stats("q").messages >= (wasTold ? 1 : 0), `${guarantee.kind}, ${kept} batches`).toBe(true);
    }
  }
});

test("a subscription whose end the disk refuses gets messages again", () => {
  const s = new Stepping();
  s.create("q", { guarantee: { kind: "broadcast" } }, ["x"]);
  const unsubscribed = s.begin("q", { op: "unsubscribe", name: "x" });
  expect(() => {
    s.send("q");
  }).toThrow(/needs 1 subscriptions and has 0: subscribe first/);
  expect(unsubscribed.end).toMatchObject({ kind: "done" });
  s.do("q", { op: "subscribe", name: "x" });
  const refused = s.begin("q", { op: "unsubscribe", name: "x" });
  s.disk.refuse();
  expect(refused.end).toMatchObject({ kind: "failed" });
  s.send("q");
  expect(s.receive("q", "x").length).toBe(1);
});

test("a subscription that began behind a send which was refused gets what is sent after a crash, over the next one, too (C6)", () => {
  const s = new Stepping();
  s.create("q", { guarantee: { kind: "broadcast" } }, ["y"]);
  s.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1) }] });
  s.begin("q", { op: "subscribe", name: "x" });
  s.disk.refuse();
  s.disk.commitAll();
  s.crash(0);
  s.send("q", { id: "m" });
  s.crash(0);
  for (const name of ["x", "y"]) expect(s.receive("q", name), name).toHaveLength(1);
});
