/** Functions that work off queues. */
import { describe, expect, test } from "vitest";
import { MpregError, createDefaultPolicy } from "../../src/base/index.js";
import type { QueueSettings, QueueStats } from "../../src/queues/index.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";
import { codec } from "../support/requests.js";

/** An owner of queues, and a node beside it whose functions work. */
class World {
  readonly mesh = new Mesh();
  readonly owner: MeshNode;
  readonly worker: MeshNode;

  constructor(options: Parameters<Mesh["node"]>[1] = {}) {
    this.owner = this.mesh.node("owner", { queues: true, ...options });
    this.worker = this.mesh.node("worker", { peers: ["owner"] });
    this.mesh.advance(2_000);
  }

  #ask(fun: string, operation: object): unknown {
    const asked = this.owner.call(fun, [operation]);
    this.mesh.settle();
    const [end] = asked.ends as { readonly value?: unknown; readonly error?: unknown }[];
    if (end === undefined) throw new Error("it has not ended");
    if (end.error !== undefined) throw Object.assign(new Error("refused"), end.error);
    return end.value;
  }

  create(queue: string, settings: Partial<QueueSettings>): void {
    this.#ask("mpreg.queues", { op: "create", queue, settings: { durable: false, ...settings } });
  }

  do(queue: string, operation: object): unknown {
    return this.#ask(`mpreg.queue.${queue}`, operation);
  }

  send(queue: string, value: unknown, more: object = {}): void {
    this.do(queue, { op: "send", messages: [{ body: codec.encode(value, "value").slice(), ...more }] });
  }

  stats(queue: string): QueueStats {
    return this.do(queue, { op: "stats" }) as QueueStats;
  }

  /** What the worker was called with. */
  args(): unknown[] {
    return this.worker.invoked.map(({ template, bound }) => codec.decodeTemplate(template, bound));
  }
}

describe("a queue whose consumer is a function", () => {
  test("has it called with each message, on whatever node offers it, as many at a time as it may, and acknowledges what it answers (F1, F2)", () => {
    const world = new World();
    world.worker.offer("resize", byHand);
    world.create("images", { consumer: { function: "resize", concurrency: 2 } });
    for (const value of ["a", "b", "c"]) world.send("images", { value });
    expect(world.args()).toEqual([[{ value: "a" }], [{ value: "b" }]]);
    expect(world.stats("images")).toMatchObject({ messages: 3, leased: 2 });
    world.worker.finish("resize", "done");
    world.mesh.settle();
    expect(world.args()).toHaveLength(3);
    world.worker.finish("resize", "done");
    world.worker.finish("resize", "done");
    world.mesh.settle();
    expect(world.stats("images")).toMatchObject({ messages: 0, acknowledged: 3, received: 3 });
  });

  test("tells it of the message where that is wanted, and gives text and bytes to functions for those", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    world.create("text", { consumer: { function: "f", argument: "text", withMessage: true } });
    world.do("text", {
      op: "send",
      messages: [{ id: "one", body: new TextEncoder().encode("plain"), group: "g", headers: { a: "b" } }],
    });
    world.create("bytes", { consumer: { function: "f", argument: "bytes" } });
    world.do("bytes", { op: "send", messages: [{ body: Uint8Array.of(1, 2) }] });
    const facts = { queue: "text", id: "one", receives: 1, group: "g", headers: { a: "b" } };
    expect(world.args()).toMatchObject([["plain", facts], [Uint8Array.of(1, 2)]]);
  });

  test("gives the call a key that no other message has, or that of the message (F5)", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    for (const queue of ["one", "two"]) world.create(queue, { consumer: { function: "f", concurrency: 2 } });
    world.send("one", 1);
    world.send("one", 2, { idempotencyKey: "mine" });
    world.send("two", 3);
    const keys = world.worker.invoked.map(({ terms }) => terms?.idempotencyKey);
    expect(new Set(keys).size).toBe(3);
    expect(keys[1]).toBe("mine");
  });

  test("releases what fails with the error, and makes a dead letter of what fails too often", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    world.create("dead", {});
    world.create("jobs", { consumer: { function: "f" }, maxReceives: 2, deadLetter: "dead" });
    world.send("jobs", 1);
    for (let receive = 0; receive < 2; receive++) {
      world.worker.fail("f", new MpregError("handler-error", "no such file", { outcome: "applied" }));
      world.mesh.settle();
    }
    expect(world.stats("jobs").messages).toBe(0);
    const letters = world.do("dead", { op: "browse", limit: 10 });
    expect(letters).toMatchObject([{ deadLetter: { reason: "max-receives", attempts: 2, error: "no such file" } }]);
  });

  test("counts an end that nobody knows", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    world.create("dead", {});
    world.create("jobs", { consumer: { function: "f" }, maxReceives: 1, deadLetter: "dead" });
    world.send("jobs", 1);
    expect(world.worker.invoked).toHaveLength(1);
    world.mesh.crash(world.worker);
    world.mesh.advance(60_000);
    expect(world.stats("dead").messages).toBe(1);
  });

  test("waits for a function that nobody offers, without counting, without a storm, and goes on at once when it is offered (F4)", () => {
    const world = new World();
    world.create("dead", {});
    world.create("jobs", { consumer: { function: "late", concurrency: 100 }, maxReceives: 3, deadLetter: "dead" });
    for (let value = 0; value < 50; value++) world.send("jobs", value);
    world.mesh.advance(600_000);
    const { received, available } = world.stats("jobs");
    expect(available).toBe(50);
    expect(received).toBeLessThan(150); // 50 at first, then one each time
    world.worker.offer("late", byHand);
    world.mesh.advance(1_000);
    expect(world.worker.invoked).toHaveLength(1);
    for (let ended = 0; ended < 50; ended++) {
      world.worker.finish("late", undefined);
      world.mesh.settle();
    }
    expect(world.stats("jobs")).toMatchObject({ messages: 0, acknowledged: 50 });
    expect(world.stats("dead").messages).toBe(0);
  });

  test("gives back what is refused for want of room, and asks for no more than runs (F4)", () => {
    const world = new World();
    world.worker.offerAs("f", byHand, { concurrencyMax: 2, queueMax: 1 });
    world.create("dead", {});
    world.create("jobs", { consumer: { function: "f", concurrency: 20 }, maxReceives: 1, deadLetter: "dead" });
    for (let value = 0; value < 20; value++) world.send("jobs", value);
    for (let round = 0; round < 100 && world.stats("jobs").messages > 0; round++) {
      world.mesh.advance(1_000);
      if (world.worker.waiting("f").length > 0) world.worker.finish("f", undefined);
    }
    world.mesh.advance(1_000);
    expect(world.stats("jobs")).toMatchObject({ messages: 0, acknowledged: 20 });
    expect(world.stats("dead").messages).toBe(0);
    expect(world.stats("jobs").received).toBeLessThan(120);
  });

  test("keeps the lease as long as its call runs, and cancels the call where the message is gone (F3)", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    world.create("jobs", { consumer: { function: "f", timeoutMs: 3_600_000 }, visibilityMs: 5_000 });
    world.send("jobs", 1);
    world.mesh.advance(60_000);
    expect(world.stats("jobs")).toMatchObject({ leased: 1, leasesExpired: 0, received: 1 });
    world.do("jobs", { op: "purge" });
    world.mesh.advance(5_000);
    expect(world.worker.aborted).toMatchObject([{ fun: "f" }]);
    world.mesh.advance(10_000);
    world.do("jobs", { op: "delete" });
    world.mesh.settle();
    world.mesh.expectQuiet();
  });

  test("has another function called, or none, once that is said", () => {
    const world = new World();
    for (const fun of ["f", "g"]) world.worker.offer(fun, byHand);
    world.create("jobs", { consumer: { function: "f", concurrency: 0 } });
    world.send("jobs", 1);
    expect(world.worker.invoked).toEqual([]);
    world.do("jobs", { op: "update", settings: { consumer: { function: "g" } } });
    expect(world.worker.invoked.map(({ fun }) => fun)).toEqual(["g"]);
    world.do("jobs", { op: "update", settings: { consumer: undefined } });
    world.worker.finish("g", 1);
    world.send("jobs", 2);
    world.mesh.settle();
    expect(world.worker.invoked).toHaveLength(1);
    expect(world.stats("jobs")).toMatchObject({ messages: 1, available: 1, acknowledged: 1, waiting: 0 });
  });

  test("ends what it has begun before its node has drained, and begins nothing more", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    world.create("jobs", { consumer: { function: "f" } });
    world.send("jobs", 1);
    world.send("jobs", 2);
    world.owner.enter({ kind: "drain", graceMs: 30_000 });
    world.mesh.advance(5_000);
    expect(world.owner.events.filter(({ kind }) => kind === "drained")).toEqual([]);
    world.worker.finish("f", 1);
    world.mesh.advance(2_000);
    expect(world.owner.events.filter(({ kind }) => kind === "drained")).toEqual([{ kind: "drained", left: 0 }]);
    expect(world.worker.invoked).toHaveLength(1);
  });

  test("leaves nothing behind when it is deleted, or its node closed, while it works", () => {
    const world = new World();
    world.worker.offer("f", byHand);
    for (const queue of ["one", "two"]) {
      world.create(queue, { consumer: { function: "f" } });
      world.send(queue, 1);
    }
    world.do("one", { op: "delete" });
    world.mesh.settle();
    expect(world.worker.aborted).toHaveLength(1);
    world.owner.enter({ kind: "close" });
    world.mesh.settle();
    expect(world.owner.machine.nextDueMs).toBe(Infinity);
    world.mesh.advance(60_000);
    world.mesh.expectQuiet();
  });

  test("is made by nobody who may not call the function (Q5)", () => {
    const all = createDefaultPolicy({ cluster: "default" });
    const world = new World({
      policy: (subject, action) =>
        action.kind === "call" && action.fun === "secret" && subject.kind !== "node"
          ? { allow: false, reason: "it is secret" }
          : all(subject, action),
    });
    expect(() => world.create("jobs", { consumer: { function: "secret" } })).toThrow(
      expect.objectContaining({ code: "denied", message: expect.stringContaining("it is secret") as string }),
    );
    world.create("jobs", {});
    expect(() => world.do("jobs", { op: "update", settings: { consumer: { function: "secret" } } })).toThrow(
      expect.objectContaining({ code: "denied" }),
    );
  });

  test.each([
    [{ function: "" }, "function"],
    [{ function: "mpreg.queues" }, "function"],
    [{ function: "f", concurrency: -1 }, "concurrency"],
    [{ function: "f", argument: "json" }, "argument"],
    [{ function: "f", resources: "gpu" }, "resources"],
    [{ function: "f", concurency: 1 }, "concurency"],
  ])("refuses what cannot be one: %o", (consumer, named) => {
    const world = new World();
    const create = (): void => world.create("jobs", { consumer: consumer as QueueSettings["consumer"] });
    expect(create).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(named) as string }),
    );
  });
});
