/** Streams whose client is gone: their handlers end when it cannot come back any more, wherever they run. */
import { expect, test } from "vitest";
import { type MeshNode, byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import { type MeshSession, sessionOf, settled } from "./support/mesh-session.js";

const resumeMs = 2_000;
type Items = AsyncIterableIterator<[number]>;

/** Nodes a and b; the handler runs at `maker`. */
async function reading(maker: "a" | "b", kind: "call" | "graph" = "call") {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc: { resumeMs } });
  const b = mesh.node("b", { peers: ["a"], rpc: { resumeMs } });
  mesh.advance(2_000);
  const ended: number[] = [];
  const node = maker === "a" ? a : b;
  node.offer("blocks", function* () {
    try {
      for (let item = 0; ; item++) yield [item, new Uint8Array(1024)];
    } finally {
      ended.push(mesh.nowMs);
    }
  });
  mesh.settle();
  const client = sessionOf(mesh, ["a", "b"], { discover: false });
  const open = async (): Promise<Items> => {
    const options = { timeoutMs: 3_600_000 };
    const graph = client.caller.graph();
    const call =
      kind === "call"
        ? client.caller.call<Items>("blocks", [], options)
        : graph.run({ items: graph.call<Items>("blocks", []) }, options).then(({ items }) => items);
    await settled(mesh);
    return call;
  };
  return { mesh, a, b, client, ended, open };
}

async function take(mesh: Mesh, items: Items, count: number): Promise<void> {
  for (let taken = 0; taken < count; taken++) {
    const next = items.next();
    await settled(mesh);
    mesh.advance(10);
    await settled(mesh);
    expect((await next).done).toBe(false);
  }
}

/** The client's process is gone: no link of it opens again. */
function kill(mesh: Mesh, { platform }: MeshSession): void {
  for (const node of mesh.nodes) node.isListening = false;
  platform.sockets.at(-1)!.connection.cut();
}

const held = (...nodes: readonly MeshNode[]): number => {
  return nodes.reduce((sum, { machine }) => sum + machine.size.heldBytes + machine.size.kept, 0);
};

test.for([
  { maker: "a", kind: "call", isRead: true },
  { maker: "b", kind: "call", isRead: true },
  { maker: "a", kind: "graph", isRead: true },
  { maker: "b", kind: "graph", isRead: true },
  { maker: "b", kind: "call", isRead: false },
] as const)(
  "the handler of a $kind at $maker ends when its client cannot come back any more, read: $isRead (K5)",
  async ({ maker, kind, isRead }) => {
    const { mesh, a, b, client, ended, open } = await reading(maker, kind);
    const items = await open();
    if (isRead) await take(mesh, items, 3);
    kill(mesh, client);
    mesh.advance(resumeMs - 100);
    expect([ended, held(a, b) > 0]).toEqual([[], true]);
    mesh.advance(300);
    expect([ended.length, held(a, b), a.machine.size.tasks + b.machine.size.tasks]).toEqual([isRead ? 1 : 0, 0, 0]);
  },
);

test("a stream ends in time although something else of its client runs on (K5)", async () => {
  const { mesh, a, client, ended, open } = await reading("b");
  a.offer("hold", byHand);
  mesh.settle();
  const items = await open();
  client.caller.call("hold", [], { detached: true, timeoutMs: 600_000 }).catch(() => undefined);
  await take(mesh, items, 3);
  kill(mesh, client);
  mesh.advance(resumeMs + 100);
  expect([ended.length, a.machine.size.gone]).toEqual([1, 1]);
});

test.for([{ leaves: "before" }, { leaves: "after" }])(
  "what the client has left $leaves the cut is let go when it is back, though the node had not heard that (L2)",
  async ({ leaves }) => {
    const { mesh, a, b, client, ended, open } = await reading("b");
    const items = await open();
    await take(mesh, items, 3);
    const { connection } = client.platform.sockets.at(-1)!;
    if (leaves === "after") connection.cut();
    void items.return?.();
    if (leaves === "before") connection.cut();
    mesh.advance(100);
    await settled(mesh);
    expect([client.session.nodeName, ended.length, held(a, b)]).toEqual(["a", 1, 0]);
  },
);

test("what was told over one link of a client goes when it says goodbye over a later one (K1)", async () => {
  const { mesh, a, b, client, ended, open } = await reading("b");
  const items = await open();
  await take(mesh, items, 3);
  const unread = await open();
  client.platform.sockets.at(-1)!.connection.cut();
  mesh.advance(30);
  await take(mesh, items, 3);
  expect(client.session.nodeName).toBe("a");
  client.session.close("enough");
  mesh.advance(100);
  expect([ended.length, held(a, b), typeof unread]).toEqual([1, 0, "object"]);
});

test("what a client reads by way of another node goes on when the first one has forgotten the client (K5)", async () => {
  const { mesh, a, b, client, ended, open } = await reading("b");
  const items = await open();
  await take(mesh, items, 3);
  a.isListening = false;
  client.platform.sockets.at(-1)!.connection.cut();
  mesh.advance(30);
  expect(client.session.nodeName).toBe("b");
  await take(mesh, items, 3);
  mesh.advance(3 * resumeMs);
  expect([ended, a.machine.size.gone]).toEqual([[], 0]);
  await take(mesh, items, 300);
  expect(ended).toEqual([]);
  kill(mesh, client);
  mesh.advance(resumeMs + 300);
  expect([ended.length, held(a, b)]).toEqual([1, 0]);
});

test("a client that comes back in time finds what it was told of, for as long as others do (K5)", async () => {
  const { mesh, ended, client, open } = await reading("b");
  const items = await open();
  client.platform.sockets.at(-1)!.connection.cut();
  mesh.advance(30);
  mesh.advance(10 * resumeMs);
  await take(mesh, items, 300);
  expect(ended).toEqual([]);
});

test("a client that is forgotten for another's sake takes its streams with it (K5)", async () => {
  const mesh = new Mesh();
  const a = mesh.node("a", { rpc: { resumeSessionsMax: 1 } });
  a.offer("blocks", function* () {
    for (;;) yield [1, new Uint8Array(1024)];
  });
  mesh.settle();
  const [client, other] = [sessionOf(mesh, ["a"], { discover: false }), sessionOf(mesh, ["a"], { discover: false })];
  const call = client.caller.call<Items>("blocks", [], { timeoutMs: 600_000 });
  await settled(mesh);
  await take(mesh, await call, 3);
  a.isListening = false;
  client.platform.sockets.at(-1)!.connection.cut();
  mesh.settle();
  expect(a.machine.size.tasks).toBe(1);
  other.platform.sockets.at(-1)!.connection.cut();
  mesh.settle();
  expect([a.machine.size.tasks, held(a)]).toEqual([0, 0]);
});
