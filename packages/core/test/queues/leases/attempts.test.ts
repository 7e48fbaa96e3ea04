/** Receives that are asked again by whoever has not heard the answer. */
import { describe, expect, test } from "vitest";
import type { ReceivedMessage } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

const minuteMs = 60_000;

function world(w: QueueWorld = new QueueWorld(), more: object = {}): QueueWorld {
  w.create("q", { visibilityMs: 1_000, ...more });
  return w;
}

function attempt(w: QueueWorld, name: string, more: object = {}): readonly ReceivedMessage[] {
  return w.do<"receive">("q", { op: "receive", max: 2, waitMs: 0, attempt: name, ...more });
}

const receipts = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ receipt }) => receipt);

describe.each(["memory", "store"])("an attempt at a queue in %s", (where) => {
  const begun = (more: object = {}): QueueWorld =>
    world(where === "store" ? new QueueWorld({ disk: new Disk() }) : new QueueWorld(), more);

  test("that is made again gets the same messages with the same receipts, and their leases begin anew (A1)", () => {
    const w = begun();
    for (let sent = 0; sent < 5; sent++) w.send("q");
    const first = attempt(w, "one");
    const other = attempt(w, "two");
    w.clock.advance(900);
    const again = attempt(w, "one");
    expect(again).toEqual(first);
    expect(receipts(other)).not.toContain(receipts(first)[0]);
    expect(w.stats("q")).toMatchObject({ received: 4, leased: 4 });
    w.clock.advance(900);
    for (const receipt of receipts(first)) w.ack("q", receipt);
    expect(() => {
      w.ack("q", receipts(other)[0] ?? "");
    }).toThrow(/expired/);
  });

  test("that is made again ends no lease sooner that was extended meanwhile (A1)", () => {
    const w = begun();
    w.send("q");
    const [message] = attempt(w, "one");
    w.do<"extend">("q", { op: "extend", receipts: [message!.receipt], visibilityMs: 5_000 });
    expect(attempt(w, "one")).toHaveLength(1);
    w.clock.advance(4_000);
    w.ack("q", message!.receipt);
    expect(w.stats("q").acknowledged).toBe(1);
  });

  test("gets what of that it still has, and others once that is nothing (A1)", () => {
    const w = begun();
    for (const id of ["a", "b", "c", "d"]) w.send("q", { id });
    const [a, b] = attempt(w, "one");
    w.ack("q", a!.receipt);
    expect(attempt(w, "one")).toEqual([b]);
    w.ack("q", b!.receipt);
    expect(attempt(w, "one").map(({ id }) => id)).toEqual(["c", "d"]);
    w.clock.advance(1_000); // both have expired
    const [c, d] = w.receive("q", 2);
    expect(attempt(w, "one")).toEqual([]); // they are another receiver's
    expect([c, d].map((one) => one?.receives)).toEqual([2, 2]);
  });

  test("that is given up gives back what it has got, uncounted, and waits no longer (A4)", () => {
    const w = begun();
    for (const id of ["a", "b", "c"]) w.send("q", { id });
    const [a, b] = attempt(w, "one");
    w.ack("q", a!.receipt);
    const giveUp = { op: "release", receipts: [], delayMs: 0, uncounted: true, attempt: "one" } as const;
    expect(w.do<"release">("q", giveUp)).toEqual([{ kind: "done" }]);
    expect(w.do<"release">("q", giveUp)).toEqual([]);
    expect(() => {
      w.ack("q", b!.receipt);
    }).toThrow(/released/);
    expect(w.receive("q", 3).map(({ id, receives }) => [id, receives])).toEqual([
      ["b", 1],
      ["c", 1],
    ]);
    const waiting = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 1_000, attempt: "one" });
    expect(w.stats("q").waiting).toBe(1);
    w.do<"release">("q", giveUp);
    expect(w.stats("q").waiting).toBe(0);
    expect(waiting.end).toEqual({ kind: "done", value: [] });
  });

  test("is remembered for five minutes", () => {
    const w = begun({ visibilityMs: 30 * minuteMs });
    for (let sent = 0; sent < 9; sent++) w.send("q");
    const first = attempt(w, "one");
    w.clock.advance(5 * minuteMs - 1);
    expect(attempt(w, "one")).toEqual(first);
    w.clock.advance(1);
    const then = attempt(w, "one");
    expect(receipts(then)).not.toContain(receipts(first)[0]);
    expect(then).toHaveLength(2);
  });
});

test("attempts of a subscription are its own", () => {
  const w = world(new QueueWorld(), { guarantee: { kind: "broadcast" } });
  for (const name of ["x", "y"]) w.do<"subscribe">("q", { op: "subscribe", name });
  w.send("q", { id: "a" });
  const [x] = attempt(w, "one", { subscription: "x" });
  const [y] = attempt(w, "one", { subscription: "y" });
  expect(x?.receipt).not.toBe(y?.receipt);
  expect(attempt(w, "one", { subscription: "x" })).toEqual([x]);
});

test("an attempt waits once: who asks again takes the place of who has gone, and is asked again gets what came (A2)", () => {
  const w = world();
  const wish = { op: "receive", max: 1, waitMs: 20_000, attempt: "one" } as const;
  const gone = w.begin<"receive">("q", wish);
  const again = w.begin<"receive">("q", wish);
  expect(gone.end).toEqual({ kind: "done", value: [] });
  expect(w.stats("q").waiting).toBe(1);
  w.send("q", { id: "a" });
  expect(again.end).toMatchObject({ value: [{ id: "a" }] });
  const lost = again.end?.kind === "done" ? again.end.value : [];
  expect(attempt(w, "one")).toEqual(lost);
  w.do<"purge">("q", { op: "purge" });
  const cancelled = w.begin<"receive">("q", wish);
  cancelled.cancel();
  const last = w.begin<"receive">("q", wish);
  expect(w.stats("q").waiting).toBe(1);
  last.cancel();
  expect(w.stats("q").waiting).toBe(0);
});

test("of a FIFO group an attempt gets what has not gone back", () => {
  const w = world(new QueueWorld(), { order: "fifo" });
  for (const id of ["a", "b", "c"]) w.send("q", { id, group: "g" });
  const all = attempt(w, "one", { max: 3 });
  w.do<"release">("q", { op: "release", receipts: [all[1]!.receipt] });
  expect(attempt(w, "one", { max: 3 })).toEqual(all.slice(0, 1));
});

test("no more messages of attempts are remembered than are allowed: the oldest are forgotten (A3)", () => {
  const w = world(new QueueWorld({ limits: { attemptMessagesMax: 4 } }));
  for (let sent = 0; sent < 9; sent++) w.send("q");
  const [one, two, three] = ["one", "two", "three"].map((name) => attempt(w, name));
  expect(attempt(w, "two")).toEqual(two);
  expect(attempt(w, "three")).toEqual(three);
  expect(receipts(attempt(w, "one"))).not.toContain(receipts(one ?? [])[0]);
  expect(() => attempt(w, "x".repeat(257))).toThrow(/256/);
});

test("a lease that began anew is that on the disk, too: after a crash it ends when it was told to (A1)", () => {
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
  w.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1) }] });
  disk.commitAll();
  const [first] = attempt(w, "one");
  clock.advance(800);
  disk.commitAll();
  attempt(w, "one");
  clock.advance(100);
  disk.commitAll();
  disk.crash(0);
  w.queues.close();
  const after = start(2);
  clock.advance(800); // 100 ms are left
  expect(after.receive("q")).toEqual([]);
  clock.advance(100);
  const again = after.receive("q");
  expect(again).toMatchObject([{ receives: 2 }]);
  expect(again[0]?.receipt).not.toBe(first?.receipt);
});

test("a message that is released after its receive was asked again is nobody's, also after a crash", () => {
  const s = new Stepping();
  s.create("q", { visibilityMs: 30_000 });
  s.send("q");
  const receive = { op: "receive", max: 1, waitMs: 0, attempt: "one" } as const;
  const [message] = s.do<"receive">("q", receive);
  s.pass(30); // it is about to be written
  s.do<"receive">("q", receive);
  s.do("q", { op: "release", receipts: receipts(message === undefined ? [] : [message]) });
  s.pass(100);
  s.crash(0);
  expect(s.look("q")).toMatchObject({ available: 1, leased: 0 });
});

test("a receive that is asked again holds for as long as it says, though the lease was to end earlier just before (A1)", () => {
  const s = new Stepping();
  s.create("q", { visibilityMs: 60_000 });
  s.send("q");
  const receive = { op: "receive", max: 1, waitMs: 0, attempt: "one" } as const;
  const first = s.do<"receive">("q", receive);
  s.begin("q", { op: "extend", receipts: receipts(first), visibilityMs: 1_000 });
  expect(receipts(s.do<"receive">("q", receive))).toEqual(receipts(first));
  s.pass(59_999);
  expect(s.receive("q")).toEqual([]);
  s.pass(1);
  expect(s.receive("q")).toHaveLength(1);
});
