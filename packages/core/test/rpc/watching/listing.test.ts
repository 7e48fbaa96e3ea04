/** Which requests a node coordinates, and has coordinated lately. */
import { expect, test } from "vitest";
import { MpregError, type Policy } from "../../../src/base/index.js";
import type { RequestList } from "../../../src/rpc/index.js";
import { listedMax } from "../../../src/rpc/watching/listing.js";
import { Mesh } from "../../support/mesh.js";
import type { MeshClient } from "../../support/mesh-client.js";
import { type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";
import { codec, use } from "../../support/requests.js";

const steps = [{ fun: "here" }, { name: "second", fun: "f", args: [use("here")] }];

function cluster(options: MeshNodeOptions = {}, others: MeshNodeOptions = options) {
  const mesh = new Mesh();
  const a = mesh.node("a", options);
  const b = mesh.node("b", { ...others, peers: ["a"] });
  b.offer("f", byHand);
  a.offer("here", byHand);
  mesh.settle();
  return { mesh, a, b, asker: mesh.client(a), other: mesh.client(b) };
}

function listOf(mesh: Mesh, client: MeshClient, node?: string): RequestList {
  const id = client.requests(node);
  mesh.settle();
  const last = client.heard.at(-1);
  if (last?.kind !== "answer" || last.id !== id) throw new Error(`no list, but ${JSON.stringify(last)}`);
  return codec.decode(last.value as Uint8Array) as RequestList;
}

function run(mesh: Mesh, a: MeshNode, asker: MeshClient): void {
  asker.request([{ fun: "here" }]);
  mesh.settle();
  a.finish("here", 1);
  mesh.settle();
}

test("those that run and those that have ended are listed through any node, with their steps and who has asked (L1)", () => {
  const { mesh, a, b, asker, other } = cluster();
  asker.request(steps);
  mesh.settle();
  a.fail("here", new MpregError("handler-error", "broken", { outcome: "applied" }));
  mesh.settle();
  run(mesh, a, asker);
  asker.request(steps);
  mesh.settle();
  a.finish("here", "abc");
  mesh.advance(1_000);
  const caller = { kind: "client", address: expect.stringMatching(/./) };
  const list = listOf(mesh, other, "a");
  expect(list).toEqual({
    node: "a",
    leftOut: 0,
    requests: [
      {
        requestId: a.requestId(3),
        state: "running",
        ageMs: 1_000,
        totalMs: 1_000,
        steps: { ended: 1, total: 2 },
        caller,
      },
      { requestId: a.requestId(2), state: "finished", ageMs: 1_000, totalMs: 0, steps: { ended: 1, total: 1 }, caller },
      {
        requestId: a.requestId(1),
        state: "failed",
        ageMs: 1_000,
        totalMs: 0,
        steps: { ended: 1, total: 2 },
        caller,
        code: "handler-error",
      },
    ],
  });
  expect(listOf(mesh, asker)).toEqual(list);
  expect(listOf(mesh, asker, a.id)).toEqual(list);
  expect(listOf(mesh, other)).toEqual({ node: "b", requests: [], leftOut: 0 });
  b.finish("f", 2);
  mesh.settle();
  expect(listOf(mesh, other, "a").requests[0]).toMatchObject({ state: "finished", steps: { ended: 2, total: 2 } });
  mesh.expectQuiet();
});

test("ended ones are listed for as long as they are remembered, the latest first (R1)", () => {
  const { mesh, a, asker } = cluster({ rpc: { tracesMax: 2, traceMs: 60_000 } });
  for (let count = 0; count < 3; count++) run(mesh, a, asker);
  expect(listOf(mesh, asker).requests.map(({ requestId }) => requestId)).toEqual([a.requestId(3), a.requestId(2)]);
  mesh.advance(60_001);
  expect(listOf(mesh, asker).requests).toEqual([]);
});

test("a list is bounded, and says how many are not in it (L5)", () => {
  const { mesh, asker, other } = cluster();
  for (let count = 0; count < listedMax + 3; count++) asker.request(steps);
  mesh.settle();
  const { requests, leftOut } = listOf(mesh, other, "a");
  expect([requests.length, leftOut]).toEqual([listedMax, 3]);
  asker.connection!.cut();
  mesh.settle();
  mesh.expectQuiet();
});

const refusing =
  (refused: (request: string) => boolean): Policy =>
  (_subject, action) =>
    action.kind === "watch" && refused(action.request) ? { allow: false, reason: "not yours" } : { allow: true };

test("who may not watch a request is not told of it, at either node (L2)", () => {
  const hidden = new Set<string>();
  const policy = refusing((request) => hidden.has(request));
  for (const [here, there] of [
    [{ policy }, {}],
    [{}, { policy }],
  ] as const) {
    const { mesh, a, asker, other } = cluster(here, there);
    run(mesh, a, asker);
    run(mesh, a, asker);
    hidden.add(a.requestId(1));
    expect(listOf(mesh, other, "a").requests.map(({ requestId }) => requestId)).toEqual([a.requestId(2)]);
  }
});

test("who may see none of those that there are is told why (L2)", () => {
  const { mesh, a, asker, other } = cluster({ policy: refusing(() => true) });
  expect(listOf(mesh, other, "a").requests).toEqual([]);
  run(mesh, a, asker);
  const id = other.requests("a");
  mesh.settle();
  const message = 'Cannot list the requests of node "a": not yours';
  expect(other.heard.at(-1)).toMatchObject({ kind: "failure", id, error: { code: "denied", message, node: "a" } });
});

test("a node that is not there is told of, with what would work", () => {
  const { mesh, other } = cluster();
  const failureOf = (node: string): unknown => {
    other.requests(node);
    mesh.settle();
    return other.heard.at(-1);
  };
  expect(failureOf("aa")).toMatchObject({
    kind: "failure",
    error: {
      code: "invalid-argument",
      message: expect.stringContaining('no node of the cluster has that name or id; did you mean "a"?'),
    },
  });
});

test("whoever leaves is told nothing more, and who asks for a node that cannot be reached is told that", () => {
  const { mesh, a, b, other } = cluster();
  const left = other.requests("a");
  other.cancel(left);
  const lost = other.requests("a");
  b.connectionTo(a).cut();
  mesh.settle();
  expect(other.heard.filter((message) => message.kind === "failure")).toEqual([
    expect.objectContaining({ id: left }),
    expect.objectContaining({ id: lost, error: expect.objectContaining({ code: "node-lost" }) }),
  ]);
  mesh.expectQuiet();
});
