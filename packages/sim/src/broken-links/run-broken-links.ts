/**
 * Run broken links: a generated cluster whose links break in every way that a link can, from one seed.
 *
 *     form ─▶ links break, some work again ─▶ all are healed ─▶ two reconciliations ─▶ verdict
 *
 * (V1) The same seed gives the same verdict.
 * (V2) Within two reconciliations after the healing all agree on who is there, and who offers what.
 */
import { Reachable } from "../check/reachable.js";
import { SameCatalog } from "../check/same-catalog.js";
import { pendingNothing } from "../check/settle.js";
import { watch } from "../check/types.js";
import { SimulatedCluster } from "../cluster/cluster.js";
import { type CreateMachine, createMachine } from "../node/machine.js";
import type { Violation } from "../observation.js";
import type { World } from "../world.js";
import type { LinkFault, LinkPlan } from "./plan.js";

/** What came of one plan. */
export interface LinkVerdict {
  readonly violations: readonly Violation[];
  /** Who was suspected, how often. */
  readonly suspected: number;
  /** Who was taken for down: only those that are cut off may be. */
  readonly lost: ReadonlySet<string>;
}

const reconcileMs = { local: 5_000, lan: 30_000 };

/** Runs the plan; `machines` makes the machines of the nodes. */
export async function runBrokenLinks(plan: LinkPlan, machines: CreateMachine = createMachine): Promise<LinkVerdict> {
  const { seed, nodes, profile, fullMeshMax, healMs, cutOff } = plan;
  const cluster = new SimulatedCluster({
    seed,
    nodes,
    profile,
    membership: { fullMeshMax },
    createMachine: machines,
  });
  const { world } = cluster;
  await cluster.form();
  const checkers = [new Reachable(cutOff), new SameCatalog()];
  const watching = watch(world, checkers);
  let suspected = 0;
  const lost = new Set<string>();
  world.observers.add((observation) => {
    if (observation.kind !== "reported") return;
    if (observation.event.kind === "node-suspected") suspected += 1;
    if (observation.event.kind === "node-lost") lost.add(observation.event.name);
  });
  for (const fault of plan.faults) {
    world.after(fault.atMs, () => {
      breakLink(world, fault);
    });
  }
  await world.sleep(healMs);
  world.faults.heal();
  await world.until(pendingNothing(world, checkers), { withinMs: 2 * reconcileMs[profile] }); // (V2)
  watching.finish();
  return { violations: world.violations, suspected, lost };
}

function breakLink(world: World, fault: LinkFault): void {
  const { faults } = world;
  switch (fault.kind) {
    case "one-way":
      return endAfter(world, [faults.block(fault.from, fault.to)], fault.forMs);
    case "stall":
      return endAfter(world, [faults.stall(fault.a, fault.b)], fault.forMs);
    case "half-open":
      return faults.cut(fault.a, fault.b, fault.told);
    case "deaf":
    case "mute": {
      const { kind, node, forMs } = fault;
      const others = [...world.nodes.keys()].filter((name) => name !== node);
      const undo = others.map((other) => (kind === "deaf" ? faults.block(other, node) : faults.block(node, other)));
      return endAfter(world, undo, forMs);
    }
  }
}

/** Without an end of its own it ends when all is healed. */
function endAfter(world: World, undo: readonly (() => void)[], forMs: number): void {
  if (forMs === Infinity) return;
  world.after(forMs, () => {
    for (const each of undo) each();
  });
}
