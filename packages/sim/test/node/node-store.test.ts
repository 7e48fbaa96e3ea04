/** A simulated node with a store: what is in it outlives the node's processes, and so does its key. */
import { expect, test } from "vitest";
import { type SimulatedNode, World } from "../../src/index.js";

const until = (world: World, node: SimulatedNode): Promise<boolean> => world.until(() => node.state === "up");

function ask<T>(world: World, node: string, fun: string, operation: object): Promise<T> {
  return world.node(node).call<T>(fun, [operation]);
}

test.each([true, false])("a durable queue and the node's id survive a crash, of the machine: %s", async (silent) => {
  const world = new World({ seed: 5, nodes: [{ name: "a", store: true }, { name: "b" }] });
  const a = world.node("a");
  expect(a.state).toBe("down"); // its store is being opened
  await until(world, a);
  const { id } = a;
  await ask(world, "a", "mpreg.queues", { op: "create", queue: "q", settings: {} });
  await world.until(() => world.node("b").knows("mpreg.queue.q"));
  await ask(world, "b", "mpreg.queue.q", { op: "send", messages: [{ body: Uint8Array.of(7) }] });
  a.crash({ silent });
  expect(a.store).toBeUndefined();
  a.restart();
  a.restart(); // nothing, while its store is being opened
  await until(world, a);
  expect(a.id).toBe(id);
  const received = await ask<readonly { readonly body: Uint8Array }[]>(world, "a", "mpreg.queue.q", {
    op: "receive",
    max: 10,
    waitMs: 0,
  });
  expect(received.map(({ body }) => [...body])).toEqual([[7]]);
});

test("a node whose store cannot be opened stays down, until its disk is mended and it is started again", async () => {
  const world = new World({ seed: 5, nodes: [{ name: "a", store: true }] });
  const a = world.node("a");
  await until(world, a);
  a.crash();
  a.disk.setFaults({ syncFailureRatio: 1 });
  a.restart();
  await world.sleep(1_000);
  expect(a.state).toBe("down");
  a.disk.setFaults({});
  a.crash({ silent: true });
  a.restart();
  await until(world, a);
  expect(a.state).toBe("up");
});

test("a node without a store has queues where it is given limits for them, in memory", async () => {
  const world = new World({ seed: 5, nodes: [{ name: "a", limits: { queues: {} } }] });
  await ask(world, "a", "mpreg.queues", { op: "create", queue: "q", settings: { durable: false } });
  world.node("a").crash();
  world.node("a").restart();
  await world.sleep(1_000);
  expect(world.node("a").knows("mpreg.queue.q")).toBe(false);
});
