/** Messages with the same idempotency key: one is leased at a time in one subscription. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { QueueSettings, ReceivedMessage } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Disk, QueueWorld } from "../support.js";

const ids = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ id }) => id);

function world(settings: Partial<QueueSettings> = {}): QueueWorld {
  const w = new QueueWorld();
  w.create("q", { visibilityMs: 1_000, ...settings });
  return w;
}

function send(w: QueueWorld, id: string, more: object = {}): void {
  w.send("q", { id, idempotencyKey: id.slice(0, 1), ...more });
}

describe("of messages with the same key", () => {
  test("the second waits until the first is acknowledged, and is done then (K1)", () => {
    const w = world();
    for (const id of ["k1", "k2", "m1", "k3"]) send(w, id);
    const [first] = w.receive("q", 9);
    expect(w.stats("q")).toMatchObject({ leased: 2, delayed: 2, available: 0 });
    const waiting = w.begin<"receive">("q", { op: "receive", max: 9, waitMs: 20_000 });
    w.ack("q", first!.receipt);
    w.clock.advance(0);
    expect(waiting.end).toBeUndefined();
    expect(w.stats("q")).toMatchObject({ messages: 1, leased: 1, acknowledged: 3, repeated: 2 });
  });

  test("the second is given to who waits the moment that the first is back, or its lease has expired (K2)", () => {
    for (const how of ["released", "expired", "dead", "purged"]) {
      const w = world(how === "dead" ? { maxReceives: 1, deadLetter: "dead" } : {});
      if (how === "dead") w.create("dead");
      for (const id of ["k1", "k2"]) send(w, id);
      const [first] = w.receive("q", 9);
      const waiting = w.begin<"receive">("q", { op: "receive", max: 9, waitMs: 20_000 });
      if (how === "expired") w.clock.advance(1_000);
      else if (how === "purged") {
        w.do<"purge">("q", { op: "purge" });
        send(w, "k3");
      } else w.do<"release">("q", { op: "release", receipts: [first!.receipt], delayMs: how === "dead" ? 0 : 500 });
      w.clock.advance(0);
      const expected = { expired: "k1", released: "k2", dead: "k2", purged: "k3" }[how];
      expect(waiting.end, how).toMatchObject({ value: [{ id: expected, receives: how === "expired" ? 2 : 1 }] });
    }
  });

  test("one that is done when another receiver's turn comes serves nobody twice", () => {
    const w = world();
    send(w, "k1");
    w.ack("q", w.receive("q")[0]!.receipt);
    const waiting = w.begin<"receive">("q", { op: "receive", max: 9, waitMs: 20_000 });
    const body = Uint8Array.of(1);
    const messages = [
      { id: "a", body },
      { id: "k2", idempotencyKey: "k", body },
      { id: "b", body },
    ];
    w.do<"send">("q", { op: "send", messages });
    expect(waiting.end).toMatchObject({ value: [{ id: "a" }, { id: "b" }] });
  });

  test("each subscription has one, and no subscription waits for another", () => {
    const w = world({ guarantee: { kind: "broadcast" } });
    for (const name of ["x", "y"]) w.do<"subscribe">("q", { op: "subscribe", name });
    for (const id of ["k1", "k2"]) send(w, id);
    expect(ids(w.receive("q", 9, { subscription: "x" }))).toEqual(["k1"]);
    expect(ids(w.receive("q", 9, { subscription: "y" }))).toEqual(["k1"]);
  });

  test("one that waits in a FIFO group keeps back what is behind it, and nothing in other groups", () => {
    const w = world({ order: "fifo" });
    send(w, "k1", { group: "a" });
    send(w, "k2", { group: "b" });
    send(w, "m1", { group: "b" });
    send(w, "n1", { group: "c" });
    const all = w.receive("q", 9);
    expect(ids(all)).toEqual(["k1", "n1"]);
    w.ack("q", all[0]!.receipt);
    w.clock.advance(0);
    expect(ids(w.receive("q", 9))).toEqual(["m1"]);
    const same = world({ order: "fifo" });
    for (const id of ["k1", "k2", "m1"]) send(same, id, { group: "a" });
    expect(ids(same.receive("q", 9))).toEqual(["k1"]);
  });

  test("the oldest is called: in a FIFO group one behind another that waits could not come (K2, K3)", () => {
    const w = world({ order: "fifo" });
    send(w, "k1", { group: "a" });
    send(w, "k2", { group: "b" });
    send(w, "k3", { group: "a" });
    for (const delayMs of [0, 10]) {
      const held = w.receive("q", 9);
      w.do<"release">("q", { op: "release", receipts: held.map(({ receipt }) => receipt), delayMs });
      w.clock.advance(0);
    }
    const held = w.receive("q", 9);
    w.clock.advance(10);
    expect(w.receive("q", 9)).toEqual([]);
    for (const { receipt } of held) w.ack("q", receipt);
    for (let round = 0; round < 9; round++) {
      w.clock.advance(0);
      for (const { receipt } of w.receive("q", 9)) w.ack("q", receipt);
    }
    expect(w.stats("q").messages).toBe(0);
  });

  test("what waits after its lease has expired is written down with a number, and comes after a restart", () => {
    const disk = new Disk();
    const w = new QueueWorld({ disk });
    w.create("q", { visibilityMs: 1_000, retry: { baseMs: 5, maxMs: 5, jitter: false } });
    for (const id of ["k1", "k2"]) send(w, id);
    disk.flush();
    w.receive("q", 1, { visibilityMs: 10 });
    w.clock.advance(10);
    expect(ids(w.receive("q", 1))).toEqual(["k2"]);
    w.clock.advance(5);
    expect(w.receive("q", 1)).toEqual([]);
    w.clock.advance(100);
    disk.flush();
    expect(w.stats("q")).toMatchObject({ leased: 1, delayed: 1 });
  });

  test("those that wait expire, make room and are withdrawn like others, and the next is called in their place (K2)", () => {
    const w = world();
    send(w, "k1");
    send(w, "k2", { ttlMs: 100 });
    for (const id of ["k3", "k4"]) send(w, id);
    const [first] = w.receive("q", 9);
    w.clock.advance(100);
    expect(w.do<"withdraw">("q", { op: "withdraw", id: "k3" })).toBe(true);
    expect(w.stats("q")).toMatchObject({ messages: 2, expired: 1, delayed: 1 });
    w.do<"release">("q", { op: "release", receipts: [first!.receipt], delayMs: 500 });
    w.clock.advance(0);
    expect(ids(w.receive("q", 9))).toEqual(["k4"]);
  });

  test("one that was called, and leaves before it is received, calls the next (K2)", () => {
    const w = world();
    for (const id of ["k1", "k2", "k3"]) send(w, id);
    const [first] = w.receive("q", 9);
    w.do<"release">("q", { op: "release", receipts: [first!.receipt], delayMs: 50_000 });
    w.clock.advance(0);
    const waiting = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 0 }); // k2
    w.do<"withdraw">("q", { op: "withdraw", id: "k2" });
    expect(waiting.end).toMatchObject({ value: [{ id: "k2" }] });
    const second = world();
    for (const id of ["k1", "k2", "k3"]) send(second, id);
    const [one] = second.receive("q", 9);
    second.do<"release">("q", { op: "release", receipts: [one!.receipt], delayMs: 50_000 });
    second.do<"withdraw">("q", { op: "withdraw", id: "k2" });
    second.clock.advance(0);
    expect(ids(second.receive("q", 9))).toEqual(["k3"]);
  });

  test("the one whose lease is on the disk has the key after a crash, too", () => {
    const disk = new StepDisk();
    const clock = new Clock();
    const start = (seed: number): QueueWorld => {
      const w = new QueueWorld({ store: disk, clock, seed });
      disk.owner = w;
      return w;
    };
    const w = start(1);
    w.queues.create("q", { durable: true, visibilityMs: 1_000 }, () => undefined, 0);
    disk.commitAll();
    const messages = ["k1", "k2"].map((id) => ({ id, idempotencyKey: "k", body: Uint8Array.of(1) }));
    w.begin<"send">("q", { op: "send", messages });
    disk.commitAll();
    w.receive("q", 9);
    clock.advance(100);
    disk.commitAll();
    disk.crash(0);
    w.queues.close();
    const after = start(2);
    expect(after.receive("q", 9)).toEqual([]);
    clock.advance(1_000);
    expect(ids(after.receive("q", 9))).toEqual(["k1"]);
  });

  test("the second waits on while the acknowledgement of the first is on its way, whatever the disk says to it", () => {
    const disk = new StepDisk();
    const w = new QueueWorld({ store: disk });
    disk.owner = w;
    w.queues.create("q", { durable: true, visibilityMs: 1_000 }, () => undefined, 0);
    disk.commitAll();
    const messages = ["k1", "k2"].map((id) => ({ id, idempotencyKey: "k", body: Uint8Array.of(1) }));
    w.begin<"send">("q", { op: "send", messages });
    disk.commitAll();
    const [first] = w.receive("q", 9);
    const ack = (): void => {
      w.begin<"ack">("q", { op: "ack", receipts: [first!.receipt] });
    };
    ack();
    expect(w.receive("q", 9)).toEqual([]);
    disk.refuse();
    w.clock.advance(0);
    expect(w.receive("q", 9)).toEqual([]);
    ack();
    disk.commitAll();
    w.clock.advance(0);
    expect(w.receive("q", 9)).toEqual([]);
    disk.commitAll();
    expect(w.stats("q")).toMatchObject({ messages: 0, acknowledged: 2, repeated: 1 });
  });
});

type Step =
  | { do: "send"; key: string | undefined; group: string; ttlMs: number }
  | { do: "receive"; max: number; waits: boolean }
  | { do: "ack" | "release" | "withdraw"; of: number }
  | { do: "advance"; ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("send" as const),
        key: fc.constantFrom("k", "k", "l", undefined),
        group: fc.constantFrom("a", "b"),
        ttlMs: fc.constantFrom(100_000, 100_000, 40),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("receive" as const),
        max: fc.integer({ min: 1, max: 3 }),
        waits: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("ack" as const, "release" as const, "withdraw" as const),
        of: fc.nat(9),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 60 }) }) },
  ),
  { maxLength: 50, size: "max" },
);

test.each<Partial<QueueSettings>>([
  { order: "standard" },
  { order: "fifo" },
  { order: "priority", keyWindowMs: 0 },
  { order: "fifo", maxReceives: 2, deadLetter: "dead", messagesMax: 5, overflow: "drop-oldest" },
])("whatever happens when, no two of a key are leased, and none waits in vain (K1, K2): %o", (settings) => {
  fc.assert(
    fc.property(steps, fc.boolean(), (history, isDurable) => {
      const w = isDurable ? new QueueWorld({ disk: new Disk() }) : new QueueWorld();
      w.create("dead");
      w.create("q", { visibilityMs: 50, ...settings });
      const keys = new Map<string, string | undefined>();
      const given: ReceivedMessage[] = [];
      const look = (): void => {
        w.disk?.flush();
        w.clock.advance(0);
        const leased = w.do<"browse">("q", { op: "browse", limit: 100, state: "leased" });
        const held = leased.map(({ id }) => keys.get(id)).filter((key) => key !== undefined);
        expect(held, "leased at the same time").toHaveLength(new Set(held).size);
        const { waiting, available } = w.stats("q");
        if (settings.order !== "fifo") expect(Math.min(waiting, available), "a lost wake-up").toBe(0);
      };
      for (const step of history) {
        switch (step.do) {
          case "send": {
            const { key, group, ttlMs } = step;
            try {
              keys.set(w.send("q", { group, ttlMs, ...(key !== undefined && { idempotencyKey: key }) }), key);
            } catch (error) {
              expect(error).toMatchObject({ code: "overloaded" }); // all are leased: none can make room
            }
            break;
          }
          case "receive": {
            const waitMs = step.waits ? 200 : 0;
            const { end } = w.begin<"receive">("q", { op: "receive", max: step.max, waitMs });
            if (end?.kind === "done") given.push(...end.value);
            break;
          }
          case "advance":
            w.clock.advance(step.ms);
            break;
          case "withdraw": {
            const [id] = [...keys.keys()].slice(-1 - step.of);
            if (id !== undefined) w.do<"withdraw">("q", { op: "withdraw", id });
            break;
          }
          default: {
            const [one] = given.slice(-1 - step.of);
            if (one !== undefined) w.do<"ack">("q", { op: step.do as "ack", receipts: [one.receipt] });
          }
        }
        look();
      }
      for (let round = 0; round < 60 && w.stats("q").messages > 0; round++) {
        w.clock.advance(60);
        w.disk?.flush();
        for (const { receipt } of w.receive("q", 9)) w.ack("q", receipt);
      }
      expect(w.stats("q").messages).toBe(0);
    }),
    { numRuns: 60 },
  );
});
