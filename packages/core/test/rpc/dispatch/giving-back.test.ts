/** Steps whose time runs out on a node that has not begun them: that is told to the node that has sent them. */
import { describe, expect, test } from "vitest";
import { giveBackMs } from "../../../src/rpc/dispatch/giving-back.js";
import { Peer } from "../../../src/rpc/task.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand, unbegun } from "../../support/mesh-node.js";
import { errorOf } from "../../support/overload.js";

function pair(): { mesh: Mesh; asking: MeshNode; working: MeshNode } {
  const mesh = new Mesh();
  const [asking, working] = mesh.cluster("asking", "working") as [MeshNode, MeshNode];
  working.offerAs("work", byHand, { concurrencyMax: 1 });
  mesh.settle();
  return { mesh, asking, working };
}

describe("a step whose time is nearly up", () => {
  test("is given back by the node where it waits for its turn, as not applied (B1) (B3)", () => {
    const { mesh, asking, working } = pair();
    asking.call("work", [1]);
    mesh.settle();
    const waiting = asking.call("work", [2], { timeoutMs: 1_000 });
    mesh.advance(980);
    expect(waiting.ends).toEqual([]);
    mesh.advance(20);
    expect(errorOf(waiting)).toMatchObject({
      code: "deadline",
      outcome: "not-applied",
      node: "working",
      message: 'The time allowed for "work" ran out while it waited for its turn',
    });
    working.finish("work", 1);
    mesh.settle();
    expect(working.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("makes its whole request not applied, where nothing else of it has run (B1)", () => {
    const { mesh, asking, working } = pair();
    asking.call("work", [1]);
    mesh.settle();
    const request = asking.request([{ fun: "work" }], { timeoutMs: 1_000 });
    mesh.advance(1_000);
    expect(errorOf(request)).toMatchObject({ code: "deadline", outcome: "not-applied" });
    working.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("stays unknown where its handler runs, until its deadline (B3)", () => {
    const { mesh, asking, working } = pair();
    const running = asking.call("work", [1], { timeoutMs: 1_000 });
    mesh.advance(995);
    expect([running.ends, working.aborted]).toEqual([[], []]);
    mesh.advance(5);
    expect(errorOf(running)).toMatchObject({ code: "deadline", outcome: "unknown" });
    expect(working.aborted).toEqual([{ fun: "work", reason: "deadline" }]);
    mesh.expectQuiet();
  });

  test("is given back where its turn has come and its handler has not begun, which it never does (T4) (B1) (B3)", () => {
    const { mesh, asking, working } = pair();
    working.offer("load", unbegun);
    mesh.settle();
    const loading = asking.call("load", [], { timeoutMs: 1_000 });
    mesh.advance(980);
    expect([loading.ends, working.aborted]).toEqual([[], []]);
    mesh.advance(20);
    expect(errorOf(loading)).toMatchObject({
      code: "deadline",
      outcome: "not-applied",
      message: 'The time allowed for "load" ran out before its handler began on node "working"',
    });
    expect(working.aborted).toEqual([{ fun: "load", reason: "deadline" }]);
    mesh.expectQuiet();
  });

  test("is given back by the node that it was sent through, while that has no way on (B1)", () => {
    const mesh = new Mesh();
    const [asking, middle, working] = mesh.cluster("asking", "middle", "working") as [MeshNode, MeshNode, MeshNode];
    working.offerAs("work", byHand, { concurrencyMax: 1 });
    working.call("work");
    working.isListening = false;
    asking.isListening = false;
    mesh.settle();
    asking.connectionTo(working).cut();
    mesh.settle();
    const waiting = asking.call("work", [], { timeoutMs: 4_000 });
    mesh.advance(4_000);
    expect(middle.invoked).toEqual([]);
    expect(errorOf(waiting)).toMatchObject({ code: "deadline", outcome: "not-applied", node: "working" });
    working.finish("work", 1);
    mesh.advance(1_000);
    mesh.expectQuiet();
  });
});

describe("what has not begun on its own node when nobody waits any more was not applied (T4)", () => {
  function single(): { mesh: Mesh; node: MeshNode } {
    const mesh = new Mesh();
    const [node] = mesh.cluster("node") as [MeshNode];
    node.offerAs("load", unbegun, { concurrencyMax: 3 });
    node.offer("work", byHand);
    mesh.settle();
    return { mesh, node };
  }

  test("at the deadline of a call, whose run is not measured then", () => {
    const { mesh, node } = single();
    const call = node.call("load", [], { timeoutMs: 1_000 });
    mesh.advance(1_000);
    expect(errorOf(call)).toMatchObject({ code: "deadline", outcome: "not-applied" });
    expect(node.aborted).toEqual([{ fun: "load", reason: "deadline" }]);
    for (const _ of [1, 2, 3]) node.call("load");
    const waiting = node.call("load", [], { timeoutMs: 500 });
    mesh.advance(100);
    expect(waiting.ends).toEqual([]); // of a function that takes a second it would be refused
    mesh.advance(60_000);
    mesh.expectQuiet();
  });

  test("at the deadline of a graph, nor was what had not begun beside what had", () => {
    const { mesh, node } = single();
    const one = node.request([{ fun: "load" }, { name: "other", fun: "load" }], { timeoutMs: 1_000 });
    const two = node.request([{ fun: "load" }, { fun: "work" }], { timeoutMs: 1_000 });
    mesh.advance(1_000);
    expect(node.invoked).toHaveLength(4);
    expect(errorOf(one)).toMatchObject({ code: "deadline", outcome: "not-applied" });
    expect(errorOf(two)).toMatchObject({ code: "deadline", outcome: "unknown" });
    mesh.expectQuiet();
  });

  test("when a call is cancelled, and when one is that may be run twice", () => {
    const { mesh, node } = single();
    const calls = [node.call("load"), node.call("load", [], { hedge: 1 }), node.call("work")];
    mesh.settle();
    for (const { ticket } of calls) node.enter({ kind: "withdraw", ticket });
    mesh.settle();
    expect(calls.map((each) => errorOf(each).outcome)).toEqual(["not-applied", "not-applied", "unknown"]);
    mesh.expectQuiet();
  });
});

test("the further away the node is that has sent it, the sooner it is given back; a quarter of its time at most (B1) (B2)", () => {
  const task = { readyMs: 0, deadlineMs: 1_000, coordinator: "far" };
  const at = (awayMs: number | undefined): number =>
    giveBackMs(task, { peer: () => new Peer("far", "far", [], () => awayMs) });
  expect([at(undefined), at(20), at(80), at(5_000)]).toEqual([990, 950, 830, 750]);
});
