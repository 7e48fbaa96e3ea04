/** Watching a request of somebody else while the watcher's own connection breaks: the iterator goes on, or says why not. */
import { expect, test } from "vitest";
import { byHand } from "../../core/test/support/mesh-node.js";
import { Mesh } from "../../core/test/support/mesh.js";
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
  const follow = async (): Promise<void> => {
    for await (const { kind } of watching(watcher.session, requestId, {})) told.push(kind);
    told.push("end");
  };
  void follow().catch((error: unknown) => told.push((error as { readonly code: string }).code));
  await settled(mesh);
  expect(told).toEqual(["received", "started"]);
  return { mesh, a: a!, watcher, told, result };
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
