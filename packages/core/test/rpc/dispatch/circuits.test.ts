/** Circuits: offers on which calls have failed too often are not asked for a while. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { FunctionInfo } from "../../../src/node/index.js";
import type { OfferRecord } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";

const late = { timeoutMs: 1_000 };

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

/** Linked nodes, the first of which asks; the others offer `f`, ended by hand. */
function meshOf(names: readonly string[], changes: Partial<OfferRecord> = {}) {
  const mesh = new Mesh();
  const nodes = mesh.cluster(...names);
  for (const node of nodes.slice(1)) node.offerAs("f", byHand, changes);
  mesh.settle();
  return { mesh, nodes: nodes as [MeshNode, MeshNode, ...MeshNode[]] };
}

/** Lets so many calls run out of time, one after the other. */
function runLate(mesh: Mesh, asker: MeshNode, count: number, target?: string): void {
  for (let i = 0; i < count; i++) {
    asker.call("f", [], target === undefined ? late : { ...late, target });
    mesh.advance(1_001);
    for (const node of mesh.nodes) if (node.waiting("f").length > 0) node.finish("f", "too late");
    mesh.settle();
  }
}

function circuitsOf(node: MeshNode): unknown[] {
  const functions = node.inspect("functions") as FunctionInfo[];
  return functions.find(({ name }) => name === "f")!.offers.map((offer) => [offer.node, offer.circuit ?? "closed"]);
}

function eventsOf(node: MeshNode): unknown[] {
  return node.events.filter(({ kind }) => kind.startsWith("circuit")).map(({ kind }) => kind);
}

/** So many calls that what `node` takes for them is known. */
function runWell(mesh: Mesh, asker: MeshNode, node: MeshNode, ms: number): void {
  for (let i = 0; i < 20; i++) {
    asker.call("f", [], { target: node.name });
    mesh.advance(ms);
    node.finish("f", 1);
    mesh.settle();
  }
}

describe("an offer whose calls run out of time there, one after the other", () => {
  test("is not asked any more though callers give little time, where other nodes need less (C2)", () => {
    const { mesh, nodes } = meshOf(["a", "b", "c"]);
    const [a, , c] = nodes as [MeshNode, MeshNode, MeshNode];
    runWell(mesh, a, c, 10);
    for (let i = 0; i < 5; i++) {
      expect(eventsOf(a)).toEqual([]);
      a.call("f", [], { timeoutMs: 150, target: "b" });
      mesh.advance(151);
    }
    expect(eventsOf(a)).toEqual(["circuit-opened"]);
  });

  test("is not asked any more while another is there, and is told open (K1)", () => {
    const { mesh, nodes } = meshOf(["a", "b", "c"]);
    const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
    runLate(mesh, a, 5, "b");
    expect(circuitsOf(a)).toEqual(
      expect.arrayContaining([
        ["b", "open"],
        ["c", "closed"],
      ]),
    );
    expect(circuitsOf(c).flat()).not.toContain("open"); // what others have seen is theirs
    expect(a.events).toContainEqual({
      kind: "circuit-opened",
      nodeId: b.id,
      name: "b",
      fun: "f",
      version: undefined,
      openMsMax: 1_000,
      reason: "5 calls in a row were lost there or ran out of time",
    });
    for (let i = 0; i < 10; i++) a.call("f");
    mesh.settle();
    expect([b, c].map((node) => node.waiting("f").length)).toEqual([0, 10]);
  });

  test("fails calls at once while it is the only one, with when and why (D9)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a] = nodes;
    runLate(mesh, a, 5);
    const asked = a.call("f");
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({
      code: "circuit-open",
      outcome: "not-applied",
      node: "b",
      message: expect.stringMatching(
        /^Cannot call "f": the circuit to node "b" is open because 5 calls in a row were lost there or ran out of time; it is tried again in \d+ ms$/,
      ),
    });
    mesh.expectQuiet();
  });

  test("gets one call to see, closes with its success, and then gets all (K3)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a, b] = nodes;
    runLate(mesh, a, 5);
    mesh.advance(1_000);
    expect(circuitsOf(a)).toEqual([["b", "half-open"]]);
    const [probe, other] = [a.call("f"), a.call("f")];
    mesh.settle();
    expect(errorOf(other)).toMatchObject({ code: "circuit-open", message: expect.stringContaining("is being tried") });
    expect(b.waiting("f")).toHaveLength(1);
    b.finish("f", 1);
    mesh.settle();
    expect(probe.ends).toEqual([{ value: 1 }]);
    expect([circuitsOf(a), eventsOf(a)]).toEqual([[["b", "closed"]], ["circuit-opened", "circuit-closed"]]);
    for (let i = 0; i < 3; i++) a.call("f");
    mesh.settle();
    expect(b.waiting("f")).toHaveLength(3);
  });

  test("is open longer when the call that was to see fails as well (K2)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a] = nodes;
    runLate(mesh, a, 5);
    mesh.advance(1_000);
    runLate(mesh, a, 1);
    mesh.advance(900);
    expect(circuitsOf(a)).toEqual([["b", "open"]]);
    expect(a.events.filter(({ kind }) => kind === "circuit-opened")).toMatchObject([
      { openMsMax: 1_000 },
      { openMsMax: 2_000 },
    ]);
  });

  test("lets another call see when the first one is cancelled (K3)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a, b] = nodes;
    runLate(mesh, a, 5);
    mesh.advance(1_000);
    const probe = a.call("f");
    mesh.settle();
    a.enter({ kind: "withdraw", ticket: probe.ticket });
    mesh.settle();
    a.call("f");
    mesh.settle();
    expect(b.invoked).toHaveLength(7);
  });

  test("is closed again when it is made anew", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a, b] = nodes;
    runLate(mesh, a, 5);
    b.withdraw("f");
    b.offer("f", byHand);
    mesh.settle();
    expect(circuitsOf(a)).toEqual([["b", "closed"]]);
    a.call("f");
    mesh.settle();
    expect(b.invoked).toHaveLength(6);
  });
});

describe("a step that may be run again", () => {
  test("waits until a circuit closes, and does not fail while a node is there (D9) (W2)", () => {
    const { mesh, nodes } = meshOf(["a", "b"], { idempotent: "yes" });
    const [a, b] = nodes;
    runLate(mesh, a, 5);
    const asked = [a.call("f"), a.call("f"), a.call("f")];
    mesh.settle();
    expect(asked.flatMap(({ ends }) => ends)).toEqual([]);
    mesh.advance(1_000);
    expect(b.invoked).toHaveLength(6); // one to see
    b.finish("f", 0);
    mesh.advance(1);
    expect(b.waiting("f")).toHaveLength(2);
    for (const _ of [1, 2]) b.finish("f", 0);
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual([[{ value: 0 }], [{ value: 0 }], [{ value: 0 }]]);
    mesh.expectQuiet();
  });

  test("ends at its deadline when none closes, not applied (D9)", () => {
    const { mesh, nodes } = meshOf(["a", "b"], { idempotent: "yes" });
    const [a] = nodes;
    runLate(mesh, a, 5);
    const asked = a.call("f", [], { timeoutMs: 300 });
    mesh.advance(300);
    expect(errorOf(asked)).toMatchObject({
      code: "deadline",
      outcome: "not-applied",
      message: 'The time allowed for "f" ran out while it waited for a circuit to close',
    });
    mesh.expectQuiet();
  });
});

describe("a circuit stays closed", () => {
  test("when handlers throw, refuse, or are called off (C1)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a, b] = nodes;
    for (let i = 0; i < 30; i++) {
      const asked = a.call("f");
      mesh.settle();
      if (i % 3 === 0) b.fail("f", new MpregError("handler-error", "no", { outcome: "applied" }));
      else if (i % 3 === 1) b.fail("f", new MpregError("overloaded", "no"));
      else a.enter({ kind: "withdraw", ticket: asked.ticket });
      mesh.settle();
    }
    expect([circuitsOf(a), eventsOf(a)]).toEqual([[["b", "closed"]], []]);
  });

  test("when callers give less time than such calls take (C2)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a, b] = nodes;
    for (let i = 0; i < 30; i++) {
      a.call("f");
      mesh.advance(2_000);
      b.finish("f", 1);
      mesh.settle();
    }
    runLate(mesh, a, 20);
    expect(eventsOf(a)).toEqual([]);
  });

  test("when it takes longer on other nodes than callers give (C2)", () => {
    const { mesh, nodes } = meshOf(["a", "b", "c"]);
    const [a, , c] = nodes as [MeshNode, MeshNode, MeshNode];
    runWell(mesh, a, c, 2_000);
    runLate(mesh, a, 20, "b");
    expect(eventsOf(a)).toEqual([]);
  });

  test("when nothing was measured and callers give no second (C2)", () => {
    const { mesh, nodes } = meshOf(["a", "b"]);
    const [a] = nodes;
    for (let i = 0; i < 20; i++) {
      a.call("f", [], { timeoutMs: 999 });
      mesh.advance(1_000);
    }
    expect(eventsOf(a)).toEqual([]);
  });
});

test("the time of a whole request that runs out counts where its step was running", () => {
  const { mesh, nodes } = meshOf(["a", "b"]);
  const [a] = nodes;
  for (let i = 0; i < 5; i++) {
    a.request([{ fun: "f" }], late);
    mesh.advance(1_001);
  }
  expect(circuitsOf(a)).toEqual([["b", "open"]]);
});

test("what others' steps come to neither keeps a circuit closed nor closes it (C3)", () => {
  const { mesh, nodes } = meshOf(["a", "b"]);
  const [a, b] = nodes;
  const othersSucceed = (): void => {
    const asked = a.call("f", [], { target: "b" });
    mesh.settle();
    b.finish("f", 1);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 1 }]);
  };
  runLate(mesh, b, 4);
  othersSucceed();
  runLate(mesh, b, 1);
  expect(circuitsOf(b)).toEqual([["b", "open"]]);
  othersSucceed();
  expect(circuitsOf(b)).toEqual([["b", "open"]]);
});

test("calls that have waited for their turn and then ran out of time open no circuit: their node has too much to do (C2)", () => {
  const mesh = new Mesh();
  const node = mesh.node("n");
  node.offerAs("f", byHand, { concurrencyMax: 5 });
  mesh.settle();
  const asked = Array.from({ length: 45 }, () => node.call("f", [], { timeoutMs: 5_000 }));
  mesh.settle();
  const last = Array.from({ length: 5 }, () => node.call("f", [], { timeoutMs: 1_050 }));
  for (let turn = 0; turn < 9; turn++) {
    mesh.advance(100);
    for (const each of node.waiting("f")) node.finishThis(each, 1);
    mesh.settle();
  }
  expect(asked.map(({ ends }) => ends.length)).toEqual(asked.map(() => 1));
  expect(node.waiting("f")).toHaveLength(5); // with 150 ms left
  mesh.advance(150);
  expect(last.map(errorOf)).toEqual(last.map(() => expect.objectContaining({ code: "deadline" }) as unknown));
  expect(circuitsOf(node)).toEqual([["n", "closed"]]);
});
