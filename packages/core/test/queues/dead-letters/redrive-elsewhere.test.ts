import { describe, expect, it } from "vitest";
import type { Courier, QueuesLimits } from "../../../src/queues/index.js";
import { Clock } from "../../support/clock.js";
import { Disk, QueueWorld } from "../support.js";

type Where = ReturnType<Courier["whereIs"]>;

/** A node with dead letters of queue "far", which is another node's, and of "near", which is its own. */
class Node {
  readonly clock = new Clock();
  readonly disk = new Disk();
  where: Where = "there";
  /** Other queues that are another node's. */
  readonly others = new Set<string>();
  readonly taken: number[] = [];
  world: QueueWorld;
  #runs = 0;
  readonly #limits: Partial<QueuesLimits>;

  constructor(limits: Partial<QueuesLimits> = {}) {
    this.#limits = limits;
    this.world = this.start();
    this.world.create("dead");
    this.world.create("near", { maxReceives: 1, deadLetter: "dead" });
  }

  start(): QueueWorld {
    const courier: Courier = {
      whereIs: (queue) => (queue === "far" ? this.where : this.others.has(queue) ? "there" : "unknown"),
      transfer: (queue, { call, messages }, end) => {
        if (this.where !== "there" && !this.others.has(queue)) return () => undefined;
        this.taken.push(...messages.map(({ number }) => number));
        const taken = Math.max(0, ...this.taken);
        end({ kind: "answered", answer: { taken, call }, nowMs: this.clock.nowMs });
        return () => undefined;
      },
    };
    const { clock, disk } = this;
    return (this.world = new QueueWorld({ clock, disk, seed: ++this.#runs, courier, limits: this.#limits }));
  }

  /** Messages that have died in queues of these names, in this order. */
  die(...queues: readonly ("near" | "far")[]): void {
    for (const queue of queues) {
      // what is here under the other's name dies as that one's
      if (queue === "far" && !this.world.queues.has("far"))
        this.world.create("far", { maxReceives: 1, deadLetter: "dead" });
      this.world.send(queue, { group: "g", body: Uint8Array.of(queue === "far" ? 1 : 2) });
      const receipts = this.world.receive(queue).map(({ receipt }) => receipt);
      this.world.do(queue, { op: "release", receipts });
      this.pass(10);
    }
    if (this.world.queues.has("far")) this.world.do("far", { op: "delete" });
    this.pass(10);
  }

  pass(ms: number): void {
    for (let at = 0; at < ms; at += 10) {
      this.clock.advance(10);
      this.disk.flush();
    }
  }

  /** kill -9 of the node, which begins anew and knows nobody yet. */
  restart(): void {
    this.world.queues.close();
    this.where = "unknown";
    this.start();
    this.pass(50);
  }

  get told() {
    return this.world.do<"redrives">("dead", { op: "redrives" })[0];
  }

  get left(): number {
    return this.world.stats("dead").messages;
  }
}

describe("a redrive to a queue of another node", () => {
  it("goes on after a restart of its node, once that has met the other one (V5)", () => {
    const node = new Node();
    node.die("far", "far", "far", "far");
    node.world.do("dead", { op: "redrive", perSecond: 10 });
    node.pass(150);
    expect(node.told).toMatchObject({ state: "running", moved: 2, refused: 0 });
    node.restart();
    expect(node.told).toMatchObject({ state: "running", moved: 2, refused: 0, waiting: 2 });
    node.where = "there";
    node.pass(2_000);
    expect(node.told).toMatchObject({ state: "done", moved: 4, refused: 0, waiting: 0 });
    expect([node.left, node.taken.length]).toEqual([0, 4]);
  });

  it("moves all else meanwhile, but nothing past what waits in its group (V2, V5)", () => {
    const node = new Node();
    node.world.send("dead", { group: "other" }); // no dead letter: it stays
    node.die("near", "far", "near");
    node.world.send("dead"); // another that stays, behind what waits
    node.where = "unknown";
    node.world.do("dead", { op: "redrive" });
    node.pass(100);
    expect(node.told).toMatchObject({ state: "running", moved: 1, refused: 2, waiting: 2 });
    node.where = "away"; // the spool keeps it
    node.pass(1_000);
    expect(node.told).toMatchObject({ state: "done", moved: 3, refused: 2, waiting: 0 });
    expect(node.world.queues.spooling.waitingFor("far")).toBe(1);
    expect(node.world.stats("near").messages).toBe(2);
  });

  it("is over for a queue that no node was known to have for ten minutes, which was asked seldom (A1, A2)", () => {
    const node = new Node();
    node.die("far", "far");
    node.where = "unknown";
    node.world.do("dead", { op: "redrive" });
    node.pass(590_000);
    expect(node.told).toMatchObject({ state: "running", waiting: 2 });
    node.pass(20_000);
    expect(node.told).toMatchObject({ state: "done", moved: 0, refused: 2, waiting: 0 });
    expect(node.left).toBe(2);
  });

  it("tells which queue it waits for, and ends at once where that is known to be deleted (A1)", () => {
    const node = new Node();
    node.die("far", "far");
    node.where = "unknown";
    node.world.do("dead", { op: "redrive" });
    node.pass(100);
    expect(node.told).toMatchObject({
      state: "running",
      waiting: 2,
      waitingFor: [{ queue: "far", why: "no node is known to have it just now" }],
    });
    node.where = "gone";
    node.pass(6_000);
    expect(node.told).toMatchObject({ state: "done", moved: 0, refused: 2, waiting: 0, waitingFor: [] });
    expect(node.told?.lastRefusal).toMatch(/is for queue "far", which is not there/);
    expect(node.left).toBe(2);
    node.world.do("dead", { op: "redrive" });
    node.pass(10);
    expect(node.told).toMatchObject({ state: "done" });
  });

  it("is cancelled while it waits, and moves nothing any more", () => {
    const node = new Node();
    node.die("far");
    node.where = "unknown";
    const { id } = node.world.do<"redrive">("dead", { op: "redrive" });
    node.pass(100);
    expect(node.world.do("dead", { op: "cancel-redrive", id })).toMatchObject({ state: "cancelled", waiting: 0 });
    node.where = "there";
    node.pass(10_000);
    expect([node.left, node.taken]).toEqual([1, []]);
  });

  it("waits for room in the spool, which is no refusal of the queue (V5)", () => {
    const node = new Node({ spoolMessagesMax: 1 });
    node.die("far", "far", "far");
    node.where = "away";
    node.world.do("dead", { op: "redrive" });
    node.pass(1_000);
    expect(node.told).toMatchObject({ state: "running", moved: 1, refused: 0, waiting: 2 });
    expect(node.told?.waitingFor).toMatchObject([{ queue: "far", why: expect.stringMatching(/no room/) as string }]);
    node.where = "there";
    node.world.queues.spooling.wake("far", node.clock.nowMs);
    node.pass(60_000);
    expect(node.told).toMatchObject({ state: "done", moved: 3, waiting: 0 });
    expect([node.left, node.taken.length]).toEqual([0, 3]);
  });

  it("does not keep the queue of its dead letters from going to an older one (O2)", () => {
    const node = new Node();
    node.die("far");
    node.where = "unknown";
    node.world.do("dead", { op: "redrive" });
    node.pass(100);
    expect(node.told).toMatchObject({ state: "running", waiting: 1 });
    node.others.add("dead");
    const ends = { kept: () => undefined, gone: () => undefined };
    node.world.queues.handOver("dead", { nodeId: "n2", name: "n2" }, ends, node.clock.nowMs);
    node.pass(2_000);
    expect([node.world.queues.has("dead"), node.taken.length]).toEqual([false, 1]);
  });
});

it("a queue that gives way hands over also what some of its subscriptions have done, and others have not, and is gone then", () => {
  const node = new Node();
  node.world.create("all", { guarantee: { kind: "broadcast" } });
  for (const name of ["fast", "away"]) node.world.do("all", { op: "subscribe", name });
  for (let sent = 0; sent < 2; sent++) node.world.send("all");
  node.world.ack("all", node.world.receive("all", 1, { subscription: "fast" })[0]?.receipt ?? "");
  node.others.add("all");
  const ended: string[] = [];
  const ends = { kept: () => ended.push("kept"), gone: () => ended.push("gone") };
  node.world.queues.handOver("all", { nodeId: "n2", name: "n2" }, ends, node.clock.nowMs);
  node.pass(2_000);
  expect(node.taken).toHaveLength(2);
  expect(ended).toEqual(["gone"]);
});
