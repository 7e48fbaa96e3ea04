/**
 * Explore: many seeds, one after the other, and what to tell of those that failed.
 *
 * (Y1) A failing seed is told with the option that runs it again, and with the last that happened in its world.
 */
import { type RunOptions, type Verdict, runPlan, runSeed } from "./run-seed.js";
import { shrink } from "./shrink.js";

export interface ExploreOptions extends RunOptions {
  /** First seed. */
  readonly from: number;
  /** How many. */
  readonly count: number;
  /** Called after each seed; a promise is awaited, so that a program can do something else in between. */
  readonly onSeed?: ((verdict: Verdict) => void | Promise<void>) | undefined;
}

export interface Exploration {
  readonly failures: readonly Verdict[];
  /** How all asks ended: `ok`, `settled`, or an error code. */
  readonly ends: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
}

/** Runs generated worlds. */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { from, count, onSeed, ...run } = options;
  const failures: Verdict[] = [];
  const ends: Record<string, number> = {};
  let simulatedMs = 0;
  for (let seed = from; seed < from + count; seed++) {
    const verdict = await runSeed(seed, run);
    if (verdict.violations.length > 0) failures.push(verdict);
    for (const [end, times] of Object.entries(verdict.ends)) ends[end] = (ends[end] ?? 0) + times;
    simulatedMs += verdict.simulatedMs;
    await onSeed?.(verdict);
  }
  return { failures, ends, simulatedMs };
}

const linesShown = 40;

/**
 * A failure in words: what was violated, how to run it again, the smallest plan that still fails, and the end of its
 * trace. `again` is a command with `%` for the seed. (Y1)
 */
export async function explainFailure(verdict: Verdict, again: string, options: RunOptions = {}): Promise<string> {
  const [violation] = verdict.violations;
  if (violation === undefined) return `Seed ${verdict.seed}: nothing is violated`;
  const plan = await shrink(verdict.plan, violation.guarantee, options);
  const { lines, violations } = await runPlan(plan, { ...options, trace: true });
  const seen = lines.findLastIndex((line) => line.includes("VIOLATION")) + 1 || lines.length;
  return [
    `Seed ${verdict.seed} violates ${violation.guarantee}: ${violation.message}`,
    `Run it again: ${again.replace("%", String(verdict.seed))}`,
    `It still fails with ${plan.asks.length} asks, ${plan.faults.length} faults, ${plan.changes.length} changes of functions:`,
    ...plan.faults.map((fault) => `  ${JSON.stringify(fault)}`),
    ...violations.slice(0, 3).map(({ guarantee, message }) => `  ${guarantee}: ${message}`),
    "The end of its trace:",
    ...lines.slice(Math.max(0, seen - linesShown), seen),
  ].join("\n");
}
