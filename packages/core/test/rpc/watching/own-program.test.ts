/** Requests that a node's own program watches: its own, and those of others. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, type MeshNodeOptions, byHand } from "../../support/mesh-node.js";

/** a offers `here`, b `f`, both ended by the test; a client of a. */
function cluster(options: MeshNodeOptions = {}) {
  const mesh = new Mesh();
  const a = mesh.node("a", options);
  const b = mesh.node("b", { ...options, peers: ["a"] });
  a.offer("here", byHand);
  b.offer("f", byHand);
  mesh.settle();
  return { mesh, a, b, client: mesh.client(a) };
}

function kindsOf(node: MeshNode, asked: Asked): string[] {
  return node.toldOf(asked).map(({ kind }) => kind);
}

describe("a node's own program", () => {
  test("is told what has happened and what happens to a request of a client at another node, until its end (E4) (L1) (L3)", () => {
    const { mesh, a, b, client } = cluster();
    client.request([{ fun: "here" }, { fun: "f" }]);
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    const watched = b.watch(a.requestId());
    mesh.settle();
    const past = ["received", "planned", "step-ready", "step-ready", "started", "started", "result-available"];
    expect(kindsOf(b, watched)).toEqual(past);
    expect(watched.ends).toEqual([]);
    b.finish("f", 2);
    mesh.settle();
    expect(kindsOf(b, watched)).toEqual([...past, "result-available", "finished"]);
    expect(watched.ends).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("watches what it has asked for itself, also when that has ended (E4) (L3)", () => {
    const { mesh, a } = cluster();
    const asked = a.request([{ fun: "here" }]);
    mesh.settle();
    const early = a.watch(a.requestId());
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    const late = a.watch(a.requestId());
    mesh.settle();
    const kinds = ["received", "planned", "step-ready", "started", "result-available", "finished"];
    for (const watched of [early, late]) {
      expect(kindsOf(a, watched)).toEqual(kinds);
      expect(watched.ends).toHaveLength(1);
    }
    expect(asked.ends).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("that watches no more is told nothing, and the request goes on (L3) (P2)", () => {
    const { mesh, a, b } = cluster();
    const asked = a.request([{ fun: "here" }]);
    mesh.settle();
    const watching = [a, b].map((node) => ({ node, watched: node.watch(a.requestId()) }));
    mesh.settle();
    const before = watching.map(({ node, watched }) => kindsOf(node, watched));
    for (const { node, watched } of watching) node.enter({ kind: "withdraw", ticket: watched.ticket });
    mesh.settle();
    a.finish("here", 1);
    mesh.settle();
    expect(watching.map(({ node, watched }) => kindsOf(node, watched))).toEqual(before);
    for (const { watched } of watching) expect(watched.ends).toMatchObject([{ error: { code: "cancelled" } }]);
    expect(asked.ends).toHaveLength(1);
    expect(asked.ends[0]).not.toHaveProperty("error");
    mesh.expectQuiet();
  });

  test("is asked about as the node itself: where it lives, and as a node at the coordinator (L2)", () => {
    const decisions: unknown[] = [];
    const { mesh, a, b, client } = cluster({
      policy: (subject, action) => {
        if (action.kind !== "watch") return { allow: true };
        decisions.push([subject.kind, action.onBehalfOf, action.request, action.intermediates]);
        return subject.kind === "node" ? { allow: false, reason: "not yours" } : { allow: true };
      },
    });
    client.request([{ fun: "here" }]);
    mesh.settle();
    const watched = b.watch(a.requestId(), { intermediates: true });
    mesh.settle();
    expect(decisions).toEqual([
      ["self", undefined, a.requestId(), true],
      ["node", undefined, a.requestId(), true],
    ]);
    const error = { code: "denied", node: "a", message: expect.stringContaining("not yours") };
    expect(watched.ends).toMatchObject([{ error }]);
  });

  test("is refused where the policy of its own node refuses, and nobody else is asked (L2)", () => {
    const subjects: string[] = [];
    const { mesh, a, b, client } = cluster({
      policy: (subject, action) => {
        if (action.kind === "watch") subjects.push(subject.kind);
        return action.kind === "watch" ? { allow: false, reason: "nobody looks" } : { allow: true };
      },
    });
    client.request([{ fun: "here" }]);
    mesh.settle();
    const watched = b.watch(a.requestId());
    mesh.settle();
    expect(subjects).toEqual(["self"]);
    expect(watched.ends).toMatchObject([{ error: { code: "denied", node: "b" } }]);
  });

  test("is told when the way to the coordinator is lost, and of a request that nobody knows (P1)", () => {
    const { mesh, a, b, client } = cluster();
    client.request([{ fun: "here" }]);
    mesh.settle();
    const watched = b.watch(a.requestId());
    mesh.settle();
    b.connectionTo(a).cut();
    mesh.settle();
    expect(watched.ends).toMatchObject([{ error: { code: "node-lost", node: "a" } }]);
    const wrong = [b.watch("0f1e2d3c-1"), b.watch("mine"), b.watch(b.requestId(77))];
    mesh.settle();
    const codes = ["unknown-request", "invalid-argument", "unknown-request"];
    expect(wrong.map(({ ends }) => ends)).toMatchObject(codes.map((code) => [{ error: { code } }]));
  });

  test("is one of at most watchersMax (L4)", () => {
    const { mesh, a, client } = cluster({ rpc: { watchersMax: 1 } });
    client.request([{ fun: "here" }]);
    mesh.settle();
    const [first, second] = [a.watch(a.requestId()), a.watch(a.requestId())];
    mesh.settle();
    expect(first.ends).toEqual([]);
    expect(second.ends).toMatchObject([{ error: { code: "overloaded" } }]);
  });

  test("whose node closes is told the end of each once, also of what it watches of its own (K1)", () => {
    const { mesh, a, b } = cluster();
    const asked = [a.request([{ fun: "here" }]), b.request([{ fun: "f" }])];
    mesh.settle();
    const watched = [a.watch(a.requestId()), a.watch(b.requestId())];
    mesh.settle();
    a.enter({ kind: "close" });
    mesh.settle();
    expect(a.toldOf(watched[0]!).at(-1)).toMatchObject({ kind: "failed", error: { code: "closed" } });
    expect(watched.map(({ ends }) => ends.length)).toEqual([1, 1]);
    expect(watched[1]!.ends).toMatchObject([{ error: { code: "closed" } }]);
    expect(asked[0]!.ends).toMatchObject([{ error: { code: "closed" } }]);
    expect(a.machine.size.tickets).toBe(0);
    const after = a.watch(a.requestId());
    mesh.settle();
    expect(after.ends).toMatchObject([{ error: { code: "closed" } }]);
  });

  test("sees why a request has failed", () => {
    const { mesh, a, b, client } = cluster();
    client.request([{ fun: "here" }]);
    mesh.settle();
    const watched = b.watch(a.requestId());
    mesh.settle();
    a.fail("here", new MpregError("handler-error", "broken", { outcome: "applied" }));
    mesh.settle();
    expect(b.toldOf(watched).at(-1)).toMatchObject({ kind: "failed", error: { code: "handler-error" } });
    expect(watched.ends).toHaveLength(1);
    mesh.expectQuiet();
  });
});
