/** Handlers that wait for nested calls: they give their permit back, and go on without asking for it. */
import { describe, expect, test } from "vitest";
import type { Invocation } from "../../../src/rpc/index.js";
import { Mesh } from "../../support/mesh.js";
import { byHand } from "../../support/mesh-node.js";
import { alone, errorOf, loadOf, started } from "../../support/overload.js";

describe("handlers that wait for nested calls", () => {
  test("give their permit back: a function that calls itself runs with one permit (A4)", () => {
    const { mesh, node } = alone();
    const outer = node.call("work");
    mesh.settle();
    const parents: Invocation[] = [];
    for (let depth = 0; depth < 5; depth++) {
      const parent = node.waiting("work").at(-1)!;
      parents.push(parent);
      node.call("work", [], { parent });
      mesh.settle();
      expect(loadOf(node)).toMatchObject({ running: 1, queued: 0 });
    }
    expect(node.waiting("work")).toHaveLength(6);
    expect(node.machine.size.running).toBe(6);
    for (let n = 0; n < 6; n++) {
      const last = node.waiting("work").at(-1)!;
      node.finishThis(last, n);
      mesh.settle();
    }
    expect(outer.ends).toEqual([{ value: 5 }]);
    mesh.expectQuiet();
  });

  test("go on without asking for it, and nothing begins until there is room again (A4)", () => {
    const { mesh, node } = alone();
    node.offer("inner", byHand);
    node.call("work", [1]);
    mesh.settle();
    const [parent] = node.waiting("work") as [Invocation];
    node.call("inner", [], { parent });
    node.call("work", [2]);
    node.call("work", [3]);
    mesh.settle();
    expect(started(node).filter((n) => n === 2)).toHaveLength(1); // runs while the first one waits
    node.finish("inner", 1);
    mesh.settle();
    expect(loadOf(node)).toMatchObject({ running: 2, queued: 1, limit: 1 });
    node.finish("work", 1);
    mesh.settle();
    expect(loadOf(node)).toMatchObject({ running: 1, queued: 1 });
    node.finish("work", 1);
    mesh.settle();
    expect(loadOf(node)).toMatchObject({ running: 1, queued: 0 });
    node.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("of one call count once, however many calls they wait for (A4)", () => {
    const { mesh, node } = alone();
    node.offer("inner", byHand);
    node.call("work");
    mesh.settle();
    const [parent] = node.waiting("work") as [Invocation];
    for (let n = 0; n < 3; n++) node.call("inner", [], { parent });
    mesh.settle();
    expect(loadOf(node)?.running).toBe(0);
    for (const running of [0, 0, 1]) {
      node.finish("inner", 1);
      mesh.settle();
      expect(loadOf(node)?.running).toBe(running);
    }
    node.finish("work", 1);
    mesh.settle();
    expect(loadOf(node)?.running).toBe(0);
    mesh.expectQuiet();
  });

  test("are bounded at each depth: what is nested in them runs, what comes from outside does not (A4)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { rpc: { executionsMax: 2 } });
    node.offer("work", byHand);
    node.offer("inner", byHand);
    mesh.settle();
    const works = [1, 2].map(() => node.call("work"));
    mesh.settle();
    for (const parent of node.waiting("work")) node.call("inner", [], { parent });
    const third = node.call("work");
    mesh.settle();
    expect(node.waiting("inner")).toHaveLength(2);
    for (const each of node.waiting("inner")) node.finishThis(each, 1);
    mesh.settle();
    for (const each of node.waiting("work").slice(0, 2)) node.finishThis(each, 1);
    mesh.settle();
    expect(works.map(({ ends }) => ends)).toEqual([[{ value: 1 }], [{ value: 1 }]]);
    expect(node.waiting("work")).toHaveLength(1); // its turn came when they had ended
    node.finish("work", 2);
    mesh.settle();
    expect(third.ends).toEqual([{ value: 2 }]);
    mesh.expectQuiet();
  });

  test("that are too many to remember end what would begin at the same depth (A4)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { rpc: { executionsMax: 1 } });
    node.offer("work", byHand);
    const [b] = [mesh.node("b", { peers: ["n"] })];
    b.offer("far", byHand);
    mesh.advance(2_000);
    node.call("work");
    mesh.settle();
    const [parent] = node.waiting("work") as [Invocation];
    node.call("far", [], { parent });
    const refused = node.call("work");
    mesh.settle();
    expect(errorOf(refused)).toMatchObject({
      code: "overloaded",
      outcome: "not-applied",
      message: 'Cannot run "work": 1 calls have begun on this node and not ended',
    });
    b.finish("far", 1);
    mesh.settle();
    node.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });
});
