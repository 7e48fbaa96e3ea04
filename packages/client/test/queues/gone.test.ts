/** Receives that wait for a client whose connection has broken. */
import { expect, test } from "vitest";
import { Mesh } from "../../../core/test/support/mesh.js";
import type { MeshNode } from "../../../core/test/support/mesh-node.js";
import { type MeshSession, followed, sessionOf, settled } from "../support/mesh-session.js";

const fun = "mpreg.queue.q";

/** The node that the client is connected to: that of the queue, or another. */
type Entry = "a" | "b";

async function start(entry: Entry) {
  const mesh = new Mesh();
  const owner = mesh.node("a", { queues: true });
  const node: MeshNode = entry === "a" ? owner : mesh.node(entry, { peers: ["a"] });
  mesh.advance(2_000);
  const [worker, sender] = [sessionOf(mesh, [entry]), sessionOf(mesh, ["a"])];
  const ask = async ({ caller }: MeshSession, of: string, operation: object): Promise<unknown> => {
    const told = followed(caller.call(of, [operation]));
    await settled(mesh);
    return told.end;
  };
  await ask(sender, "mpreg.queues", { op: "create", queue: "q", settings: { durable: false } });
  const stats = () => ask(sender, fun, { op: "stats" });
  const send = () => ask(sender, fun, { op: "send", messages: [{ body: Uint8Array.of(7) }] });
  const received = followed(worker.caller.call(fun, [{ op: "receive", max: 1, waitMs: 20_000 }]));
  await settled(mesh);
  expect(await stats()).toMatchObject({ waiting: 1 });
  const cut = async (isBack: boolean): Promise<void> => {
    node.isListening = isBack;
    worker.platform.sockets.at(-1)!.connection.cut();
    await settled(mesh);
  };
  return { mesh, node, worker, sender, send, stats, received, cut };
}

const entries = ["a", "b"] as const;

test.for(entries)(
  "a receive is given nothing while the connection of its client to %s is gone, and waits on once that is back (Q7)",
  async (entry) => {
    const { mesh, node, send, stats, received, cut } = await start(entry);
    await cut(false);
    expect(await stats()).toMatchObject({ waiting: 0 });
    await send();
    expect(await stats()).toMatchObject({ leased: 0, available: 1, received: 0 });
    node.isListening = true;
    mesh.advance(5_000);
    await settled(mesh);
    expect(received.end).toMatchObject([{ receives: 1 }]);
    expect(await stats()).toMatchObject({ leased: 1, received: 1, waiting: 0 });
  },
);

test.for(entries)("a client that is back at %s waits on for the rest of its time (Q7)", async (entry) => {
  const { mesh, send, stats, received, cut } = await start(entry);
  mesh.advance(10_000);
  await cut(true);
  mesh.advance(1_000);
  await settled(mesh);
  expect(await stats()).toMatchObject({ waiting: 1 });
  expect(received.end).toBe("none");
  mesh.advance(9_500);
  await settled(mesh);
  expect(received.end).toEqual([]);
  await send();
  expect(await stats()).toMatchObject({ waiting: 0, available: 1 });
});

test("what a queue gives out in the moment in which the connection breaks goes back, and was not received; a client that is back asks anew (U1)", async () => {
  const { mesh, node, worker, sender, send, stats, received } = await start("b");
  const sent = followed(sender.caller.call(fun, [{ op: "send", messages: [{ body: Uint8Array.of(7) }] }]));
  node.isListening = false;
  worker.platform.sockets.at(-1)!.connection.cut(); // the message is on its way
  await settled(mesh);
  expect(sent.end).toMatchObject([{ kind: "done" }]);
  expect(await stats()).toMatchObject({ leased: 0, available: 1, received: 1, released: 1, waiting: 0 });
  expect(received.end).toBe("none");
  await send();
  node.isListening = true;
  mesh.advance(5_000);
  await settled(mesh);
  expect(received.end).toMatchObject([{ receives: 1 }]);
  expect(await stats()).toMatchObject({ leased: 1, available: 1 });
});
