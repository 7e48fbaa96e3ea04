/** Losses: when who takes whom for down. */
import type { World } from "../world.js";

export interface Loss {
  readonly atMs: number;
  /** Who believes it. */
  readonly node: string;
  /** Who is believed to be down. */
  readonly lost: string;
}

/** Notes every `node-lost` from now on. */
export function watchLosses(world: World): Loss[] {
  const losses: Loss[] = [];
  world.observers.add((observation, atMs) => {
    if (observation.kind !== "reported" || observation.event.kind !== "node-lost") return;
    losses.push({ atMs, node: observation.node, lost: observation.event.name });
  });
  return losses;
}
