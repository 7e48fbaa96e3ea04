/**
 * Where the time went: the request summary that the coordinating node gives with the answer, as a chart.
 *
 * (T1) Every time is measured by the cluster; nothing is measured here.
 * (T2) A step's life: ready (its inputs are there), then queue, network and run, then its result is there. The chart
 *      draws the network in one piece, although part of it is the result's way back.
 */
import { duration, figure, heading, paint, size, table } from "./layout.mjs";

const CHART_COLUMNS = 30;

/**
 * @param {import("mpreg").RequestSummary} summary
 * @param {(node: string) => string} nameOf a node's name, from what the summary calls it
 */
export function timelineText(summary, nameOf) {
  const steps = summary.steps.toSorted((a, b) => a.readyMs - b.readyMs || endMs(a) - endMs(b));
  const perColumnMs = summary.totalMs / CHART_COLUMNS;
  const rows = steps.map((step) => [
    step.name,
    nameOf(step.node),
    figure(step.readyMs, 1),
    figure(endMs(step) - step.readyMs, 1),
    size(step.bytesIn + step.bytesOut),
    bar(step, perColumnMs),
  ]);
  const moved = steps.reduce((sum, step) => sum + step.bytesIn + step.bytesOut, 0);
  const title = `Timeline: ${steps.length} steps in ${duration(summary.totalMs)}, ${size(moved)} moved, by "${nameOf(summary.coordinator)}"`;
  return [
    heading(title),
    table(["step", "node", ">start ms", ">took ms", ">moved", "· queue ░ network █ run"], rows),
    "",
    ...shares(summary, steps),
  ].join("\n");
}

/** The moment the step's result was there, in ms since the request arrived. */
export function endMs(step) {
  return step.readyMs + step.queueMs + step.networkMs + step.runMs; // (T2)
}

/**
 * One column of the chart per `perColumnMs`; a part too short for a column does not show, the step itself always does.
 */
export function bar(step, perColumnMs) {
  const column = (ms) => Math.min(Math.round(ms / perColumnMs), CHART_COLUMNS);
  const from = column(step.readyMs);
  const queued = column(step.readyMs + step.queueMs);
  const moved = column(step.readyMs + step.queueMs + step.networkMs);
  const to = column(endMs(step));
  if (to === from) return " ".repeat(Math.min(from, CHART_COLUMNS - 1)) + "▏";
  return " ".repeat(from) + "·".repeat(queued - from) + "░".repeat(moved - queued) + "█".repeat(to - moved);
}

/**
 * Two answers to "where did it go": all steps added up (more than the total: steps overlap), and the critical path, the
 * chain of steps each of which became ready when the one before it ended: its parts add up to the total.
 */
function shares(summary, steps) {
  const path = criticalPath(steps);
  const row = (name, list, wholeMs) => {
    const sums = ["queueMs", "networkMs", "runMs"].map((part) => list.reduce((sum, step) => sum + step[part], 0));
    return [name, duration(wholeMs), ...sums.map((ms) => `${figure(ms, 1)} ms ${figure((100 * ms) / wholeMs)} %`)];
  };
  const workMs = steps.reduce((sum, step) => sum + endMs(step) - step.readyMs, 0);
  return [
    table(
      ["", ">total", ">queue", ">network", ">run"],
      [row("all steps added up", steps, workMs), row("critical path", path, summary.totalMs)],
    ),
    paint("dim", wrap(`  critical path: ${path.map((step) => step.name).join(" → ")}`, 98)),
  ];
}

/**
 * From the step that ended last, back to the one whose end made it ready, and so on.
 *
 * @param {import("mpreg").StepSummary[]} steps
 */
export function criticalPath(steps) {
  const latest = (list) =>
    list.reduce((best, step) => (best === undefined || endMs(step) > endMs(best) ? step : best), undefined);
  const path = [];
  for (let step = latest(steps); step !== undefined;) {
    const current = step;
    path.unshift(current);
    step = latest(steps.filter((other) => !path.includes(other) && endMs(other) <= current.readyMs + TOLERANCE_MS));
  }
  return path;
}

/** Times are rounded on their way: an end this close after a start still counts as before it. */
const TOLERANCE_MS = 0.5;

function wrap(text, width) {
  const lines = [""];
  for (const word of text.split(/(?<=→ )/)) {
    if ((lines.at(-1) + word).trimEnd().length > width) lines.push("    ");
    lines[lines.length - 1] += word;
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}
