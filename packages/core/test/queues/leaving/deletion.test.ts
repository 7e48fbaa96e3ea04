import { describe, expect, it } from "vitest";
import { queueTables } from "../../../src/queues/index.js";
import { StepDisk } from "../step-disk.js";
import { Stepping } from "../stepping.js";
import { QueueWorld } from "../support.js";

/** A queue in which something falls due while its deletion is on its way to the disk. */
class Deleting {
  readonly disk: StepDisk = new StepDisk();
  world: QueueWorld;

  constructor() {
    this.world = this.start(1);
    this.make("q");
    // one that was acknowledged with a key, one of the same key for whoever waits, and one that is leased
    for (const [delayMs, key] of [[0, "k"], [20, "k"], [0, "other"]] as const) this.send("q", { delayMs, idempotencyKey: key }); // prettier-ignore
    for (const subscription of ["x", "y"]) {
      const [first] = this.world.receive("q", 2, { subscription, visibilityMs: 60_000 });
      this.world.begin<"ack">("q", { op: "ack", receipts: [first?.receipt ?? ""] });
      this.disk.commitAll();
      this.world.begin<"receive">("q", { op: "receive", max: 1, waitMs: 10_000, subscription });
    }
    this.disk.commitAll();
    this.world.begin<"delete">("q", { op: "delete" });
    this.world.clock.advance(60); // the lease is written down, the key is found to be done
    expect(this.disk.waiting).toBeGreaterThan(2);
  }

  start(seed: number): QueueWorld {
    this.world = new QueueWorld({ store: this.disk, seed, ...(seed > 1 && { clock: this.world.clock }) });
    this.disk.owner = this.world;
    return this.world;
  }

  /** The node is gone, with what was on its way but for the first `kept` batches, and is back. */
  crash(kept: number, seed: number): void {
    this.disk.crash(kept);
    this.world.queues.close();
    this.start(seed);
    this.disk.commitAll();
  }

  make(name: string): void {
    const { queues, clock } = this.world;
    queues.create(name, { durable: true, guarantee: { kind: "broadcast" } }, () => undefined, clock.nowMs);
    this.disk.commitAll();
    for (const of of ["x", "y"]) {
      this.world.begin<"subscribe">(name, { op: "subscribe", name: of });
      this.disk.commitAll();
    }
  }

  send(name: string, more: object = {}): void {
    this.world.begin<"send">(name, { op: "send", messages: [{ body: Uint8Array.of(1), ...more }] });
    this.disk.commitAll();
  }

  rows(): string[] {
    return queueTables.filter((table) => this.disk.range(table, { limit: 1 }).length > 0);
  }
}

describe("while the deletion of a queue is on its way to the disk", () => {
  it("what falls due leaves no row behind it", () => {
    const deleting = new Deleting();
    deleting.disk.commitAll();
    expect(deleting.world.queues.names()).toEqual([]);
    expect(deleting.rows()).toEqual([]);
  });

  it("and after it, nothing of it is due any more", () => {
    const deleting = new Deleting();
    deleting.disk.commitAll();
    expect(deleting.world.clock.scheduled).toBe(0);
    deleting.world.clock.advance(120_000);
    expect(deleting.disk.waiting).toBe(0);
  });

  it("refused, it goes on as it was", () => {
    const deleting = new Deleting();
    deleting.disk.refuse();
    deleting.disk.commitAll();
    deleting.world.clock.advance(60_000);
    deleting.disk.commitAll();
    expect(deleting.world.receive("q", 9, { subscription: "x" }).map(({ sequence }) => sequence)).toEqual([3n]);
  });

  it("a dead letter that is on its way, too, and is refused, is not tried again for a queue that is gone", () => {
    const disk = new StepDisk();
    const world = new QueueWorld({ store: disk });
    disk.owner = world;
    for (const [name, settings] of [
      ["dead", {}],
      ["q", { maxReceives: 1, deadLetter: "dead" }],
    ] as const)
      // prettier-ignore
      world.queues.create(name, { durable: true, ...settings }, () => undefined, 0);
    disk.commitAll();
    world.begin<"send">("q", { op: "send", messages: [{ body: Uint8Array.of(1) }] });
    disk.commitAll();
    world.receive("q", 1, { visibilityMs: 10 });
    world.begin<"delete">("q", { op: "delete" });
    world.clock.advance(10);
    expect(disk.waiting).toBe(2);
    disk.commit(1);
    disk.refuse();
    disk.commitAll();
    expect(world.clock.scheduled).toBe(0);
    expect(world.stats("dead")).toMatchObject({ messages: 0, bytes: 0 });
  });

  it("rows that a full disk does not let go at the next start are in the way of nobody", () => {
    const deleting = new Deleting();
    deleting.disk.crash(5);
    deleting.world.queues.close();
    deleting.start(2);
    deleting.disk.refuse();
    deleting.make("r");
    for (let count = 0; count < 4; count++) deleting.send("r");
    deleting.crash(0, 3);
    for (const subscription of ["x", "y"]) expect(deleting.world.receive("r", 9, { subscription }).length).toBe(4);
  });

  it.each([1, 2, 3, 4, 5])(
    "a crash that leaves %i batches leaves no rows, and the next queue of its number loses nothing by them",
    (kept) => {
      const deleting = new Deleting();
      deleting.crash(kept, 2);
      expect(deleting.rows()).toEqual([]);
      deleting.make("r");
      for (let count = 0; count < 4; count++) deleting.send("r");
      deleting.crash(0, 3);
      for (const subscription of ["x", "y"]) expect(deleting.world.receive("r", 9, { subscription }).length).toBe(4);
    },
  );
});

it("a queue that is deleted just as it is to give way to an older one is gone, and one that is made anew is a queue as any other", () => {
  const s = new Stepping();
  s.create("q");
  const deleted = s.begin("q", { op: "delete" });
  const ends = { kept: () => undefined, gone: () => undefined };
  s.world.queues.handOver("q", { nodeId: "a", name: "a" }, ends, s.clock.nowMs);
  s.clock.advance(0);
  s.done(deleted);
  expect(deleted.end).toMatchObject({ kind: "done" });
  expect(s.clock.nextDueMs).toBe(Infinity);
  s.create("q");
  s.send("q");
  expect(s.receive("q")).toHaveLength(1);
});
