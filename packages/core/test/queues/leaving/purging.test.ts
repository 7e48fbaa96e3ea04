/** Purges, deletions and ends of subscriptions of queues that have much: a little at a time, and told at once. */
import { describe, expect, it } from "vitest";
import type { QueueSettings } from "../../../src/queues/index.js";
import { rowsMax } from "../../../src/queues/leaving/sweeping.js";
import { queueTables } from "../../../src/queues/index.js";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

const many = 2_600;

function filled(settings: Partial<QueueSettings> = {}): Stepping {
  const s = new Stepping();
  s.create("q", settings);
  fill(s, many);
  expect(s.receive("q")).toHaveLength(10); // and with leases that are written
  s.pass(60);
  return s;
}

function fill(s: Stepping, messages: number): void {
  for (let sent = 0; sent < messages; sent += 650) {
    const batch = Array.from({ length: 650 }, () => ({ body: Uint8Array.of(1) }));
    s.do<"send">("q", { op: "send", messages: batch });
  }
}

function rows(
  s: Stepping,
  tables: readonly string[] = [tableNames.messages, tableNames.leases, tableNames.acks],
): number {
  return tables.reduce((sum, table) => sum + s.disk.range(table, { limit: 10_000 }).length, 0);
}

function ids(s: Stepping): readonly string[] {
  return s.world.do<"browse">("q", { op: "browse", limit: 1_000 }).map(({ id }) => id);
}

describe("a purge of a queue that has much", () => {
  it("is told once one row is on the disk, and what is sent behind it is there (P1)", () => {
    const s = filled();
    const purge = s.begin<"purge">("q", { op: "purge" });
    const send = s.begin<"send">("q", { op: "send", messages: [{ id: "next", body: Uint8Array.of(1) }] });
    s.disk.commit(1);
    expect(purge.end).toEqual({ kind: "done", value: many });
    expect(rows(s)).toBeGreaterThan(many);
    expect(s.look("q")).toMatchObject({ messages: 0, available: 0, leased: 0, purged: many });
    s.disk.commit(1);
    expect(send.end).toMatchObject({ kind: "done", value: [{ kind: "done" }] });
    expect(ids(s)).toEqual(["next"]);
  });

  it(`takes no more than ${rowsMax} rows in a batch (S3)`, () => {
    const s = filled();
    s.begin<"purge">("q", { op: "purge" });
    s.disk.commit(1);
    let batches = 0;
    for (let before = rows(s); s.disk.waiting > 0; batches++) {
      s.disk.commit(1);
      expect(before - rows(s)).toBeLessThanOrEqual(rowsMax);
      before = rows(s);
    }
    expect(rows(s)).toBe(0);
    expect(batches).toBeGreaterThanOrEqual(3);
  });

  it("brings nothing back and takes nothing else with it, wherever a crash comes (S1, C1)", () => {
    for (let kept = 0; kept < 8; kept++) {
      const s = filled();
      const receipts = s.receive("q");
      s.begin<"purge">("q", { op: "purge" });
      s.begin<"release">("q", { op: "release", receipts }); // a row behind the mark
      s.begin<"send">("q", { op: "send", messages: [{ id: "next", body: Uint8Array.of(1) }] });
      for (let batch = 0; batch < kept; batch++) s.disk.commit(1);
      s.crash(0);
      const left = s.look("q").messages;
      expect(left, `after ${kept} batches`).toBe(kept === 0 ? many : kept < 3 ? 0 : 1);
      s.send("q", { id: "last" });
      s.crash(1);
      expect(s.look("q").messages).toBe(left + 1);
      s.disk.commitAll();
      expect(rows(s)).toBe(s.look("q").messages + (kept === 0 ? 10 : 0));
    }
  });

  it("is none where the disk has no room for it (S1)", () => {
    const s = filled();
    const purge = s.begin<"purge">("q", { op: "purge" });
    s.disk.refuse();
    expect(purge.end).toMatchObject({ kind: "failed", error: { code: "overloaded" } });
    s.crash(0);
    expect(s.look("q").messages).toBe(many);
  });

  it("goes on where a batch of it was refused (S3)", () => {
    const s = filled();
    s.begin<"purge">("q", { op: "purge" });
    s.disk.commit(2);
    s.disk.refuse();
    expect(s.disk.waiting).toBe(0);
    s.pass(1_000);
    expect(rows(s)).toBe(0);
  });

  it("of another while it is swept is one, too (P1)", () => {
    const s = filled();
    s.begin<"purge">("q", { op: "purge" });
    s.disk.commit(2);
    s.begin<"send">("q", { op: "send", messages: [{ id: "next", body: Uint8Array.of(1) }] });
    const again = s.begin<"purge">("q", { op: "purge" });
    s.disk.commit(3);
    expect(again.end).toEqual({ kind: "done", value: 1 });
    s.crash(0);
    expect(s.look("q").messages).toBe(0);
    s.disk.commitAll();
    expect(rows(s)).toBe(0);
  });
});

describe("the deletion of a queue that has much", () => {
  it("is told once its record is gone; nothing of it is found in another one, wherever a crash comes (S1, C4)", () => {
    for (let kept = 0; kept < 9; kept++) {
      const s = filled({ dedup: { windowMs: 1e9, scope: "queue", byContent: false } });
      s.send("q", { id: "kept", dedup: "once" });
      const deletion = s.begin<"delete">("q", { op: "delete" });
      for (let batch = 0; batch < kept; batch++) s.disk.commit(1);
      expect(deletion.end?.kind).toBe(kept === 0 ? undefined : "done");
      s.crash(0);
      expect(s.world.queues.names(), `after ${kept} batches`).toEqual(kept === 0 ? ["q"] : []);
      if (kept === 0) continue;
      s.create("q", { dedup: { windowMs: 1e9, scope: "queue", byContent: false } });
      s.send("q", { id: "new", dedup: "once" });
      expect(ids(s)).toEqual(["new"]);
      s.crash(0);
      expect(ids(s)).toEqual(["new"]);
      s.disk.commitAll();
      expect(rows(s)).toBe(1);
      s.do("q", { op: "delete" });
      expect(rows(s, queueTables)).toBe(0);
    }
  });

  it("goes on while queues of its name come and go (C4)", () => {
    const s = filled();
    s.begin("q", { op: "delete" });
    s.disk.commit(1);
    s.world.queues.create("q", { durable: true }, () => undefined, s.clock.nowMs);
    s.disk.commit(2);
    s.begin<"send">("q", { op: "send", messages: [{ id: "new", body: Uint8Array.of(1) }] });
    s.disk.commitAll();
    expect(ids(s)).toEqual(["new"]);
    expect(rows(s)).toBe(1);
  });
});

describe("the end of a subscription that has much", () => {
  const started = (): QueueWorld => {
    const w = new QueueWorld({ disk: new Disk() });
    w.create("q", { guarantee: { kind: "broadcast" } });
    for (const name of ["a", "b"]) w.do<"subscribe">("q", { op: "subscribe", name });
    const messages = Array.from({ length: 900 }, () => ({ body: Uint8Array.of(1) }));
    for (let sent = 0; sent < 2_700; sent += 900) w.do<"send">("q", { op: "send", messages });
    return w;
  };

  it("lets go of some in each turn, and of all in the end (U1)", () => {
    const w = started();
    const receipts = w.receive("q", 1_000, { subscription: "a" }).map(({ receipt }) => receipt);
    w.do<"ack">("q", { op: "ack", receipts });
    w.do<"unsubscribe">("q", { op: "unsubscribe", name: "b" });
    expect(w.stats("q").messages).toBe(1_700);
    w.clock.advance(10);
    for (let round = 0; round < 2; round++) {
      const more = w.receive("q", 1_000, { subscription: "a" }).map(({ receipt }) => receipt);
      w.do<"ack">("q", { op: "ack", receipts: more });
    }
    expect(w.stats("q")).toMatchObject({ messages: 0, bytes: 0 });
    w.queues.close();
    expect(w.clock.scheduled).toBe(0);
  });

  it("takes its timer back where the queue goes first (U1)", () => {
    const w = started();
    w.do<"unsubscribe">("q", { op: "unsubscribe", name: "b" });
    w.do<"delete">("q", { op: "delete" });
    expect(w.clock.scheduled).toBe(0);
  });
});

describe("messages whose time is over all at once", () => {
  it.each(["memory", "store"])(
    "expire some in each turn, and nobody is given one meanwhile, in %s (X2, V6)",
    (where) => {
      const w = new QueueWorld(where === "memory" ? {} : { disk: new Disk() });
      w.create("q", { ttlMs: 1_000, messagesMax: 10_000 });
      const messages = Array.from({ length: 900 }, () => ({ body: Uint8Array.of(1) }));
      for (let sent = 0; sent < 5_400; sent += 900) w.do<"send">("q", { op: "send", messages });
      w.clock.advance(500);
      w.send("q", { id: "young" });
      w.clock.nowMs += 499.5;
      const waiting = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 5_000 });
      expect(waiting.end).toMatchObject({ kind: "done", value: [{ sequence: 1n }] });
      w.clock.nowMs += 1;
      const late = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 5_000 });
      expect(late.end).toBeUndefined();
      const { expired } = w.stats("q");
      expect(expired).toBeGreaterThan(0);
      expect(expired).toBeLessThanOrEqual(3_000);
      w.clock.advance(20);
      w.disk?.flush();
      expect(late.end).toMatchObject({ kind: "done", value: [{ id: "young" }] });
      expect(w.stats("q")).toMatchObject({ expired: 5_399, leased: 2, available: 0 });
    },
  );
});
