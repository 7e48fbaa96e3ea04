import { describe, expect, it } from "vitest";
import type { QueueSettings } from "../../../src/queues/index.js";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";

const quorum: Partial<QueueSettings> = {
  guarantee: { kind: "quorum", needed: 2 },
  maxReceives: 1,
  deadLetter: "dead",
  visibilityMs: 100,
};
const lanes = ["x", "y", "z"];

/** A queue of quorums, and the one of its dead letters. */
function started(settings: Partial<QueueSettings> = {}, dead: Partial<QueueSettings> | "none" = {}): Stepping {
  const s = new Stepping();
  if (dead !== "none") s.create("dead", dead);
  s.create("q", { ...quorum, ...settings }, lanes);
  return s;
}

/** The one message is given up by so many that no quorum is left; what that leads to is on its way. */
function given(s: Stepping): void {
  s.refuse("q", ["x"]);
  const ended = s.begin("q", { op: "release", receipts: s.receive("q", "y") });
  s.disk.commit(1);
  expect(ended.end?.kind).toBe("done");
  s.disk.commit(1); // that y has given it up
}

const leftBy = (s: Stepping): object => {
  const { messages, deadLettered, deadLettersRefused, abandoned, expired } = s.stats("q");
  return { messages, deadLettered, deadLettersRefused, abandoned, expired };
};
const stays = { messages: 1, deadLettered: 0, abandoned: 0, expired: 0 };
const letters = (s: Stepping): number => s.stats("dead").messages;
const nobodyGets = (s: Stepping): void => {
  for (const name of lanes) expect(s.receive("q", name), name).toEqual([]);
};

describe("a message that no quorum can be done with", () => {
  it("stays while the disk refuses its dead letter, is given to nobody, and is tried again after 1, 2, 4 … 30 s (G1)", () => {
    const s = started();
    s.send("q");
    given(s);
    s.disk.refuse();
    let refused = 1;
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(leftBy(s)).toMatchObject({ ...stays, deadLettersRefused: refused });
      nobodyGets(s);
      s.clock.advance(waitMs - 1);
      expect(s.disk.waiting).toBe(0);
      s.clock.advance(1);
      expect(s.disk.waiting).toBe(1);
      s.disk.refuse();
      refused += 1;
    }
    s.pass(30_000);
    expect(leftBy(s)).toMatchObject({ messages: 0, deadLettered: 1, deadLettersRefused: refused });
    expect(s.world.do<"browse">("dead", { op: "browse", limit: 10 })[0]?.deadLetter?.reason).toBe("no-quorum");
    for (const table of [tableNames.leases, tableNames.acks]) expect(s.disk.range(table, { limit: 1 })).toEqual([]);
  });

  it("stays while the dead-letter queue is full, or is not there, and goes once it can (G1)", () => {
    for (const dead of [{ messagesMax: 1 }, "none"] as const) {
      const s = started({}, dead);
      if (dead !== "none") s.send("dead");
      s.send("q");
      given(s);
      expect(s.disk.waiting).toBe(0);
      s.pass(60_000);
      expect(leftBy(s)).toMatchObject({ ...stays, deadLettersRefused: 6 });
      nobodyGets(s);
      if (dead === "none") s.create("dead");
      else s.do("dead", { op: "purge" });
      s.pass(30_000);
      expect(leftBy(s)).toMatchObject({ messages: 0, deadLettered: 1, abandoned: 0 });
      expect(letters(s)).toBe(1);
    }
  });

  it("is gone without a dead letter only where there is no queue for such, once that is on the disk (G2)", () => {
    const s = started({ maxReceives: undefined, deadLetter: undefined });
    s.send("q");
    s.do("q", { op: "unsubscribe", name: "x" });
    const ended = s.begin("q", { op: "unsubscribe", name: "y" });
    s.disk.commit(1);
    expect(ended.end?.kind).toBe("done");
    s.disk.refuse();
    expect(leftBy(s)).toMatchObject({ ...stays, deadLettersRefused: 0 });
    expect(s.receive("q", "z")).toEqual([]);
    s.pass(1_000);
    expect(leftBy(s)).toMatchObject({ messages: 0, abandoned: 1, deadLettered: 0 });
    expect(s.disk.range(tableNames.messages, { limit: 1 })).toEqual([]);
  });

  it("is found again after a restart, whenever that is, and makes one dead letter (G1)", () => {
    for (let kept = 0; kept <= 4; kept++) {
      for (const refuses of [true, false]) {
        const s = started();
        s.send("q");
        s.refuse("q", ["x"]);
        s.begin("q", { op: "release", receipts: s.receive("q", "y") });
        s.disk.commit(1);
        if (refuses) {
          s.disk.commit(1);
          s.disk.refuse();
        }
        s.crash(kept);
        s.pass(0);
        nobodyGets(s);
        expect(leftBy(s), String(kept)).toMatchObject({ messages: 0, abandoned: 0, deadLettersRefused: 0 });
        expect(letters(s)).toBe(1);
      }
    }
  });

  it("expires while it waits (G5)", () => {
    for (const message of [{}, { ttlMs: 2_500 }]) {
      const s = started({ ttlMs: 2_900 });
      s.send("q", message);
      given(s);
      s.disk.refuse();
      s.clock.advance(1_000);
      s.disk.refuse();
      s.clock.advance(1_900);
      expect(leftBy(s)).toMatchObject({ messages: 0, expired: 1, deadLettered: 0 });
      s.pass(0);
      expect(letters(s)).toBe(0);
      expect(s.disk.range(tableNames.messages, { limit: 1 })).toEqual([]);
    }
  });

  it("that expires while its dead letter is on its way is that, or has expired (G5)", () => {
    for (const isRefused of [true, false]) {
      const s = started({ ttlMs: 3_000 });
      s.send("q");
      given(s);
      s.clock.advance(3_001);
      expect(s.look("q").messages).toBe(1);
      if (isRefused) s.disk.refuse();
      s.pass(1_001);
      expect(leftBy(s)).toMatchObject({ messages: 0, expired: isRefused ? 1 : 0, deadLettered: isRefused ? 0 : 1 });
      expect(letters(s)).toBe(isRefused ? 0 : 1);
    }
  });

  it("is purged, and no dead letter then; where the purge is refused it is one (G4)", () => {
    for (const isRefused of [true, false]) {
      const s = started();
      s.send("q");
      given(s);
      s.disk.refuse();
      const purge = s.begin("q", { op: "purge" });
      s.clock.advance(1_000); // it is tried again while the purge is on its way
      if (isRefused) s.disk.refuse();
      s.done(purge);
      expect(purge.end?.kind).toBe(isRefused ? "failed" : "done");
      s.pass(5_000);
      expect(letters(s)).toBe(isRefused ? 1 : 0);
      expect(s.stats("q").messages).toBe(0);
    }
  });

  it("goes with its queue, and nothing of it is written or due then (G4)", () => {
    const s = started();
    s.send("q");
    given(s);
    s.disk.refuse();
    const deleted = s.begin("q", { op: "delete" });
    s.clock.advance(1_000);
    expect(s.disk.waiting).toBe(1);
    s.done(deleted);
    s.pass(60_000);
    expect(letters(s)).toBe(0);
    for (const name of Object.values(tableNames).filter((table) => table !== "queues" && table !== "queue-sequences"))
      expect(s.disk.range(name, { limit: 1 }), name).toEqual([]);
    s.world.queues.close();
    expect(s.clock.scheduled).toBe(0);
  });

  it("makes one dead letter, however many subscriptions end meanwhile", () => {
    const s = started({}, {});
    s.send("q");
    const ended = lanes.map((name) => s.begin("q", { op: "unsubscribe", name }));
    s.disk.commitAll();
    expect(ended.every(({ end }) => end?.kind === "done")).toBe(true);
    s.pass(1_000);
    expect(letters(s)).toBe(1);
    expect(leftBy(s)).toMatchObject({ messages: 0, deadLettered: 1 });
    for (const table of [tableNames.messages, tableNames.acks])
      expect(s.disk.range(table, { limit: 2 }).length).toBe(table === tableNames.acks ? 0 : 1);
  });

  it("is nobody's, whatever was on its way of it and is refused (G4)", () => {
    const s = started();
    s.send("q");
    const [receipt = ""] = s.receive("q", "z");
    s.refuse("q", ["x"]);
    const released = s.begin("q", { op: "release", receipts: s.receive("q", "y") });
    const ack = s.begin("q", { op: "ack", receipts: [receipt] });
    s.disk.commit(1);
    expect(released.end?.kind).toBe("done"); // no quorum is left, and the acknowledgement is on its way
    s.disk.refuse();
    expect(ack.end).toMatchObject({ kind: "done", value: [{ kind: "refused" }] });
    s.clock.advance(10_000); // its lease would have ended
    nobodyGets(s);
    s.pass(0);
    expect(letters(s)).toBe(1);
  });

  it("is no dead letter where it is withdrawn, or moved, just then (G4)", () => {
    for (const what of ["withdraw", "redrive"] as const) {
      for (const isRefused of [true, false]) {
        const s = new Stepping();
        for (const name of ["dead", "other"]) s.create(name);
        s.create("q", quorum, ["x", "y"]);
        s.send("q", { id: "m" });
        if (what === "redrive") s.do("q", { op: "redrive", to: "other" });
        const unsubscribed = s.begin("q", { op: "unsubscribe", name: "x" });
        if (what === "redrive") s.clock.advance(0);
        else s.begin("q", { op: "withdraw", id: "m" });
        expect(s.disk.waiting).toBe(2);
        s.disk.commit(1);
        expect(unsubscribed.end?.kind).toBe("done"); // no quorum is left, and the other is on its way
        if (isRefused) s.disk.refuse();
        s.pass(10_000);
        expect(letters(s), `${what} ${String(isRefused)}`).toBe(isRefused ? 1 : 0);
        expect(s.stats("other").messages).toBe(!isRefused && what === "redrive" ? 1 : 0);
        expect(s.stats("q").messages).toBe(0);
      }
    }
  });

  it("keeps those of its group that fail after it behind it (G3)", () => {
    const s = started({ order: "fifo" }, { order: "fifo", bytesMax: 600 });
    s.send("q", { group: "a", id: "big", body: new Uint8Array(500) });
    s.send("q", { group: "a", id: "behind" });
    s.send("q", { group: "b", id: "other" });
    s.send("dead", { id: "there", body: new Uint8Array(100) });
    for (let time = 0; time < 2; time++) s.refuse("q", ["x", "y"]);
    s.pass(5_000);
    const ids = (): readonly string[] => s.world.do<"browse">("dead", { op: "browse", limit: 10 }).map(({ id }) => id);
    expect(ids()).toEqual(["there", "other"]);
    expect(s.stats("q").messages).toBe(2);
    s.do("dead", { op: "update", settings: { bytesMax: 10_000 } });
    s.pass(30_000);
    expect(ids()).toEqual(["there", "other", "big", "behind"]);
  });

  it("is taken with many others by one batch, and with fewer where the disk refuses that", () => {
    const s = started({ maxReceives: undefined, deadLetter: undefined });
    s.do("q", { op: "send", messages: Array.from({ length: 200 }, () => ({ body: Uint8Array.of(1) })) });
    s.do("q", { op: "unsubscribe", name: "x" });
    s.begin("q", { op: "unsubscribe", name: "y" });
    s.disk.commit(1);
    s.disk.commit(1); // the first of them
    for (let time = 0; time < 3; time++) {
      s.disk.refuse();
      s.clock.advance(30_000);
    }
    const sizes: number[] = [];
    for (let before = 199; before > 0; before = s.look("q").messages) {
      s.disk.commit(1);
      sizes.push(before - s.look("q").messages);
    }
    expect(sizes.slice(0, 3)).toEqual([8, 16, 32]);
    expect(Math.max(...sizes)).toBe(64);
  });

  it("of a queue in memory goes at once", () => {
    const s = started({ durable: false }, { durable: false });
    s.send("q");
    s.refuse("q", ["x", "y"]);
    expect(letters(s)).toBe(1);
    expect(leftBy(s)).toMatchObject({ messages: 0, deadLettered: 1 });
  });
});
