/**
 * Plan of a chaotic world: seven nodes, who asks them for what, and what befalls them; as data.
 */
import type { StepTerms } from "@mpreg/core/wire";
import type { Fault } from "../faults/schedule.js";
import type { Part } from "../workload/plan.js";
import { partsIn } from "../workload/requests.js";
import type { ChaosFunction } from "./functions.js";

export interface ChaosCall {
  readonly kind: "call";
  /** Unique in the world; also the step's name and the first of its arguments. */
  readonly token: string;
  readonly fun: ChaosFunction;
  /** What follows the token. May hold {@link Part}s at any depth. */
  readonly values: readonly unknown[];
  readonly timeoutMs: number;
  readonly terms: StepTerms | undefined;
}

/** Calls functions for each item of a list. */
export interface ChaosMap {
  readonly kind: "map";
  /** Unique in the world; also the step's name. */
  readonly token: string;
  /** A list of {@link ChaosItem}s. May be a {@link Part}, or hold some. */
  readonly list: unknown;
  /** What its calls take of other steps. */
  readonly inputs: readonly Part[];
  /** For each item; what the last one answers is what becomes of it. */
  readonly calls: readonly ChaosItemCall[];
  readonly concurrency: number;
  /** The tokens of all its items. */
  readonly tokens: readonly (readonly string[])[];
}

export interface ChaosItemCall {
  readonly name: string;
  readonly fun: ChaosFunction;
  /** In its parts 0 is the item, then come the parts in the list, the map's inputs, and the calls before. */
  readonly args: readonly unknown[];
}

export type ChaosStep = ChaosCall | ChaosMap;

/** The parts of other steps that a step takes. */
export function usedBy(step: ChaosStep): readonly Part[] {
  return step.kind === "call" ? partsIn(step.values) : [...partsIn(step.list), ...step.inputs];
}

/** The functions that a step calls. */
export function functionsOf(step: ChaosStep): readonly ChaosFunction[] {
  return step.kind === "call" ? [step.fun] : step.calls.map(({ fun }) => fun);
}

/** The calls of a step, as the ledger knows them. */
export function callsOf(step: ChaosStep): readonly { readonly token: string; readonly fun: ChaosFunction }[] {
  if (step.kind === "call") return [step];
  return step.tokens.flatMap((tokens) => step.calls.map(({ fun }, index) => ({ token: tokens[index] as string, fun })));
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
