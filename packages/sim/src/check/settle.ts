/**
 * Settle: what must hold in any world, checked once its disturbances are over.
 */
import { SimulationError } from "../simulation-error.js";
import type { World } from "../world.js";
import { EmptyTables } from "./empty-tables.js";
import { FullMesh } from "./full-mesh.js";
import { OneAnswer } from "./one-answer.js";
import { SameCatalog } from "./same-catalog.js";
import { StartedOnce } from "./started-once.js";
import { type Checker, watch } from "./types.js";

interface Watched {
  readonly checkers: readonly Checker[];
  finish(): void;
}

const worlds = new WeakMap<World, Watched>();
const quietMsMax = 120_000;
const pollMs = 50;

/** Watches `world` from now on, for {@link settle}. */
export function watchWorld(world: World): void {
  const checkers = [
    new FullMesh(),
    new SameCatalog(),
    new EmptyTables(),
    new OneAnswer({ timeoutMs: Infinity, slackMs: Infinity, disturbedMs: () => 0 }),
    new StartedOnce(),
  ];
  worlds.set(world, { checkers, ...watch(world, checkers) });
}

/**
 * Ends all disturbances (faults healed, paused nodes resumed, nodes that are down started again), lets time pass until
 * nothing is under way, and checks that every guarantee of the cluster holds: every ask answered once, no step started
 * twice, all nodes linked with the same view, nothing left in any table.
 *
 * Rejects with a {@link SimulationError} that names what is violated and the seed.
 */
export async function settle(world: World): Promise<void> {
  const watched = worlds.get(world);
  if (watched === undefined) throw new SimulationError("settle: the world was not made by simulate()");
  world.heal();
  await world.until(pendingNothing(world, watched.checkers), { withinMs: quietMsMax });
  watched.finish();
  if (world.violations.length === 0) return;
  const shown = world.violations.slice(0, 10).map(({ guarantee, message }) => `\n  ${guarantee}: ${message}`);
  throw new SimulationError(`The world of seed ${world.seed} violates what it guarantees:${shown.join("")}`);
}

/** True when no checker finds anything pending; looks only every few simulated ms. */
export function pendingNothing(world: World, checkers: readonly Checker[]): () => boolean {
  let nextMs = world.nowMs + pollMs;
  return () => {
    if (world.violations.length > 0) return true;
    if (world.nowMs < nextMs) return false;
    nextMs = world.nowMs + pollMs;
    return checkers.every((checker) => (checker.pending?.(world) ?? []).length === 0);
  };
}
