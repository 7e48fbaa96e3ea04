import { describe, expect, it } from "vitest";
import type { Store, StoreFigures } from "../../../src/journal/index.js";
import { usedBytes } from "../../support/garbage.js";
import { Disk, QueueWorld } from "../support.js";

const body = new Uint8Array(200);

/** Sends that many; in memory they are done at once. */
function fill(world: QueueWorld, messages: number): void {
  for (let sent = 0; sent < messages; sent += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, messages - sent) }, () => ({ body }));
    world.do<"send">("q", { op: "send", messages: batch });
  }
}

const sequencesOf = (messages: readonly { readonly sequence: bigint }[]): number[] =>
  messages.map(({ sequence }) => Number(sequence));

const sequencesEvery = (step: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + step * at);

describe.each(["memory", "store"])("messages that sleep, in %s", (where) => {
  const world = (): QueueWorld => new QueueWorld(where === "memory" ? {} : { disk: new Disk() });

  it("come in the order in which they were sent, those between that never sleep among them (Z2)", () => {
    const w = world();
    w.create("q");
    for (let at = 1; at <= 400; at++)
      w.send("q", at % 7 === 0 ? { id: `own${at}` } : at % 11 === 0 ? { delayMs: 5 } : {});
    const all: number[] = [];
    for (let batch = w.receive("q", 3); batch.length > 0; batch = w.receive("q", 3)) all.push(...sequencesOf(batch));
    w.clock.advance(10);
    const delayed = sequencesOf(w.receive("q", 1_000));
    expect(all).toEqual([...all].sort((a, b) => a - b));
    expect([...all, ...delayed].sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
  });

  it("leave their groups in order, one at a time, whichever of them was looked at in between (O3)", () => {
    const w = world();
    w.create("q", { order: "fifo" });
    const groups = ["a", "b", "c"];
    const ids: string[] = [];
    for (let at = 0; at < 90; at++) ids.push(w.send("q", { group: groups[at % 3] ?? "" }));
    // 30 is looked for and gone, 50 is received again and again before it is done
    expect(w.do<"withdraw">("q", { op: "withdraw", id: ids[29] ?? "" })).toBe(true);
    const left = new Map(groups.map((group, at) => [group, sequencesEvery(3, at + 1, 90).filter((one) => one !== 30)]));
    let failures = 3;
    for (let [message] = w.receive("q", 1); message !== undefined; [message] = w.receive("q", 1)) {
      const sequence = Number(message.sequence);
      expect(sequence).toBe(left.get(message.group ?? "")?.[0]);
      if (sequence === 50 && failures-- > 0) w.do<"release">("q", { op: "release", receipts: [message.receipt] });
      else {
        w.ack("q", message.receipt);
        left.get(message.group ?? "")?.shift();
      }
    }
    expect([...left.values()]).toEqual([[], [], []]);
    expect(w.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: 0, available: 0, bytes: 0 });
  });

  it("are received by their priority, the oldest of each first, where that decides (O3)", () => {
    const w = world();
    w.create("q", { order: "priority" });
    const sent = Array.from({ length: 200 }, (_, at) => ({ priority: (at * 7) % 10, sequence: at + 1 }));
    for (const { priority } of sent) w.send("q", { priority });
    const wanted = sent.toSorted((a, b) => b.priority - a.priority || a.sequence - b.sequence);
    const received: number[] = [];
    for (let batch = w.receive("q", 7); batch.length > 0; batch = w.receive("q", 7))
      received.push(...sequencesOf(batch));
    expect(received).toEqual(wanted.map(({ sequence }) => sequence));
  });

  it("have turns by group, as long as each has any", () => {
    const w = world();
    w.create("q");
    for (let at = 0; at < 60; at++) w.send("q", { group: at < 50 ? "much" : "little" });
    const first = w.receive("q", 20).map(({ group }) => group);
    expect(first.filter((group) => group === "little")).toHaveLength(10);
    expect(w.receive("q", 100)).toHaveLength(40);
  });

  it("are browsed and counted, and what is browsed is what is received", () => {
    const w = world();
    w.create("q");
    fill(w, 300);
    const browsed = w.do<"browse">("q", { op: "browse", limit: 1_000 });
    expect(browsed.map(({ state, receives }) => `${state} ${receives}`)).toEqual(new Array(300).fill("available 0"));
    expect(w.do<"browse">("q", { op: "browse", state: "leased", limit: 10 })).toEqual([]);
    const received = w.receive("q", 1_000);
    expect(received.map(({ id }) => id)).toEqual(browsed.map(({ id }) => id));
    expect(w.do<"browse">("q", { op: "browse", state: "leased", limit: 1_000 })).toHaveLength(300);
  });

  it("expire, and are purged, each counted once", () => {
    const w = world();
    w.create("q", { ttlMs: 100 });
    fill(w, 200);
    w.clock.advance(50);
    fill(w, 100);
    w.clock.advance(50);
    expect(w.do<"stats">("q", { op: "stats" })).toMatchObject({
      messages: 100,
      available: 100,
      expired: 200,
      oldestMs: 50,
    });
    expect(w.do<"purge">("q", { op: "purge" })).toBe(100);
    expect(w.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: 0, bytes: 0, available: 0, purged: 100 });
    fill(w, 1);
    expect(w.receive("q", 10)).toHaveLength(1);
  });
});

it("what sleeps after a restart is all there, in its order, and expires when it is due", () => {
  const disk = new Disk();
  const before = new QueueWorld({ disk });
  before.create("q", { ttlMs: 100 });
  fill(before, 300);
  const after = new QueueWorld({ disk, clock: before.clock, seed: 2 });
  expect(after.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: 300, available: 300 });
  expect(sequencesOf(after.receive("q", 5, { visibilityMs: 10_000 }))).toEqual([1, 2, 3, 4, 5]);
  after.clock.advance(100);
  expect(after.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: 5, leased: 5, expired: 295 });
});

it("what sleeps in groups is all there after a restart, in the order of each, and a lease before it goes on", () => {
  const disk = new Disk();
  const before = new QueueWorld({ disk });
  before.create("q", { order: "fifo" });
  for (let at = 0; at < 60; at++) before.send("q", { group: at % 2 === 0 ? "a" : "b" });
  const [leased] = before.receive("q", 1);
  before.do<"extend">("q", { op: "extend", receipts: [leased?.receipt ?? ""], visibilityMs: 10_000 }); // and so it is written
  const after = new QueueWorld({ disk, clock: before.clock, seed: 2 });
  expect(after.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: 60, available: 59, leased: 1 });
  for (let sequence = 2; sequence <= 60; sequence += 2) {
    const batch = after.receive("q", 1);
    expect(sequencesOf(batch)).toEqual([sequence]); // those of "a" wait for the lease
    after.ack("q", batch[0]?.receipt ?? "");
  }
  after.clock.advance(10_000);
  expect(sequencesOf(after.receive("q", 3))).toEqual([1, 3, 5]);
});

/** A disk that says of everything that it has it, and keeps nothing: what is left is what the queue keeps. */
class Bottomless implements Store {
  owner: QueueWorld | undefined;
  #ticket = 0;
  #told = 0;

  write(): number {
    return ++this.#ticket;
  }

  flush(): void {
    while (this.#told < this.#ticket) this.owner?.persisted((this.#told = this.#ticket));
  }

  get(): undefined {
    return undefined;
  }

  range(): [] {
    return [];
  }

  figures(): StoreFigures {
    throw new Error("nobody asks for them here");
  }

  close(): void {
    // it has nothing
  }
}

it.each(["standard", "priority"] as const)(
  "of many that are delayed (%s) little more is kept than where each is and when it is due, and nothing once they are gone (Z5)",
  async (order) => {
    const messages = 100_000;
    const disk = new Bottomless();
    const world = new QueueWorld({ store: disk, limits: { awakeMessagesMax: 1_000 } });
    disk.owner = world;
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent += 1_000) {
        const batch = Array.from({ length: 1_000 }, (_, at) => ({ body, delayMs: 60_000 + ((at * 7_919) % 10_000) }));
        world.begin<"send">("q", { op: "send", messages: batch });
        disk.flush();
      }
    };
    world.queues.create("q", { durable: true, order }, () => undefined, 0);
    disk.flush();
    send(5_000);
    const before = await usedBytes();
    send(messages);
    expect(world.do<"stats">("q", { op: "stats" })).toMatchObject({ messages: messages + 5_000, available: 0 });
    expect(((await usedBytes()) - before) / messages).toBeLessThan(45);
    world.begin<"purge">("q", { op: "purge" });
    disk.flush();
    expect((await usedBytes()) - before).toBeLessThan(messages);
  },
);

it.each(["standard", "fifo", "priority"] as const)(
  "of a long line (%s) little more is kept than where each message is, and nothing once they are gone",
  async (order) => {
    const messages = order === "standard" ? 100_000 : 40_000;
    const disk = new Bottomless();
    const world = new QueueWorld({ store: disk, limits: { awakeMessagesMax: 1_000 } });
    disk.owner = world;
    const batch = Array.from({ length: 1_000 }, (_, at) => ({
      body,
      ...(order === "fifo" && { group: `g${at % 100}` }),
    }));
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent += 1_000) {
        world.begin<"send">("q", { op: "send", messages: batch });
        disk.flush();
      }
    };
    world.queues.create("q", { durable: true, order }, () => undefined, 0);
    disk.flush();
    send(5_000);
    const before = await usedBytes();
    send(messages);
    expect(world.do<"stats">("q", { op: "stats" }).messages).toBe(messages + 5_000);
    expect(((await usedBytes()) - before) / messages).toBeLessThan(order === "standard" ? 20 : 40);
    world.begin<"purge">("q", { op: "purge" });
    disk.flush();
    expect((await usedBytes()) - before).toBeLessThan(messages);
  },
);
