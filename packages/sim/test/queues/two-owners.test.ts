/** Two nodes that have a queue of one name, since they were parted when both made it. */
import type { NodeEvent } from "@mpreg/core/node";
import { describe, expect, test } from "vitest";
import { World } from "../../src/index.js";

interface Received {
  readonly body: Uint8Array;
  readonly receipt: string;
}

const fun = "mpreg.queue.q";

class Parted {
  readonly world: World;
  readonly events: { readonly node: string; readonly event: NodeEvent }[] = [];

  constructor(seed: number, memory: boolean) {
    const limits = { queues: {}, redial: { redialMsMin: 20, redialMsMax: 500 } };
    const nodes = ["a", "b", "c"].map((name) => ({ name, store: !memory }));
    this.world = new World({ seed, nodes, limits });
    this.world.observers.add((observed) => {
      if (observed.kind === "reported" && observed.event.kind === "queue-yielded") this.events.push(observed);
    });
  }

  /** Both make the queue, `a` first, and have messages of their own; then they see each other. */
  async meet(settings: object): Promise<void> {
    const { world } = this;
    await this.linked();
    const heal = world.faults.partition(["a", "c"], ["b"]);
    await world.until(() => world.node("a").size.peers === 1 && world.node("b").size.peers === 0);
    for (const name of ["a", "b"]) {
      await this.ask(name, "mpreg.queues", { op: "create", queue: "q", settings });
      await world.sleep(5);
    }
    await this.send("a", [1, 2, 3]);
    await this.send("b", [11, 12, 13, 14, 15]);
    heal();
  }

  linked(): Promise<boolean> {
    const nodes = [...this.world.nodes.values()];
    return this.world.until(() => nodes.every((node) => node.state === "up" && node.size.peers === 2));
  }

  ask<T>(node: string, of: string, operation: object): Promise<T> {
    return this.world.node(node).call<T>(of, [operation], { timeoutMs: 5_000 });
  }

  async send(node: string, numbers: readonly number[]): Promise<readonly { readonly kind: string }[]> {
    const messages = numbers.map((number) => ({ body: Uint8Array.of(number), group: number > 10 ? "of b" : "of a" }));
    return this.ask(node, fun, { op: "send", messages });
  }

  /** All that the queue gives, asked for at that node, until it has nothing more. */
  async drain(node: string): Promise<number[]> {
    const all: number[] = [];
    for (;;) {
      const received = await this.ask<readonly Received[]>(node, fun, { op: "receive", max: 10, waitMs: 2_000 });
      if (received.length === 0) return all;
      all.push(...received.map(({ body }) => body[0] ?? 0));
      await this.ask(node, fun, { op: "ack", receipts: received.map(({ receipt }) => receipt) });
    }
  }

  /** The nodes that have the queue, as each node sees it. */
  async owners(): Promise<string[]> {
    const names = new Map([...this.world.nodes.values()].map(({ id, name }) => [id, name]));
    const owners: string[] = [];
    for (const name of this.world.nodes.keys()) {
      const place = { op: "place", queue: "q", durable: false };
      const { node } = await this.ask<{ readonly node: string }>(name, "mpreg.queues", place);
      owners.push(names.get(node) ?? node);
    }
    return owners;
  }

  hasYielded(gone: boolean): boolean {
    return this.events.some(({ event }) => event.kind === "queue-yielded" && event.gone === gone);
  }
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
const everything = [1, 2, 3, 11, 12, 13, 14, 15];

describe.each([
  ["durable", false],
  ["in memory", true],
])("two queues of one name, %s:", (_, memory) => {
  test("the older one keeps it and gets all that the younger one has, once and in the order of its groups (R1, R2)", async () => {
    const parted = new Parted(3, memory);
    await parted.linked();
    const settings = { durable: !memory, topics: ["mpreg.queue.q.*"] };
    await parted.ask("b", "mpreg.queues", { op: "create", queue: "log", settings });
    await parted.world.sleep(1_000);
    await parted.meet({ durable: !memory, order: "fifo" });
    await parted.world.until(() => parted.hasYielded(true));
    await parted.world.sleep(1_000);
    expect(await parted.owners()).toEqual(["a", "a", "a"]);
    const yielded = { kind: "queue-yielded", queue: "q", nodeId: parted.world.node("a").id, name: "a" };
    expect(parted.events).toMatchObject([
      { node: "b", event: { ...yielded, gone: false } },
      { node: "b", event: { ...yielded, gone: true } },
    ]);
    await parted.send("b", [16]);
    const given = await parted.drain("b");
    expect(sorted(given)).toEqual([...everything, 16]);
    expect(given.filter((number) => number > 10)).toEqual([11, 12, 13, 14, 15, 16]);
    // made anew elsewhere, the name is free there
    expect(parted.world.node("b").store?.range("queues", { limit: 2 }) ?? []).toHaveLength(memory ? 0 : 1); // "log"
    await parted.ask("c", fun, { op: "delete" });
    await parted.world.sleep(1_000);
    const told = await parted.ask<readonly { readonly headers: Readonly<Record<string, string>> }[]>(
      "b",
      "mpreg.queue.log",
      { op: "browse", limit: 1_000 },
    );
    const topics = told.map(({ headers }) => headers["mpreg-topic"]);
    expect(topics.filter((topic) => topic === "mpreg.queue.q.deleted")).toHaveLength(1); // the one that was deleted, not that which gave way
  });

  test("what is leased stays with the younger one until its lease is over (O2)", async () => {
    const parted = new Parted(4, memory);
    const { world } = parted;
    await parted.linked();
    const heal = world.faults.partition(["a", "c"], ["b"]);
    await world.until(() => world.node("b").size.peers === 0);
    for (const name of ["a", "b"]) {
      await parted.ask(name, "mpreg.queues", { op: "create", queue: "q", settings: { durable: !memory } });
      await world.sleep(5);
    }
    await parted.send("b", [11]);
    await parted.ask("b", fun, { op: "receive", max: 1, waitMs: 0, visibilityMs: 30_000 });
    heal();
    await world.until(() => parted.hasYielded(false));
    await world.sleep(5_000);
    expect(parted.hasYielded(true)).toBe(false);
    expect(await parted.drain("b")).toEqual([]);
    await world.until(() => parted.hasYielded(true));
    expect(await parted.drain("b")).toEqual([11]);
  });
});

test("where the older one has not been there for ten minutes, the younger takes the name back, with what it has, also over a crash (O5)", async () => {
  const parted = new Parted(5, false);
  const { world } = parted;
  await parted.linked();
  const heal = world.faults.partition(["a", "c"], ["b"]);
  await world.until(() => world.node("b").size.peers === 0);
  for (const name of ["a", "b"]) {
    await parted.ask(name, "mpreg.queues", { op: "create", queue: "q", settings: {} });
    await world.sleep(5);
  }
  await parted.send("b", [11]);
  const hourMs = 3_600_000;
  await parted.ask("b", fun, { op: "receive", max: 1, waitMs: 0, visibilityMs: hourMs }); // so it stays
  heal();
  await world.until(() => parted.hasYielded(false));
  await world.sleep(1_000);
  await parted.ask("c", fun, { op: "delete" }); // the older one is gone for good
  await world.sleep(9 * 60_000);
  await expect(parted.send("c", [12])).rejects.toMatchObject({ outcome: "not-applied" });
  await world.sleep(2 * 60_000);
  expect(await parted.owners()).toEqual(["b", "b", "b"]);
  await parted.send("c", [12]);
  world.node("b").crash({ silent: true });
  await world.sleep(200);
  world.node("b").restart();
  await parted.linked();
  await world.sleep(1_000);
  expect(await parted.owners()).toEqual(["b", "b", "b"]);
  expect(await parted.drain("a")).toEqual([12]);
  await world.sleep(hourMs);
  expect(await parted.drain("a")).toEqual([11]);
  expect(parted.hasYielded(true)).toBe(false);
});

test("a change of the younger one that is on its way when it gives way begins nothing that nobody ends", async () => {
  const parted = new Parted(7, false);
  const { world } = parted;
  await parted.meet({ topics: ["t"], consumer: { function: "f" } });
  let [begun, told] = [0, 0];
  for (; !parted.hasYielded(false); begun++) {
    const update = { op: "update", settings: { visibilityMs: 1_000 + begun } };
    await parted.ask("b", fun, update);
    if (!parted.hasYielded(false)) told += 1;
  }
  expect(begun).toBe(told + 1); // the last was on its way
  await world.until(() => parted.hasYielded(true));
  await world.sleep(120_000);
  const { subscriptions, timers } = world.node("b").size;
  expect({ subscriptions, timers }).toEqual({ subscriptions: 0, timers: 0 });
});

test.each([0, 1, 3, 10, 30, 100, 200, 400])(
  "whoever crashes %i ms after they have met, each message is in the older one, once",
  async (afterMs) => {
    for (const victim of ["a", "b"]) {
      const parted = new Parted(50 + afterMs, false);
      const { world } = parted;
      await parted.meet({ order: "fifo" });
      await world.until(() => parted.hasYielded(false));
      await world.sleep(afterMs);
      world.node(victim).crash({ silent: true });
      await world.sleep(200);
      world.node(victim).restart();
      await parted.linked();
      await world.until(() => parted.hasYielded(true), { withinMs: 120_000 });
      await world.sleep(40_000); // a batch that was on its way when its far side crashed is asked for again
      expect(await parted.owners()).toEqual(["a", "a", "a"]);
      expect(sorted(await parted.drain("c"))).toEqual(everything);
    }
  },
);
