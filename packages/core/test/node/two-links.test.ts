/** Two nodes that have, for a while, more than one link. */
import { describe, expect, test } from "vitest";
import type { FunctionInfo, NodeInfo } from "../../src/node/index.js";
import type { Connection } from "../support/connection.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";

function linksOf(...nodes: readonly MeshNode[]): number[] {
  return nodes.map(({ machine }) => machine.size.links);
}

function functionsOf(node: MeshNode): string[] {
  return (node.inspect("functions") as FunctionInfo[]).map(({ name }) => name);
}

/** Opens one more link, dialled by `from`. */
function dialAgain(mesh: Mesh, from: MeshNode, to: MeshNode): Connection {
  let opened: Connection | undefined;
  mesh.onConnection = (connection) => (opened = connection);
  mesh.dial(from, `ws://${to.name}`, 9_999);
  mesh.settle();
  return opened!;
}

describe("two nodes that dial each other", () => {
  test("one link stays, the one that the node with the smaller id has dialled (G1)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { peers: ["b"] });
    const b = mesh.node("b", { peers: ["a"] });
    mesh.advance(0);
    expect(linksOf(a, b)).toEqual([2, 2]);
    mesh.advance(3_000);
    expect(linksOf(a, b)).toEqual([1, 1]);
    const { connection, end } = [...a.connections.values()][0]!;
    expect(connection.ends.indexOf(end)).toBe(a.id < b.id ? 0 : 1); // the dialer is the first
    for (const { events } of [a, b]) expect(events.map(({ kind }) => kind)).toEqual(["link-opened", "node-joined"]);
    mesh.advance(60_000);
    expect([a.dials, b.dials]).toEqual([["ws://b"], ["ws://a"]]);
  });

  test.for([
    ["a", "b"],
    ["b", "a"],
  ] as const)("no work is lost when a second link opens: %s has dialled first, %s second (G1)", ([one, other]) => {
    const mesh = new Mesh();
    const second = mesh.node(other);
    const first = mesh.node(one, { peers: [other] });
    for (const [node, fun] of [
      [first, "f"],
      [second, "g"],
    ] as const)
      node.offer(fun, byHand);
    mesh.advance(1_000);
    const before = [first.call("g", []), second.call("f", [])];
    mesh.settle();
    dialAgain(mesh, second, first);
    const after = [first.call("g", []), second.call("f", [])];
    mesh.advance(10_000);
    const isOlderKept = first.id < second.id;
    expect(linksOf(first, second)).toEqual(isOlderKept ? [1, 1] : [2, 2]); // the older is in use
    for (let i = 0; i < 2; i++) {
      first.finish("f", i);
      second.finish("g", i);
    }
    mesh.advance(2_000);
    expect([...before, ...after].map(({ ends }) => ends)).toEqual([
      [{ value: 0 }],
      [{ value: 0 }],
      [{ value: 1 }],
      [{ value: 1 }],
    ]);
    expect(linksOf(first, second)).toEqual([1, 1]);
    mesh.expectQuiet();
  });

  test("when the link in use breaks the other takes over, and the node never leaves (G1) (G2)", () => {
    for (const which of [0, 1]) {
      const mesh = new Mesh();
      const a = mesh.node("a", { peers: ["b"] });
      const b = mesh.node("b", { peers: ["a"] });
      b.offer("f", () => 1);
      mesh.advance(0);
      expect(linksOf(a, b)).toEqual([2, 2]);
      [...a.connections.values()][which]!.connection.cut();
      mesh.settle();
      const asked = a.call("f");
      mesh.settle();
      expect(asked.ends).toEqual([{ value: 1 }]);
      for (const { events } of [a, b]) expect(events.map(({ kind }) => kind)).toEqual(["link-opened", "node-joined"]);
    }
  });

  test.for([
    ["a", "b"],
    ["b", "a"],
  ] as const)(
    "what a node offers while there are two links is known when one is left (C2) (G4): %s and %s",
    ([one, other]) => {
      const mesh = new Mesh();
      const [a, b] = mesh.cluster(one, other);
      let second: Connection | undefined;
      mesh.onConnection = (connection) => {
        second = connection;
        connection.from(connection.ends[1]).holdsAfter = 1; // hello and proof pass, what b offers then does not
      };
      mesh.dial(a!, `ws://${other}`, 9_999);
      mesh.settle();
      b!.offer("f", () => 1);
      mesh.settle();
      expect(functionsOf(a!)).toEqual([]); // it was told over the link that holds it back
      second!.from(second!.ends[1]).release(1);
      mesh.settle();
      second!.cut(); // what was told is lost, and the node has another link
      mesh.advance(1_000);
      expect(functionsOf(a!)).toEqual(["f"]);
    },
  );
});

describe("a node that dials without end", () => {
  test.for([
    ["a", "z"],
    ["z", "a"],
  ] as const)("it has one link that it has dialled: %s is dialled by %s (G1)", ([one, other]) => {
    const mesh = new Mesh();
    const dialed = mesh.node(one, { peers: [other] });
    const dialing = mesh.node(other);
    mesh.advance(1_000);
    for (let i = 0; i < 5; i++) dialAgain(mesh, dialing, dialed);
    expect(linksOf(dialed, dialing)).toEqual([2, 2]);
    mesh.advance(3_000);
    expect(linksOf(dialed, dialing)).toEqual([1, 1]);
  });
});

describe("what two links tell", () => {
  test("of two links the one that was opened last is told, and nothing is lost with it", () => {
    const mesh = new Mesh();
    const [a, b] = [mesh.node("a"), mesh.node("b", { peers: ["a"] })];
    mesh.advance(1_000);
    const second = dialAgain(mesh, a, b);
    second.from(second.ends[1]).isHeld = true;
    a.isListening = false; // it is a who has to dial
    const c = mesh.node("c", { peers: ["b"] });
    mesh.advance(0);
    expect(a.machine.size.members).toBe(2);
    second.cut();
    mesh.advance(2_000);
    expect(a.machine.size.members).toBe(3);
    expect(a.connectionTo(c)).toBeDefined();
  });
});

describe("a node that comes back", () => {
  test.for([
    ["a", "b"],
    ["b", "a"],
  ] as const)(
    "takes the place of the link that it left behind: %s sees %s restart, and calls it at once (G1)",
    ([one, other]) => {
      const mesh = new Mesh();
      const before = mesh.node(other);
      const watching = mesh.node(one, { peers: [other] });
      before.offer("old", byHand);
      mesh.advance(1_000);
      // it dies without a word, and starts again with its key, knowing of the one that has not noticed
      const connection = watching.connectionTo(before);
      connection.cutFor(connection.ends[1]);
      mesh.nodes.splice(mesh.nodes.indexOf(before), 1);
      const after = mesh.node(other, { peers: [one] });
      after.offer("new", byHand);
      mesh.advance(500);
      expect(watching.machine.size).toMatchObject({ links: 1, peers: 1 });
      expect(functionsOf(watching)).toEqual(["new"]);
      watching.call("new");
      mesh.settle();
      expect(after.waiting("new")).toHaveLength(1);
      mesh.advance(30_000);
      expect(linksOf(watching, after)).toEqual([1, 1]);
    },
  );

  test.for([
    ["a", "b"],
    ["b", "a"],
  ] as const)(
    "its new addresses are told, though the old link lives on for a while: %s sees %s move",
    ([one, other]) => {
      const mesh = new Mesh();
      const before = mesh.node(other);
      const watching = mesh.node(one, { peers: [other] });
      mesh.advance(1_000);
      const connection = watching.connectionTo(before);
      connection.cutFor(connection.ends[1]);
      mesh.nodes.splice(mesh.nodes.indexOf(before), 1);
      mesh.alias("moved", other);
      mesh.node(other, { peers: [one], urls: ["ws://moved"] });
      mesh.advance(500);
      const urlsOf = (node: MeshNode): unknown =>
        (node.inspect("nodes") as NodeInfo[]).filter(({ name }) => name === other).map(({ urls }) => urls);
      expect(urlsOf(watching)).toEqual([["ws://moved"]]);
      mesh.advance(30_000);
      expect(urlsOf(watching)).toEqual([["ws://moved"]]);
    },
  );

  test("of two links the one that new work takes is believed (G4)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { peers: ["b"] });
    const b = mesh.node("b", { peers: ["a"] });
    b.offer("f", byHand);
    mesh.advance(0);
    expect(functionsOf(a)).toEqual(["f"]);
    const [one, other] = [...a.connections.values()].map(({ connection }) => connection);
    const kept = (one!.ends[0] === [...a.connections.values()][0]!.end) === a.id < b.id ? one! : other!;
    const lagging = kept === one ? other! : one!;
    for (const end of lagging.ends) lagging.from(end).isHeld = true;
    b.withdraw("f");
    b.offer("g", byHand);
    mesh.settle();
    expect(functionsOf(a)).toEqual(["g"]);
    for (const end of lagging.ends) lagging.from(end).release();
    mesh.settle();
    expect(functionsOf(a)).toEqual(["g"]);
    mesh.advance(3_000);
    expect([functionsOf(a), linksOf(a, b)]).toEqual([["g"], [1, 1]]);
  });
});

describe("a node that dials again", () => {
  test("it takes the place of its older link, whose end it knows before we do", () => {
    const mesh = new Mesh();
    const b = mesh.node("b");
    const a = mesh.node("a", { peers: ["b"] });
    a.offer("f", byHand);
    mesh.advance(1_000);
    const asked = b.call("f");
    mesh.settle();
    const { connection, end } = [...a.connections.values()][0]!;
    connection.cutFor(end);
    mesh.advance(200);
    expect(b.goodbyes).toEqual([{ code: "duplicate", reason: "the two nodes have another link" }]);
    expect(asked.ends).toMatchObject([{ error: { code: "node-lost", outcome: "unknown", node: "a" } }]);
    expect(a.aborted).toEqual([{ fun: "f", reason: "caller-gone" }]);
    const again = b.call("f");
    mesh.settle();
    a.finish("f", "late"); // the first one, which nobody waits for
    a.finish("f", "new");
    mesh.settle();
    expect(again.ends).toEqual([{ value: "new" }]);
    expect(linksOf(a, b)).toEqual([1, 1]);
    mesh.expectQuiet();
  });

  test("a node that is configured under two addresses comes to rest with one link (N4)", () => {
    const mesh = new Mesh();
    mesh.alias("b-too", "b");
    const b = mesh.node("b");
    const a = mesh.node("a", { peers: ["b", "b-too"] });
    mesh.advance(5_000);
    expect(linksOf(a, b)).toEqual([1, 1]);
    const { dials, events } = a;
    const before = [dials.length, events.length];
    mesh.advance(600_000);
    expect([dials.length, events.length]).toEqual(before);
    a.connectionTo(b).cut();
    mesh.advance(10_000);
    expect(linksOf(a, b)).toEqual([1, 1]);
  });
});
