/**
 * Plan of a chaotic world: seven nodes, who asks them for what, and what befalls them; as data.
 */
import type { StepTerms } from "@mpreg/core/wire";
import type { Fault } from "../faults/schedule.js";
import type { Part } from "../workload/plan.js";
import type { ChaosFunction } from "./functions.js";

export interface ChaosStep {
  /** Unique in the world; also the step's name and the first of its arguments. */
  readonly token: string;
  readonly fun: ChaosFunction;
  /** What follows the token. May hold {@link Part}s at any depth. */
  readonly values: readonly unknown[];
  readonly timeoutMs: number;
  readonly terms: StepTerms | undefined;
}

export interface ChaosAsk {
  readonly atMs: number;
  readonly token: string;
  /** Position of the client that asks. */
  readonly client: number;
  readonly kind: "call" | "request";
  readonly steps: readonly ChaosStep[];
  readonly outputs: readonly Part[];
  readonly settle: boolean;
  readonly timeoutMs: number;
  readonly detached: boolean;
  /** When it is cancelled, counted from `atMs`. */
  readonly cancelAfterMs: number | undefined;
}

export interface ChaosClient {
  readonly name: string;
  /** Names of the nodes whose addresses it is given. */
  readonly nodes: readonly string[];
  /** When it says goodbye, whatever it has asked; `undefined`: when all is over. */
  readonly leavesMs: number | undefined;
}

export interface ChaosPlan {
  readonly seed: number;
  /** Which node offers what, and knows whom when it starts. */
  readonly nodes: readonly {
    readonly name: string;
    readonly peers: readonly string[];
    readonly functions: readonly ChaosFunction[];
  }[];
  readonly clients: readonly ChaosClient[];
  readonly asks: readonly ChaosAsk[];
  readonly faults: readonly Fault[];
  readonly durationMs: number;
}
