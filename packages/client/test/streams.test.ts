/** Streams that a client reads while its connection breaks: no item is lost, none comes twice. */
import { expect, test } from "vitest";
import type { MeshNode } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { type MeshSession, sessionOf, settled } from "./support/mesh-session.js";

const KiB = 1024;

function* blocks(count: number): Generator {
  for (let i = 0; i < count; i++) yield [i, new Uint8Array(KiB)];
}

async function opened(mesh: Mesh, { caller }: MeshSession): Promise<AsyncIterableIterator<[number]>> {
  const call = caller.call<AsyncIterableIterator<[number]>>("blocks", [], { timeoutMs: 600_000 });
  await settled(mesh);
  return call;
}

async function take(mesh: Mesh, items: AsyncIterableIterator<[number]>): Promise<number | undefined> {
  const next = items.next();
  await settled(mesh);
  mesh.advance(100);
  await settled(mesh);
  const step = await next;
  return step.done === true ? undefined : step.value[0];
}

/** Over the node that makes the items; over another one; and from one to the other. */
test.for([
  { from: "a", to: "a" },
  { from: "b", to: "b" },
  { from: "b", to: "a" },
])("a stream goes on when the connection breaks and comes back, from $from to $to (L3, M3)", async ({ from, to }) => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  a.offer("blocks", () => blocks(1_200));
  mesh.settle();
  const client = sessionOf(mesh, [from, to], { discover: false });
  const items = await opened(mesh, client);
  const taken: (number | undefined)[] = [];
  for (let index = 0; index < 1_200; index++) {
    if (index === 300 || index === 700) {
      if (from !== to) b.isListening = false;
      client.platform.sockets.at(-1)!.connection.cut();
      mesh.advance(50);
    }
    taken.push(await take(mesh, items));
  }
  expect(client.session.nodeName).toBe(to);
  expect(taken).toEqual([...Array(1_200).keys()]);
  expect(await take(mesh, items)).toBeUndefined();
  client.session.close("enough");
  mesh.advance(1_000);
  mesh.expectQuiet();
});

/** Read over the node that makes the items, and over another one. */
test.for([{ over: "a" }, { over: "b" }])(
  "a stream that is read over $over goes on while that node drains, and the node waits for its end (C10)",
  async ({ over }) => {
    const mesh = new Mesh();
    const nodes = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    nodes[0].offer("blocks", () => blocks(1_200));
    mesh.settle();
    const client = sessionOf(mesh, [over]);
    const items = await opened(mesh, client);
    const taken: (number | undefined)[] = [];
    const draining = nodes.find(({ name }) => name === over)!;
    const drained = (): boolean => draining.events.some(({ kind }) => kind === "drained");
    for (let index = 0; index < 1_200; index++) {
      if (index === 300) draining.enter({ kind: "drain", graceMs: 600_000 });
      taken.push(await take(mesh, items));
      if (index < 1_000) expect(drained()).toBe(false);
    }
    expect(taken).toEqual([...Array(1_200).keys()]);
    expect(await take(mesh, items)).toBeUndefined();
    mesh.advance(1_000);
    expect(client.session.nodeName).not.toBe(over);
    expect(drained()).toBe(true);
    client.session.close("enough");
    mesh.advance(1_000);
    mesh.expectQuiet();
  },
);

test("a stream that its program does not begin to read until the client has moved is there (C10)", async () => {
  const mesh = new Mesh();
  const [a] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  a.offer("blocks", () => blocks(10));
  mesh.settle();
  const client = sessionOf(mesh, ["a"]);
  const items = await opened(mesh, client);
  a.enter({ kind: "drain", graceMs: 600_000 });
  await settled(mesh);
  expect(client.session.nodeName).toBe("b");
  const taken: (number | undefined)[] = [];
  for (let index = 0; index < 10; index++) taken.push(await take(mesh, items));
  expect(taken).toEqual([...Array(10).keys()]);
});

test("a connection that was left is closed when its stream is left as well (C10)", async () => {
  const mesh = new Mesh();
  const [a] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  a.offer("blocks", () => blocks(1_000_000));
  mesh.settle();
  const client = sessionOf(mesh, ["a"]);
  const items = await opened(mesh, client);
  await take(mesh, items);
  a.enter({ kind: "drain", graceMs: 600_000 });
  await settled(mesh);
  expect(a.machine.size.links).toBe(2);
  await items.return?.();
  await settled(mesh);
  expect(a.machine.size.links).toBe(1);
  expect(a.events).toContainEqual({ kind: "drained", left: 0 });
});

test("closing the client ends what it reads, and the handler", async () => {
  const mesh = new Mesh();
  const [a] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  a.offer("blocks", () => blocks(1_000_000));
  mesh.settle();
  const client = sessionOf(mesh, ["b"]);
  const items = await opened(mesh, client);
  expect(await take(mesh, items)).toBe(0);
  client.session.close("enough");
  const rest = (async () => {
    for await (const item of items) expect(item).toBeDefined();
  })();
  await expect(rest).rejects.toMatchObject({ code: "closed", outcome: "unknown" });
  mesh.advance(1_000);
  expect(a.aborted).toEqual([{ fun: "blocks", reason: "cancelled" }]);
  mesh.expectQuiet();
});
