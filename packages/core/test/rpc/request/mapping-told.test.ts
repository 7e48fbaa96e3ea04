/** What summaries and events tell of maps. */
import { describe, expect, test } from "vitest";
import { type RequestSummary, analyse, traceText } from "../../../src/rpc/index.js";
import { double, single, upTo, wait } from "../../support/mapping.js";
import { mapOf, use } from "../../support/requests.js";

describe("what is told of a map", () => {
  test("its steps and those of its items, with what they took", () => {
    const { mesh, node } = single();
    const steps = [
      { fun: "list" },
      mapOf("all", use("list"), [wait, { name: "next", fun: "add", args: [use("wait"), use("item")] }]),
      { name: "after", fun: "list", args: [use("all")] },
    ];
    const asked = node.request(steps, { summary: true });
    mesh.advance(10);
    node.finish("list", [1, 2]);
    mesh.advance(20);
    node.finish("wait", 10);
    mesh.advance(5);
    node.finish("wait", 20);
    mesh.settle();
    node.finish("list", "end");
    mesh.settle();
    const { summary } = asked.ends[0] as { readonly summary: RequestSummary };
    expect(
      summary.steps.map(({ name, fun, items, itemOf, inputs, readyMs, runMs }) => {
        return [name, fun, items, itemOf, inputs, readyMs, runMs];
      }),
    ).toEqual([
      ["list", "list", undefined, undefined, undefined, 0, 2],
      ["wait[0]", "wait", undefined, "all", undefined, 10, 2],
      ["next[0]", "add", undefined, "all", ["wait[0]"], 30, 0],
      ["wait[1]", "wait", undefined, "all", undefined, 10, 2],
      ["next[1]", "add", undefined, "all", ["wait[1]"], 35, 0],
      ["all", "", 2, undefined, ["list"], 10, 2],
      ["after", "list", undefined, undefined, ["all"], 35, 2],
    ]);
    const { criticalPath, averageStepMs } = analyse(summary);
    expect([criticalPath.steps, averageStepMs]).toEqual([["list", "all", "after"], 2]);
    expect(traceText(summary)).toContain("all (map of 2 items) on n, after list");
  });

  test("a map's times are those of the items on which its end waited, and all of its time (S3)", () => {
    const { mesh, node } = single();
    const next = { name: "next", fun: "wait", args: [use("first")] };
    const asked = node.request([mapOf("all", upTo(3), [{ ...wait, name: "first" }, next], { concurrency: 2 })], {
      summary: true,
    });
    const finish = (item: number, runUs: number): void => {
      mesh.advance(10);
      node.finishThis(
        node.waiting("wait").find(({ step }) => step.endsWith(`[${item}]`))!,
        0,
        runUs,
      );
      mesh.settle();
    };
    finish(0, 3_000); // first[0]
    finish(1, 9_000); // first[1]
    finish(1, 7_000); // next[1], at 30 ms: item 2 begins
    finish(2, 1_000); // first[2]
    finish(0, 25_000); // next[0]
    finish(2, 4_000); // next[2]: the last
    const { summary } = asked.ends[0] as { readonly summary: RequestSummary };
    const runMs = 9 + 7 + 1 + 4;
    expect(summary.steps.at(-1)).toMatchObject({ name: "all", readyMs: 0, queueMs: 60 - runMs, networkMs: 0, runMs });
    const { criticalPath, parallelEfficiency } = analyse(summary);
    expect(criticalPath).toMatchObject({ steps: ["all"], durationMs: 60, runMs });
    expect(parallelEfficiency).toBeCloseTo(runMs / 60);
  });

  test("of many items only the steps that took longest, and how many others there were (S1)", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", upTo(1_000), [wait], { concurrency: 1 })], { summary: true });
    for (const i of upTo(1_000)) {
      mesh.settle();
      const [running] = node.waiting("wait");
      node.finishThis(running!, i, i % 10 === 7 ? 50_000 : 1_000);
    }
    mesh.settle();
    const { summary } = asked.ends[0] as { readonly summary: RequestSummary };
    expect(summary.steps).toHaveLength(101);
    expect(summary.steps.slice(0, 100).map(({ name, runMs }) => [name, runMs])).toEqual(
      upTo(100).map((i) => [`wait[${10 * i + 7}]`, 50]),
    );
    expect(summary.leftOut).toEqual({ steps: 900, durationMs: 1_800 });
    expect(analyse(summary).averageStepMs).toBe((1_800 + 100 * 51) / 1_000);
    const text = traceText(summary);
    expect(text).toContain("1001 steps in 0.0 ms");
    expect(text).toContain("and 900 steps more, of items of maps, 2.0 ms on average");
  });

  test("events: how many items, their steps, and its result", () => {
    const { mesh, node } = single();
    const asked = node.request([mapOf("all", [3], [double])], { watch: true });
    mesh.settle();
    expect(asked.ends).toHaveLength(1);
    expect(node.told.map(({ event }) => event).slice(1)).toEqual([
      { kind: "planned", steps: [{ name: "all", fun: "", inputs: [], map: ["double"] }] },
      { kind: "step-ready", step: "all" },
      { kind: "mapped", step: "all", items: 1 },
      { kind: "step-ready", step: "double[0]" },
      { kind: "started", step: "double[0]", node: "n" },
      { kind: "result-available", step: "double[0]", node: "n", bytes: 1 },
      { kind: "result-available", step: "all", node: "n", bytes: 2 },
      { kind: "finished" },
    ]);
  });

  test("events: of the items' steps only those of the first 1,000 (M6)", () => {
    const { mesh, node } = single();
    node.request([mapOf("all", upTo(1_500), [double])], { watch: true });
    mesh.settle();
    expect(node.told.filter(({ event }) => event.kind === "step-ready")).toHaveLength(1_001);
    expect(node.told.at(-1)!.event).toEqual({ kind: "finished" });
  });
});
