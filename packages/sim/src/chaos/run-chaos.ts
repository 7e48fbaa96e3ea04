/**
 * Run chaos: one chaotic world, from its forming to its quiet, under all checks.
 *
 *     form ─▶ requests and faults ─▶ heal ─▶ all has ended ─▶ clients leave ─▶ quiet ─▶ verdict
 *
 * (X1) The same seed gives the same verdict, trace hash included.
 * (X2) At the end nothing is left in any table of any node.
 * (X3) What was judged is forgotten: what the world still holds is what its nodes do.
 */
import { EmptyTables } from "../check/empty-tables.js";
import { FullMesh } from "../check/full-mesh.js";
import { SameCatalog } from "../check/same-catalog.js";
import { pendingNothing } from "../check/settle.js";
import { watch } from "../check/types.js";
import { applyFaults } from "../faults/schedule.js";
import type { Violation } from "../observation.js";
import { SimulationError } from "../simulation-error.js";
import { Ledger } from "../workload/ledger.js";
import { World, type WorldOptions } from "../world.js";
import { type Asked, type ConnectClient, driveAsks } from "./asks.js";
import { checkEnd, unended } from "./check-ends.js";
import { checkRuns, toldOf } from "./check-runs.js";
import { checkValues } from "./check-values.js";
import { chaosHandler, isStreaming } from "./functions.js";
import type { ChaosPlan } from "./plan.js";

export interface ChaosOptions extends Partial<Omit<WorldOptions, "seed" | "nodes">> {
  readonly connect: ConnectClient;
}

export interface ChaosVerdict {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly lines: readonly string[];
  /** How many requests ended how: `ok`, `settled`, `withdrawn`, or an error code. */
  readonly ends: Readonly<Record<string, number>>;
  /** How many steps of each kind are told to be done: `call`, `map`, `stream`. */
  readonly done: Readonly<Record<string, number>>;
  /** How many faults there were of each kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
}

const formingMsMax = 20_000;
/** Longer than the longest time limit, than clients are remembered, and than it takes to notice that a link is silent. */
const quietMsMax = 90_000;

const limits = { rpc: { resumeMs: 5_000 }, redial: { redialMsMin: 20, redialMsMax: 1_000 } };

/** Runs a plan under all checks. */
export async function runChaos(plan: ChaosPlan, { connect, ...options }: ChaosOptions): Promise<ChaosVerdict> {
  const ledger = new Ledger();
  const world = chaosWorld(plan, ledger, options);
  const ends: Record<string, number> = {};
  const done: Record<string, number> = {};
  const tell = (guarantee: string, message: string): void => {
    world.violated(guarantee, message);
  };
  const catalog = new SameCatalog();
  const quiet = [new FullMesh(), catalog, new EmptyTables()];
  const watching = watch(world, quiet);
  try {
    await world.until(pendingNothing(world, [catalog]), { withinMs: formingMsMax });
    const { asked, clients } = driveAsks(world, plan.clients, plan.asks, connect, (each) => {
      count(ends, howEnded(each));
      for (const kind of kindsDone(each)) count(done, kind);
      checkEnd(each, tell);
      checkValues(each, tell);
    });
    applyFaults(world, plan.faults);
    await world.sleep(plan.durationMs);
    world.heal();
    const isOver = (): boolean => asked.every(({ end, isWithdrawn }) => end !== undefined || isWithdrawn);
    await world.until(isOver, { withinMs: quietMsMax });
    for (const message of unended(asked, world.nowMs)) tell("in-time", message);
    for (const client of clients) {
      if (client.waiting > 0) tell("empty-tables", `A client waits for ${client.waiting} asks that have ended`);
      client.close();
    }
    await world.until(pendingNothing(world, quiet), { withinMs: quietMsMax }); // (X2)
    checkRuns(asked, ledger, tell);
    ledger.clear(); // (X3)
    for (const each of asked) if (each.isWithdrawn) count(ends, "withdrawn");
    if (world.violations.length === 0) watching.finish();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    tell("handlers-wait-for-their-context", error.message);
  }
  const faults: Record<string, number> = {};
  for (const { kind } of plan.faults) count(faults, kind);
  const { violations, trace } = world;
  return {
    seed: plan.seed,
    violations,
    traceHash: trace.hash,
    lines: trace.lines,
    ends,
    done,
    faults,
    simulatedMs: world.nowMs,
  };
}

function chaosWorld(plan: ChaosPlan, ledger: Ledger, options: Partial<WorldOptions>): World {
  const nodes = plan.nodes.map(({ name, peers, functions }) => ({
    name,
    peers,
    register: (node: { register: (name: string, handler: never, options: object) => unknown }) => {
      for (const fun of functions) node.register(fun.name, chaosHandler(fun, ledger.of(name)) as never, fun.options);
    },
  }));
  return new World({ seed: plan.seed, nodes, limits, ...options });
}

function howEnded({ end, ask }: Asked): string {
  if (end?.kind === "failed") return end.error.code;
  return ask.settle ? "settled" : "ok";
}

/** Of what kind the steps are that it is told to have done. */
function kindsDone({ ask: { steps }, end }: Asked): readonly string[] {
  if (end === undefined) return [];
  const stepsDone = steps.filter((_, index) => toldOf(end, index) === "done");
  return stepsDone.map((step) => (step.kind === "call" && isStreaming(step.fun) ? "stream" : step.kind));
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
