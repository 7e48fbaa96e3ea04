/** Hedging: steps that take long are run a second time, elsewhere; what comes first counts. */
import { describe, expect, test } from "vitest";
import { MpregError } from "../../../src/base/index.js";
import type { OfferRecord } from "../../../src/wire/index.js";
import { Mesh } from "../../support/mesh.js";
import { type Asked, type MeshNode, byHand } from "../../support/mesh-node.js";

const hedge = 50;

function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

/** Nodes a, b and c, linked; b and c offer `f`, ended by hand. */
function three(changes: Partial<OfferRecord> = { idempotent: "yes" }) {
  const mesh = new Mesh();
  const [a, b, c] = mesh.cluster("a", "b", "c") as [MeshNode, MeshNode, MeshNode];
  for (const node of [b, c]) node.offerAs("f", byHand, changes);
  mesh.settle();
  /** The node that runs it first, and the other. */
  const inOrder = (): [MeshNode, MeshNode] => (b.invoked.length > 0 ? [b, c] : [c, b]);
  return { mesh, a, b, c, inOrder };
}

describe("a step that takes long", () => {
  test.for(["first", "second"] as const)(
    "is run once more on another node; when its %s run completes the other is called off (H1) (H2) (H3)",
    (winner) => {
      const { mesh, a, inOrder } = three();
      const asked = a.call("f", [], { hedge, summary: true });
      mesh.advance(49);
      const [first, second] = inOrder();
      expect(second.invoked).toEqual([]);
      mesh.advance(5_000);
      expect([first.invoked.length, second.invoked.length]).toEqual([1, 1]);
      const [won, lost] = winner === "first" ? [first, second] : [second, first];
      won.finish("f", won.name);
      mesh.settle();
      expect(asked.ends).toMatchObject([
        { value: won.name, summary: { steps: [{ node: won.name, attempts: 2, readyMs: 0 }] } },
      ]);
      expect(lost.aborted).toEqual([{ fun: "f", reason: "cancelled" }]);
      lost.finish("f", "too late");
      mesh.settle();
      expect(asked.ends).toHaveLength(1);
      mesh.expectQuiet();
    },
  );

  test("does not fail while one of its runs goes on (H1)", () => {
    const { mesh, a, inOrder } = three();
    const asked = a.request([{ fun: "f", terms: { hedge } }]);
    mesh.advance(60);
    const [first, second] = inOrder();
    first.fail("f", new MpregError("handler-error", "no", { outcome: "applied" }));
    mesh.settle();
    expect(asked.ends).toEqual([]);
    second.finish("f", "yes");
    mesh.settle();
    expect(asked.ends).toEqual([{ outputs: ["yes"] }]);
    mesh.expectQuiet();
  });

  test("fails when both have, and says what is known of both (H1) (H4)", () => {
    const { mesh, a, inOrder } = three();
    const asked = a.call("f", [], { hedge, retries: 0 });
    mesh.advance(60);
    const [first, second] = inOrder();
    first.fail("f", new MpregError("node-lost", "gone", { outcome: "unknown" }));
    second.fail("f", new MpregError("invalid-input", "no", { outcome: "not-applied" }));
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "invalid-input", outcome: "unknown", node: second.name });
    mesh.expectQuiet();
  });

  test("ends at its deadline, both runs with it", () => {
    const { mesh, a, inOrder } = three();
    const asked = a.call("f", [], { hedge, timeoutMs: 200 });
    mesh.advance(200);
    expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "unknown" });
    mesh.advance(5);
    expect(inOrder().map(({ aborted }) => aborted.length)).toEqual([1, 1]);
    for (const node of inOrder()) node.finish("f", "too late");
    mesh.settle();
    mesh.expectQuiet();
  });

  test("is called off on both nodes when its caller cancels, with nothing known of it", () => {
    const { mesh, a, inOrder } = three();
    const asked = a.call("f", [], { hedge });
    mesh.advance(60);
    a.enter({ kind: "withdraw", ticket: asked.ticket });
    mesh.settle();
    expect(errorOf(asked)).toMatchObject({ code: "cancelled", outcome: "unknown" });
    expect(inOrder().map(({ aborted }) => aborted)).toEqual([
      [{ fun: "f", reason: "cancelled" }],
      [{ fun: "f", reason: "cancelled" }],
    ]);
  });
});

describe("a step is run once", () => {
  test.for([
    ["its function is not idempotent", { idempotent: "no" }, {}],
    ["its function goes by a key and the call has none", { idempotent: "with-key" }, {}],
    ["it is for one node", { idempotent: "yes" }, { target: "b" }],
  ] as const)("when %s (H2)", ([, changes, options]) => {
    const { mesh, a, b, c } = three(changes);
    a.call("f", [], { hedge, ...options });
    mesh.advance(20_000);
    expect(b.invoked.length + c.invoked.length).toBe(1);
  });

  test("when it has ended before it took long", () => {
    const { mesh, a, inOrder } = three();
    const asked = a.call("f", [], { hedge });
    mesh.advance(40);
    inOrder()[0].finish("f", 1);
    mesh.advance(5_000);
    expect([asked.ends, inOrder()[1].invoked]).toEqual([[{ value: 1 }], []]);
    mesh.expectQuiet();
  });
});

test("second runs are no more than the budget of retries has (H2)", () => {
  const { mesh, a, b, c } = three({ idempotent: "yes", concurrencyMax: 1_000 });
  for (let i = 0; i < 500; i++) a.call("f", [], { hedge });
  mesh.advance(100);
  expect(b.invoked.length + c.invoked.length).toBe(600);
});

test("what takes long is told by what such calls took, once twenty were measured; before, it is a second", () => {
  const { mesh, a, b, c } = three();
  const running = (): MeshNode[] => [b, c].filter((node) => node.waiting("f").length > 0);
  const hedgedAfterMs = (): number => {
    a.call("f", [], { hedge: 0, target: undefined });
    mesh.settle();
    const beganMs = mesh.nowMs;
    while (running().length < 2) mesh.advance(1);
    const tookMs = mesh.nowMs - beganMs;
    for (const node of running()) node.finish("f", 0);
    mesh.settle();
    for (const node of running()) node.finish("f", 0);
    mesh.settle();
    return tookMs;
  };
  expect(hedgedAfterMs()).toBe(1_000);
  for (let i = 0; i < 200; i++) {
    a.call("f");
    mesh.advance(10);
    for (const node of running()) node.finish("f", 0);
    mesh.settle();
  }
  const tookMs = hedgedAfterMs();
  expect(tookMs).toBeGreaterThanOrEqual(10);
  expect(tookMs).toBeLessThan(30);
});

test("a second run that waits for room on a link does not go where the first one is when there is (H2)", () => {
  const mesh = new Mesh();
  const a = mesh.node("a", { link: { queueBytesMax: 10_000 } });
  const b = mesh.node("b", { peers: ["a"] });
  const c = mesh.node("c", { peers: ["a"], link: { windowBytes: 1_000 } });
  b.offerAs("f", byHand, { idempotent: "yes" });
  c.offerAs("g", (text: string) => text.length, {});
  mesh.advance(2_000);
  const asked = a.call("f", ["x".repeat(1_000)], { hedge });
  mesh.settle();
  c.offerAs("f", () => "second", { idempotent: "yes" });
  mesh.settle();
  const connection = a.connectionTo(c);
  for (const end of connection.ends) connection.from(end).isHeld = true;
  for (let call = 0; call < 30; call++) a.call("g", ["x".repeat(1_000)]);
  mesh.advance(100);
  expect([b.invoked.length, c.invoked.length, asked.ends]).toEqual([1, 0, []]);
  for (const end of connection.ends) connection.from(end).release();
  mesh.settle();
  expect(b.invoked).toHaveLength(1);
  expect(asked.ends).toEqual([{ value: "second" }]);
});
