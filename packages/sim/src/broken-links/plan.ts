/**
 * Plan: which links of a cluster work one way only, stall, or are half-open, and for how long; from a seed.
 *
 * (L1) A node is cut off (it hears nobody, or nobody hears it), or it reaches and is reached by more than half of those
 *      that are not cut off: then any two of these have a way to each other over one more.
 */
import { SeededRandom } from "../capabilities/random.js";

export type LinkFault = { readonly atMs: number } & (
  | { readonly kind: "one-way"; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: "stall"; readonly a: string; readonly b: string; readonly forMs: number }
  /** The connections break, and one end hears of it, or none. */
  | { readonly kind: "half-open"; readonly a: string; readonly b: string; readonly told: "one" | "neither" }
  | { readonly kind: "deaf" | "mute"; readonly node: string; readonly forMs: number }
);

export interface LinkPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly profile: "local" | "lan";
  /** Up to so many nodes each is linked with each. */
  readonly fullMeshMax: number;
  /** When all that has not ended before is healed. */
  readonly healMs: number;
  readonly faults: readonly LinkFault[];
  /** Nodes that hear nobody, or that nobody hears. */
  readonly cutOff: ReadonlySet<string>;
}

/** The plan of the world of `seed`, of up to `nodesMax` nodes. */
export function planLinks(seed: number, nodesMax: number): LinkPlan {
  const random = new SeededRandom(seed).split("broken links");
  const nodes = random.integer(5, nodesMax);
  const profile = random.pick(["local", "lan"] as const);
  const healMs = profile === "local" ? random.between(2_000, 15_000) : random.between(10_000, 60_000);
  const names = random.shuffled(Array.from({ length: nodes }, (_, index) => `n${index}`));
  const cutOff = new Set(nodes > 5 ? names.slice(0, random.pick([0, 0, 1])) : []);
  const times = (): { atMs: number; forMs: number } => {
    const atMs = random.between(0, healMs / 2);
    return { atMs, forMs: random.chance(0.5) ? Infinity : random.between(50, healMs) };
  };
  const faults: LinkFault[] = [...cutOff].map((node) => ({ kind: random.pick(["deaf", "mute"]), node, ...times() }));
  for (const [a, b] of brokenPairs(names.slice(cutOff.size), random)) {
    const kind = random.pick(["one-way", "stall", "half-open"] as const);
    if (kind === "one-way") faults.push({ kind, from: a, to: b, ...times() });
    else if (kind === "stall") faults.push({ kind, a, b, ...times() });
    else faults.push({ kind, a, b, told: random.pick(["one", "neither"]), atMs: times().atMs });
  }
  return { seed, nodes, profile, fullMeshMax: random.pick([32, 32, 3]), healMs, faults, cutOff };
}

/** Pairs of the nodes that may break. (L1) */
function brokenPairs(names: readonly string[], random: SeededRandom): (readonly [string, string])[] {
  const brokenMax = Math.ceil((names.length - 1) / 2) - 1;
  const broken = new Map(names.map((name) => [name, 0]));
  const pairs = names.flatMap((a, index) => names.slice(index + 1).map((b) => (random.chance(0.5) ? [a, b] : [b, a])));
  const wanted = random.integer(1, pairs.length);
  const chosen: (readonly [string, string])[] = [];
  for (const [a, b] of random.shuffled(pairs).slice(0, wanted) as [string, string][]) {
    const [ofA, ofB] = [broken.get(a) ?? 0, broken.get(b) ?? 0];
    if (Math.max(ofA, ofB) >= brokenMax) continue;
    broken.set(a, ofA + 1).set(b, ofB + 1);
    chosen.push([a, b]);
  }
  return chosen;
}
