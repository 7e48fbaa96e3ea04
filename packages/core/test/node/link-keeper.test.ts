/** Links beyond those that a node keeps: opened for work, closed when idle, and no step is lost on the way. */
import { describe, expect, test } from "vitest";
import type { NodeInput } from "../../src/node/index.js";
import { kinds } from "../../src/wire/index.js";
import type { Connection, Endpoint } from "../support/connection.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";

const all = Array.from({ length: 14 }, (_, index) => `n${index}`);

/** Fourteen nodes, each of which wants links to six others, at rest; and two of them that have no link. */
function sparse(fullMeshMax = 1) {
  const mesh = new Mesh();
  const nodes = all.map((name) => mesh.node(name, { peers: name === "n0" ? [] : ["n0"], membership: { fullMeshMax } }));
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

/** What comes to a node over one of its connections. */
function far({ end, connection }: { readonly end: Endpoint; readonly connection: Connection }) {
  return connection.from(connection.ends.find((each) => each !== end)!);
}

/** Everything that is held on its way to `node`; what comes over `last` after all the rest. */
function takenBefore(node: MeshNode, last: Connection): NodeInput[] {
  const isLast = ({ connection }: { readonly connection: Connection }): number => Number(connection === last);
  return [...node.connections]
    .sort(([, one], [, other]) => isLast(one) - isLast(other))
    .flatMap(([link, each]) =>
      far(each)
        .take()
        .map((bytes) => ({ kind: "link-bytes", link, bytes }) as const),
    );
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

  test.for(["dialed", "accepted"] as const)(
    "that is wanted by what came just before its release is not let go, where its link was %s (K4)",
    (direction) => {
      const { mesh, nodes, one, other } = sparse(all.length - 1); // with one node less, all want links to all
      one.call(`on-${other.name}`);
      mesh.advance(9_500);
      const connection = one.connectionTo(other);
      const [dialer, acceptor] = connection.ends;
      const to = direction === "accepted" ? other : one;
      const releases = connection.from(direction === "accepted" ? dialer : acceptor);
      releases.loses = (message) => {
        releases.isHeld ||= message[4] === kinds.keep;
        return false;
      };
      mesh.advance(1_500);
      expect(releases.isHeld).toBe(true);
      const incoming = [one, other].flatMap((node) => [...node.connections.values()].map((each) => far(each)));
      for (const each of incoming) each.isHeld = true;
      for (const node of [one, other]) node.isListening = false; // who wants a link now would bring the news, too
      nodes.find((node) => node !== one && node !== other && isLinked(node, to))!.enter({ kind: "close" });
      mesh.settle();
      to.enterNow(...takenBefore(to, connection));
      for (const end of connection.ends) connection.from(end).release();
      mesh.settle(); // the far side knows of no news when it hears what is made of its release
      for (const node of [one, other]) node.isListening = true;
      for (const each of incoming) each.release();
      mesh.advance(5_000);
      expect(one.connectionTo(other)).toBe(connection);
    },
  );
});
