/**
 * Run seed: one generated world, from its forming to its quiet, under all checkers.
 *
 *     form ─▶ asks and faults ─▶ heal ─▶ quiet ─▶ verdict
 *
 * (X1) The same seed and options give the same verdict, trace hash included.
 * (X2) At the end everything that disturbs is gone: then all that is pending must end.
 */
import { EmptyTables } from "../check/empty-tables.js";
import { FullMesh } from "../check/full-mesh.js";
import { OneAnswer } from "../check/one-answer.js";
import { SameCatalog } from "../check/same-catalog.js";
import { pendingNothing } from "../check/settle.js";
import { StartedOnce } from "../check/started-once.js";
import { TrueResults } from "../check/true-results.js";
import { WorkStops } from "../check/work-stops.js";
import { type Checker, watch } from "../check/types.js";
import type { Violation } from "../observation.js";
import { SimulationError } from "../simulation-error.js";
import { drive, worldOf } from "../workload/drive.js";
import { evaluate } from "../workload/evaluate.js";
import { Ledger } from "../workload/ledger.js";
import { planWorld } from "../workload/plan-world.js";
import type { Plan, PlannedStep } from "../workload/plan.js";
import type { WorldOptions } from "../world.js";

export type RunOptions = Partial<Omit<WorldOptions, "seed" | "nodes">>;

/** What came of one seed. */
export interface Verdict {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  /** The trace, where it was asked for. */
  readonly lines: readonly string[];
  readonly plan: Plan;
  /** How the asks ended: `ok`, `settled`, or an error code. */
  readonly ends: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
}

const formingMsMax = 20_000;
/** Longer than the longest deadline, the longest handler, and noticing that a silent link is gone. */
const quietMsMax = 40_000;

/** Runs the generated world of `seed` under all checkers. */
export function runSeed(seed: number, options: RunOptions = {}): Promise<Verdict> {
  return runPlan(planWorld(seed), options);
}

/** Runs a plan under all checkers. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<Verdict> {
  const ledger = new Ledger();
  const world = worldOf(plan, ledger, options);
  const ends: Record<string, number> = {};
  const evaluation = evaluateOptions(plan);
  const results = new TrueResults(
    { ledger, evaluate: (ask) => evaluate(ask, evaluation), isOffered: evaluation.isOffered, excuses: excusesOf(plan) },
    (message) => {
      world.violated("true-results", message);
    },
  );
  const catalog = new SameCatalog();
  const quiet: readonly Checker[] = [new FullMesh(), catalog, new EmptyTables(), oneAnswer(plan), results];
  // a link that is slow, or cut for one side only, keeps the news from a handler
  const prompt = plan.faults.length === 0 ? [new WorkStops(world, ledger, slackOf(plan))] : [];
  const watching = watch(world, [...quiet, new StartedOnce(), ...prompt]);
  try {
    // all know of all; some may still have two links to each other
    if (plan.formed) await world.until(pendingNothing(world, [catalog]), { withinMs: formingMsMax });
    drive(world, plan, ledger, {
      answered: (ask, end) => {
        const how = end.kind === "failed" ? end.error.code : ask.settle ? "settled" : "ok";
        ends[how] = (ends[how] ?? 0) + 1;
        results.answered(ask, end);
      },
    });
    await world.sleep(plan.durationMs);
    world.heal();
    await world.until(pendingNothing(world, quiet), { withinMs: quietMsMax }); // (X2)
    if (world.violations.length === 0) watching.finish();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    world.violated("handlers-wait-for-their-context", error.message);
  }
  return {
    seed: plan.seed,
    violations: world.violations,
    traceHash: world.trace.hash,
    lines: world.trace.lines,
    plan,
    ends,
    simulatedMs: world.nowMs,
  };
}

function evaluateOptions(plan: Plan): Parameters<typeof evaluate>[1] {
  const late = new Set(plan.changes.map(({ fun }) => fun.fun));
  return {
    depthMax: plan.limits.rpc?.depthMax ?? Infinity,
    isOffered: ({ fun, resources }: PlannedStep) =>
      late.has(fun) ||
      plan.nodes.some((node) =>
        node.functions.some(
          (offer) =>
            offer.fun === fun &&
            resources.every((resource) => node.resources.includes(resource) || offer.resources.includes(resource)),
        ),
      ),
  };
}

/** Error codes that the plan's faults and limits can cause. */
function excusesOf({ faults, mayEndWith }: Plan): readonly string[] {
  if (faults.length === 0) return mayEndWith;
  const closed = faults.some(({ kind }) => kind === "close" || kind === "drain") ? ["closed"] : [];
  return [...mayEndWith, ...closed, "node-lost", "no-provider", "deadline", "circuit-open", "handler-error"];
}

function oneAnswer(plan: Plan): OneAnswer {
  return new OneAnswer({
    timeoutMs: plan.limits.rpc?.timeoutMs ?? Infinity,
    slackMs: slackOf(plan),
    // everything may be late while and after something is disturbed; and a client may need its own silence to notice
    disturbedMs: () => (plan.faults.length === 0 ? 0 : 6_000),
  });
}

/** How long news may take when nothing is disturbed. */
function slackOf({ network }: Plan): number {
  return 100 + 20 * (network.latencyMs?.[1] ?? 1) + (network.bytesPerMs === undefined ? 0 : 2_000);
}
