/** Watching a request of somebody else while the watcher's own connection breaks: the iterator goes on, or says why not. */
import { expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
import type { MpregError } from "@mpreg/core/base";
import { watching } from "@mpreg/core/rpc";
import type { SessionOptions } from "../src/session.js";
import { sessionOf, settled } from "./support/mesh-session.js";

/** A request that runs at `a`, asked for by one client, and what another has been told of it. */
async function watched(given: Partial<SessionOptions> = {}) {
  const mesh = new Mesh();
  const [a] = mesh.cluster("a", "b");
  a!.offer("hold", byHand);
  mesh.settle();
  const asker = sessionOf(mesh, ["a"]);
  let requestId = "";
  const onEvent = (event: { readonly kind: string; readonly requestId?: string }): void => {
    requestId = event.requestId ?? requestId;
  };
  const result = asker.caller.call("hold", [], { timeoutMs: 600_000, onEvent });
  await settled(mesh);
  const watcher = sessionOf(mesh, ["b", "a"], given);
  const told: string[] = [];
  const errors: MpregError[] = [];
  const follow = async (): Promise<void> => {
    for await (const { kind } of watching(watcher.session, requestId, {})) told.push(kind);
    told.push("end");
  };
  void follow().catch((thrown: unknown) => {
    errors.push(thrown as MpregError);
    told.push((thrown as MpregError).code);
  });
  await settled(mesh);
  expect(told).toEqual(["received", "started"]);
  return { mesh, a: a!, watcher, requestId, told, errors, result };
}

test("a watcher whose connection breaks is told all from `received` on again, over the next one, until the end (B1)", async () => {
  const { mesh, a, watcher, told, result } = await watched();
  watcher.platform.sockets[0]!.connection.cut();
  mesh.advance(50);
  await settled(mesh);
  expect(told).toEqual(["received", "started", "received", "started"]);
  a.finish("hold", "done");
  await settled(mesh);
  expect(told.slice(4)).toEqual(["result-available", "finished", "end"]);
  expect(await result).toBe("done");
});

test("a watcher who finds no node for 30 s is told so (B1, C5)", async () => {
  const { mesh, watcher, told } = await watched({ urls: ["ws://b"], discover: false });
  mesh.crash(mesh.nodes.find(({ name }) => name === "b")!);
  mesh.advance(29_000);
  await settled(mesh);
  expect(told).toEqual(["received", "started"]);
  mesh.advance(2_000);
  await settled(mesh);
  expect(told).toEqual(["received", "started", "not-connected"]);
  watcher.session.close("enough");
});

test.for([
  { what: "with one connection only, which breaks,", reconnect: false, code: "node-lost" },
  { what: "that is closed", reconnect: true, code: "closed" },
])("a watcher $what is told $code at once (B1)", async ({ reconnect, code }) => {
  const { watcher, mesh, told } = await watched({ reconnect });
  if (reconnect) watcher.session.close("enough");
  else watcher.platform.sockets[0]!.connection.cut();
  await settled(mesh);
  expect(told).toEqual(["received", "started", code]);
});

test.for([
  { what: "remembers that its coordinator is down", next: "b", why: 'node "a", which coordinated it, is down' },
  { what: "has never heard of its coordinator", next: "c", why: "no node of the cluster has an id that begins with" },
])(
  "a watcher who comes to a node that $what is told that it was lost with that node (L6, B1)",
  async ({ next, why }) => {
    const { mesh, a, told, errors, result } = await watched({ urls: ["ws://a", `ws://${next}`], discover: false });
    mesh.node("c");
    const hidden = mesh.nodes.filter(({ name }) => name !== "a");
    for (const node of hidden) node.isListening = false;
    mesh.crash(a);
    const ended = result.catch((thrown: unknown) => (thrown as MpregError).code);
    mesh.advance(25_000); // until it counts as down
    for (const node of hidden) node.isListening = true;
    mesh.advance(4_000);
    await settled(mesh);
    expect(told).toEqual(["received", "started", "node-lost"]);
    expect(await ended).toBe("node-lost");
    expect(errors[0]).toMatchObject({ outcome: "unknown", node: "a", message: expect.stringContaining(why) });
  },
);
