import { describe, expect, it } from "vitest";
import {
  type GivenSettings,
  type QueueSettings,
  checkQueueName,
  checkSettings,
  defaultQueueSettings,
} from "../../../src/queues/index.js";
import { QueueWorld } from "../support.js";

describe("the settings of a queue", () => {
  it("are the defaults where nothing is given", () => {
    expect(checkSettings("orders", {})).toEqual(defaultQueueSettings);
  });

  it.each<[Partial<QueueSettings>, RegExp]>([
    [{ visibilityMs: -1 }, /queue "orders": "visibilityMs" must be an integer from 0 to 43200000, got -1/],
    [{ maxReceives: 3 }, /"maxReceives" and "deadLetter" are given together, got 3 and undefined/],
    [{ order: "lifo" as "fifo" }, /"order" must be one of "standard", "fifo", "priority", got "lifo"/],
    [{ guarantee: { kind: "quorum", needed: 0 } }, /"guarantee.needed" must be an integer from 1 to 1000, got 0/],
    [{ guarantee: { kind: "fire-and-forget" }, durable: true }, /memory only/],
    [{ retry: { baseMs: 10, maxMs: 5, jitter: false } }, /"retry.maxMs" must be an integer from 10/],
    [{ visibility: 3 } as Partial<QueueSettings>, /has no option "visibility".*did you mean "visibilityMs"/],
    [{ deadLetter: "a b", maxReceives: 1 }, /got "a b"/],
    [{ deadLetter: "orders", maxReceives: 1 }, /"deadLetter" must be another queue, got "orders": create one/],
    [
      { delayMs: 1_000, ttlMs: 1_000 },
      /after "delayMs" \(1000\) .*"ttlMs" \(1000\), would be over: make "delayMs" shorter/,
    ],
  ])("are refused with what is wrong and what would work (S1): %o", (given, message) => {
    expect(() => checkSettings("orders", given)).toThrow(message);
  });

  it("hold no more tags than have room", () => {
    const tags = (length: number) => ({ tags: { note: "x".repeat(length - "note".length) } });
    expect(checkSettings("orders", tags(65_536))).toMatchObject(tags(65_536));
    expect(() => checkSettings("orders", tags(65_537))).toThrow(/"the length of the tags" must be .* to 65536/);
  });

  it("change later, but for what a queue is made of", () => {
    const before = checkSettings("orders", { durable: false, order: "fifo" });
    expect(checkSettings("orders", { delayMs: 7 }, before).delayMs).toBe(7);
    const quorum = checkSettings("votes", { guarantee: { kind: "quorum", needed: 2 } });
    expect(checkSettings("votes", { guarantee: { needed: 2, kind: "quorum" }, delayMs: 7 }, quorum).delayMs).toBe(7);
    expect(() => checkSettings("orders", { order: "standard" }, before)).toThrow(/"order" is fifo for ever/);
    expect(() => checkSettings("orders", { guarantee: { kind: "broadcast" } }, before)).toThrow(
      /"guarantee" is "at-least-once"/,
    );
  });

  it("cannot be changed to what cannot work", () => {
    const world = new QueueWorld();
    world.create("orders", { ttlMs: 10_000 });
    const update = (settings: GivenSettings) => () => world.do("orders", { op: "update", settings });
    expect(update({ maxReceives: 1, deadLetter: "orders" })).toThrow(/"deadLetter" must be another queue/);
    expect(update({ delayMs: 20_000 })).toThrow(/would be over/);
    expect(update({ delayMs: 20_000, ttlMs: 30_000 })).not.toThrow();
    expect(update({ ttlMs: 20_000 })).toThrow(/would be over/);
  });

  it("hold for each message: one whose time would be over before its delay is refused", () => {
    const world = new QueueWorld();
    world.create("orders", { ttlMs: 10_000, delayMs: 5_000 });
    expect(() => world.send("orders", { delayMs: 10_000 })).toThrow(/after its delay \(10000 ms\) .*would be over/);
    expect(() => world.send("orders", { ttlMs: 5_000 })).toThrow(/would be over: make "delayMs" shorter/);
    expect(() => world.send("orders", { ttlMs: 5_000, delayMs: 0 })).not.toThrow();
    const message = { body: Uint8Array.of(1), ttlMs: 1_000 }; // a schedule's is not delayed by the queue
    expect(() => world.do("orders", { op: "schedule", name: "s", everyMs: 1_000, message })).not.toThrow();
  });

  it("are in memory only where nothing is promised", () => {
    expect(checkSettings("gossip", { guarantee: { kind: "fire-and-forget" } }).durable).toBe(false);
  });
});

describe("what is said of a queue", () => {
  it("has parts with defaults", () => {
    const given: GivenSettings = { retry: { baseMs: 1_000 }, dedup: {}, rate: { perSecond: 2.5 } };
    const { retry, dedup, rate } = checkSettings("orders", given);
    expect(retry).toEqual({ baseMs: 1_000, maxMs: 3_600_000, jitter: true });
    expect(dedup).toEqual({ windowMs: 300_000, scope: "queue", byContent: false });
    expect(rate).toEqual({ perSecond: 2.5, burst: 3 });
  });

  it("is durable where nothing else is said: refused where nothing can be", () => {
    const world = new QueueWorld();
    const ends: unknown[] = [];
    world.queues.create("orders", {}, (end) => ends.push(end), 0);
    const wrong = { code: "unsupported", message: expect.stringMatching(/durable.*data directory/) as unknown };
    expect(ends).toMatchObject([{ kind: "failed", error: wrong }]);
  });

  it("is the same in another order, and without what has a default", () => {
    const world = new QueueWorld();
    const consumer = { function: "resize", concurrency: 4 };
    world.create("orders", { durable: false, consumer, retry: { baseMs: 1, maxMs: 3_600_000, jitter: true } });
    const again: GivenSettings = { consumer: { concurrency: 4, function: "resize" }, retry: { baseMs: 1 } };
    const ends: { readonly kind: string }[] = [];
    world.queues.create("orders", again, (end) => ends.push(end), world.clock.nowMs);
    expect(ends).toMatchObject([{ kind: "done", created: false }]);
  });
});

describe("the name of a queue", () => {
  it("is refused with what would work", () => {
    checkQueueName("orders.fifo");
    expect(() => checkQueueName("")).toThrow(/1 to 80 letters/);
    expect(() => checkQueueName("a".repeat(81))).toThrow(/1 to 80 letters/);
  });
});
