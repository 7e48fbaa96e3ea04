import { describe, expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";

function expectNothingLeft({ machine }: MeshNode): void {
  expect(Object.entries(machine.size).filter(([, entries]) => entries !== 0)).toEqual([]);
}

describe("closing a node", () => {
  test("it says goodbye to all, and ends all it was asked for (Z3)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    for (const node of [a, b]) node.offer(`on-${node.name}`, byHand);
    mesh.settle();
    const client = mesh.client(a);
    const ids = [
      client.call("on-a"),
      client.request([{ fun: "on-b" }]),
      client.call("nowhere", [], { waitForCapacityMs: 60_000 }),
    ];
    const asked = [
      a.call("on-a"),
      a.request([{ fun: "on-b" }, { fun: "on-a" }]),
      a.call("nowhere", [], { waitForCapacityMs: 60_000 }),
    ];
    const other = b.call("on-a");
    mesh.settle();
    a.enter({ kind: "close" });
    mesh.settle();
    const error = { code: "closed", message: 'Node "a" is closing', node: "a" };
    for (const { ends } of asked) expect(ends).toMatchObject([{ error }]);
    expect(asked.map(({ ends }) => (ends[0] as { error: { outcome: string } }).error.outcome)).toEqual([
      "unknown",
      "unknown",
      "not-applied",
    ]);
    expect(a.aborted).toHaveLength(4);
    expect(b.aborted.map(({ fun }) => fun)).toEqual(["on-b", "on-b"]);
    expect(client.ends).toEqual([{ code: "closing", reason: 'Node "a" is closing' }]);
    expect(ids.map((id) => client.endsOf(id))).toMatchObject(asked.map(({ ends }) => ends));
    expect(other.ends).toMatchObject([{ error: { ...error, outcome: "unknown", node: "a" } }]);
    expectNothingLeft(a);
    expect(a.machine.nextDueMs).toBe(Infinity);
    mesh.expectQuiet();
  });

  test("what is asked afterwards is told that it is closed (Z3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    node.enter({ kind: "close" });
    node.enter({ kind: "close" });
    const asked = [node.call("f"), node.request([{ fun: "f" }])];
    mesh.settle();
    for (const { ends } of asked)
      expect(ends).toMatchObject([
        { error: { code: "closed", message: 'Node "n" is closed', outcome: "not-applied" } },
      ]);
    expect(node.invoked).toEqual([]);
    mesh.expectQuiet();
  });

  test("handlers that end afterwards are not waited for (Z3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n");
    node.offer("f", byHand);
    const asked = node.call("f");
    mesh.settle();
    node.enter({ kind: "close" });
    node.finish("f", "too late");
    mesh.settle();
    expect(asked.ends).toMatchObject([{ error: { code: "closed", outcome: "unknown" } }]);
    mesh.expectQuiet();
  });

  test("a connection that comes afterwards is closed at once, dialled or not (Z3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { peers: ["m"] });
    const other = mesh.node("m");
    mesh.advance(0);
    node.enter({ kind: "close" });
    mesh.settle();
    const { goodbyes } = node;
    goodbyes.length = 0;
    mesh.dial(other, "ws://n", 1);
    mesh.dial(node, "ws://m", 2);
    mesh.settle();
    expect(goodbyes.map(({ code }) => code)).toEqual(["closing", "closing"]);
    expect(node.machine.size.links).toBe(0);
    expect(other.machine.size).toMatchObject({ links: 0, peers: 0 });
    expect(node.machine.nextDueMs).toBe(Infinity);
  });

  test("with two links to a node nothing is left to wait for (Z3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { peers: ["b"] });
    const b = mesh.node("b", { peers: ["a"] });
    mesh.advance(0);
    for (const node of [a, b]) node.enter({ kind: "close" });
    mesh.settle();
    expect([a, b].map(({ machine }) => machine.nextDueMs)).toEqual([Infinity, Infinity]);
    for (const node of [a, b]) expectNothingLeft(node);
  });

  test("nobody is dialled afterwards (Z3)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { peers: ["nowhere"] });
    mesh.advance(1_000);
    node.enter({ kind: "close" });
    mesh.settle();
    const before = node.dials.length;
    mesh.advance(60_000);
    expect(node.dials).toHaveLength(before);
    node.enter({ kind: "tick" }); // of a timer that was set before
    mesh.settle();
    expect(node.dials).toHaveLength(before);
  });
});
