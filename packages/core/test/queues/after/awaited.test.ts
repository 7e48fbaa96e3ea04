/** What a message waits for is what is there when it is sent, also where either is on its way. */
import { describe, expect, it } from "vitest";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";

function started(settings: Parameters<Stepping["create"]>[1] = {}): Stepping {
  const s = new Stepping();
  s.create("dead");
  s.create("q", { deadLetter: "dead", maxReceives: 1, visibilityMs: 100, ...settings });
  return s;
}

function sends(s: Stepping, id: string, after?: string): void {
  const message = { id, body: Uint8Array.of(1) };
  s.begin<"send">("q", { op: "send", messages: [after === undefined ? message : { ...message, after: [after] }] });
}

function received(s: Stepping): readonly string[] {
  return s.world.do<"receive">("q", { op: "receive", max: 10, waitMs: 0 }).map(({ id }) => id);
}

function dead(s: Stepping): readonly string[] {
  return s.world
    .do<"browse">("dead", { op: "browse", limit: 10 })
    .map(({ id, deadLetter }) => `${id}: ${deadLetter?.reason}`);
}

/** How "first" leaves undone, while "second" is on its way. */
const ways: Readonly<Record<string, (s: Stepping) => void>> = {
  "is being purged": (s) => {
    s.begin<"purge">("q", { op: "purge" });
    sends(s, "second", "first");
  },
  "is purged then": (s) => {
    sends(s, "second", "first");
    s.begin<"withdraw">("q", { op: "withdraw", id: "first" });
  },
  "is making room": (s) => {
    s.do("q", { op: "update", settings: { overflow: "drop-oldest", messagesMax: 1 } });
    sends(s, "second", "first");
  },
};

describe.each(Object.entries(ways))("a message that waits for one that %s", (_name, leaves) => {
  it("is a dead letter, and never received, wherever a crash comes in between (D4)", () => {
    for (let kept = 0; kept < 6; kept++) {
      const s = started();
      s.send("q", { id: "first" });
      leaves(s);
      s.disk.commit(kept);
      s.crash(0);
      for (let round = 0; round < 4; round++) s.pass(1_000);
      expect(
        received(s).filter((id) => id === "second"),
        `after ${kept} batches`,
      ).toEqual([]);
      const s2 = started();
      s2.send("q", { id: "first" });
      leaves(s2);
      s2.disk.commitAll();
      s2.pass(2_000);
      expect(received(s2)).toEqual([]);
      expect(dead(s2)).toEqual(["second: after-failed"]);
    }
  });
});

it("a message waits for one that was on its way when it was sent, and comes when that is done (D4)", () => {
  const s = started();
  sends(s, "first");
  sends(s, "second", "first");
  s.disk.commitAll();
  const receipts = s.receive("q");
  expect(receipts).toHaveLength(1);
  s.do("q", { op: "ack", receipts });
  expect(received(s)).toEqual(["second"]);
});

it("one that is on its way waits for nothing that was done meanwhile (D4)", () => {
  const s = started();
  s.send("q", { id: "first" });
  const receipts = s.receive("q");
  s.begin<"ack">("q", { op: "ack", receipts });
  sends(s, "second", "first");
  s.disk.commitAll();
  expect(received(s)).toEqual(["second"]);
  expect(s.disk.range(tableNames.acks, { limit: 10 })).toEqual([]);
});

it("what was on its way out, and stays since that was refused, is waited for, after a crash, too (D4)", () => {
  const s = started();
  s.send("q", { id: "first" });
  s.begin<"purge">("q", { op: "purge" });
  sends(s, "second", "first");
  s.disk.refuse(); // the purge
  s.disk.commitAll();
  s.crash(0);
  const receipts = s.receive("q");
  expect(receipts).toHaveLength(1);
  s.do("q", { op: "ack", receipts });
  expect(received(s)).toEqual(["second"]);
});

it("for who waits for one that was refused it is as if that had never been sent; one that was refused leaves no row (D4)", () => {
  const s = started();
  sends(s, "first");
  sends(s, "second", "first");
  s.disk.refuse();
  s.disk.commitAll();
  expect(received(s)).toEqual(["second"]);
  s.send("q", { id: "third" });
  s.begin<"purge">("q", { op: "purge" });
  sends(s, "fourth", "third");
  s.disk.commit(1);
  s.disk.refuse();
  s.disk.commitAll();
  expect(s.stats("q")).toMatchObject({ messages: 0, delayed: 0 });
  expect(s.disk.range(tableNames.acks, { limit: 10 })).toEqual([]);
});

const shared = { guarantee: { kind: "broadcast" }, visibilityMs: 60_000 } as const;

it.each([2, 3])(
  "what %i subscriptions give up at once was not done, for who waits for it, wherever a crash comes in between (D2, D3)",
  (count) => {
    const names = ["a", "b", "c"].slice(0, count);
    for (let kept = 0; kept < 8; kept++) {
      const s = new Stepping();
      s.create("dead");
      s.create("q", { guarantee: { kind: "broadcast" }, deadLetter: "dead", maxReceives: 1, visibilityMs: 100 }, names);
      s.send("q", { id: "first" });
      s.send("q", { id: "second", after: ["first"] });
      for (const name of names) s.receive("q", name);
      s.pass(99);
      s.clock.advance(1); // all leases expire
      s.disk.commit(kept);
      s.crash(0);
      s.pass(2_000);
      for (const name of names) expect(s.receive("q", name), `after ${kept} batches`).toEqual([]);
      const reasons = dead(s).map((each) => each.replace(/^[^s].*: /, ""));
      expect(reasons).toEqual([...names.map(() => "max-receives"), "second: after-failed"]);
      expect([s.stats("q").messages, s.disk.range(tableNames.acks, { limit: 10 })]).toEqual([0, []]);
    }
  },
);

it.each(["before", "after"])(
  "what one subscription has acknowledged is done, for who waits for it and for who asks, also where another gives it up: %s that (D4)",
  (when) => {
    for (const crashes of [false, true]) {
      const s = new Stepping();
      s.create("dead");
      s.create("q", { ...shared, deadLetter: "dead", maxReceives: 1 }, ["a", "b"]);
      s.send("q", { id: "first", keepResult: true });
      s.send("q", { id: "second", after: ["first"] });
      const acknowledge = (): void => {
        const receipts = s.receive("q", "a");
        s.do("q", { op: "ack", receipts, results: [{ kind: "done", value: Uint8Array.of(7) }] });
      };
      if (when === "before") acknowledge();
      s.do("q", { op: "release", receipts: s.receive("q", "b") });
      if (when === "after") acknowledge();
      if (crashes) s.crash(0);
      expect(s.do("q", { op: "result", id: "first", waitMs: 0 })).toEqual({ kind: "done", value: Uint8Array.of(7) });
      for (const name of ["a", "b"]) expect(s.receive("q", name)).toHaveLength(1);
      expect(dead(s)).toEqual(["first: max-receives"]);
    }
  },
);

it.each(["before", "after"])(
  "what one subscription has acknowledged is done, for who waits for it and for who asks, also where its time is over for another: %s that (Q4)",
  (when) => {
    for (const crashes of [false, true]) {
      const s = new Stepping();
      s.create("q", shared, ["a", "b"]);
      s.send("q", { id: "first", keepResult: true, ttlMs: 1_000 });
      s.send("q", { id: "second", after: ["first"] });
      const receipts = s.receive("q", "a");
      const acknowledge = (): void => {
        s.do("q", { op: "ack", receipts, results: [{ kind: "done", value: Uint8Array.of(7) }] });
      };
      if (when === "before") acknowledge();
      s.pass(1_000);
      if (when === "after") acknowledge();
      if (crashes) s.crash(0);
      expect(s.do("q", { op: "result", id: "first", waitMs: 0 })).toEqual({ kind: "done", value: Uint8Array.of(7) });
      for (const name of ["a", "b"]) expect(s.receive("q", name)).toHaveLength(1);
    }
  },
);

it("what one subscription gives up while its time is over for the other was not done, for who waits for it, wherever a crash comes in between (D3)", () => {
  for (let kept = 0; kept < 6; kept++) {
    const s = new Stepping();
    s.create("dead");
    s.create("q", { ...shared, deadLetter: "dead", maxReceives: 1 }, ["a", "b"]);
    s.send("q", { id: "first", ttlMs: 1_000 });
    s.send("q", { id: "second", after: ["first"] });
    s.pass(999);
    s.begin("q", { op: "release", receipts: s.receive("q", "a") });
    s.disk.commit(1);
    s.clock.advance(1); // the dead letter is on its way
    s.disk.commit(kept);
    s.crash(0);
    s.pass(2_000);
    for (const name of ["a", "b"]) expect(s.receive("q", name), `after ${kept} batches`).toEqual([]);
    expect(dead(s)).toContain("second: after-failed");
    expect([s.stats("q").messages, s.disk.range(tableNames.acks, { limit: 10 })]).toEqual([0, []]);
  }
});

it.each(["purged", "dropped"])(
  "what one subscription has acknowledged was done for who asks, with its result, also where it is %s before another has",
  (how) => {
    for (const results of [[{ kind: "done", value: Uint8Array.of(7) } as const], undefined]) {
      for (const crashes of [false, true]) {
        const s = new Stepping();
        s.create("q", { ...shared, messagesMax: 1, overflow: "drop-oldest" }, ["a", "b"]);
        s.send("q", { id: "first", keepResult: true });
        const receipts = s.receive("q", "a");
        s.do("q", results === undefined ? { op: "ack", receipts } : { op: "ack", receipts, results });
        const asked = s.begin<"result">("q", { op: "result", id: "first", waitMs: 1_000 });
        if (how === "purged") s.do("q", { op: "purge" });
        else s.send("q");
        const done = { kind: "done", value: results?.[0]?.value };
        expect(asked.end).toEqual({ kind: "done", value: done });
        if (crashes) s.crash(0);
        expect(s.do("q", { op: "result", id: "first", waitMs: 0 })).toEqual(done);
      }
    }
  },
);

it("what one subscription has acknowledged was done for who asks, however much was acknowledged since", () => {
  const s = new Stepping();
  s.create("q", { ...shared, durable: false }, ["a", "b"]);
  s.send("q", { id: "first" });
  s.do("q", { op: "ack", receipts: s.receive("q", "a") });
  s.receive("q", "b");
  for (let at = 0; at < 1_100; at++) {
    s.send("q");
    s.do("q", { op: "ack", receipts: s.receive("q", "a") });
  }
  const asked = s.begin<"result">("q", { op: "result", id: "first", waitMs: 1_000 });
  s.do("q", { op: "unsubscribe", name: "b" });
  expect(asked.end).toMatchObject({ kind: "done", value: { code: "result-lost", outcome: "applied" } }); // nobody was to keep it
});

it("the same after a restart, where the other gives up only then", () => {
  const s = new Stepping();
  s.create("q", shared, ["a", "b"]);
  s.send("q", { id: "first" });
  s.do("q", { op: "ack", receipts: s.receive("q", "a") });
  s.crash(0);
  const asked = s.begin<"result">("q", { op: "result", id: "first", waitMs: 1_000 });
  s.receive("q", "b");
  s.do("q", { op: "unsubscribe", name: "b" });
  expect(asked.end).toMatchObject({ kind: "done", value: { code: "result-lost", outcome: "applied" } }); // nobody was to keep it
});

it("a message that waits is withdrawn by one only, and by none where that is refused: it may be somebody's by then (D3)", () => {
  const s = new Stepping();
  s.create("q");
  s.send("q", { id: "first" });
  const receipts = s.receive("q");
  s.send("q", { id: "second", after: ["first"] });
  s.begin("q", { op: "ack", receipts });
  const ends = [1, 2].map(() => s.begin<"withdraw">("q", { op: "withdraw", id: "second" }));
  s.disk.commit(1);
  s.disk.refuse();
  const received = s.receive("q");
  s.disk.commitAll();
  expect(ends.map(({ end }) => end)).toMatchObject([{ kind: "failed" }, { kind: "done", value: false }]);
  expect(received).toHaveLength(1);
  expect(s.do("q", { op: "ack", receipts: received })).toMatchObject([{ kind: "done" }]);
});
