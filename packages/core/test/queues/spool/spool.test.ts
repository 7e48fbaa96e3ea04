import { expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Courier, SendEnd } from "../../../src/queues/index.js";
import type { SpooledChoice } from "../../../src/queues/spool/spool.js";
import { Clock } from "../../support/clock.js";
import { StepDisk } from "../step-disk.js";
import { Disk, QueueWorld } from "../support.js";
import { Pair } from "./pair.js";

const lost = new MpregError("node-lost", "the link broke", { outcome: "unknown" });

test("what is refused for good is set aside, listed, and stays over a restart; what is behind it goes on (L3)", () => {
  const pair = new Pair({ messageBytesMax: 10 });
  pair.spool(1, 100, 2);
  pair.carry();
  expect(pair.bodies()).toEqual([1, 2]);
  const listed = {
    queue: "q",
    messages: 0,
    refused: 1,
    refusals: [{ error: expect.stringMatching(/5000 bytes/) as string }],
  };
  expect(pair.near.queues.spooling.list()).toMatchObject([listed]);
  pair.near.queues.close();
  expect(pair.startNear().queues.spooling.list()).toMatchObject([listed]);
});

test("what others keep for a queue is told with its figures, as far as they have told; what nobody has told is not none", () => {
  const pair = new Pair({ messagesMax: 2 });
  expect(pair.far.stats("q").spooled).toBeUndefined();
  pair.spool(1, 2, 3, 4, 5);
  pair.carry();
  expect(pair.far.stats("q")).toMatchObject({ messages: 2, spooled: 3 });
  pair.far.do("q", { op: "update", settings: { messagesMax: 100, messageBytesMax: 10 } });
  pair.spool(100); // too large: it will be set aside
  pair.clock.advance(60_000);
  pair.carry();
  expect(pair.far.stats("q")).toMatchObject({ messages: 5, spooled: 1 });
  pair.near.queues.spooling.settle("discard", all, () => undefined, pair.clock.nowMs);
  pair.disks.near.flush();
  for (let round = 0; round < 3; round++) {
    pair.clock.advance(60_000);
    pair.carry();
  }
  expect(pair.far.stats("q").spooled).toBe(0);
});

const all: SpooledChoice = { queue: undefined, ids: undefined, allows: () => true };

/** How many were settled. */
function settle(pair: Pair, verdict: "retry" | "discard", choice: Partial<SpooledChoice> = {}) {
  let count = -1;
  const end = (settled: number, error: MpregError | undefined): void => {
    if (error !== undefined) throw error;
    count = settled;
  };
  pair.near.queues.spooling.settle(verdict, { ...all, ...choice }, end, pair.clock.nowMs);
  pair.disks.near.flush();
  pair.clock.advance(0);
  return count;
}

test("what was set aside is tried again behind what waits, or thrown away, by id, by queue or all (A1, A3)", () => {
  const pair = new Pair({ messageBytesMax: 10 });
  pair.spool(100, 101, 102, 1);
  pair.carry();
  const [first, second] = pair.near.queues.spooling.list()[0]!.refusals.map(({ id }) => id);
  expect(settle(pair, "retry", { queue: "other" })).toBe(0);
  expect(settle(pair, "retry", { allows: () => false })).toBe(0);
  expect(settle(pair, "discard", { ids: new Set([first!, "nobody's"]) })).toBe(1);
  expect(settle(pair, "retry", { ids: new Set([second!]) })).toBe(1);
  pair.carry(); // refused again
  expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 0, refused: 2 }]);
  pair.far.do("q", { op: "update", settings: { messageBytesMax: 10_000 } });
  pair.near.queues.close();
  pair.clock.advance(1_000);
  pair.startNear();
  pair.near.queues.spooling.settle("retry", all, () => undefined, pair.clock.nowMs);
  expect(settle(pair, "retry")).toBe(0); // they are on their way
  pair.spool(2);
  pair.carry();
  expect(pair.bodies().sort()).toEqual([1, 101, 102, 2].sort());
  expect(pair.near.queues.spooling.list()).toEqual([]);
  pair.clock.advance(61_000);
  expect(pair.calls[0]!.transfer).toMatchObject({ over: true }); // and forgotten there
});

const days = 86_400_000;

test("what waits for a queue that no node has is set aside after a week, also over a restart, and tried again only when asked for (L5)", () => {
  const pair = new Pair();
  pair.where = "away";
  pair.spool(1);
  pair.clock.advance(4 * days);
  pair.spool(2);
  pair.near.queues.close();
  pair.startNear();
  pair.clock.advance(3 * days - 1);
  expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 2, refused: 0 }]);
  pair.clock.advance(1);
  pair.disks.near.flush();
  expect(pair.near.queues.spooling.list()).toMatchObject([
    { messages: 1, refused: 1, refusals: [{ error: "it has waited for 7 days, and no node has the queue" }] },
  ]);
  pair.where = "unknown";
  expect(settle(pair, "retry")).toBe(0); // there is nobody to take it
  pair.where = "there";
  pair.near.queues.spooling.wake("q", pair.clock.nowMs);
  pair.clock.advance(0);
  pair.carry();
  expect(pair.bodies()).toEqual([2]);
  expect(settle(pair, "retry")).toBe(1);
  pair.carry();
  expect(pair.bodies()).toEqual([2, 1]);
});

test.each(["taken", "lost"])(
  "a message that was set aside while nobody knew whether it was %s arrives once (A2)",
  (fate) => {
    const pair = new Pair({ ttlMs: 30 * days });
    pair.spool(1, 2);
    const call = pair.calls[0]!;
    if (fate === "taken") pair.ask(call.transfer);
    pair.where = "away";
    pair.fail(lost);
    pair.clock.advance(8 * days);
    pair.disks.near.flush();
    expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 0, refused: 2 }]);
    pair.spool(3);
    pair.near.queues.close();
    pair.startNear();
    pair.where = "there";
    expect(settle(pair, "retry")).toBe(0); // the queue has to be asked first
    pair.near.queues.spooling.wake("q", pair.clock.nowMs);
    pair.clock.advance(0);
    expect(pair.calls[0]!.transfer.messages).toEqual([]);
    pair.carry();
    expect(settle(pair, "retry")).toBe(fate === "taken" ? 0 : 2);
    pair.carry();
    expect(pair.bodies()).toEqual(fate === "taken" ? [1, 2, 3] : [3, 1, 2]);
    expect(pair.near.queues.spooling.list()).toEqual([]);
  },
);

test.each([1, 300])(
  "a store that was put back from an older copy loses nothing, doubles nothing, and tells it: %i messages (L6)",
  (count) => {
    const pair = new Pair({}, { spoolMessagesMax: 10_000 });
    pair.spool(1);
    const old = pair.disks.near.store.range("queue-spool-state", { from: new Uint8Array(1), limit: 1 });
    const row = pair.disks.near.store.range("queue-spool", { from: new Uint8Array(1), limit: 1 });
    pair.carry();
    pair.clock.advance(1);
    pair.near.queues.close();
    pair.startNear();
    for (let body = 0; body < 2; body++) {
      pair.spool(...new Array<number>(150).fill(2));
      pair.carry(); // of numbers that the copy does not know of
    }
    pair.near.queues.close();
    pair.disks.near = new Disk();
    const copied = [
      ...old.map((entry) => ({ kind: "put" as const, table: "queue-spool-state", ...entry })),
      ...row.map((entry) => ({ kind: "put" as const, table: "queue-spool", ...entry })),
    ];
    pair.disks.near.store.write(copied);
    pair.disks.near.flush();
    pair.clock.advance(1_000);
    pair.startNear();
    pair.spool(...new Array<number>(count).fill(3));
    for (let round = 0; round < 10; round++) {
      pair.carry();
      pair.disks.near.flush();
      pair.clock.advance(0);
    }
    const bodies = pair.far.do<"browse">("q", { op: "browse", limit: 1_000 }).map(({ body }) => body[0] as number);
    expect([1, 2, 3].map((body) => bodies.filter((one) => one === body).length)).toEqual([1, 300, count]);
    expect(pair.near.queues.spooling.list()).toEqual([]);
    expect(pair.near.queues.spooling.figures()).toMatchObject({ "spool-refused": count, "spool-retried": count });
  },
);

test("what a store that was put back from an older copy has, and its queue has, too, is off its disk before the queue forgets that (L4, L6)", () => {
  const pair = new Pair();
  pair.spool(1);
  const old = ["queue-spool-state", "queue-spool"].map(
    (table) => [table, pair.disks.near.store.range(table, { from: new Uint8Array(1), limit: 9 })] as const,
  );
  pair.carry();
  pair.near.queues.close();
  pair.startNear();
  pair.spool(2); // of a number that the copy does not know of
  pair.carry();
  pair.near.queues.close();
  pair.disks.near = new Disk();
  pair.disks.near.store.write(
    old.flatMap(([table, rows]) => rows.map((entry) => ({ kind: "put" as const, table, ...entry }))),
  );
  const received: number[] = [];
  for (let run = 0; run < 3; run++) {
    for (const { body, receipt } of pair.far.receive("q", 10)) {
      received.push(body[0]!);
      pair.far.ack("q", receipt);
    }
    pair.disks.near.flush();
    pair.clock.advance(1_000);
    pair.startNear();
    for (let round = 0; round < 3; round++) {
      pair.clock.advance(round * 61_000);
      pair.carry();
    }
    for (const world of [pair.near, pair.far]) world.queues.close();
    pair.startFar();
  }
  expect(received).toEqual([1, 2]);
});

test("what the node of the queue does not take in one call goes in smaller ones; what is too much by itself is set aside, and the rest goes on (L3)", () => {
  const pair = new Pair();
  const most = 6_000;
  const carry = (): void => {
    for (let call = pair.calls[0]; call !== undefined; call = pair.calls[0]) {
      const bytes = call.transfer.messages.reduce((sum, { content }) => sum + content.length, 0);
      if (bytes > most) pair.fail(new MpregError("too-large", `it takes ${bytes} bytes`, { outcome: "not-applied" }));
      else {
        pair.calls.shift();
        call.end({ kind: "answered", answer: pair.ask(call.transfer), nowMs: pair.clock.nowMs });
      }
      pair.disks.near.flush();
      pair.clock.advance(0);
    }
  };
  pair.spool(1, 100, 2, 101, 102, 3);
  carry();
  expect(pair.bodies()).toEqual([1, 100, 2, 101, 102, 3]);
  pair.near.queues.spooling.send("q", [{ body: new Uint8Array(7_000) }], () => undefined, pair.clock.nowMs);
  pair.spool(4, 5);
  carry();
  expect(pair.bodies()).toEqual([1, 100, 2, 101, 102, 3, 4, 5]);
  const refusals = [{ error: expect.stringMatching(/it takes 7\d{3} bytes/) as string }];
  expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 0, refused: 1, refusals }]);
});

test("what is refused for good is a dead letter where the queue has a queue for them", () => {
  const pair = new Pair({ messageBytesMax: 10, maxReceives: 3, deadLetter: "bad" });
  pair.spool(1, 100, 2);
  pair.carry();
  expect([pair.bodies(), pair.bodies("bad"), pair.near.queues.spooling.list()]).toEqual([[1, 2], [100], []]);
  const [letter] = pair.far.do<"browse">("bad", { op: "browse", limit: 1 });
  expect(letter?.deadLetter).toMatchObject({
    queue: "q",
    reason: "refused",
    attempts: 0,
    error: expect.stringMatching(/5000 bytes/) as string,
  });
});

test("what has no room waits, in its order, for longer each time, and goes at once when the queue is seen again (L1, L2)", () => {
  const pair = new Pair({ messagesMax: 2 });
  pair.spool(1, 2, 3, 4);
  pair.carry();
  expect(pair.bodies()).toEqual([1, 2]);
  expect(pair.near.queues.spooling.list()).toMatchObject([
    { messages: 2, error: expect.stringMatching(/no room/) as string },
  ]);
  const times: number[] = [];
  for (let time = 0; time < 12; time++) {
    const before = pair.clock.nowMs;
    while (pair.calls.length === 0) pair.clock.advance(1);
    times.push(pair.clock.nowMs - before);
    pair.carry();
  }
  expect(times[0]).toBeLessThanOrEqual(200);
  expect(Math.min(...times.slice(-3))).toBeGreaterThan(14_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(30_001);
  for (const { receipt } of pair.far.receive("q", 2)) pair.far.ack("q", receipt);
  pair.near.queues.spooling.wake("q", pair.clock.nowMs);
  pair.clock.advance(0);
  pair.carry();
  expect(pair.bodies()).toEqual([3, 4]);
});

test.each([{}, { deadLetter: "bad", maxReceives: 9 }])(
  "what nobody has subscribed to waits until somebody does, and is neither set aside nor a dead letter (L1): %o",
  (more) => {
    const pair = new Pair({ guarantee: { kind: "broadcast" }, ...more });
    pair.spool(1, 2);
    pair.carry();
    const error = expect.stringMatching(/needs 1 subscriptions and has 0/) as string;
    expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 2, refused: 0, error }]);
    expect(pair.bodies("bad")).toEqual([]);
    pair.far.do<"subscribe">("q", { op: "subscribe", name: "x" });
    pair.clock.advance(1_000);
    pair.carry();
    expect(pair.bodies()).toEqual([1, 2]);
    expect(pair.near.queues.spooling.list()).toEqual([]);
  },
);

test("nothing is asked while no node has the queue, and all that is waited for is the end of its time (L2, L5)", () => {
  const pair = new Pair();
  pair.where = "away";
  pair.spool(1);
  expect([pair.calls.length, pair.clock.scheduled]).toEqual([0, 1]);
  expect(pair.near.queues.spooling.list()).toMatchObject([{ messages: 1, error: "no node has the queue just now" }]);
  pair.where = "there";
  pair.near.queues.spooling.wake("q", pair.clock.nowMs);
  pair.clock.advance(0);
  pair.carry();
  expect(pair.bodies()).toEqual([1]);
});

test("beyond its room a node takes nothing, and room is given back when messages are gone (P3)", () => {
  const pair = new Pair({}, { spoolMessagesMax: 2, spoolBytesMax: 100_000 });
  const kinds = (ends: readonly SendEnd[]): string[] =>
    ends.map((end) => (end.kind === "refused" ? end.error.code : end.kind));
  expect(kinds(pair.spool(1, 2, 3))).toEqual(["done", "done", "overloaded"]);
  pair.carry();
  expect(kinds(pair.spool(4))).toEqual(["done"]);
  pair.carry();
  expect(pair.bodies()).toEqual([1, 2, 4]);
  const bytes = new Pair({}, { spoolBytesMax: 6_000 });
  expect(kinds(bytes.spool(100, 101))).toEqual(["done", "overloaded"]);
});

test("a call that comes behind a later one does nothing, also one that says that nothing is left (T3, T4)", () => {
  const pair = new Pair();
  pair.spool(1);
  pair.carry();
  pair.clock.advance(61_000);
  const over = pair.calls[0]!.transfer;
  expect(over).toMatchObject({ messages: [], over: true });
  pair.fail(lost); // held up on its way
  pair.spool(2);
  const second = pair.calls[0]!.transfer;
  expect(pair.ask(second)).toMatchObject({ taken: second.messages[0]!.number });
  pair.ask(over);
  pair.far.queues.close();
  pair.startFar();
  pair.fail(lost);
  pair.clock.advance(200);
  pair.carry();
  expect(pair.bodies()).toEqual([1, 2]);
});

test("an origin that has nothing left is forgotten on the disk, once its own deletions are there (L4, T4)", () => {
  const pair = new Pair();
  const rows = (): number => pair.disks.far.store.range("queue-taken", { from: new Uint8Array(1), limit: 10 }).length;
  pair.spool(1);
  pair.carry();
  expect(rows()).toBe(1);
  pair.clock.advance(61_000);
  pair.carry();
  expect(rows()).toBe(0);
  expect([pair.near.clock.scheduled, pair.near.queues.spooling.list()]).toMatchObject([1, []]); // the far queue's own TTL
  pair.spool(2);
  pair.carry();
  expect([pair.bodies(), rows()]).toEqual([[1, 2], 1]);
});

test("nothing is forgotten over there while what it has may still lie on this disk (L4)", () => {
  const clock = new Clock();
  const disk = new StepDisk();
  const calls: Pair["calls"] = [];
  const courier: Courier = {
    whereIs: () => "there",
    transfer: (_queue, transfer, end) => {
      calls.push({ transfer, end });
      return () => undefined;
    },
  };
  const near = (disk.owner = new QueueWorld({ store: disk, clock, courier }));
  near.queues.spooling.send("q", [{ body: Uint8Array.of(1) }], () => undefined, 0);
  disk.commitAll();
  clock.advance(0);
  const { transfer, end } = calls.shift()!;
  end({ kind: "answered", answer: { taken: transfer.messages[0]!.number, call: transfer.call }, nowMs: 0 });
  disk.refuse();
  clock.advance(61_000);
  expect([calls.length, disk.waiting]).toEqual([0, 1]);
  disk.commitAll();
  clock.advance(61_000);
  expect(calls.map((call) => call.transfer.over)).toEqual([true]);
});

test("a node whose clock was set back is heard again", () => {
  const pair = new Pair();
  pair.spool(1);
  const { origin, call } = pair.calls[0]!.transfer;
  pair.ask({ origin, call: call + 1_000_000, messages: [] });
  pair.carry();
  expect(pair.bodies()).toEqual([]);
  pair.clock.advance(200);
  pair.carry();
  expect(pair.bodies()).toEqual([1]);
});

test("a message's own delay and life go on while it waits; those of its queue begin when the queue has it", () => {
  const pair = new Pair({ delayMs: 1_000 });
  pair.where = "away";
  const send = (message: { delayMs?: number; ttlMs?: number }, body: number): void => {
    pair.near.queues.spooling.send("q", [{ body: Uint8Array.of(body), ...message }], () => undefined, pair.clock.nowMs);
    pair.disks.near.flush();
  };
  send({}, 1);
  send({ delayMs: 5_000 }, 2);
  send({ delayMs: 0 }, 3);
  send({ ttlMs: 4_000, delayMs: 0 }, 4);
  pair.clock.advance(3_500);
  pair.where = "there";
  pair.near.queues.spooling.wake("q", pair.clock.nowMs);
  pair.clock.advance(0);
  pair.carry();
  const available = (): number[] =>
    pair.far.do<"browse">("q", { op: "browse", state: "available", limit: 9 }).map(({ body }) => body[0] as number);
  expect(available()).toEqual([3, 4]);
  pair.clock.advance(500);
  expect(available()).toEqual([3]);
  pair.clock.advance(500);
  expect(available()).toEqual([1, 3]);
  pair.clock.advance(500);
  expect(available()).toEqual([1, 2, 3]);
});

test("what a node has taken is deduplicated by the queue, once what it repeats is on the disk", () => {
  const pair = new Pair({ dedup: { windowMs: 60_000, scope: "queue", byContent: false } });
  const send = (body: number): void => {
    pair.near.queues.spooling.send("q", [{ body: Uint8Array.of(body), dedup: "d" }], () => undefined, pair.clock.nowMs);
    pair.disks.near.flush();
    pair.clock.advance(0);
  };
  send(1);
  const direct = pair.far.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(2), dedup: "d" }] });
  const asked = pair.far.begin<"transfer">("q", { op: "transfer", ...pair.calls[0]!.transfer });
  expect(asked.end).toMatchObject({ kind: "done", value: { taken: 0, refused: { error: { code: "overloaded" } } } });
  pair.disks.far.flush();
  expect(direct.end).toMatchObject({ kind: "done" });
  pair.fail(lost);
  pair.clock.advance(200);
  pair.carry();
  expect([pair.bodies(), pair.near.queues.spooling.list()]).toEqual([[2], []]);
});

test("a dead letter of a queue elsewhere tells its dedup id there, and is compared with none", () => {
  const pair = new Pair({ dedup: { windowMs: 60_000, scope: "queue", byContent: false } });
  pair.far.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1), dedup: "d" }] });
  pair.disks.far.flush();
  pair.where = "there";
  pair.near.create("source", { maxReceives: 1, deadLetter: "q" });
  pair.near.send("source", { body: Uint8Array.of(2), dedup: "d" });
  pair.near.do("source", { op: "release", receipts: pair.near.receive("source").map(({ receipt }) => receipt) });
  pair.disks.near.flush();
  pair.clock.advance(0);
  pair.carry();
  expect(pair.far.do<"browse">("q", { op: "browse", limit: 9 }).map(({ body, dedup }) => [body[0], dedup])).toEqual([
    [1, "d"],
    [2, "d"],
  ]);
});
