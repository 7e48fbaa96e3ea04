/** Simulate: the way in: a world whose nodes have found each other. */
import { watchWorld } from "./check/settle.js";
import { SimulationError } from "./simulation-error.js";
import { World, type WorldOptions } from "./world.js";

/**
 * Starts a simulated cluster and waits, in simulated time, until all its nodes know each other and what they offer.
 *
 * ```ts
 * const world = await simulate({
 *   seed: 1,
 *   nodes: [
 *     { name: "router" },
 *     { name: "worker", resources: ["gpu"], functions: { train: (rows: number[]) => rows.length } },
 *   ],
 * });
 * const client = await world.connect("router");
 * await client.call("train", [[1, 2, 3]], { resources: ["gpu"] }); // 3
 * ```
 * The same options give the same world. Handlers may wait for their `context()` only; rejects with a
 * {@link SimulationError} when the nodes do not find each other within a simulated minute.
 */
export async function simulate(options: WorldOptions): Promise<World> {
  const world = new World(options);
  watchWorld(world);
  if (await world.until(forming(world), { withinMs: formingMsMax })) return world;
  throw new SimulationError(`The nodes have not found each other within ${formingMsMax} ms of simulated time`);
}

const formingMsMax = 60_000;

const lookEveryMs = 1;

/** Looks whether the world is formed; not after each thing that happens, which in a large world is a lot. */
function forming(world: World): () => boolean {
  let nextMs = 0;
  return () => {
    if (world.nowMs < nextMs) return false;
    nextMs = world.nowMs + lookEveryMs;
    return isFormed(world);
  };
}

/** Has every node that is up a link to every other, and do all know all functions? */
function isFormed({ nodes }: World): boolean {
  const up = [...nodes.values()].filter(({ state }) => state === "up");
  if (!up.every((node) => node.size.peers === up.length - 1)) return false;
  const offers = up.map((node) => node.functions().flatMap(({ offers: each }) => each).length);
  return new Set(offers).size <= 1;
}
