import { describe, expect, test } from "vitest";
import { MpregError } from "../../src/base/index.js";
import { Mesh } from "../support/mesh.js";
import { type Asked, type MeshNode, type MeshNodeOptions, byHand } from "../support/mesh-node.js";
import { type Step, use } from "../support/requests.js";

function single(options: MeshNodeOptions = {}): { readonly mesh: Mesh; readonly node: MeshNode } {
  const mesh = new Mesh();
  const node = mesh.node("n", options);
  for (const fun of "abcdef") node.offer(fun, byHand);
  mesh.settle();
  return { mesh, node };
}

function step(fun: string, ...used: readonly ReturnType<typeof use>[]): Step {
  return { fun, args: used };
}

const broken = new MpregError("handler-error", "broken", { outcome: "applied" });
const done = { status: "done" };

/** The error of the one end that was told. */
function errorOf({ ends }: Asked): unknown {
  expect(ends).toHaveLength(1);
  return "error" in ends[0]! ? ends[0].error : ends[0];
}

describe("a request that settles", () => {
  test("independent branches finish, and each step's end is told", () => {
    const { mesh, node } = single();
    const steps = [step("a"), step("b"), step("c", use("a")), step("d", use("c"), use("b")), step("e", use("b"))];
    const asked = node.request(steps, { settle: true });
    mesh.settle();
    node.fail("a", broken);
    mesh.settle();
    expect(asked.ends).toEqual([]);
    node.finish("b", 2);
    mesh.settle();
    node.finish("e", 5);
    mesh.settle();
    const error = { code: "handler-error", message: "broken", outcome: "applied", step: "a", node: "n" };
    expect(asked.ends).toEqual([
      {
        outputs: [undefined, 5],
        reports: [
          { status: "failed", error },
          done,
          { status: "skipped", because: 0 },
          { status: "skipped", because: 2 },
          done,
        ],
      },
    ]);
    expect(node.invoked.map(({ fun }) => fun)).toEqual(["a", "b", "e"]);
    mesh.expectQuiet();
  });

  test("it ends when the last step has failed, too", () => {
    const { mesh, node } = single();
    const asked = node.request([step("a"), step("b", use("a"))], { settle: true });
    mesh.settle();
    node.fail("a", broken);
    mesh.settle();
    expect(asked.ends).toMatchObject([
      { outputs: [undefined], reports: [{ status: "failed" }, { status: "skipped", because: 0 }] },
    ]);
    mesh.expectQuiet();
  });

  test("a part that is missing fails its step only", () => {
    const { mesh, node } = single();
    const asked = node.request([step("a"), step("b", use("a", "x")), step("c", use("a"))], { settle: true });
    mesh.settle();
    node.finish("a", 1);
    mesh.settle();
    node.finish("c", 3);
    mesh.settle();
    expect(asked.ends).toMatchObject([
      {
        outputs: [undefined, 3],
        reports: [done, { status: "failed", error: { code: "path-missing", step: "b" } }, done],
      },
    ]);
    mesh.expectQuiet();
  });

  test("an output that a result does not have is told with the step it comes from, the others are there", () => {
    const { mesh, node } = single();
    const asked = node.request([step("a"), step("b")], { settle: true, outputs: [use("a", "x"), use("b"), use("a")] });
    mesh.settle();
    for (const fun of ["a", "b"]) node.finish(fun, 1);
    mesh.settle();
    const error = { code: "path-missing", outcome: "applied", step: "a", node: "n" };
    expect(asked.ends).toMatchObject([{ outputs: [undefined, 1, 1], reports: [{ status: "failed", error }, done] }]);
  });

  test("what nobody offers fails by itself, the others run (Q3)", () => {
    const { mesh, node } = single();
    const asked = node.request([step("a"), step("nowhere")], { settle: true });
    mesh.settle();
    node.finish("a", 1);
    mesh.settle();
    expect(asked.ends).toMatchObject([
      { reports: [{ status: "done" }, { status: "failed", error: { code: "no-provider", step: "nowhere" } }] },
    ]);
  });

  test("a result that only a failed step would have used is let go (Q4)", () => {
    const { mesh, node } = single({ rpc: { resultBytesMax: 1_000 } });
    const big = "x".repeat(600);
    // a is needed by b and c only; b cannot start, c is skipped
    const steps = [
      step("a"),
      step("b", use("a", "missing")),
      step("c", use("a"), use("b")),
      step("d"),
      step("e", use("d")),
    ];
    const asked = node.request(steps, { settle: true });
    mesh.settle();
    for (const [fun, value] of [
      ["a", big],
      ["d", big],
      ["e", 5],
    ] as const) {
      node.finish(fun, value);
      mesh.settle();
    }
    expect(asked.ends).toMatchObject([{ outputs: [undefined, 5] }]);
  });

  test("its deadline tells what is known: applied what has failed after it ran", () => {
    const { mesh, node } = single();
    const steps = [step("a"), { fun: "late", args: [] }];
    const asked = node.request(steps, { settle: true, waitForCapacityMs: 60_000, timeoutMs: 1_000 });
    mesh.settle();
    node.fail("a", broken);
    mesh.advance(1_000);
    expect(errorOf(asked)).toMatchObject({ code: "deadline", outcome: "applied", step: "late" });
    mesh.expectQuiet();
  });

  test("cancelling it tells the same, and unknown what still runs", () => {
    const { mesh, node } = single();
    const outcomeOfCancel = (asked: Asked): unknown => {
      node.enter({ kind: "withdraw", ticket: asked.ticket });
      mesh.settle();
      return (errorOf(asked) as MpregError).outcome;
    };
    const failed = node.request([step("a"), step("late")], { settle: true, waitForCapacityMs: 60_000 });
    mesh.settle();
    node.fail("a", broken);
    mesh.settle();
    expect(outcomeOfCancel(failed)).toBe("applied");
    const unsure = node.request([step("a"), step("late")], { settle: true, waitForCapacityMs: 60_000 });
    mesh.settle();
    node.fail("a", new MpregError("node-lost", "gone", { outcome: "unknown" }));
    mesh.settle();
    expect(outcomeOfCancel(unsure)).toBe("unknown");
    const untouched = node.request([step("late")], { settle: true, waitForCapacityMs: 60_000 });
    mesh.settle();
    expect(outcomeOfCancel(untouched)).toBe("not-applied");
    mesh.expectQuiet();
  });
});
