/** What nobody is known to offer, and somebody probably does: it is waited for, for a while. */
import { describe, expect, test } from "vitest";
import { Expected } from "../../src/node/expected.js";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";

describe("a node that has just started, and is told of others,", () => {
  function starting() {
    const mesh = new Mesh();
    const a = mesh.node("a");
    a.offer("f", byHand);
    const b = mesh.node("b", { peers: ["a"] });
    return { mesh, a, b };
  }

  test("does not say that nobody offers what it has not heard of yet (X2)", () => {
    const { mesh, a, b } = starting();
    const [call, request] = [b.call("f"), b.request([{ name: "one", fun: "f" }])];
    mesh.advance(2_000);
    for (let left = 2; left > 0; left--) a.finish("f", "done");
    mesh.settle();
    expect([call.ends, request.ends]).toEqual([[{ value: "done" }], [{ outputs: ["done"] }]]);
    mesh.expectQuiet();
  });

  test("starts nothing of a request until all of it can be run (Q3)", () => {
    const { mesh, a, b } = starting();
    const request = b.request([
      { name: "one", fun: "f" },
      { name: "two", fun: "never" },
    ]);
    mesh.advance(4_000);
    expect(a.invoked).toEqual([]);
    expect(request.ends).toMatchObject([{ error: { code: "no-provider", outcome: "not-applied", step: "two" } }]);
    mesh.expectQuiet();
  });

  test("says so a second after it has found the first of them, or after five when there is none (X2)", () => {
    const { mesh, b } = starting();
    mesh.advance(1_500);
    const late = b.call("never");
    mesh.settle();
    expect(late.ends).toMatchObject([{ error: { code: "no-provider" } }]);
    const alone = mesh.node("c", { peers: ["nobody"] });
    const early = alone.call("never");
    mesh.advance(4_990);
    expect(early.ends).toEqual([]);
    mesh.advance(10);
    expect(early.ends).toMatchObject([{ error: { code: "no-provider" } }]);
    expect(alone.machine.size).toMatchObject({ waiting: 0, tasks: 0 });
  });
});

test("a request whose only node is lost waits for it to be back, as long as it is expected (X1)", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("f", byHand);
  mesh.settle();
  mesh.crash(b);
  const [back, gone] = [a.request([{ name: "one", fun: "f" }]), a.request([{ name: "one", fun: "g" }])];
  mesh.advance(2_000);
  expect([back.ends, gone.ends]).toMatchObject([[], [{ error: { code: "no-provider" } }]]);
  const again = mesh.node("b", { peers: ["a"], incarnation: 2 });
  again.offer("f", byHand);
  mesh.advance(2_000);
  again.finish("f", "done");
  mesh.settle();
  expect(back.ends).toEqual([{ outputs: ["done"] }]);
  mesh.expectQuiet();
});

describe("everything is expected", () => {
  test("for a while from the first addresses on, not from later ones (X2)", () => {
    const expected = new Expected();
    expected.seek(1_000);
    expected.seek(4_000);
    expect(expected.untilMs("any")).toBe(6_000);
    expected.found(4_500);
    expected.found(5_500);
    expect(expected.untilMs("any")).toBe(5_500);
  });

  test("not by a node that was found by others before it was told where to look (X2)", () => {
    const expected = new Expected();
    expected.found(1_000);
    expected.seek(2_000);
    expect(expected.untilMs("any")).toBe(0);
  });
});

describe("of what was lost", () => {
  test("no more than 10,000 functions are remembered, those that were lost last (X3)", () => {
    const expected = new Expected();
    expected.lost(
      Array.from({ length: 10_001 }, (_, index) => `f${index}`),
      1_000,
    );
    expect(["f0", "f1", "f10000", "other"].map((fun) => expected.untilMs(fun))).toEqual([0, 6_000, 6_000, 0]);
  });

  test("what is over is let go, and what is lost again is expected from then on (X3)", () => {
    const expected = new Expected();
    expected.lost(["a", "b", "c"], 1_000);
    expected.lost(["a"], 4_000);
    expect([expected.size, expected.untilMs("a"), expected.untilMs("b")]).toEqual([3, 9_000, 6_000]);
    expected.lost(["d"], 6_000);
    expect([expected.size, expected.untilMs("a"), expected.untilMs("b"), expected.untilMs("d")]).toEqual([
      2, 9_000, 0, 11_000,
    ]);
  });
});

test("what a node has offered that has left is not expected (X1)", () => {
  const mesh = new Mesh();
  const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
  b.offer("f", byHand);
  mesh.settle();
  b.enter({ kind: "close" });
  mesh.advance(100);
  const asked = a.call("f");
  mesh.settle();
  expect(asked.ends).toMatchObject([{ error: { code: "no-provider" } }]);
});
