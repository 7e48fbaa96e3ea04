/** More calls than a node can run: which run, which wait, which are refused, and what is told. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { Invocation } from "../../../src/rpc/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";
import { alone, behind, errorOf, finishEach, loadOf, runOnce, started } from "../../support/overload.js";

describe("calls beyond the limit of a function", () => {
  test("wait for their turn, and run in the order in which they came (A1)", () => {
    const { mesh, node } = alone({ concurrencyMax: 2 });
    const asked = [1, 2, 3, 4].map((n) => node.call("work", [n]));
    mesh.settle();
    expect([started(node), loadOf(node)]).toEqual([
      [1, 2],
      { running: 2, abandoned: 0, queued: 2, limit: 2, refused: 0 },
    ]);
    expect(node.machine.size).toMatchObject({ running: 2, queued: 2, tasks: 4 });
    finishEach(mesh, node, 4);
    expect(started(node)).toEqual([1, 2, 3, 4]);
    expect(asked.map(({ ends }) => ends)).toEqual([0, 1, 2, 3].map((value) => [{ value }]));
    mesh.expectQuiet();
  });

  test("are refused at once when as many wait as may, and told when there should be room (A2)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1, queueMax: 1 });
    runOnce(mesh, node, 100);
    const [first, second, third] = [1, 2, 3].map(() => node.call("work")) as [Asked, Asked, Asked];
    mesh.settle();
    expect(errorOf(third)).toMatchObject({
      code: "overloaded",
      outcome: "not-applied",
      node: "n",
      message: 'Cannot run "work": 1 calls of it run and 1 wait on this node already',
      retryAfterMs: 200,
    });
    expect(loadOf(node)).toMatchObject({ refused: 1, queued: 1 });
    finishEach(mesh, node, 2);
    expect([first, second].map(({ ends }) => ends)).toEqual([[{ value: 0 }], [{ value: 1 }]]);
    mesh.expectQuiet();
  });

  test("are not refused for the time that a module took which did not load: that was no run (A3)", () => {
    const { mesh, node } = alone({ concurrencyMax: 1 });
    const [first, second] = [1, 2].map(() => node.call("work", [], { timeoutMs: 10_000 })) as [Asked, Asked];
    mesh.advance(6_000);
    node.fail("work", new MpregError("no-provider", "it does not load", { outcome: "not-applied" }));
    mesh.settle();
    expect(errorOf(first)).toMatchObject({ code: "no-provider" });
    expect(second.ends).toEqual([]); // it has 4 s left
    const third = node.call("work", [], { timeoutMs: 1_000 });
    mesh.settle();
    expect(third.ends).toEqual([]);
    finishEach(mesh, node, 2);
    expect([second, third].map(({ ends }) => ends)).toEqual([[{ value: 0 }], [{ value: 1 }]]);
    mesh.expectQuiet();
  });

  test("are refused when no function may have more waiting on the node (A2)", () => {
    const mesh = new Mesh();
    const node = mesh.node("n", { rpc: { queuedMax: 2 } });
    for (const fun of ["work", "other"]) node.offerAs(fun, byHand, { concurrencyMax: 1 });
    mesh.settle();
    const works = [1, 2, 3, 4].map(() => node.call("work"));
    const others = [1, 2].map(() => node.call("other"));
    mesh.settle();
    // the function that has most waiting gives way to the one that has none
    expect(works.map(({ ends }) => ends.length)).toEqual([0, 0, 1, 1]);
    expect(others.map(({ ends }) => ends.length)).toEqual([0, 0]);
    expect(errorOf(works[3]!).message).toBe('Cannot run "work": 1 calls run and 2 wait on this node already');
    for (let n = 0; n < 2; n++) {
      for (const fun of ["work", "other"]) node.finish(fun, 1);
      mesh.settle();
    }
    mesh.expectQuiet();
  });

  test("are refused at once when their turn would come too late (A3)", () => {
    const { mesh, node } = alone();
    runOnce(mesh, node, 100);
    const asked = [1_000, 1_000, 1_000, 350].map((timeoutMs) => node.call("work", [], { timeoutMs }));
    mesh.settle();
    expect(asked.map(({ ends }) => ends.length)).toEqual([0, 0, 0, 1]);
    expect(errorOf(asked[3]!)).toMatchObject({
      code: "overloaded",
      outcome: "not-applied",
      message:
        'Cannot run "work" in time: its turn comes in about 300 ms, behind 2 calls that wait, and a run takes up to 100 ms; it has 350 ms left',
      retryAfterMs: 50,
    });
    mesh.advance(1_000);
    mesh.expectQuiet();
  });

  test("that are the first to wait hear when their turn would come, and of no fraction of a millisecond (A3)", () => {
    const { mesh, node } = alone();
    runOnce(mesh, node, 100.25);
    node.call("work");
    mesh.settle();
    const asked = [150.4, 1_000, 250.4].map((timeoutMs) => node.call("work", [], { timeoutMs }));
    mesh.settle();
    const [first, , third] = asked as [Asked, Asked, Asked];
    expect(errorOf(first)).toMatchObject({
      message:
        'Cannot run "work" in time: its turn comes in about 100 ms, as soon as one that runs has ended, and a run takes up to 100 ms; it has 150 ms left',
    });
    expect(errorOf(third)).toMatchObject({ message: expect.stringContaining("behind 1 call that waits, and") });
    for (let turn = 0; turn < 2; turn++) {
      node.finish("work", 1);
      mesh.settle();
    }
    mesh.expectQuiet();
  });

  test("whose time runs out while they wait are dropped without having begun (D1)", () => {
    const { mesh, node } = alone();
    node.call("work");
    const asked = node.call("work", [], { timeoutMs: 500 });
    mesh.advance(500);
    expect(errorOf(asked)).toMatchObject({
      code: "deadline",
      outcome: "not-applied",
      message: 'The time allowed for "work" ran out while it waited for its turn',
    });
    expect([node.invoked.length, node.aborted, loadOf(node)?.queued]).toEqual([1, [], 0]);
    node.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("are not begun when what is left of their time will not do (A3)", () => {
    const { mesh, node } = alone();
    node.call("work");
    const asked = node.call("work", [], { timeoutMs: 1_000 });
    mesh.advance(600);
    node.finish("work", 1); // it took 600 ms, and 400 are left
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "overloaded", outcome: "not-applied" });
    expect([node.invoked.length, loadOf(node)?.refused]).toEqual([1, 1]);
    mesh.expectQuiet();
  });

  test("go to another node at once when this one refuses them (D2)", () => {
    const mesh = new Mesh();
    const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
    b.offerAs("work", byHand, { concurrencyMax: 1, queueMax: 0 });
    c.offerAs("work", byHand, { concurrencyMax: 1, queueMax: 1 });
    mesh.settle();
    const beforeMs = mesh.nowMs;
    const asked = [1, 2, 3, 4].map(() => a.call("work"));
    mesh.settle();
    expect(mesh.nowMs).toBe(beforeMs);
    expect(asked.map(({ ends }) => ends.length).sort()).toEqual([0, 0, 0, 1]);
    expect([b.invoked.length, c.invoked.length, c.machine.size.queued]).toEqual([1, 1, 1]);
    b.finish("work", 1);
    c.finish("work", 1);
    mesh.settle();
    c.finish("work", 1);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("run at once on another node that is idle, and never wait on their own (R4) (R8)", () => {
    const mesh = new Mesh();
    const [full, idle] = mesh.cluster("full", "idle") as [MeshNode, MeshNode];
    full.offerAs("work", byHand, { concurrencyMax: 1 });
    idle.offer("work", (n: number) => n);
    mesh.settle();
    full.call("work", [0], { target: "full" });
    mesh.settle();
    const beforeMs = mesh.nowMs;
    for (let n = 1; n <= 200; n++) {
      const asked = full.call("work", [n]);
      mesh.settle();
      expect(asked.ends).toEqual([{ value: n }]);
    }
    expect([mesh.nowMs, full.invoked.length]).toEqual([beforeMs, 1]);
    full.finish("work", 0);
    mesh.settle();
    mesh.expectQuiet();
  });

  test("that wait for a function which is withdrawn go to another node (D2)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    a.offerAs("work", byHand, { concurrencyMax: 1 });
    mesh.settle();
    const asked = [1, 2].map((n) => a.call("work", [n]));
    mesh.settle();
    b.offer("work", (n: number) => n * 10);
    mesh.settle();
    a.withdraw("work");
    mesh.settle();
    expect(asked.map(({ ends }) => ends)).toEqual([[], [{ value: 20 }]]);
    a.finish("work", 1);
    mesh.settle();
    expect(asked[0]!.ends).toEqual([{ value: 1 }]);
    mesh.expectQuiet();
  });

  test("tell how long they have waited (timings)", () => {
    const { mesh, node } = alone();
    node.call("work");
    const asked = node.call("work", [], { summary: true });
    mesh.advance(250);
    node.finish("work", 1);
    mesh.settle();
    expect(node.invoked.map(({ startedMs }) => mesh.nowMs - startedMs)).toEqual([250, 250]); // what execute counts from
    node.finish("work", 1);
    mesh.settle();
    expect(asked.ends).toHaveLength(1);
  });

  test("that are cancelled, or whose asker is gone, do not wait any more (V2)", () => {
    const { mesh, node } = alone();
    node.call("work");
    const cancelled = node.call("work");
    const client = mesh.client(node);
    client.call("work");
    mesh.settle();
    expect(loadOf(node)?.queued).toBe(2);
    node.enter({ kind: "withdraw", ticket: cancelled.ticket });
    mesh.settle();
    expect(loadOf(node)?.queued).toBe(1);
    expect(errorOf(cancelled)).toMatchObject({ code: "cancelled", outcome: "not-applied" });
    client.connection?.cut();
    mesh.settle();
    expect(loadOf(node)?.queued).toBe(0);
    node.finish("work", 1);
    mesh.settle();
    expect(node.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });

  test("end when their node closes, without having begun (Z3)", () => {
    const { mesh, node } = alone();
    const asked = [1, 2].map(() => node.call("work"));
    mesh.settle();
    node.enter({ kind: "close" });
    mesh.settle();
    expect(asked.map((each) => errorOf(each))).toMatchObject([
      { code: "closed", outcome: "unknown" },
      { code: "closed", outcome: "not-applied" },
    ]);
    mesh.expectQuiet();
  });
});

describe("fairness", () => {
  test("a client with 10,000 calls in flight does not keep another one waiting, on its node or behind it", () => {
    const { mesh, a, b } = behind({ concurrencyMax: 1, queueMax: 1_000 });
    for (const node of [a, b]) {
      const greedy = mesh.client(node);
      const modest = mesh.client(node);
      for (let n = 0; n < 10_000; n++) greedy.call("work", [1], { timeoutMs: 1_000_000 });
      mesh.settle();
      expect(b.machine.size.queued).toBe(1_000);
      const id = modest.call("work", [2], { timeoutMs: 1_000_000 });
      mesh.settle();
      expect(b.machine.size.queued).toBe(1_000); // one of the other's had to leave
      for (let turns = 0; turns < 3 && modest.endsOf(id).length === 0; turns++) {
        b.finish("work", 1);
        mesh.settle();
      }
      expect(modest.endsOf(id)).toEqual([{ value: 1 }]);
      greedy.connection?.cut();
      mesh.settle();
      for (const left of b.waiting("work")) b.finishThis(left, 1);
      mesh.settle();
      mesh.expectQuiet();
    }
  });

  test("the other nodes' programs, this one's and clients take turns", () => {
    const { mesh, a, b } = behind();
    b.call("work", [0]);
    mesh.settle();
    const client = mesh.client(b);
    for (let n = 0; n < 3; n++) b.call("work", [1]);
    mesh.settle();
    for (let n = 0; n < 3; n++) a.call("work", [2]);
    mesh.settle();
    for (let n = 0; n < 3; n++) client.call("work", [3]);
    mesh.settle();
    finishEach(mesh, b, 10);
    expect(started(b)).toEqual([0, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
    mesh.expectQuiet();
  });
});

describe("priorities", () => {
  test("the higher goes first, here and on another node, and the lower is not forgotten (Q1)", () => {
    const { mesh, a, b } = behind();
    b.call("work", [0]);
    mesh.settle();
    for (let n = 0; n < 3; n++) a.call("work", [4]);
    for (let n = 0; n < 6; n++) a.call("work", [5], { priority: 5 });
    a.call("work", [9], { priority: 9 });
    mesh.settle();
    finishEach(mesh, b, 11);
    expect(started(b)).toEqual([0, 9, 5, 5, 4, 5, 5, 4, 5, 5, 4]);
    mesh.expectQuiet();
  });

  test("steps of a request have their own, and nested calls that of the call they are nested in", () => {
    const { mesh, node } = alone();
    node.offer("outer", byHand);
    node.call("work", [0]);
    node.call("outer", [], { priority: 8 });
    node.call("work", [4]);
    node.request([{ fun: "work", args: [7], terms: { priority: 7 } }]);
    mesh.settle();
    const [parent] = node.waiting("outer") as [Invocation];
    node.call("work", [8], { parent });
    node.request([{ fun: "work", args: [3], terms: { priority: 3 } }], { parent });
    mesh.settle();
    finishEach(mesh, node, 5);
    expect(started(node).filter((n) => n !== 0x90)).toEqual([0, 8, 7, 4, 3]);
    node.finish("outer", 1);
    mesh.settle();
    mesh.expectQuiet();
  });
});

test("calls that wait for each other all come to run, though none of them ends (G6)", () => {
  const mesh = new Mesh();
  const node = mesh.node("n");
  node.offer("meet", byHand);
  mesh.settle();
  const asked = Array.from({ length: 1_000 }, () => node.call("meet", [], { timeoutMs: 20_000 }));
  mesh.settle();
  expect(node.waiting("meet")).toHaveLength(100);
  mesh.advance(5_000);
  expect(node.waiting("meet")).toHaveLength(1_000);
  for (const each of asked) expect(each.ends).toEqual([]);
  for (let left = asked.length; left > 0; left--) node.finish("meet", "all are here");
  mesh.settle();
  expect(asked.every(({ ends }) => ends.length === 1 && "value" in ends[0]!)).toBe(true);
  mesh.expectQuiet();
});
