/** What a node's own program asks about requests once: the trace of one, and which there are. */
import { expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { RequestList, RequestTrace } from "../../../src/rpc/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";

/** a offers `here`, b `there`; a client of a. */
function cluster(options: MeshNodeOptions = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", options);
  const b = mesh.node("b", { ...options, peers: ["a"] });
  a.offer("here", byHand);
  b.offer("there", byHand);
  mesh.settle();
  return { mesh, a, b, client: mesh.client(a) };
}

const traceOf = (node: MeshNode, requestId: string, timeoutMs = 0): Asked =>
  node.look({ kind: "watch", requestId, now: true, intermediates: false, timeoutMs });
const listOf = (node: MeshNode, of: string | undefined, timeoutMs = 0): Asked =>
  node.look({ kind: "requests", node: of, timeoutMs });

/** Nothing that either node sends arrives, until the answer: how to let it. */
function held(a: MeshNode, b: MeshNode): () => void {
  const connection = b.connectionTo(a);
  const directions = connection.ends.map((end) => connection.from(end));
  for (const direction of directions) direction.isHeld = true;
  return () => {
    for (const direction of directions) direction.release();
  };
}

test("the trace of a request is told as it is now, and the same after its end, at its coordinator and elsewhere (L3)", () => {
  const { mesh, a, b, client } = cluster();
  client.request([{ fun: "here" }]);
  mesh.settle();
  const running = [a, b].map((node) => traceOf(node, a.requestId()));
  mesh.settle();
  for (const { ends } of running) {
    expect(ends).toMatchObject([{ value: { state: "running", coordinator: "a", steps: [] } }]);
  }
  a.finish("here", 1);
  mesh.settle();
  const ended = [a, b].map((node) => traceOf(node, a.requestId()));
  mesh.settle();
  const [atHome, elsewhere] = ended.map(({ ends }) => (ends[0] as { readonly value: RequestTrace }).value);
  expect(atHome).toMatchObject({ state: "finished", requestId: a.requestId(), steps: [{ name: "here", node: "a" }] });
  expect(elsewhere).toEqual(atHome);
  mesh.expectQuiet();
});

test("the requests of its own node and of others are listed, with who has asked (L5)", () => {
  const { mesh, a, b, client } = cluster();
  client.request([{ fun: "here" }]);
  b.request([{ fun: "here" }]);
  mesh.settle();
  const asked = [listOf(a, undefined), listOf(b, "a"), listOf(b, undefined), listOf(a, "b")];
  mesh.settle();
  const lists = asked.map(({ ends }) => (ends[0] as { readonly value: RequestList }).value);
  expect(asked.map(({ ends }) => ends.length)).toEqual([1, 1, 1, 1]);
  const shown = lists.map(({ node, requests }) => [node, requests.map(({ caller }) => caller.kind)]);
  expect(shown).toEqual([
    ["a", ["client"]],
    ["a", ["client"]],
    ["b", ["self"]],
    ["b", ["self"]],
  ]);
});

test("what cannot be seen is told why: who is not let, no such request, no such node (L2)", () => {
  const { mesh, a, b, client } = cluster({
    policy: (subject, action) =>
      action.kind === "watch" && subject.kind === "node" ? { allow: false, reason: "not yours" } : { allow: true },
  });
  client.request([{ fun: "here" }]);
  mesh.settle();
  const asked = [traceOf(b, a.requestId()), listOf(b, "a"), traceOf(b, b.requestId(77)), listOf(b, "c")];
  mesh.settle();
  const codes = ["denied", "denied", "unknown-request", "invalid-argument"];
  expect(asked.map(({ ends }) => ends)).toMatchObject(codes.map((code) => [{ error: { code } }]));
});

test("a look that was given a time ends with it, as deadline, and what comes later is not told (K3)", () => {
  const { mesh, a, b, client } = cluster();
  client.request([{ fun: "here" }]);
  mesh.settle();
  const release = held(a, b);
  const asked = [traceOf(b, a.requestId(), 100), listOf(b, "a", 200)];
  mesh.advance(99);
  expect(asked.map(({ ends }) => ends.length)).toEqual([0, 0]);
  mesh.advance(1);
  expect(asked.map(({ ends }) => ends.length)).toEqual([1, 0]);
  mesh.advance(100);
  release();
  mesh.settle();
  for (const [index, { ends }] of asked.entries()) {
    const message = `The time allowed (${[100, 200][index]} ms) ran out before an answer came`;
    expect(ends).toMatchObject([{ error: { code: "deadline", message } }]);
  }
  a.finish("here", 1);
  mesh.settle();
  mesh.expectQuiet();
});

test("a look that is answered in time leaves no timer behind, and one that is withdrawn neither (K3)", () => {
  const { mesh, a, b, client } = cluster();
  client.request([{ fun: "here" }]);
  mesh.settle();
  const answered = [traceOf(a, a.requestId(), 60_000), traceOf(b, a.requestId(), 60_000)];
  mesh.settle();
  const release = held(a, b);
  const withdrawn = traceOf(b, a.requestId(), 60_000);
  b.enter({ kind: "withdraw", ticket: withdrawn.ticket });
  release();
  a.fail("here", new MpregError("handler-error", "broken", { outcome: "applied" }));
  mesh.settle();
  for (const { ends } of answered) expect(ends).toMatchObject([{ value: { state: "running" } }]);
  expect(withdrawn.ends).toMatchObject([{ error: { code: "cancelled" } }]);
  mesh.expectQuiet();
});
