/** Messages that wait for others, over crashes: none is received where another was not done. */
import { expect, it, test } from "vitest";
import type { QueueOperation, QueueSettings } from "../../../src/queues/index.js";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";

interface Way {
  readonly settings?: Partial<QueueSettings>;
  /** How "first" leaves undone; what that leads to is on its way to the disk. */
  readonly leaves: (s: Stepping) => void;
}

const asked =
  (operation: QueueOperation) =>
  (s: Stepping): void => {
    s.begin("q", operation as Extract<QueueOperation, { op: "purge" }>);
  };

const ways: Readonly<Record<string, Way>> = {
  "is received too often": {
    settings: { maxReceives: 1, deadLetter: "dead", visibilityMs: 100 },
    leaves: (s) => {
      s.receive("q");
      s.pass(60);
      s.clock.advance(100);
    },
  },
  expires: {
    leaves: (s) => {
      s.clock.advance(500);
    },
  },
  "is withdrawn": { leaves: asked({ op: "withdraw", id: "first" }) },
  "makes room": {
    settings: { messagesMax: 3, overflow: "drop-oldest" },
    leaves: asked({ op: "send", messages: [{ body: Uint8Array.of(9), id: "new" }] }),
  },
  "is moved": {
    leaves: (s) => {
      asked({ op: "redrive", to: "other" })(s);
      s.disk.commit(1);
      s.clock.advance(0);
    },
  },
};

function started(way: Way): Stepping {
  const s = new Stepping();
  for (const name of ["dead", "other"]) s.create(name);
  s.create("q", way.settings);
  s.send("q", { id: "first", ...(way.settings === undefined ? { ttlMs: 500 } : {}) });
  s.send("q", { id: "second", after: ["first"] });
  s.send("q", { id: "third", after: ["second"] });
  return s;
}

it.each(Object.entries(ways))(
  "a message that waits for one that %s is never received, nor who waits for that one, wherever a crash comes in between (D2)",
  (_name, way) => {
    for (let kept = 0; kept < 6; kept++) {
      const s = started(way);
      way.leaves(s);
      s.disk.commit(kept);
      s.crash(0);
      for (let round = 0; round < 3; round++) s.pass(250);
      const ids = s.world
        .do<"receive">("q", { op: "receive", max: 10, waitMs: 0 })
        .map(({ id }) => id)
        .filter((id) => id !== "new" && id !== "first");
      expect(ids, `after ${kept} batches`).toEqual([]);
    }
  },
);

it("is one dead letter after any crash, and leaves no row behind (D2)", () => {
  const way = ways["is received too often"] as Way;
  for (let kept = 0; kept < 6; kept++) {
    const s = started(way);
    way.leaves(s);
    s.disk.commit(kept);
    s.crash(0);
    s.pass(2_000);
    const dead = s.world.do<"browse">("dead", { op: "browse", limit: 10 });
    expect(
      dead.map(({ id, deadLetter }) => [id, deadLetter?.reason]),
      `after ${kept} batches`,
    ).toEqual([
      ["first", "max-receives"],
      ["second", "after-failed"],
      ["third", "after-failed"],
    ]);
    for (const table of [tableNames.acks, tableNames.leases]) expect(s.disk.range(table, { limit: 1 })).toEqual([]);
  }
});

test("what stays after all, since its withdrawal was refused, is received if what it waits for was done meanwhile, and only then (D3)", () => {
  for (const isDone of [true, false]) {
    const s = new Stepping();
    s.create("dead");
    s.create("q", { maxReceives: 1, deadLetter: "dead" });
    s.send("q", { id: "first" });
    s.send("q", { id: "second", after: ["first"] });
    const receipts = s.receive("q");
    s.begin("q", isDone ? { op: "ack", receipts } : { op: "release", receipts });
    if (!isDone) s.disk.commit(1);
    const withdrawn = s.begin("q", { op: "withdraw", id: "second" });
    s.disk.commit(1);
    expect(s.look("q").messages).toBe(1);
    expect(s.receive("q")).toEqual([]); // on its way out
    s.disk.refuse();
    expect(withdrawn.end?.kind).toBe("failed");
    s.pass(0);
    expect(s.receive("q").length).toBe(isDone ? 1 : 0);
    expect(s.stats("dead").messages).toBe(isDone ? 0 : 2);
  }
});

it("leaves no row behind, and is no dead letter, where its time is over before its node is back", () => {
  for (let kept = 0; kept < 3; kept++) {
    const s = new Stepping();
    s.create("dead");
    s.create("q", { ttlMs: 1_000, maxReceives: 2, deadLetter: "dead" });
    s.send("q", { id: "first", ttlMs: 500 });
    for (const id of ["second", "third"]) s.send("q", { id, after: ["first"] });
    s.clock.advance(500);
    s.disk.commit(kept);
    s.disk.crash(0);
    expect(s.disk.range(tableNames.acks, { limit: 10 }).length, `after ${kept} batches`).toBe(kept === 0 ? 0 : 2);
    s.world.queues.close();
    s.clock.advance(2_000);
    s.crash(0);
    s.pass(0);
    expect(s.stats("q"), `after ${kept} batches`).toMatchObject({ messages: 0, delayed: 0, bytes: 0 });
    expect(s.stats("dead").messages, `after ${kept} batches`).toBe(0);
    expect(s.disk.range(tableNames.acks, { limit: 1 }), `after ${kept} batches`).toEqual([]);
    s.clock.advance(60_000);
    expect(s.disk.waiting, `after ${kept} batches`).toBe(0); // nothing is tried again and again
  }
});

it("leaves no row behind where another that it waits for is not done, either, while it is on its way out", () => {
  const s = new Stepping();
  s.create("dead");
  s.create("q", { maxReceives: 1, deadLetter: "dead", visibilityMs: 100 });
  for (const id of ["a", "b"]) s.send("q", { id });
  s.send("q", { id: "last", after: ["a", "b"] });
  const receipts = s.receive("q");
  s.pass(60); // their leases are on the disk
  s.begin("q", { op: "release", receipts: receipts.slice(0, 1) });
  for (const _batch of ["released", "dead"]) s.disk.commit(1);
  expect(s.look("dead").messages).toBe(1);
  s.crash(0);
  s.clock.advance(40); // that of "b" is over
  s.pass(0);
  expect([s.stats("q").messages, s.stats("dead").messages]).toEqual([0, 3]);
  expect(s.disk.range(tableNames.acks, { limit: 1 })).toEqual([]);
});
