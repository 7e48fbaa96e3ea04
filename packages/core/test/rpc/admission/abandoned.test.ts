/** Handlers that run on though nobody waits for them: they count in what may run. */
import { describe, expect, test } from "vitest";
import { alone, errorOf, loadOf } from "../../support/overload.js";
import { byHand, deaf, loading } from "../../support/mesh-node.js";

describe("a handler that runs on beyond its deadline", () => {
  test("holds its permit until it has ended (O1) (A1)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 }, deaf);
    const late = node.call("work", [1], { timeoutMs: 1_000 });
    mesh.advance(1_000);
    expect(errorOf(late)).toMatchObject({ code: "deadline", outcome: "unknown" });
    const next = node.call("work", [2]);
    mesh.settle();
    expect([node.invoked.length, loadOf(node)]).toMatchObject([1, { running: 1, abandoned: 1, queued: 1 }]);
    expect(node.machine.size).toMatchObject({ running: 0, abandoned: 1, queued: 1 });
    node.finishThis(node.invoked[0]!, 1);
    mesh.settle();
    expect([node.invoked.length, loadOf(node)]).toMatchObject([2, { running: 1, abandoned: 0, queued: 0 }]);
    node.finish("work", 2);
    mesh.settle();
    expect([late.ends.length, next.ends]).toEqual([1, [{ value: 2 }]]);
    mesh.expectQuiet();
  });

  test("keeps its number: its end is not taken for that of another call (O1)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 }, deaf);
    node.call("work", [1], { timeoutMs: 1_000 });
    mesh.advance(1_000);
    const [abandoned] = node.invoked;
    node.offer("other", () => 1);
    for (let n = 0; n < 100; n++) node.call("other");
    mesh.settle();
    expect(node.invoked.slice(1).map(({ id }) => id)).not.toContain(abandoned!.id);
    node.finishThis(abandoned!, 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is told of once, if it runs on for long (O2)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 }, deaf);
    node.call("work", [1], { timeoutMs: 1_000 });
    const told = (): unknown[] => node.events.filter(({ kind }) => kind === "handler-abandoned");
    mesh.advance(10_999);
    expect(told()).toEqual([]);
    mesh.advance(20_000);
    const event = { fun: "work", step: "work", request: node.requestId(), forMs: 10_000 };
    expect(told()).toEqual([{ kind: "handler-abandoned", ...event }]);
    node.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is not told of when it has not begun, and never does: its module may still load (O2)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 }, loading);
    const call = node.call("work", [1], { timeoutMs: 1_000 });
    mesh.advance(31_000);
    expect(errorOf(call)).toMatchObject({ code: "deadline", outcome: "not-applied" });
    expect(node.events.filter(({ kind }) => kind === "handler-abandoned")).toEqual([]);
    expect(loadOf(node)).toMatchObject({ running: 1 }); // (O1)
    node.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("and had given its permit back for nested calls takes it again, for these are given up (A4)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 }, deaf);
    node.offer("inner", byHand);
    mesh.settle();
    node.call("work", [1], { timeoutMs: 1_000 });
    mesh.settle();
    node.call("inner", [], { parent: node.invoked[0]! });
    mesh.settle();
    expect(loadOf(node)).toMatchObject({ running: 0, abandoned: 0 });
    mesh.advance(1_000);
    expect(loadOf(node)).toMatchObject({ running: 1, abandoned: 1 });
    node.finish("work", 1);
    mesh.settle();
    expect(loadOf(node)).toMatchObject({ running: 0, abandoned: 0 });
    mesh.expectQuiet();
  });
});

test("a handler that looks at its signal gives its permit back at once (O1)", () => {
  const { mesh, node } = alone({ concurrencyMax: 1 });
  node.call("work", [1], { timeoutMs: 1_000 });
  const next = node.call("work", [2]);
  mesh.advance(1_000);
  expect([node.invoked.length, loadOf(node)]).toMatchObject([2, { running: 1, abandoned: 0 }]);
  node.finishThis(node.invoked[1]!, 2);
  mesh.settle();
  expect(next.ends).toEqual([{ value: 2 }]);
  mesh.expectQuiet();
});
