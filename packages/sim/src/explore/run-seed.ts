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
import { StartedOnce } from "../check/started-once.js";
import { TrueResults } from "../check/true-results.js";
import { type Checker, watch } from "../check/types.js";
import type { Violation } from "../observation.js";
import { SimulationError } from "../simulation-error.js";
import { drive, worldOf } from "../workload/drive.js";
import { evaluate } from "../workload/evaluate.js";
import { Ledger } from "../workload/ledger.js";
import { planWorld } from "../workload/plan-world.js";
import type { Plan, PlannedStep } from "../workload/plan.js";
import type { World, WorldOptions } from "../world.js";

export interface RunOptions extends Partial<Omit<WorldOptions, "seed" | "nodes">> {
  /** Changes the plan before it is carried out. */
  readonly replan?: ((plan: Plan) => Plan) | undefined;
}

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
const pollMs = 50;

export async function runSeed(seed: number, options: RunOptions = {}): Promise<Verdict> {
  const { replan, ...worldOptions } = options;
  const planned = planWorld(seed);
  const plan = replan?.(planned) ?? planned;
  const ledger = new Ledger();
  const world = worldOf(plan, ledger, worldOptions);
  const ends: Record<string, number> = {};
  const evaluation = evaluateOptions(plan);
  const results = new TrueResults(
    { ledger, evaluate: (ask) => evaluate(ask, evaluation), isOffered: evaluation.isOffered, excuses: excusesOf(plan) },
    (message) => {
      world.violated("true-results", message);
    },
  );
  const mesh = [new FullMesh(), new SameCatalog()];
  const quiet: readonly Checker[] = [...mesh, new EmptyTables(), oneAnswer(plan), results];
  const watching = watch(world, [...quiet, new StartedOnce()]);
  try {
    await settled(world, mesh, formingMsMax);
    drive(world, plan, ledger, {
      asked: () => undefined,
      answered: (ask, end) => {
        const how = end.kind === "failed" ? end.error.code : ask.settle ? "settled" : "ok";
        ends[how] = (ends[how] ?? 0) + 1;
        results.answered(ask, end);
      },
    });
    await world.sleep(plan.durationMs);
    heal(world);
    await settled(world, quiet, quietMsMax); // (X2)
    if (world.violations.length === 0) watching.finish();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    world.violated("handlers-wait-for-their-context", error.message);
  }
  return {
    seed,
    violations: world.violations,
    traceHash: world.trace.hash,
    lines: world.trace.lines,
    plan,
    ends,
    simulatedMs: world.nowMs,
  };
}

/** Waits until nothing is pending any more, or `withinMs` have passed. */
async function settled(world: World, checkers: readonly Checker[], withinMs: number): Promise<void> {
  const isDone = (): boolean => checkers.every((checker) => (checker.pending?.(world) ?? []).length === 0);
  const overMs = world.nowMs + withinMs;
  while (world.nowMs < overMs && world.violations.length === 0) {
    await world.sleep(pollMs);
    if (isDone()) return;
  }
}

function heal(world: World): void {
  world.faults.heal();
  for (const node of world.nodes.values()) {
    if (node.state === "paused") node.resume();
    else if (node.state === "down") node.restart();
  }
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
function excusesOf(plan: Plan): readonly string[] {
  if (plan.faults.length === 0) return plan.mayEndWith;
  return [...plan.mayEndWith, "node-lost", "no-provider", "deadline", "handler-error"];
}

function oneAnswer(plan: Plan): OneAnswer {
  return new OneAnswer({
    timeoutMs: plan.limits.rpc?.timeoutMs ?? Infinity,
    slackMs: 100 + 20 * (plan.network.latencyMs?.[1] ?? 1) + (plan.network.bytesPerMs === undefined ? 0 : 2_000),
    // everything may be late while and after something is disturbed; and a client may need its own silence to notice
    disturbedMs: () => (plan.faults.length === 0 ? 0 : 6_000),
  });
}
