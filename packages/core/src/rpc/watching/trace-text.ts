/**
 * Trace text: a request's summary as lines for people: what ran where and when, on what the request waited, what was slow.
 *
 * (X1) Names come from other machines: they are quoted where they have more in them than a terminal should obey.
 */
import { quoted } from "../../base/index.js";
import { type RequestAnalysis, analyse } from "./analysis.js";
import type { LeftOut, RequestSummary, RequestTrace, StepSummary, UnfinishedStep } from "../types.js";

const plainName = /^[\w.#/:@+[\]-]{1,60}$/;
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const timeCharacters = 9;

/**
 * The summary as text, without a line end; of a trace also what has no result.
 *
 *     request 0f1e2d3c-1 on primary: 3 steps in 23.0 ms
 *          ready    queue  network      run
 *            0.0      0.0      0.0      4.0 ms  beside on primary
 *     *      0.0      1.0      0.0      9.0 ms  here on primary
 *     *     10.0      1.0     10.0      2.0 ms  second (f) on worker, 2 attempts, after here
 *     critical path (*): here > second, 23.0 ms: queue 2.0, network 10.0, run 11.0
 *     parallel efficiency 48 %, 1.2 steps at a time
 *     slowest: second 13.0 ms (44 % above average), here 10.0 ms (11 % above average)
 *     not ended: third on worker, since 22.0 ms
 *     never started: last
 */
export function traceText(summary: RequestSummary & Partial<Pick<RequestTrace, "unfinished">>): string {
  const { requestId, coordinator, totalMs, steps, leftOut, unfinished = [] } = summary;
  const analysis = analyse(summary);
  const count = countText(steps.length + (leftOut?.steps ?? 0));
  const critical = new Set(analysis.criticalPath.steps);
  return [
    `request ${nameText(requestId)} on ${nameText(coordinator)}: ${count} in ${timeText(totalMs)} ms`,
    ` ${["ready", "queue", "network", "run"].map((heading) => heading.padStart(timeCharacters)).join("")}`,
    ...[...steps].sort((a, b) => a.readyMs - b.readyMs).map((step) => stepText(step, critical.has(step.name))),
    ...(leftOut === undefined ? [] : [leftOutText(leftOut)]),
    ...analysisText(analysis),
    ...unfinishedText(unfinished),
  ].join("\n");
}

function stepText(step: StepSummary, isCritical: boolean): string {
  const { name, fun, node, readyMs, queueMs, networkMs, runMs, attempts, items, inputs = [] } = step;
  const times = [readyMs, queueMs, networkMs, runMs].map((ms) => timeText(ms).padStart(timeCharacters)).join("");
  const kind = items === undefined ? nameText(fun) : `map of ${items} item${items === 1 ? "" : "s"}`;
  const called = fun === name ? "" : ` (${kind})`;
  const again = attempts > 1 ? `, ${attempts} attempts` : "";
  const after = inputs.length === 0 ? "" : `, after ${inputs.map(nameText).join(", ")}`;
  return `${isCritical ? "*" : " "}${times} ms  ${nameText(name)}${called} on ${nameText(node)}${again}${after}`;
}

function leftOutText({ steps, durationMs }: LeftOut): string {
  return `and ${countText(steps)} more, of items of maps, ${timeText(durationMs / steps)} ms on average`;
}

/** Each with where it was and since when; those that never began in one line. */
function unfinishedText(unfinished: readonly UnfinishedStep[]): string[] {
  const begun = unfinished.filter(({ status }) => status !== "blocked" && status !== "skipped");
  const lines = begun.map(({ step, status, node, readyMs, startMs, items, code }) => {
    const kind = items === undefined ? "" : ` (map of ${items} item${items === 1 ? "" : "s"})`;
    const place = node === undefined ? ", never started" : ` on ${nameText(node)}`;
    const since = startMs === undefined ? "" : `, since ${timeText(startMs)} ms`;
    const ready = startMs !== undefined || readyMs === undefined ? "" : `, ready since ${timeText(readyMs)} ms`;
    const what = status === "failed" ? `failed (${code ?? "unknown"})` : statusText[status];
    return `${what}: ${nameText(step)}${kind}${place}${since}${ready}`;
  });
  const blocked = namesOf(unfinished, "blocked");
  const skipped = namesOf(unfinished, "skipped");
  if (blocked !== "") lines.push(`never started: ${blocked}`);
  if (skipped !== "") lines.push(`skipped: ${skipped}`);
  return lines;
}

const statusText: Readonly<Record<Exclude<UnfinishedStep["status"], "failed">, string>> = {
  ready: "not ended",
  running: "not ended",
  blocked: "never started",
  skipped: "skipped",
  "called-off": "called off",
};

function namesOf(unfinished: readonly UnfinishedStep[], wanted: UnfinishedStep["status"]): string {
  return unfinished.flatMap(({ step, status }) => (status === wanted ? [nameText(step)] : [])).join(", ");
}

function countText(steps: number): string {
  return `${steps} step${steps === 1 ? "" : "s"}`;
}

function analysisText({ criticalPath, parallelEfficiency, parallelism, slowest }: RequestAnalysis): string[] {
  const { steps, durationMs, queueMs, networkMs, runMs } = criticalPath;
  if (steps.length === 0) return [];
  const parts = `queue ${timeText(queueMs)}, network ${timeText(networkMs)}, run ${timeText(runMs)}`;
  const lines = [
    `critical path (*): ${steps.map(nameText).join(" > ")}, ${timeText(durationMs)} ms: ${parts}`,
    `parallel efficiency ${percent(parallelEfficiency)}, ${parallelism.toFixed(1)} steps at a time`,
  ];
  if (slowest.length === 0) return lines;
  const slow = slowest.map(
    ({ name, durationMs: ms, aboveAverage }) =>
      `${nameText(name)} ${timeText(ms)} ms (${percent(aboveAverage)} above average)`,
  );
  return [...lines, `slowest: ${slow.join(", ")}`];
}

/** (X1) */
function nameText(name: string): string {
  if (plainName.test(name)) return name;
  return quoted(name).replace(
    unprintable,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

function timeText(durationMs: number): string {
  return durationMs.toFixed(1);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
