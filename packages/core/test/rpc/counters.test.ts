/** Counters: what is counted, under which names, and what the simulated mesh counts of its calls. */
import { expect, test } from "vitest";
import { Mesh } from "../support/mesh.js";
import { type MeshNode, byHand } from "../support/mesh-node.js";
import { FunctionCounters, WorkCounter, durationBoundsMs } from "../../src/rpc/index.js";

const known = (): boolean => true;

test("every end is counted with its code, and its duration in one class (N1)", () => {
  const work = new WorkCounter();
  work.end("ok", 0.5);
  work.end("ok", 0.6);
  work.end("deadline", 1e9);
  work.dropped("caller-gone");
  expect(work.codes().map((code) => [code, work.countOf(code)])).toEqual([
    ["ok", 2],
    ["deadline", 1],
    ["caller-gone", 1],
  ]);
  expect(work.durations.map((count, index) => [index, count]).filter(([, count]) => count! > 0)).toEqual([
    [0, 1],
    [1, 1],
    [durationBoundsMs.length, 1],
  ]);
  expect(work.durationMsSum).toBeCloseTo(1e9 + 1.1);
});

test("so many functions have numbers of their own, and strangers' names none (N2)", () => {
  const counters = new FunctionCounters(2);
  counters.start("made-up", () => false);
  for (const fun of ["a", "b", "c", "a"]) counters.start(fun, known);
  expect([...counters.entries()].map(([fun, { started }]) => [fun, started])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  expect(counters.others.started).toBe(2);
  counters.of("c").end("ok", 1);
  counters.of("a").end("ok", 1);
  expect([counters.others.countOf("ok"), counters.of("a").countOf("ok")]).toEqual([1, 1]);
});

test("a mesh counts each step once, where it is coordinated, with the end that its caller was told (N1)", () => {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [b, c]) node.offerAs("f", byHand, { idempotent: "yes" });
  mesh.settle();
  a.call("nowhere");
  a.call("f", ["x"]);
  mesh.settle();
  const first = b.waiting("f").length > 0 ? b : c;
  const second = first === b ? c : b;
  mesh.crash(first);
  mesh.advance(50);
  second.finish("f", 1);
  mesh.settle();
  a.call("f", [], { timeoutMs: 100 });
  mesh.advance(200);
  const { calls, retried, rerouted } = a.machine.counters;
  const f = calls.of("f");
  expect([f.started, f.countOf("ok"), f.countOf("deadline")]).toEqual([2, 1, 1]);
  expect(f.durations.reduce((sum, count) => sum + count)).toBe(2);
  expect(calls.others.countOf("no-provider")).toBe(1);
  expect([retried, rerouted]).toEqual([1, 0]);
  expect([...second.machine.counters.calls.entries()]).toEqual([]);
});

test("a step that a full node refuses is counted as given to another (N1)", () => {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [b, c]) node.offerAs("f", byHand, { concurrencyMax: 1, queueMax: 0 });
  mesh.settle();
  a.call("f");
  a.call("f");
  b.call("f");
  mesh.settle();
  const counted = [a, b].map(({ machine }) => machine.counters.rerouted);
  expect(counted[0]! + counted[1]!).toBeGreaterThan(0);
  expect(a.machine.counters.calls.of("f").started).toBe(2);
});
