/** Steps whose node is lost while they run: which are run again, where, when, and how many of them. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { OfferRecord } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";

/** Nodes a, b and c, linked; b and c offer `f`, ended by hand. */
function three(changes: Partial<OfferRecord> = { idempotent: "yes" }) {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [b, c]) node.offerAs("f", byHand, changes);
  mesh.settle();
  return { mesh, a, b, c };
}

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

/** Those of `nodes` on which `f` runs. */
function running(...nodes: readonly MeshNode[]): MeshNode[] {
  return nodes.filter((node) => node.waiting("f").length > 0);
}

describe("a step whose thread is lost while it runs", () => {
  const lost = new MpregError("thread-lost", "The thread ended", { outcome: "unknown" });

  test("is run again on another node, if its function is idempotent, also when it ran on its coordinator (D8)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    for (const node of [a, b]) node.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.call("f");
    mesh.settle();
    const [first] = running(a, b) as [MeshNode];
    first.fail("f", lost);
    mesh.advance(50);
    const [second] = running(a, b) as [MeshNode];
    expect(second).not.toBe(first);
    second.finish("f", "at last");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "at last" }]);
    mesh.expectQuiet();
  });

  test("is run again in another thread of the only node that offers it (D8)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    a.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.call("f");
    mesh.settle();
    a.fail("f", lost);
    mesh.settle();
    expect(a.machine.size).toMatchObject({ waiting: 1, retrying: 1 });
    mesh.advance(50);
    a.finish("f", "again");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "again" }]);
    mesh.expectQuiet();
  });

  test("is not run again when its function is not idempotent (Y1)", () => {
    const mesh = new Mesh();
    const [a] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    a.offer("f", byHand);
    mesh.settle();
    const asked = a.call("f");
    mesh.settle();
    a.fail("f", lost);
    mesh.advance(10_000);
    expect(errorOf(asked)).toMatchObject({ code: "thread-lost", outcome: "unknown", node: "a", step: "f" });
    expect(a.invoked).toHaveLength(1);
    mesh.expectQuiet();
  });
});

describe("a step whose node crashes while it runs", () => {
  test("is run again on another node within 50 ms, when its function is idempotent (D8) (Y2)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f", ["x"]);
    mesh.settle();
    const [first] = running(b, c) as [MeshNode];
    mesh.crash(first);
    expect(asked.ends).toEqual([]);
    mesh.advance(50);
    const [second] = running(...[b, c].filter((node) => node !== first)) as [MeshNode];
    second.finish("f", "at last");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "at last" }]);
    mesh.expectQuiet();
  });

  test.for([
    ["its function is not idempotent", { idempotent: "no" }, {}],
    ["its function goes by a key and the call has none", { idempotent: "with-key" }, {}],
    ["the call allows no retries", { idempotent: "yes" }, { retries: 0 }],
  ] as const)("is not run again when %s: nobody knows whether it took effect (Y1)", ([, changes, options]) => {
    const { mesh, a, b, c } = three(changes);
    const asked = a.call("f", [], options);
    mesh.settle();
    const [first] = running(b, c) as [MeshNode];
    mesh.crash(first);
    expect(errorOf(asked)).toMatchObject({ code: "node-lost", outcome: "unknown", node: first.name, step: "f" });
    mesh.advance(10_000);
    expect(running(b, c).filter((node) => node !== first)).toEqual([]);
  });

  test("is run again with the key by which its function recognizes it (Y1)", () => {
    const { mesh, a, b, c } = three({ idempotent: "with-key" });
    const asked = a.call("f", [], { idempotencyKey: "order 7" });
    mesh.settle();
    const [first] = running(b, c) as [MeshNode];
    expect(first.waiting("f")).toMatchObject([{ terms: { idempotencyKey: "order 7" } }]);
    mesh.crash(first);
    mesh.advance(50);
    const [second] = running(...[b, c].filter((node) => node !== first)) as [MeshNode];
    expect(second.waiting("f")).toMatchObject([{ terms: { idempotencyKey: "order 7" } }]);
    second.finish("f", 1);
    mesh.settle();
    expect(asked.ends).toEqual([{ value: 1 }]);
  });

  test("is never run again once its handler has ended, however that was (Y1)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const [node] = running(b, c) as [MeshNode];
    node.fail("f", new MpregError("handler-error", "it hurts", { outcome: "unknown" }));
    mesh.advance(5_000);
    expect(errorOf(asked)).toMatchObject({ code: "handler-error" });
    expect([b, c].flatMap(({ invoked }) => invoked)).toHaveLength(1);
  });

  test("is run again on the same node when it is back and there is no other (Y4)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.call("f", [], { timeoutMs: 25_000 });
    mesh.settle();
    mesh.crash(b);
    mesh.advance(8_000);
    expect(asked.ends).toEqual([]);
    const again = mesh.node("b", { peers: ["a"], incarnation: 2 });
    again.offerAs("f", byHand, { idempotent: "yes" });
    mesh.advance(5_000);
    again.finish("f", "back");
    mesh.settle();
    expect(asked.ends).toEqual([{ value: "back" }]);
    mesh.expectQuiet();
  });

  test("ends at its deadline, unknown, when nobody is there to run it (Y4)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.call("f", [], { timeoutMs: 3_000 });
    mesh.settle();
    mesh.crash(b);
    mesh.advance(2_990);
    expect(asked.ends).toEqual([]);
    mesh.advance(20);
    expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "unknown", step: "f" });
    mesh.expectQuiet();
  });

  test("is run as often as it allows, and then ends as it was lost (Y1)", () => {
    const mesh = new Mesh();
    const [a, ...others] = mesh.cluster("a", "b", "c", "d") as [MeshNode, ...MeshNode[]];
    for (const node of others) node.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    const asked = a.call("f", [], { retries: 1 });
    mesh.settle();
    for (let run = 0; run < 2; run++) {
      expect(asked.ends).toEqual([]);
      mesh.crash(running(...others.filter((node) => node.isListening))[0]!);
      mesh.advance(50);
    }
    expect(errorOf(asked)).toMatchObject({ code: "node-lost", outcome: "unknown" });
    expect(running(...others.filter((node) => node.isListening))).toEqual([]);
  });

  test("is part of a request that ends well all the same", () => {
    const { mesh, a, b, c } = three();
    const asked = a.request([{ name: "one", fun: "f" }]);
    mesh.settle();
    const [first] = running(b, c) as [MeshNode];
    mesh.crash(first);
    mesh.advance(50);
    running(...[b, c].filter((node) => node !== first))[0]!.finish("f", 5);
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: [5] }]);
    mesh.expectQuiet();
  });

  test("is cancelled while it waits to be run again", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const [first] = running(b, c) as [MeshNode];
    mesh.crash(first);
    a.enter({ kind: "withdraw", ticket: asked.ticket });
    mesh.advance(5_000);
    expect(errorOf(asked)).toMatchObject({ code: "cancelled", outcome: "unknown" });
    expect(running(...[b, c].filter((node) => node !== first))).toEqual([]);
    mesh.expectQuiet();
  });
});

describe("a step that is run again", () => {
  const parting = (outcome: "unknown" | "not-applied"): MpregError =>
    new MpregError("closed", "the node is closing", { outcome });

  test("goes to another node first, and to the same one when all have been tried (D8)", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f");
    mesh.settle();
    const ran: string[] = [];
    for (let run = 0; run < 3; run++) {
      const [node] = running(b, c) as [MeshNode];
      ran.push(node.name);
      if (run === 2) node.finish("f", "third");
      else node.fail("f", parting("unknown"));
      mesh.advance(100);
    }
    expect(ran[1]).not.toBe(ran[0]);
    expect(asked.ends).toEqual([{ value: "third" }]);
    mesh.expectQuiet();
  });

  test("waits longer from time to time (Y2)", () => {
    const { mesh, a, b, c } = three();
    a.call("f", [], { timeoutMs: 25_000 });
    mesh.settle();
    const waits: number[] = [];
    for (let run = 0; run < 9; run++) {
      running(b, c)[0]!.fail("f", parting("unknown"));
      const failedMs = mesh.nowMs;
      while (running(b, c).length === 0) mesh.advance(1);
      waits.push(mesh.nowMs - failedMs);
    }
    expect(Math.max(...waits.slice(0, 2))).toBeLessThanOrEqual(51);
    expect(Math.max(...waits.slice(5))).toBeGreaterThan(200);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_001);
  });

  test("is not given up when the next node refuses it, nor said not to be applied (Y4)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offerAs("f", byHand, { idempotent: "yes", concurrencyMax: 1, queueMax: 0 });
    mesh.settle();
    const asked = a.call("f");
    mesh.settle();
    b.fail("f", parting("unknown"));
    mesh.advance(100);
    b.fail("f", parting("not-applied"));
    mesh.advance(100);
    expect(asked.ends).toEqual([]);
    b.fail("f", parting("unknown"));
    mesh.settle();
    b.call("f"); // takes the only place
    mesh.advance(200);
    expect(errorOf(asked)).toMatchObject({ code: "overloaded", outcome: "unknown" });
  });

  test("ends at its deadline", () => {
    const { mesh, a, b, c } = three();
    const asked = a.call("f", [], { timeoutMs: 1_000 });
    mesh.settle();
    running(b, c)[0]!.fail("f", parting("unknown"));
    mesh.advance(999);
    expect([running(b, c).length, asked.ends]).toEqual([1, []]);
    mesh.advance(1);
    expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "unknown" });
    mesh.advance(1); // where it runs, times are rounded up to whole ms
    mesh.expectQuiet();
  });
});

describe("a node that stands still", () => {
  test("is not waited for once it is down, for what can be run elsewhere (D8)", () => {
    const { mesh, a, b, c } = three();
    const idempotent = a.call("f", [], { timeoutMs: 25_000 });
    mesh.settle();
    const [frozen] = running(b, c) as [MeshNode];
    for (const { connection } of frozen.connections.values()) {
      for (const end of connection.ends) connection.from(end).isHeld = true;
    }
    mesh.advance(6_000);
    const other = frozen === b ? c : b;
    other.finish("f", "elsewhere");
    mesh.settle();
    expect(idempotent.ends).toEqual([{ value: "elsewhere" }]);
    for (const { connection } of frozen.connections.values()) {
      for (const end of connection.ends) connection.from(end).release();
    }
    mesh.settle();
    expect(frozen.aborted).toEqual([{ fun: "f", reason: "cancelled" }]); // its answer is not waited for
  });
});

describe("when everything fails", () => {
  test("retries are no more than a hundred at once, a fifth of the calls, and ten per second (Y3)", () => {
    const mesh = new Mesh();
    const [a, b] = mesh.cluster("a", "b") as [MeshNode, MeshNode];
    b.offerAs("f", byHand, { idempotent: "yes" });
    mesh.settle();
    for (let i = 0; i < 1_000; i++) a.call("f", [], { timeoutMs: 25_000 });
    mesh.settle();
    mesh.crash(b);
    const again = mesh.node("b", { peers: ["a"], incarnation: 2 });
    again.offerAs("f", byHand, { idempotent: "yes", concurrencyMax: 10_000 });
    mesh.advance(1_000);
    const first = again.invoked.length;
    expect(first).toBeGreaterThan(50);
    expect(first).toBeLessThanOrEqual(110);
    mesh.advance(10_000);
    expect(again.invoked.length - first).toBeGreaterThanOrEqual(95);
    expect(again.invoked.length - first).toBeLessThanOrEqual(105);
  });
});
