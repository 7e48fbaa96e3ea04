import { describe, expect, test } from "vitest";
import { type RequestSummary, type StepSummary, analyse, traceText } from "../../../src/rpc/index.js";

function step(name: string, readyMs: number, durations: Partial<StepSummary>): StepSummary {
  const none = { queueMs: 0, networkMs: 0, runMs: 0, bytesIn: 1, bytesOut: 1, attempts: 1 };
  return { name, fun: name, node: "primary", readyMs, startMs: readyMs, ...none, ...durations };
}

function summaryOf(totalMs: number, ...steps: readonly StepSummary[]): RequestSummary {
  return { requestId: "0f1e2d3c-1", coordinator: "primary", totalMs, steps };
}

const here = step("here", 0, { queueMs: 1, runMs: 9 });
const beside = step("beside", 0, { runMs: 4 });
const second = step("second", 10, {
  fun: "f",
  node: "worker",
  queueMs: 1,
  networkMs: 10,
  runMs: 2,
  inputs: ["here", "beside"],
});
const diamond = summaryOf(23, beside, here, second);

describe("the analysis of a summary", () => {
  test("the critical path goes from the last end back through the input that was waited for longest (N1)", () => {
    expect(analyse(diamond).criticalPath).toEqual({
      steps: ["here", "second"],
      durationMs: 23,
      queueMs: 2,
      networkMs: 10,
      runMs: 11,
    });
  });

  test("efficiency is the longest chain of running of the total, parallelism the work of the total", () => {
    const { parallelEfficiency, parallelism } = analyse(diamond);
    expect(parallelEfficiency).toBeCloseTo(11 / 23);
    expect(parallelism).toBeCloseTo(27 / 23);
  });

  test("the longest chain of running need not be the critical path", () => {
    const late = step("late", 0, { queueMs: 20, runMs: 1 });
    const busy = step("busy", 0, { runMs: 15 });
    const { criticalPath, parallelEfficiency } = analyse(summaryOf(21, busy, late));
    expect(criticalPath.steps).toEqual(["late"]);
    expect(parallelEfficiency).toBeCloseTo(15 / 21);
  });

  test("slow are the steps above the average, the slowest first, at most ten", () => {
    expect(analyse(diamond).averageStepMs).toBe(9);
    expect(analyse(diamond).slowest).toEqual([
      { name: "second", durationMs: 13, aboveAverage: expect.closeTo(13 / 9 - 1) },
      { name: "here", durationMs: 10, aboveAverage: expect.closeTo(10 / 9 - 1) },
    ]);
    const many = Array.from({ length: 40 }, (_, index) => step(`s${index}`, 0, { runMs: index }));
    expect(analyse(summaryOf(39, ...many)).slowest.map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, index) => `s${39 - index}`),
    );
  });

  test("of a step that was run again only the last run counts (N2)", () => {
    const again = step("here", 12, { runMs: 3 });
    const after = step("second", 15, { runMs: 2, inputs: ["here"] });
    const { criticalPath, averageStepMs } = analyse(summaryOf(17, here, again, after));
    expect(criticalPath).toMatchObject({ steps: ["here", "second"], durationMs: 5 });
    expect(averageStepMs).toBe(2.5);
  });

  test("a summary of nothing has figures, too", () => {
    expect(analyse(summaryOf(0))).toEqual({
      criticalPath: { steps: [], durationMs: 0, queueMs: 0, networkMs: 0, runMs: 0 },
      parallelEfficiency: 1,
      parallelism: 0,
      averageStepMs: 0,
      slowest: [],
    });
  });
});

describe("the trace of a request as text", () => {
  test("it tells every step, on what it waited, and what was slow", () => {
    expect(traceText(summaryOf(23, beside, here, { ...second, inputs: ["here"], attempts: 2 }))).toBe(
      [
        "request 0f1e2d3c-1 on primary: 3 steps in 23.0 ms",
        "     ready    queue  network      run",
        "       0.0      0.0      0.0      4.0 ms  beside on primary",
        "*      0.0      1.0      0.0      9.0 ms  here on primary",
        "*     10.0      1.0     10.0      2.0 ms  second (f) on worker, 2 attempts, after here",
        "critical path (*): here > second, 23.0 ms: queue 2.0, network 10.0, run 11.0",
        "parallel efficiency 48 %, 1.2 steps at a time",
        "slowest: second 13.0 ms (44 % above average), here 10.0 ms (11 % above average)",
      ].join("\n"),
    );
  });

  test("a step of an item has its name as events tell it", () => {
    const text = traceText(summaryOf(1, { ...step("size[3]", 0, { runMs: 1 }), inputs: ["read[3]"] }));
    expect(text).toContain("  size[3] ");
    expect(text).toContain(", after read[3]");
  });

  test("no name gives orders to a terminal (X1)", () => {
    const evil = "a\u001b[31m\nb\u202e";
    const text = traceText(summaryOf(1, { ...step(evil, 0, { runMs: 1 }), node: evil, inputs: [evil] }));
    expect(text.split("\n")).toHaveLength(5);
    expect(text.includes("\u001b") || text.includes("\u202e")).toBe(false);
  });
});
