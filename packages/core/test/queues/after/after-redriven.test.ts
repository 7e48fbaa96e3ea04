/** What messages wait for (`after`), once they are dead letters, or are moved. */
import { describe, expect, it } from "vitest";
import type { Courier, ReceivedMessage } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { Stepping } from "../stepping.js";
import { Disk, QueueWorld } from "../support.js";

const idsOf = (world: QueueWorld, queue: string): string[] =>
  world.do<"browse">(queue, { op: "browse", limit: 100 }).map(({ id }) => id);

function received(s: Stepping, queue: string, visibilityMs: number = 30_000): readonly ReceivedMessage[] {
  const { end } = s.begin<"receive">(queue, { op: "receive", max: 10, waitMs: 0, visibilityMs });
  if (end?.kind !== "done") throw new Error("a receive has not ended");
  return end.value;
}

/** "first" has died in "q", and so have "second" and "third", which wait one for the other. */
function died(): Stepping {
  const s = new Stepping();
  for (const name of ["dead", "other"]) s.create(name);
  s.create("q", { maxReceives: 1, deadLetter: "dead" });
  s.send("q", { id: "first" });
  s.send("q", { id: "second", after: ["first"] });
  s.send("q", { id: "third", after: ["second"] });
  s.do("q", { op: "release", receipts: s.receive("q") });
  s.pass(10);
  expect(idsOf(s.world, "dead")).toEqual(["first", "second", "third"]);
  return s;
}

/** These stay in the queue for a minute, whoever redrives; answers their receipts. */
function held(s: Stepping, queue: string, ...ids: readonly string[]): readonly string[] {
  const all = received(s, queue, 60_000);
  const isHeld = ({ id }: ReceivedMessage): boolean => ids.includes(id);
  s.do(queue, { op: "release", receipts: all.filter((one) => !isHeld(one)).map(({ receipt }) => receipt) });
  return all.filter(isHeld).map(({ receipt }) => receipt);
}

function redrive(s: Stepping, to?: string): void {
  s.do("dead", to === undefined ? { op: "redrive" } : { op: "redrive", to });
  s.pass(100);
}

describe("dead letters that have waited for others", () => {
  it("are dead letters again as long as that is not back, in a queue in memory, too", () => {
    const world = new QueueWorld();
    world.create("dead");
    world.create("q", { maxReceives: 1, deadLetter: "dead" });
    for (const [id, after] of [["first"], ["second", "first"], ["third", "second"]] as const)
      world.send("q", { id, ...(after === undefined ? {} : { after: [after] }) });
    world.do("q", { op: "release", receipts: world.receive("q").map(({ receipt }) => receipt) });
    world.receive("dead", 1, { visibilityMs: 1_000 });
    world.do("dead", { op: "redrive" });
    world.clock.advance(500);
    expect([world.receive("q"), world.stats("dead").messages]).toEqual([[], 3]);
    world.clock.advance(1_000);
    world.do("dead", { op: "redrive" });
    world.clock.advance(500);
    expect(world.receive("q", 10).map(({ id }) => id)).toEqual(["first"]);
  });

  it("wait for nothing as dead letters, and tell what they have waited for", () => {
    const s = died();
    expect(received(s, "dead").map(({ id }) => id)).toEqual(["first", "second", "third"]);
    const second = s.world.do<"browse">("dead", { op: "browse", limit: 10 })[1];
    expect(second).toMatchObject({ after: ["first"], deadLetter: { reason: "after-failed" } });
  });

  it.each([undefined, "other"])("wait for each other again where they are redriven together (to: %s)", (to) => {
    const s = died();
    redrive(s, to);
    expect(idsOf(s.world, "dead")).toEqual([]);
    for (const id of ["first", "second", "third"]) {
      const got = received(s, to ?? "q");
      expect(got.map((message) => message.id)).toEqual([id]);
      s.do(to ?? "q", { op: "ack", receipts: got.map(({ receipt }) => receipt) });
    }
  });

  it.each([0, 1, 2, 3])("come at once where that was redriven, and done, before them (%d crashes)", (crashes) => {
    const s = died();
    held(s, "dead", "second", "third");
    redrive(s);
    if (crashes > 0) s.crash(9);
    s.do("q", { op: "ack", receipts: s.receive("q") });
    if (crashes > 1) s.crash(9);
    s.pass(61_000);
    redrive(s);
    if (crashes > 2) s.crash(9);
    expect(received(s, "q").map(({ id }) => id)).toEqual(["second"]);
  });

  it("are dead letters again as long as that was not done and is not back, wherever a crash comes in between", () => {
    for (let kept = 0; kept < 8; kept++) {
      const s = died();
      if (kept > 5) s.crash(9); // what was not done is known after a restart, too
      held(s, "dead", "first");
      s.pass(100);
      s.begin("dead", { op: "redrive" });
      for (let at = 0; at < kept; at++) {
        s.disk.commit(1);
        s.clock.advance(1);
      }
      s.crash(0);
      for (let round = 0; round < 4; round++) {
        expect(received(s, "q"), `after ${kept} batches`).toEqual([]);
        s.pass(500);
      }
      expect(idsOf(s.world, "dead").sort(), `after ${kept} batches`).toEqual(["first", "second", "third"]);
      const letters = s.world.do<"browse">("dead", { op: "browse", limit: 10 });
      expect(letters.find(({ id }) => id === "second")?.deadLetter?.reason).toBe("after-failed");
    }
  });

  it.each([0, 1, 2, 3])(
    "are dead letters again where that was redriven, and has died again, before (%d crashes)",
    (crashes) => {
      const s = died();
      held(s, "dead", "second", "third");
      redrive(s); // "first" alone
      if (crashes > 0) s.crash(9);
      s.do("q", { op: "release", receipts: s.receive("q") });
      s.pass(10);
      if (crashes > 1) s.crash(9);
      held(s, "dead", "first");
      s.pass(61_000);
      held(s, "dead", "first");
      redrive(s);
      if (crashes > 2) s.crash(9);
      s.pass(100);
      expect([received(s, "q"), idsOf(s.world, "dead").sort()]).toEqual([[], ["first", "second", "third"]]);
    },
  );

  it("are dead letters again where that has expired", () => {
    const s = new Stepping();
    s.create("dead");
    s.create("q", { maxReceives: 1, deadLetter: "dead" });
    s.send("q", { id: "first", ttlMs: 100 });
    s.send("q", { id: "second", after: ["first"] });
    s.pass(200);
    for (let round = 0; round < 2; round++) {
      expect(idsOf(s.world, "dead")).toEqual(["second"]);
      redrive(s);
      expect([received(s, "q"), idsOf(s.world, "dead")]).toEqual([[], ["second"]]);
    }
    s.send("q", { id: "first" }); // sent anew
    redrive(s);
    expect(received(s, "q").map(({ id }) => id)).toEqual(["first"]);
  });

  it("forget what they have waited for where they become dead letters of the dead letters", () => {
    const s = died();
    s.create("deader");
    s.do("dead", { op: "update", settings: { maxReceives: 1, deadLetter: "deader" } });
    s.do("dead", { op: "release", receipts: s.receive("dead") });
    s.pass(100);
    expect(idsOf(s.world, "deader")).toEqual(["first", "second", "third"]);
    s.do("deader", { op: "redrive" });
    s.pass(100);
    expect(received(s, "dead").map(({ id }) => id)).toEqual(["first", "second", "third"]);
  });

  it("come to a queue that they were not dead letters of without crashing on ids that it knows", () => {
    const s = died();
    s.send("other", { id: "first" });
    redrive(s, "other");
    expect(s.stats("other").messages).toBe(4);
    expect(received(s, "other").map(({ id }) => id)).toContain("first");
  });
});

describe("messages that wait for others, and are moved", () => {
  it.each([0, 1, 2, 3, 4, 5])("go behind them, and wait there (crash after %d batches)", (kept) => {
    const s = new Stepping();
    for (const name of ["q", "other"]) s.create(name);
    for (const [id, after] of [["first"], ["second", "first"], ["third", "second"]] as const)
      s.send("q", { id, ...(after === undefined ? {} : { after: [after] }) });
    s.begin("q", { op: "redrive", to: "other" });
    for (let at = 0; at < kept; at++) {
      s.disk.commit(1);
      s.clock.advance(1);
      expect(received(s, "q", 0).filter(({ id }) => id !== "first")).toEqual([]);
    }
    s.crash(0);
    s.pass(2_000);
    if (kept === 0) s.do("q", { op: "redrive", to: "other" });
    s.pass(2_000);
    expect([idsOf(s.world, "q"), idsOf(s.world, "other")]).toEqual([[], ["first", "second", "third"]]);
    expect(received(s, "other").map(({ id }) => id)).toEqual(["first"]);
  });

  it.each([false, true])("fail where they cannot go there until the end (after a crash: %s)", (crashes) => {
    const s = new Stepping();
    for (const name of ["other", "dead"]) s.create(name);
    s.create("q", { maxReceives: 9, deadLetter: "dead" });
    s.send("q", { id: "here" });
    held(s, "q", "here");
    s.send("q", { id: "first" });
    s.send("q", { id: "second", after: ["here", "first"] });
    s.do("q", { op: "redrive", to: "other" });
    s.pass(1);
    if (crashes) s.crash(9);
    s.pass(1_000);
    expect([idsOf(s.world, "q"), idsOf(s.world, "dead")]).toEqual([["here"], ["second"]]);
  });
});

/** Two nodes: what the first has for queues of the second goes there. */
class Pair {
  readonly clock = new Clock();
  readonly disk = new Disk();
  readonly first: QueueWorld;
  readonly second: QueueWorld;

  constructor() {
    const { clock, disk } = this;
    this.first = new QueueWorld({ clock, disk, courier: this.#courier(() => this.second) });
    this.second = new QueueWorld({ clock, seed: 2, courier: this.#courier(() => this.first) });
  }

  #courier(other: () => QueueWorld): Courier {
    return {
      whereIs: (queue) => (other().queues.has(queue) ? "there" : "unknown"),
      transfer: (queue, transfer, end) => {
        const told = other().begin<"transfer">(queue, { op: "transfer", ...transfer });
        this.disk.flush();
        if (told.end?.kind !== "done") throw new Error("a transfer has not ended");
        end({ kind: "answered", answer: told.end.value, nowMs: this.clock.nowMs });
        return () => undefined;
      },
    };
  }

  pass(ms: number): void {
    for (let at = 0; at < ms; at += 10) {
      this.clock.advance(10);
      this.disk.flush();
    }
  }
}

it("wait for each other again after they were dead letters at another node, whose ids this one has made", () => {
  const pair = new Pair();
  pair.second.create("dead");
  pair.first.create("q", { maxReceives: 1, deadLetter: "dead" });
  const first = pair.first.send("q");
  const second = pair.first.send("q", { after: [first] });
  pair.first.do("q", { op: "release", receipts: pair.first.receive("q").map(({ receipt }) => receipt) });
  pair.pass(1_000);
  expect(pair.second.stats("dead").messages).toBe(2);
  const [held] = pair.second.receive("dead", 1, { visibilityMs: 60_000 });
  pair.second.do("dead", { op: "redrive" }); // the one that waits alone
  pair.pass(1_000);
  expect([pair.first.stats("q").messages, pair.second.stats("dead").messages]).toEqual([0, 2]);
  pair.second.do("dead", { op: "release", receipts: [held?.receipt ?? ""] });
  pair.second.do("dead", { op: "redrive" });
  pair.pass(1_000);
  for (const id of [first, second]) {
    const got = pair.first.receive("q", 10);
    expect(got.map((message) => message.id)).toEqual([id]);
    pair.first.ack("q", got[0]?.receipt ?? "");
  }
});

describe("a queue that gives way to an older one", () => {
  it("hands over what waits for others: it waits for them there, and is lost to nobody", () => {
    const pair = new Pair();
    pair.first.create("q");
    pair.second.create("q");
    const first = pair.first.send("q");
    const second = pair.first.send("q", { after: [first] }); // ids that the queue has made
    pair.first.send("q", { id: "third", after: [second, first] });
    const [leased] = pair.first.receive("q", 1, { visibilityMs: 1_000 });
    pair.first.send("q", { id: "free" });
    const ends = { kept: () => undefined, gone: () => undefined };
    pair.first.queues.handOver("q", { nodeId: "n2", name: "n2" }, ends, pair.clock.nowMs);
    pair.pass(500);
    expect(idsOf(pair.second, "q")).toEqual(["free"]);
    expect(leased?.id).toBe(first);
    pair.pass(2_000);
    expect(pair.first.queues.has("q")).toBe(false);
    expect(pair.second.stats("q")).toMatchObject({ messages: 4, available: 2, delayed: 2 });
    for (let left = 4; left > 0; left--) {
      const [next] = pair.second.receive("q");
      pair.second.ack("q", next?.receipt ?? "");
      if (left === 4) expect(next?.id).toBe("free");
      if (left === 1) expect(next?.id).toBe("third");
    }
  });

  it("hands over at once what a redrive moves slowly: nobody can end that any more", () => {
    const pair = new Pair();
    for (const name of ["q", "other"]) pair.first.create(name);
    pair.second.create("q");
    for (let at = 0; at < 10; at++) pair.first.send("q");
    pair.first.do("q", { op: "redrive", to: "other", perSecond: 0.01 });
    pair.pass(100);
    const ends = { kept: () => undefined, gone: () => undefined };
    pair.first.queues.handOver("q", { nodeId: "n2", name: "n2" }, ends, pair.clock.nowMs);
    pair.pass(2_000);
    expect(pair.first.queues.has("q")).toBe(false);
    expect([pair.first.stats("other").messages, pair.second.stats("q").messages]).toEqual([1, 9]);
  });
});
