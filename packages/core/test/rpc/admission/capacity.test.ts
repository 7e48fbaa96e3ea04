/** Steps that wait for a node to offer their function. */
import { describe, expect, test } from "vitest";
import { Mesh } from "../../support/mesh.js";
import { type Asked, byHand } from "../../support/mesh-node.js";
import { use } from "../../support/requests.js";

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

describe("waiting for capacity", () => {
  test("a call waits until some node offers the function, and runs there", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    const asked = [1, 2, 3].map((n) => a!.call("double", [n], { waitForCapacityMs: 60_000 }));
    mesh.advance(10_000);
    expect(a!.machine.size.waiting).toBe(3);
    b!.offer("double", (n: number) => 2 * n);
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual([[{ value: 2 }], [{ value: 4 }], [{ value: 6 }]]);
    mesh.expectQuiet();
  });

  test("only an offer with all the resources asked for counts", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    const asked = a!.call("f", [], { resources: ["gpu"], waitForCapacityMs: 60_000 });
    b!.offer("f", () => "without");
    mesh.settle();
    expect(asked.ends).toEqual([]);
    a!.offer("f", () => "with", "gpu");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "with" }]);
    mesh.expectQuiet();
  });

  test("a node that joins brings its functions to those who wait", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const asked = a.call("f", [], { waitForCapacityMs: 60_000 });
    const b = mesh.node("b", { peers: ["a"] });
    b.offer("f", () => "there");
    mesh.advance(1_000);
    expect(asked.ends).toEqual([{ value: "there" }]);
  });

  test("when nobody came in time the caller hears what is missing, and that nothing was done", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    a.offer("f", byHand, "cpu");
    const asked = a.call("f", [], { resources: ["gpu"], waitForCapacityMs: 5_000 });
    mesh.advance(4_999);
    expect(asked.ends).toEqual([]);
    mesh.advance(1);
    expect(errorOf(asked)).toEqual({
      code: "no-provider",
      outcome: "not-applied",
      step: "f",
      node: "a",
      message: 'Cannot call "f": no node offers it with [gpu]; 1 node offers it with none of them',
    });
    mesh.expectQuiet();
  });

  test("the deadline ends the waiting when it comes first", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const asked = a.call("f", [], { waitForCapacityMs: 60_000, timeoutMs: 1_000 });
    mesh.advance(1_000);
    expect(errorOf(asked)).toEqual({
      code: "deadline",
      outcome: "not-applied",
      step: "f",
      node: "a",
      message: 'The time allowed for "f" ran out while it waited for a node that offers it',
    });
    mesh.expectQuiet();
  });

  test("the deadline of a step, or of its request, names the step and the node where it waited", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const step = { name: "slow", fun: "f" };
    const ofStep = a.request([{ ...step, timeoutMs: 1_000 }], { waitForCapacityMs: 60_000 });
    const ofRequest = a.request([step], { waitForCapacityMs: 60_000, timeoutMs: 1_000 });
    mesh.advance(1_000);
    for (const asked of [ofStep, ofRequest]) {
      expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "not-applied", step: "slow", node: "a" });
    }
    mesh.expectQuiet();
  });

  test("the deadline counts on for a call that waited and then runs", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const asked = a.call("f", [], { waitForCapacityMs: 60_000, timeoutMs: 1_000 });
    mesh.advance(600);
    a.offer("f", byHand);
    mesh.advance(399);
    expect(asked.ends).toEqual([]);
    mesh.advance(1);
    expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "unknown", node: "a" });
    expect(a.aborted).toEqual([{ fun: "f", reason: "deadline" }]);
    mesh.expectQuiet();
  });

  test("steps of a request start although later ones cannot yet (Q3)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    a.offer("first", () => 1);
    const asked = a.request([{ fun: "first" }, { fun: "later", args: [use("first")] }], { waitForCapacityMs: 60_000 });
    mesh.settle();
    expect([a.invoked.length, a.machine.size.waiting]).toEqual([1, 1]);
    a.offer("later", (n: number) => n + 1);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [2] }]);
    mesh.expectQuiet();
  });

  test("a request that waits and is given up leaves nothing behind (Q5)", () => {
    const mesh = new Mesh();
    const a = mesh.node("a");
    const asked = a.request([{ fun: "f" }, { fun: "g" }], { waitForCapacityMs: 60_000 });
    mesh.settle();
    expect(a.machine.size.waiting).toBe(2);
    a.enter({ kind: "withdraw", ticket: asked.ticket });
    a.offer("f", byHand);
    mesh.settle();
    expect([a.invoked, a.machine.nextDueMs]).toEqual([[], Infinity]);
    expect(errorOf(asked)).toMatchObject({ code: "cancelled", outcome: "not-applied" });
    mesh.expectQuiet();
  });

  test("no more than a bounded number waits", () => {
    const mesh = new Mesh();
    const a = mesh.node("a", { rpc: { waitingMax: 2 } });
    const asked = [1, 2, 3].map(() => a.call("f", [], { waitForCapacityMs: 60_000 }));
    mesh.settle();
    expect(asked.map(({ ends }) => ends.length)).toEqual([0, 0, 1]);
    expect(errorOf(asked[2]!)).toMatchObject({
      code: "overloaded",
      message: 'Cannot wait for a node that offers "f": 2 steps wait already',
    });
    a.offer("f", () => 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("a function that comes and goes before it is taken is waited for again", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b");
    const asked = a!.call("f", [], { waitForCapacityMs: 60_000 });
    mesh.settle();
    b!.offer("f", byHand);
    b!.withdraw("f"); // before the step can arrive
    mesh.settle();
    expect([asked.ends, a!.machine.size.waiting]).toEqual([[], 1]);
    b!.offer("f", () => "back");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "back" }]);
    mesh.expectQuiet();
  });
});
