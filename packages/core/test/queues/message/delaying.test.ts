import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueHeap } from "../../../src/queues/message/due-heap.js";
import type { OutgoingMessage, QueueSettings } from "../../../src/queues/index.js";
import { Disk, QueueWorld } from "../support.js";

function sendAll(w: QueueWorld, messages: readonly Partial<OutgoingMessage>[]): void {
  for (let at = 0; at < messages.length; at += 500) {
    const some = messages.slice(at, at + 500).map((message) => ({ body: Uint8Array.of(1), ...message }));
    w.do<"send">("q", { op: "send", messages: some });
  }
}

const received = (w: QueueWorld, max: number): readonly number[] =>
  w.receive("q", max).map(({ sequence }) => Number(sequence));

describe.each(["memory", "store"])("messages that sleep until their delay is over, in %s", (where) => {
  const world = (settings: Partial<QueueSettings> = {}): QueueWorld => {
    const w = new QueueWorld(where === "memory" ? {} : { disk: new Disk() });
    w.create("q", settings);
    return w;
  };
  const restarted = (w: QueueWorld): QueueWorld =>
    where === "memory" || w.disk === undefined ? w : new QueueWorld({ disk: w.disk, clock: w.clock, seed: 2 });

  it("come when it is, in the order in which they were sent, over a restart, too (Z5, C2)", () => {
    let w = world();
    const delays = Array.from({ length: 60 }, (_, at) => ((at * 37) % 60) * 10 + 10);
    sendAll(w, delays.map((delayMs) => ({ delayMs }))); // prettier-ignore
    w.clock.advance(205);
    w = restarted(w);
    const due = (from: number, to: number): number[] =>
      delays.flatMap((delayMs, at) => (delayMs > from && delayMs <= to ? at + 1 : []));
    expect(w.stats("q")).toMatchObject({ messages: 60, available: 20, delayed: 40 });
    expect(received(w, 100)).toEqual(due(0, 205));
    w.clock.advance(100);
    expect(received(w, 100)).toEqual(due(205, 305));
    w.clock.advance(500);
    expect(received(w, 100)).toEqual(due(305, 805));
    expect(w.stats("q")).toMatchObject({ leased: 60, delayed: 0, available: 0 });
  });

  it("come to who waits for one (Y2)", () => {
    const w = world();
    sendAll(w, [{ delayMs: 50 }, { delayMs: 20 }]);
    const waiting = w.begin<"receive">("q", { op: "receive", max: 1, waitMs: 1_000 });
    w.clock.advance(19);
    expect(waiting.end).toBeUndefined();
    w.clock.advance(1);
    expect(waiting.end).toMatchObject({ kind: "done", value: [{ sequence: 2n }] });
  });

  it("are of the group and the priority that they were sent with (Z4, Z5)", () => {
    const w = world();
    sendAll(w, Array.from({ length: 20 }, (_, at) => ({ delayMs: 10, group: at < 18 ? "much" : "little" }))); // prettier-ignore
    w.clock.advance(10);
    expect(received(w, 4)).toEqual([1, 19, 2, 20]);
    const p = new QueueWorld(where === "memory" ? {} : { disk: new Disk() });
    p.create("q", { order: "priority" });
    sendAll(p, [1, 9, 5].map((priority) => ({ delayMs: 10, priority }))); // prettier-ignore
    p.clock.advance(10);
    expect(received(p, 3)).toEqual([2, 3, 1]);
  });

  it("are browsed as delayed, withdrawn, dropped, purged, and expire, each counted once", () => {
    const w = world({ ttlMs: 100, messagesMax: 10, overflow: "drop-oldest" });
    const [first, second] = w.do<"send">("q", {
      op: "send",
      messages: Array.from({ length: 10 }, () => ({ body: Uint8Array.of(1), delayMs: 90 })),
    });
    const all = w.do<"browse">("q", { op: "browse", limit: 100 });
    expect(all.map(({ state }) => state)).toEqual(new Array(10).fill("delayed"));
    expect(w.do<"browse">("q", { op: "browse", state: "delayed", limit: 100 })).toHaveLength(10);
    expect(w.do<"browse">("q", { op: "browse", state: "available", limit: 100 })).toEqual([]);
    expect(first?.kind === "done" && w.do<"withdraw">("q", { op: "withdraw", id: first.id })).toBe(true);
    sendAll(w, [{ id: "a" }, { id: "b" }]); // the second makes room
    expect(second?.kind === "done" && w.do<"withdraw">("q", { op: "withdraw", id: second.id })).toBe(false);
    expect(w.stats("q")).toMatchObject({ messages: 10, delayed: 8, available: 2, dropped: 1 });
    w.clock.advance(89);
    expect(w.stats("q")).toMatchObject({ delayed: 8 });
    w.clock.advance(1);
    expect(w.stats("q")).toMatchObject({ delayed: 0, available: 10 });
    w.clock.advance(10);
    expect(w.stats("q")).toMatchObject({ messages: 0, bytes: 0, expired: 10 });
    sendAll(w, [{ delayMs: 50 }, { delayMs: 50 }, {}]);
    expect(w.do<"purge">("q", { op: "purge" })).toBe(3);
    expect(w.stats("q")).toMatchObject({ messages: 0, bytes: 0, delayed: 0, available: 0 });
    w.clock.advance(50);
    expect(w.stats("q")).toMatchObject({ messages: 0, delayed: 0, available: 0 });
  });

  it("come some in each turn where all are due at once, and keep their order (Y2)", () => {
    const w = world();
    sendAll(
      w,
      Array.from({ length: 2_500 }, () => ({ delayMs: 10 })),
    );
    w.clock.nowMs += 10;
    expect(w.stats("q").available).toBe(1_000);
    w.clock.advance(5);
    expect(w.stats("q")).toMatchObject({ available: 2_500, delayed: 0 });
    const all: number[] = [];
    for (let some = received(w, 500); some.length > 0; some = received(w, 500)) all.push(...some);
    expect(all).toEqual(Array.from({ length: 2_500 }, (_, at) => at + 1));
  });

  it("leave no times behind where they were withdrawn (Y1)", () => {
    const w = world();
    for (let round = 0; round < 4; round++) {
      const messages = Array.from({ length: 900 }, () => ({ body: Uint8Array.of(1), delayMs: 1_000 }));
      for (const end of w.do<"send">("q", { op: "send", messages }))
        if (end.kind === "done") expect(w.do<"withdraw">("q", { op: "withdraw", id: end.id })).toBe(true);
    }
    expect(w.stats("q")).toMatchObject({ messages: 0, delayed: 0 });
    w.clock.advance(1_000);
    expect(w.stats("q")).toMatchObject({ messages: 0, available: 0 });
    w.queues.close();
    expect(w.clock.scheduled).toBe(0);
  });
});

it("a heap of times gives sequences in their order, whichever of them are taken out in between (H1)", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ dueMs: fc.integer({ min: 0, max: 20 }) }),
      fc.constant("shift" as const),
      fc.record({ keepEvery: fc.integer({ min: 2, max: 4 }) }),
    ),
    { maxLength: 300, size: "max" },
  );
  fc.assert(
    fc.property(steps, (history) => {
      const heap = new DueHeap();
      let model: { dueMs: number; sequence: number }[] = [];
      let sequence = 0;
      for (const step of history) {
        if (step === "shift") {
          if (model.length === 0) continue;
          expect(heap.shift()).toBe(model.shift()?.sequence);
        } else if ("dueMs" in step) {
          heap.push(step.dueMs, ++sequence);
          model.push({ dueMs: step.dueMs, sequence });
          model.sort((a, b) => a.dueMs - b.dueMs || a.sequence - b.sequence);
        } else {
          const stays = (one: number): boolean => one % step.keepEvery === 0;
          heap.keep(stays);
          model = model.filter((one) => stays(one.sequence));
        }
        expect(heap.size).toBe(model.length);
        expect(heap.firstMs).toBe(model[0]?.dueMs ?? Infinity);
      }
    }),
    { numRuns: 300 },
  );
});
