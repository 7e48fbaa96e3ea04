import { describe, expect, it } from "vitest";
import { bar, criticalPath, timelineText } from "../timeline.mjs";

const step = (name, readyMs, queueMs, networkMs, runMs) => ({
  name,
  fun: name,
  node: `id-${name}`,
  readyMs,
  startMs: readyMs + queueMs,
  queueMs,
  networkMs,
  runMs,
  bytesIn: 1_000_000,
  bytesOut: 500_000,
});
const steps = [step("slow", 0, 10, 20, 70), step("fast", 0, 0, 10, 10), step("last", 100, 0, 50, 150)];
const summary = { requestId: "r", coordinator: "id-router", totalMs: 300, steps };

describe("timeline", () => {
  it("gives each step a line with its node, start, duration and bytes moved", () => {
    const lines = timelineText(summary, (id) => id.replace("id-", "node ")).split("\n");
    expect(lines[0]).toBe('Timeline: 3 steps in 300.0 ms, 4.5 MB moved, by "node router"');
    expect(lines.slice(2, 5).map((line) => line.trim().split(/ {2,}/).slice(0, 5))).toEqual([
      ["fast", "node fast", "0.0", "20.0", "1.5 MB"],
      ["slow", "node slow", "0.0", "100.0", "1.5 MB"],
      ["last", "node last", "100.0", "200.0", "1.5 MB"],
    ]);
  });

  it("tells how much was queue, network and run, over all steps and along the critical path", () => {
    const text = timelineText(summary, String);
    expect(text).toMatch(/all steps added up +320.0 ms +10.0 ms 3 % +80.0 ms 25 % +230.0 ms 72 %/);
    expect(text).toMatch(/critical path +300.0 ms +10.0 ms 3 % +70.0 ms 23 % +220.0 ms 73 %/);
    expect(text).toContain("critical path: slow → last");
  });

  it("follows the critical path back through the step that made the next one ready", () => {
    expect(criticalPath(steps).map(({ name }) => name)).toEqual(["slow", "last"]);
    expect(criticalPath([])).toEqual([]);
  });

  it("draws queue, network and run at their place, and a step too short to draw as a tick", () => {
    expect(bar(steps[0], 10)).toBe("·░░███████");
    expect(bar(steps[2], 10)).toBe(`${" ".repeat(10)}░░░░░${"█".repeat(15)}`);
    expect(bar(step("tick", 50, 0, 0, 0.1), 10)).toBe("     ▏");
    expect(bar(step("at the end", 300, 0, 0, 0), 10)).toBe(`${" ".repeat(29)}▏`);
  });

  it("stays within 100 columns", () => {
    const many = Array.from({ length: 18 }, (_, index) => step(`validate flights ${index}`, index * 17, 0, 0, 15));
    const text = timelineText({ ...summary, steps: many }, () => "processing");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
