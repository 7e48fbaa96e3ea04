/** Links beyond those that a node keeps: opened for work, closed when idle, and no step is lost on the way. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";

const all = Array.from({ length: 14 }, (_, index) => `n${index}`);

/** Fourteen nodes, each of which wants links to six others, at rest; and two of them that have no link. */
function sparse() {
  const mesh = new Mesh();
  const nodes = all.map((name) =>
    mesh.node(name, { peers: name === "n0" ? [] : ["n0"], membership: { fullMeshMax: 1 } }),
  );
  for (const node of nodes) node.offer(`on-${node.name}`, () => node.name);
  mesh.advance(20_000);
  for (const one of nodes) {
    for (const other of nodes) if (one !== other && !isLinked(one, other)) return { mesh, nodes, one, other };
  }
  throw new Error("all nodes are linked");
}

function isLinked(one: MeshNode, other: MeshNode): boolean {
  const theirs = new Set([...other.connections.values()].map(({ connection }) => connection));
  return [...one.connections.values()].some(({ connection }) => theirs.has(connection));
}

describe("a node without a link", () => {
  test("is dialled for a call, and its link is closed when it was idle, without anybody being missed (K1)", () => {
    const { mesh, nodes, one, other } = sparse();
    for (const { events } of nodes) events.length = 0;
    const asked = one.call(`on-${other.name}`);
    mesh.advance(100);
    expect(asked.ends).toEqual([{ value: other.name }]);
    expect(isLinked(one, other)).toBe(true);
    mesh.advance(9_000);
    expect(isLinked(one, other)).toBe(true);
    mesh.advance(5_000);
    expect(isLinked(one, other)).toBe(false);
    expect(nodes.flatMap(({ events }) => events).filter(({ kind }) => kind.startsWith("node-"))).toEqual([]);
  });

  test("keeps the link over which it was called as long as something goes on that its handlers have left behind (K1)", () => {
    const { mesh, one, other } = sparse();
    for (const fun of ["outer", "inner"]) other.offer(fun, byHand);
    mesh.advance(1_000);
    const called = one.call("outer", [], { timeoutMs: 600_000 });
    mesh.advance(1_000);
    const left = other.call("inner", [], { parent: other.waiting("outer")[0]!, timeoutMs: 600_000 });
    mesh.settle();
    other.finish("outer", 1);
    mesh.advance(60_000);
    expect([called.ends, left.ends, isLinked(one, other)]).toEqual([[{ value: 1 }], [], true]);
    other.finish("inner", 2);
    mesh.advance(60_000);
    expect([left.ends, isLinked(one, other)]).toEqual([[{ value: 2 }], false]);
  });

  test("is called without loss at whatever moment its link is being closed, from either side (K1) (K2) (N7)", () => {
    for (const caller of ["one", "other", "both"] as const) {
      for (let frames = 0; frames < 8; frames++) {
        const { mesh, one, other } = sparse();
        const called = one.call(`on-${other.name}`);
        mesh.advance(100);
        expect(called.ends).toHaveLength(1);
        const connection = one.connectionTo(other);
        mesh.advance(9_500);
        for (const end of connection.ends) connection.from(end).isHeld = true;
        mesh.advance(700); // what the two say of the link waits, and is let through step by step
        for (let i = 0; i < frames; i++) {
          for (const end of connection.ends) connection.from(end).release(1);
          mesh.settle();
        }
        const asked = [
          ...(caller === "one" ? [] : [other.call(`on-${one.name}`)]),
          ...(caller === "other" ? [] : [one.call(`on-${other.name}`)]),
        ];
        mesh.settle();
        for (const end of connection.ends) connection.from(end).release();
        mesh.advance(3_000);
        const names = [...(caller === "one" ? [] : [one.name]), ...(caller === "other" ? [] : [other.name])];
        const ends = asked.map((each) => each.ends);
        expect([caller, frames, ends]).toEqual([caller, frames, names.map((value) => [{ value }])]);
      }
    }
  });
});
