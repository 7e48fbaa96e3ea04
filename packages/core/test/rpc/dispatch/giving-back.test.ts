/** Steps whose time runs out on a node that has not begun them: that is told to the node that has sent them. */
import { describe, expect, test } from "vitest";
import { giveBackMs } from "../../../src/rpc/dispatch/giving-back.js";
import { Peer } from "../../../src/rpc/task.js";
import { Mesh } from "../../support/mesh.js";
import { type MeshNode, byHand } from "../../support/mesh-node.js";
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

test("the further away the node is that has sent it, the sooner it is given back; a quarter of its time at most (B1) (B2)", () => {
  const task = { readyMs: 0, deadlineMs: 1_000, coordinator: "far" };
  const at = (awayMs: number | undefined): number =>
    giveBackMs(task, { peer: () => new Peer("far", "far", [], () => awayMs) });
  expect([at(undefined), at(20), at(80), at(5_000)]).toEqual([990, 950, 830, 750]);
});
