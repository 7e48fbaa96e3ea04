/**
 * Machine: the part of core's `NodeMachine` that a simulated node drives, so that a test can put a faulty one in its
 * place and see whether the checkers notice.
 */
import {
  type FunctionInfo,
  type NodeCapabilities,
  type NodeEffects,
  type NodeInfo,
  type NodeInput,
  NodeMachine,
  type NodeOptions,
  type NodeSize,
} from "@mpreg/core/node";
import type { InspectSubject } from "@mpreg/core/wire";

export interface Machine {
  readonly id: string;
  readonly nextDueMs: number;
  readonly size: NodeSize;
  handle(input: NodeInput, nowMs: number): void;
  flush(nowMs: number): void;
  isOffered(fun: string): boolean;
  inspect(subject: InspectSubject, nowMs: number): unknown;
}

export type CreateMachine = (options: NodeOptions, capabilities: NodeCapabilities, effects: NodeEffects) => Machine;

export const createMachine: CreateMachine = (options, capabilities, effects) =>
  new NodeMachine(options, capabilities, effects);

/** Who there is, as `machine` sees it. */
export function nodesOf(machine: Machine, nowMs: number): readonly NodeInfo[] {
  return machine.inspect("nodes", nowMs) as readonly NodeInfo[];
}

/** Who offers what, as `machine` sees it. */
export function functionsOf(machine: Machine, nowMs: number): readonly FunctionInfo[] {
  return machine.inspect("functions", nowMs) as readonly FunctionInfo[];
}
