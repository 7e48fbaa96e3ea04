/**
 * Plan: what a generated world does, as data: its nodes and functions, who asks for what, and when.
 */
import type { Path } from "@mpreg/core/rpc";
import type { NodeLimits } from "../node/options.js";
import type { NetworkOptions } from "../network/index.js";
import type { Fault } from "../faults/schedule.js";
import type { Behaviour } from "./functions.js";
import type { PlannedVandal } from "./vandal.js";

/** Stands in arguments for the result of step number `step`, or a part of it. */
export class Part {
  readonly step: number;
  readonly path: Path;

  constructor(step: number, path: Path) {
    this.step = step;
    this.path = path;
  }
}

export interface PlannedFunction {
  readonly fun: string;
  readonly behaviour: Behaviour;
  /** Its own, beside those of its node. */
  readonly resources: readonly string[];
}

export interface PlannedNode {
  readonly name: string;
  readonly resources: readonly string[];
  readonly peers: readonly string[];
  readonly functions: readonly PlannedFunction[];
  /** How fast its clocks go. */
  readonly clockRate: number;
}

/** Somebody sets a node's wall clock. */
export interface PlannedClockStep {
  readonly atMs: number;
  readonly node: string;
  readonly byMs: number;
}

/** A function that comes to a node and, perhaps, goes again. */
export interface PlannedChange {
  readonly node: string;
  readonly fun: PlannedFunction;
  readonly fromMs: number;
  /** `Infinity`: it stays. */
  readonly untilMs: number;
}

export interface PlannedStep {
  /** Unique in the world; also the step's name and the first of its arguments. */
  readonly token: string;
  readonly fun: string;
  readonly behaviour: Behaviour;
  readonly resources: readonly string[];
  /** What follows the token. May hold {@link Part}s at any depth. */
  readonly args: readonly unknown[];
  readonly timeoutMs: number;
}

export interface PlannedAsk {
  readonly atMs: number;
  /** A client's or a node's name. */
  readonly asker: string;
  /** A `call` has one step, without parts. */
  readonly kind: "call" | "request";
  readonly steps: readonly PlannedStep[];
  readonly outputs: readonly Part[];
  readonly settle: boolean;
  readonly waitForCapacityMs: number;
  readonly timeoutMs: number;
  readonly summary: boolean;
  /** When it is cancelled, counted from `atMs`. */
  readonly cancelAfterMs: number | undefined;
  /** Error codes it may end with although nothing disturbs it and every step would end well. */
  readonly mayEndWith: readonly string[];
}

/** A client, and where it is connected when. */
export interface PlannedClient {
  readonly name: string;
  readonly node: string;
  /** When it goes to another node. */
  readonly moves: readonly { readonly atMs: number; readonly node: string }[];
}

export interface Plan {
  readonly seed: number;
  readonly nodes: readonly PlannedNode[];
  readonly clients: readonly PlannedClient[];
  readonly changes: readonly PlannedChange[];
  readonly asks: readonly PlannedAsk[];
  readonly faults: readonly Fault[];
  readonly vandals: readonly PlannedVandal[];
  readonly clockSteps: readonly PlannedClockStep[];
  readonly limits: NodeLimits;
  readonly network: Partial<NetworkOptions>;
  /** Whether asks and faults wait until the nodes know each other. */
  readonly formed: boolean;
  /** How long asks and faults go on. */
  readonly durationMs: number;
  /** Error codes that the world's own limits can cause. */
  readonly mayEndWith: readonly string[];
}
