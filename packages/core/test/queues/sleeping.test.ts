import { describe, expect, it } from "vitest";
import type { Store, StoreFigures } from "../../src/journal/index.js";
import { usedBytes } from "../support/garbage.js";
import { Disk, QueueWorld } from "./support.js";

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

it("of a long line little more is kept than where each message is, and nothing once they are gone", async () => {
  const messages = 100_000;
  const disk = new Bottomless();
  const world = new QueueWorld({ store: disk, limits: { awakeMessagesMax: 1_000 } });
  disk.owner = world;
  const send = (count: number): void => {
    for (let sent = 0; sent < count; sent += 1_000) {
      world.begin<"send">("q", { op: "send", messages: Array.from({ length: 1_000 }, () => ({ body })) });
      disk.flush();
    }
  };
  world.queues.create("q", { durable: true }, () => undefined, 0);
  disk.flush();
  send(5_000);
  const before = await usedBytes();
  send(messages);
  expect(world.do<"stats">("q", { op: "stats" }).messages).toBe(messages + 5_000);
  expect(((await usedBytes()) - before) / messages).toBeLessThan(20);
  world.begin<"purge">("q", { op: "purge" });
  disk.flush();
  expect((await usedBytes()) - before).toBeLessThan(messages);
});
