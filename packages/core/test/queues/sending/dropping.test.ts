import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueEnd, QueueSettings } from "../../../src/queues/index.js";
import { tableNames } from "../../../src/queues/store/tables.js";
import { Stepping } from "../stepping.js";
import { type Ended, QueueWorld } from "../support.js";

const full: Partial<QueueSettings> = { overflow: "drop-oldest" };

function begun(s: Stepping, ...ids: readonly string[]): Ended<"send"> {
  return s.begin("q", { op: "send", messages: ids.map((id) => ({ id, body: Uint8Array.of(1) })) });
}

function there(s: Stepping, queue: string = "q"): readonly string[] {
  return s.world.do<"browse">(queue, { op: "browse", limit: 1_000 }).map(({ id }) => id);
}

function kindsOf(end: QueueEnd<"send"> | undefined): readonly string[] {
  return end?.kind === "done" ? end.value.map(({ kind }) => kind) : [];
}

const named = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `m${from + at}`);

describe("a burst to a queue that drops the oldest", () => {
  it("leaves the newest, and all of it was taken (R1, R2)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 100 });
    const sends = named(0, 200).map((id) => begun(s, id));
    for (const send of sends) {
      s.disk.commit(1);
      expect(kindsOf(send.end)).toEqual(["done"]);
      expect(s.look("q").messages).toBeLessThanOrEqual(100);
      expect(s.disk.range(tableNames.messages, { limit: 1_000 }).length).toBeLessThanOrEqual(100);
    }
    s.disk.commitAll();
    expect(there(s)).toEqual(named(100, 200));
    expect(s.stats("q")).toMatchObject({ sent: 200, dropped: 100, messages: 100 });
    s.crash(0);
    expect(there(s)).toEqual(named(100, 200));
  });

  it.each(["in memory", "on a disk"])("does so in a single send, %s (R1)", (where) => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 100, durable: where === "on a disk" });
    const send = s.done(begun(s, ...named(0, 250)));
    expect(new Set(kindsOf(send.end))).toEqual(new Set(["done"]));
    expect(there(s)).toEqual(named(150, 250));
    expect(s.stats("q")).toMatchObject({ sent: 250, dropped: 150, messages: 100 });
  });

  it("makes room by bytes, too (R1)", () => {
    const s = new Stepping();
    s.create("q", { ...full, bytesMax: 10_000 });
    const sends = named(0, 30).map((id) =>
      s.begin<"send">("q", { op: "send", messages: [{ id, body: new Uint8Array(900) }] }),
    );
    s.disk.commitAll();
    for (const { end } of sends) expect(kindsOf(end)).toEqual(["done"]);
    expect(there(s)).toEqual(named(20, 30));
  });

  it("leaves what is leased, and what waits for others (R1)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 3 });
    s.send("q", { id: "leased" });
    expect(s.receive("q")).toHaveLength(1);
    s.begin<"send">("q", { op: "send", messages: [{ id: "waits", body: Uint8Array.of(1), after: ["leased"] }] });
    const sends = named(0, 4).map((id) => begun(s, id));
    s.disk.commitAll();
    for (const { end } of sends) expect(kindsOf(end)).toEqual(["done"]);
    expect(there(s)).toEqual(["leased", "waits", "m3"]);
  });

  it("drops the oldest also where that could not go before: it was waiting, or leased by one of two (R1)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 3 });
    s.send("q", { id: "leased" });
    const receipts = s.receive("q");
    s.send("q", { id: "waits", after: ["leased"] });
    for (const id of named(0, 2)) s.send("q", { id });
    s.do("q", { op: "ack", receipts });
    for (const id of named(2, 4)) s.send("q", { id });
    expect(there(s)).toEqual(["m1", "m2", "m3"]);
    s.create("both", { ...full, messagesMax: 2, guarantee: { kind: "broadcast" } }, ["fast", "slow"]);
    s.send("both", { id: "first" });
    const fast = s.receive("both", "fast");
    for (const id of named(0, 2)) s.send("both", { id }); // the first stays: it is leased
    s.do("both", { op: "ack", receipts: fast });
    s.send("both", { id: "last" });
    expect(there(s, "both")).toEqual(["m1", "last"]);
  });

  it("drops what one subscription has done and another one does not come for (R1)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 2, guarantee: { kind: "broadcast" } }, ["fast", "gone"]);
    for (const id of named(0, 6)) {
      expect(kindsOf(s.done(begun(s, id)).end)).toEqual(["done"]);
      s.do("q", { op: "ack", receipts: s.receive("q", "fast") });
    }
    expect(there(s)).toEqual(named(4, 6));
    expect(s.receive("q", "gone")).toHaveLength(2);
    s.crash(0);
    expect(there(s)).toEqual(named(4, 6));
  });

  it("drops nothing twice that a subscription had which is just ending: there would be too much (R2)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 4, guarantee: { kind: "broadcast" } }, ["a", "b"]);
    for (const id of named(0, 3)) s.send("q", { id });
    const [first = "", ...others] = s.receive("q", "b");
    s.do("q", { op: "ack", receipts: [first] });
    s.do("q", { op: "release", receipts: others, delayMs: 0 });
    s.begin("q", { op: "unsubscribe", name: "a" });
    begun(s, "m3");
    s.disk.commit(1); // "a" is gone; what it had goes behind what is on its way
    const two = begun(s, "m4", "m5");
    expect(kindsOf(s.done(two).end)).toEqual(["done", "done"]);
    expect(there(s)).toEqual(named(2, 6));
  });

  it("leaves what all of its subscriptions have given up, and is to be a dead letter (R1)", () => {
    const s = new Stepping();
    s.create("dead", { messagesMax: 1 });
    s.send("dead");
    const quorum = { guarantee: { kind: "quorum", needed: 1 }, maxReceives: 1, deadLetter: "dead" } as const;
    s.create("q", { ...full, ...quorum, messagesMax: 1 }, ["a", "b"]);
    s.send("q", { id: "failed" });
    s.refuse("q", ["a", "b"]);
    const { end } = s.done(begun(s, "next"));
    expect(kindsOf(end)).toEqual(["refused"]);
    s.do("dead", { op: "purge" });
    s.pass(2_000);
    expect(there(s, "dead")).toEqual(["failed"]);
    expect(s.stats("q")).toMatchObject({ messages: 0, dropped: 0, deadLettered: 1 });
  });

  it("is given to nobody where its room was taken, and comes again where it was not after all (R2, R3)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 1, delayMs: 0 });
    begun(s, "first");
    s.begin<"send">("q", { op: "send", messages: [{ id: "second", body: Uint8Array.of(1), delayMs: 500 }] });
    begun(s, "third");
    s.disk.commit(1);
    expect(s.receive("q")).toEqual([]);
    s.disk.commit(1);
    expect(s.look("q")).toMatchObject({ messages: 1, delayed: 1, dropped: 1 });
    s.disk.refuse(); // the third
    s.clock.advance(499);
    expect(s.receive("q")).toEqual([]);
    s.clock.advance(1);
    expect(s.receive("q")).toHaveLength(1);
    expect(there(s)).toEqual(["second"]);
  });

  it("is gone at once where the one that had its room is refused, and the room was given on (R3)", () => {
    const s = new Stepping();
    s.create("q", { ...full, messagesMax: 1 });
    s.send("q", { id: "first" });
    begun(s, "second");
    begun(s, "third");
    s.disk.refuse();
    expect(there(s)).toEqual([]);
    s.disk.commit(1);
    expect(there(s)).toEqual(["third"]);
    s.crash(0); // before the first has left the disk
    expect(there(s)).toEqual(["third"]); // (R4)
    s.disk.commitAll();
    expect(s.disk.range(tableNames.messages, { limit: 10 })).toHaveLength(1);
  });
});

it("a send that can have no room leaves all as it was, also where there is too much since less was allowed", () => {
  const s = new Stepping();
  s.create("q", { ...full, messagesMax: 5 });
  for (const id of named(0, 5)) s.send("q", { id });
  s.begin<"receive">("q", { op: "receive", max: 3, waitMs: 0 });
  s.do("q", { op: "update", settings: { messagesMax: 2 } });
  const { end } = s.done(begun(s, "late"));
  expect(end).toMatchObject({ kind: "done", value: [{ kind: "refused", error: { code: "overloaded" } }] });
  expect(there(s)).toEqual(named(0, 5));
});

it("what a refused send of several was to drop is all there (R3)", () => {
  const s = new Stepping();
  s.create("q", { ...full, messagesMax: 3 });
  for (const id of named(0, 3)) s.send("q", { id });
  begun(s, ...named(3, 12));
  s.disk.refuse();
  expect(there(s)).toEqual(named(0, 3));
  expect(s.receive("q")).toHaveLength(3);
  expect(s.look("q")).toMatchObject({ messages: 3, dropped: 0 });
});

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        messages: fc.integer({ min: 1, max: 4 }),
        bytes: fc.constantFrom(1, 1, 100, 3_000),
        delayMs: fc.constantFrom(0, 0, 40),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("commit" as const), batches: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 2, arbitrary: fc.constant({ do: "receive" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), kept: fc.integer({ min: 0, max: 3 }) }) },
  ),
  { maxLength: 50, size: "max" },
);

it("there is never too much in such a queue, and its room is that of what is there, whatever crashes and is refused (R2, R3, R4)", () => {
  fc.assert(
    fc.property(steps, fc.constantFrom("standard" as const, "fifo" as const), (history, order) => {
      const messagesMax = 3;
      const s = new Stepping();
      s.create("q", { ...full, messagesMax, order, visibilityMs: 30, bytesMax: 5_000 });
      const bounded = (): void => {
        const { messages, bytes, available, delayed, leased } = s.look("q");
        expect(messages).toBeLessThanOrEqual(messagesMax);
        expect(bytes).toBeLessThanOrEqual(5_000);
        expect(available + delayed + leased).toBe(messages);
      };
      for (const step of history) {
        switch (step.do) {
          case "send": {
            const { bytes, delayMs } = step;
            const messages = Array.from({ length: step.messages }, () => ({ body: new Uint8Array(bytes), delayMs }));
            s.begin<"send">("q", { op: "send", messages });
            break;
          }
          case "commit":
            for (let batch = 0; batch < step.batches; batch++) {
              s.disk.commit(1);
              bounded();
            }
            break;
          case "refuse":
            s.disk.refuse();
            break;
          case "receive":
            s.receive("q");
            break;
          case "pass":
            s.clock.advance(step.ms);
            break;
          case "purge":
            s.begin<"purge">("q", { op: "purge" });
            break;
          case "crash":
            s.crash(step.kept);
            break;
        }
        bounded();
      }
      s.pass(200); // no lease is left
      bounded();
      const rows = s.disk.range(tableNames.messages, { limit: 100 }).length - s.look("q").messages;
      expect(rows).toBeGreaterThanOrEqual(0);
      expect(rows).toBeLessThanOrEqual(history.filter((step) => step.do === "refuse").length); // what was to be deleted then
      const sends = named(0, 5).map((id) => begun(s, id));
      s.disk.commitAll();
      for (const { end } of sends) expect(kindsOf(end)).toEqual(["done"]); // there is room for all of them, one by one
      expect(there(s)).toEqual(named(2, 5));
      s.do("q", { op: "purge" });
      expect(s.look("q")).toMatchObject({ messages: 0, bytes: 0 });
    }),
    { numRuns: 300 },
  );
});

it("a send that is too large as a whole leaves what others have on their way as it was (R3)", () => {
  const w = new QueueWorld({ limits: { sendBytesMax: 1_500 } });
  w.create("q", { ...full, messagesMax: 2 });
  for (const id of ["a", "b"]) w.send("q", { id });
  expect(() =>
    w.do<"send">("q", { op: "send", messages: [0, 0, 0, 0].map(() => ({ body: new Uint8Array(600) })) }),
  ).toThrow(/send less at once/);
  expect(w.receive("q", 10).map(({ id }) => id)).toEqual(["a", "b"]);
});
