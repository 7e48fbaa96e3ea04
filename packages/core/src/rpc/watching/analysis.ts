/**
 * Analysis: what a request's summary says about where its time was lost. Pure: a summary in, figures out.
 *
 * (N1) The critical path is what decided when the request ended: from the step that ended last, back through the input
 *      that each step waited for longest. Making any other step faster changes nothing.
 * (N3) On paths a map stands for all its items, with the times of those that its end waited for. Among steps its items stand for it, those that are not told one by one
 *      included.
 * (N2) Of a step that was run again only its last run is looked at, so that no step counts twice.
 */
import type { RequestSummary, StepSummary } from "../types.js";

/** A step that took longer than the average one. */
export interface SlowStep {
  readonly name: string;
  readonly durationMs: number;
  /** How far above the average: 0.5 = it took half as long again. */
  readonly aboveAverage: number;
}

/** What the steps on a path spent their time on. */
export interface CriticalPath {
  /** Names of its steps, in the order in which they ran. */
  readonly steps: readonly string[];
  readonly durationMs: number;
  readonly queueMs: number;
  readonly networkMs: number;
  readonly runMs: number;
}

/** Figures that {@link analyse} makes of a summary. */
export interface RequestAnalysis {
  readonly criticalPath: CriticalPath;
  /**
   * From 0 to 1: the time that the request must take because its functions run one after the other where one needs the
   * other's result, of the time it took. The rest was waiting and network.
   */
  readonly parallelEfficiency: number;
  /** How many steps were under way at a time, on average. */
  readonly parallelism: number;
  readonly averageStepMs: number;
  /** Steps that took longer than the average, the slowest first; at most ten. */
  readonly slowest: readonly SlowStep[];
}

const slowestMax = 10;

/** Finds the critical path, how well the steps ran side by side, and which were slow. */
export function analyse({ steps: runs, totalMs, leftOut }: RequestSummary): RequestAnalysis {
  const all = new Map(runs.map((step) => [step.name, step])); // (N2)
  const steps = new Map([...all].filter(([, { itemOf }]) => itemOf === undefined)); // (N3)
  const durations = [...all.values()]
    .filter(({ items }) => items === undefined)
    .map(({ name, ...step }) => ({ name, durationMs: durationOf(step) }));
  const workMs = sum(durations.map(({ durationMs }) => durationMs)) + (leftOut?.durationMs ?? 0);
  const count = durations.length + (leftOut?.steps ?? 0);
  const averageStepMs = count === 0 ? 0 : workMs / count;
  const slowest = durations
    .filter(({ durationMs }) => durationMs > averageStepMs)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestMax)
    .map((step) => ({ ...step, aboveAverage: step.durationMs / averageStepMs - 1 }));
  return {
    criticalPath: pathOf(criticalSteps(steps)),
    parallelEfficiency: totalMs > 0 ? Math.min(1, longestRunMs(steps) / totalMs) : 1,
    parallelism: totalMs > 0 ? workMs / totalMs : 0,
    averageStepMs,
    slowest,
  };
}

type Durations = Pick<StepSummary, "queueMs" | "networkMs" | "runMs">;

function durationOf({ queueMs, networkMs, runMs }: Durations): number {
  return queueMs + networkMs + runMs;
}

function endMs(step: StepSummary): number {
  return step.readyMs + durationOf(step);
}

/** (N1) */
function criticalSteps(steps: ReadonlyMap<string, StepSummary>): StepSummary[] {
  const path: StepSummary[] = [];
  for (let step = lastOf([...steps.values()]); step !== undefined && path.length < steps.size;) {
    path.push(step);
    step = lastOf(inputsOf(step, steps));
  }
  return path.reverse();
}

function lastOf(steps: readonly StepSummary[]): StepSummary | undefined {
  return steps.reduce<StepSummary | undefined>(
    (last, step) => (last === undefined || endMs(step) > endMs(last) ? step : last),
    undefined,
  );
}

function inputsOf({ inputs = [] }: StepSummary, steps: ReadonlyMap<string, StepSummary>): StepSummary[] {
  return inputs.flatMap((name) => steps.get(name) ?? []);
}

function pathOf(steps: readonly StepSummary[]): CriticalPath {
  return {
    steps: steps.map(({ name }) => name),
    durationMs: sum(steps.map(durationOf)),
    queueMs: sum(steps.map(({ queueMs }) => queueMs)),
    networkMs: sum(steps.map(({ networkMs }) => networkMs)),
    runMs: sum(steps.map(({ runMs }) => runMs)),
  };
}

/** The longest time that functions ran which had to run one after the other. */
function longestRunMs(steps: ReadonlyMap<string, StepSummary>): number {
  const longest = new Map<StepSummary, number>();
  let max = 0;
  // steps stand in the order in which they ended: inputs before what needs them
  for (const step of steps.values()) {
    const before = inputsOf(step, steps).map((input) => longest.get(input) ?? 0);
    const runMs = step.runMs + before.reduce((most, each) => Math.max(most, each), 0);
    longest.set(step, runMs);
    max = Math.max(max, runMs);
  }
  return max;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
