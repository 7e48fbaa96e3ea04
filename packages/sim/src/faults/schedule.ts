/**
 * Schedule: faults as data: which happens when, for how long; made from a seed, applied to a world.
 *
 * (H1) Each fault is drawn from a stream of its own: leaving one out changes none of the others.
 * (H2) Every fault ends by itself, or with `heal`.
 */
import type { SeededRandom } from "../capabilities/random.js";
import type { World } from "../world.js";
import type { Told } from "./faults.js";

export type Fault = { readonly atMs: number } & (
  | { readonly kind: "cut"; readonly a: string; readonly b: string; readonly told: Told }
  | { readonly kind: "partition"; readonly groups: readonly (readonly string[])[]; readonly forMs: number }
  | { readonly kind: "one-way"; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: "stall"; readonly a: string; readonly b: string; readonly forMs: number }
  | {
      readonly kind: "slow";
      readonly from: string;
      readonly to: string;
      readonly factor: number;
      readonly forMs: number;
    }
  | {
      readonly kind: "slow-reader";
      readonly from: string;
      readonly to: string;
      readonly bytesPerMs: number;
      readonly forMs: number;
    }
  | { readonly kind: "pause"; readonly node: string; readonly forMs: number }
  | { readonly kind: "close"; readonly node: string; readonly forMs: number }
  /** Takes itself out of the cluster within `graceMs`, and comes back `forMs` later. */
  | { readonly kind: "drain"; readonly node: string; readonly graceMs: number; readonly forMs: number }
  | {
      readonly kind: "crash";
      readonly node: string;
      readonly silent: boolean;
      readonly keepKey: boolean;
      readonly forMs: number;
    }
);

export type FaultKind = Fault["kind"];

export const faultKinds: readonly FaultKind[] = [
  "cut",
  "partition",
  "one-way",
  "stall",
  "slow",
  "slow-reader",
  "pause",
  "close",
  "crash",
  "drain",
];

export interface ScheduleOptions {
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly count: number;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Kinds to draw from; default: all. */
  readonly kinds?: readonly FaultKind[] | undefined;
}

/** `count` faults, in the order of their time. */
export function scheduleFaults(random: SeededRandom, options: ScheduleOptions): Fault[] {
  const faults = Array.from({ length: options.count }, (_, index) =>
    drawFault(random.split(`fault ${index}`), options),
  ); // (H1)
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function drawFault(random: SeededRandom, options: ScheduleOptions): Fault {
  const { nodes, clients, fromMs, untilMs } = options;
  const kind = random.pick(options.kinds ?? faultKinds);
  const atMs = random.between(fromMs, untilMs);
  // mostly short, sometimes long enough for the silence to be noticed
  const forMs = random.chance(0.7) ? random.between(10, 400) : random.between(400, 3_000);
  const [a, b] = twoOf(random, nodes, clients);
  switch (kind) {
    case "cut":
      return { kind, atMs, a, b, told: random.pick<Told>(["both", "both", "one", "neither"]) };
    case "partition": {
      const everybody = random.shuffled([...nodes, ...clients]);
      const split = random.integer(1, everybody.length - 1);
      return { kind, atMs, forMs, groups: [everybody.slice(0, split), everybody.slice(split)] };
    }
    case "one-way":
      return { kind, atMs, forMs, from: a, to: b };
    case "stall":
      return { kind, atMs, forMs, a, b };
    case "slow":
      return { kind, atMs, forMs, from: a, to: b, factor: random.integer(5, 100) };
    case "slow-reader":
      return { kind, atMs, forMs, from: a, to: b, bytesPerMs: random.integer(1, 200) };
    case "pause":
    case "close":
      return { kind, atMs, forMs, node: random.pick(nodes) };
    case "crash":
      return { kind, atMs, forMs, node: random.pick(nodes), silent: random.chance(0.5), keepKey: random.chance(0.5) };
    case "drain":
      return { kind, atMs, forMs, node: random.pick(nodes), graceMs: random.integer(50, 1_000) };
  }
}

/** A node and another host; in either order. */
function twoOf(random: SeededRandom, nodes: readonly string[], clients: readonly string[]): [string, string] {
  const node = random.pick(nodes);
  const other = random.pick([...nodes.filter((name) => name !== node), ...(random.chance(0.3) ? clients : [])]);
  return random.chance(0.5) ? [node, other] : [other, node];
}

/** Sets when the faults happen in `world`, counted from now. (H2) */
export function applyFaults(world: World, faults: readonly Fault[]): void {
  for (const fault of faults) {
    world.after(fault.atMs, () => {
      applyFault(world, fault);
    });
  }
}

function applyFault(world: World, fault: Fault): void {
  const { faults } = world;
  const untilOver = (undo: () => void, forMs: number): void => {
    world.after(forMs, undo);
  };
  switch (fault.kind) {
    case "cut":
      return faults.cut(fault.a, fault.b, fault.told);
    case "partition":
      return untilOver(faults.partition(...fault.groups), fault.forMs);
    case "one-way":
      return untilOver(faults.block(fault.from, fault.to), fault.forMs);
    case "stall":
      return untilOver(faults.stall(fault.a, fault.b), fault.forMs);
    case "slow":
      return untilOver(faults.slow(fault.from, fault.to, fault.factor), fault.forMs);
    case "slow-reader":
      return untilOver(faults.throttle(fault.from, fault.to, fault.bytesPerMs), fault.forMs);
    case "pause": {
      const node = world.node(fault.node);
      if (node.state !== "up") return;
      node.pause();
      return untilOver(() => {
        node.resume();
      }, fault.forMs);
    }
    case "drain": {
      const node = world.node(fault.node);
      if (node.state !== "up") return;
      node.drain(fault.graceMs);
      return untilOver(() => {
        node.restart();
      }, fault.graceMs + fault.forMs);
    }
    case "close":
    case "crash": {
      const node = world.node(fault.node);
      if (node.state !== "up") return;
      if (fault.kind === "close") node.close();
      else node.crash({ silent: fault.silent });
      return untilOver(() => {
        node.restart({ keepKey: fault.kind === "crash" && fault.keepKey });
      }, fault.forMs);
    }
  }
}
