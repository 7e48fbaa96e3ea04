/**
 * Plan: who waits for whom in a request.
 *
 * Owns the checks that make a request runnable, and the lists its execution needs. Both sides use it: the caller's,
 * to fail early, and the coordinator's, whose input comes from strangers.
 *
 * (L1) Time and memory are O(steps + bindings), whatever the shape; nothing recurses, but into maps (`mapDepthMax`).
 * (L2) A step waits for each other step once, however often its arguments use it.
 * (L3) A cycle that is reported exists: each step named needs the result of the next.
 * (L4) The steps that a map runs for an item are planned once. In its plan the values that they are given, the item and
 *      the map's own inputs, stand in front like steps that wait for nobody.
 */
import { MpregError, assert, quoted, shortened } from "../../base/index.js";
import type { Binding, RequestSpec, StepSpec } from "../types.js";

/** Dependencies of a request, ready for execution. Steps are numbered by their position. */
export interface Plan {
  /** How many steps each step waits for. To count it down, copy it: a plan may be shared. */
  readonly waitsFor: Int32Array;
  /** The steps that wait for nobody, in the order of the request. */
  readonly roots: Int32Array;
  /** Those waiting for step `s`: `dependents[dependentsStart[s]]` up to, not including, `dependents[dependentsStart[s + 1]]`. */
  readonly dependents: Int32Array;
  readonly dependentsStart: Int32Array;
  /** What the maps among the steps do with each item, by the position of their step. (L4) */
  readonly maps: ReadonlyMap<number, Plan> | undefined;
}

interface PlannedStep extends Pick<StepSpec, "name" | "bindings"> {
  readonly map?: PlannedMap | undefined;
}

interface PlannedMap {
  readonly steps: readonly PlannedStep[];
  readonly result: Binding;
}

type PlannedRequest = Pick<RequestSpec, "outputs"> & { readonly steps: readonly PlannedStep[] };

/** The plan of every request of one step without references. */
const singleStep: Plan = {
  waitsFor: new Int32Array(1),
  roots: new Int32Array(1),
  dependents: new Int32Array(0),
  dependentsStart: new Int32Array(2),
  maps: undefined,
};

/**
 * Finds out who waits for whom.
 *
 * Throws `empty-request`, `duplicate-step`, `unknown-reference` (a step number that the request does not have) or
 * `cycle`, whose message names its path.
 */
export function planRequest(request: PlannedRequest): Plan {
  const { steps, outputs } = request;
  if (steps.length === 0) throw new MpregError("empty-request", "The request has no step");
  checkNames(steps);
  return planSteps(steps, outputs);
}

function planSteps(steps: readonly PlannedStep[], outputs: readonly Binding[]): Plan {
  checkReferences(steps, outputs);
  const maps = planMaps(steps);
  if (steps.length === 1 && steps[0]?.bindings.length === 0 && maps === undefined) return singleStep;

  const { waitsFor, dependentsStart } = countDependencies(steps);
  const dependents = listDependents(steps, dependentsStart);
  const plan: Plan = { waitsFor, roots: rootsOf(waitsFor), dependents, dependentsStart, maps };
  checkAcyclic(steps, plan);
  return plan;
}

/** The steps whose result no other step uses, in the order of the request: what a caller gets who selects nothing. */
export function unconsumedSteps(steps: readonly Pick<StepSpec, "bindings">[]): number[] {
  const consumed = new Uint8Array(steps.length);
  for (const { bindings } of steps) for (const { step } of bindings) consumed[step] = 1;
  const unconsumed: number[] = [];
  consumed.forEach((used, step) => {
    if (used === 0) unconsumed.push(step);
  });
  return unconsumed;
}

function planMaps(steps: readonly PlannedStep[]): ReadonlyMap<number, Plan> | undefined {
  let maps: Map<number, Plan> | undefined;
  steps.forEach(({ name, bindings, map }, index) => {
    if (map === undefined) return;
    if (map.steps.length === 0) {
      throw new MpregError("empty-request", `The map ${quoted(name)} has no step for its items`, { step: name });
    }
    const given = givenTo(bindings, (step) => steps[step]?.name ?? "", `item of ${name}`);
    (maps ??= new Map<number, Plan>()).set(index, planSteps([...given, ...map.steps], [map.result])); // (L4)
  });
  return maps;
}

/** What stands in front of a map's steps: the item, and the results that the map takes, under the names of their steps. */
function givenTo(bindings: readonly Binding[], nameOf: (step: number) => string, item: string): PlannedStep[] {
  return [{ name: item, bindings: [] }, ...bindings.map(({ step }) => ({ name: nameOf(step), bindings: [] }))];
}

/** All steps that call functions: those of maps, however deep, and not the maps. */
export function callsOf<S extends { readonly map?: { readonly steps: readonly S[] } | undefined }>(
  steps: readonly S[],
): readonly S[] {
  if (steps.every(({ map }) => map === undefined)) return steps;
  return everyStep(steps).filter(({ map }) => map === undefined);
}

/** All steps, those of maps included. */
export function everyStep<S extends { readonly map?: { readonly steps: readonly S[] } | undefined }>(
  steps: readonly S[],
): readonly S[] {
  if (steps.every(({ map }) => map === undefined)) return steps;
  const all = [...steps];
  for (const { map } of all) if (map !== undefined) for (const step of map.steps) all.push(step); // (L1)
  return all;
}

function checkNames(steps: readonly PlannedStep[]): void {
  const all = everyStep(steps);
  if (all.length === 1) return;
  const seen = new Set<string>();
  for (const { name } of all) {
    if (seen.has(name)) {
      throw new MpregError("duplicate-step", `Two steps of the request are named ${quoted(name)}`, { step: name });
    }
    seen.add(name);
  }
}

function checkReferences(steps: readonly PlannedStep[], outputs: readonly Binding[]): void {
  const has = (step: number): boolean => Number.isInteger(step) && step >= 0 && step < steps.length;
  const count = `the request has ${steps.length} step${steps.length === 1 ? "" : "s"}`;
  for (const { name, bindings } of steps) {
    for (const { step } of bindings) {
      if (has(step)) continue;
      const message = `Step ${quoted(name)} uses the result of step number ${step}; ${count}, counted from 0`;
      throw new MpregError("unknown-reference", message, { step: name });
    }
  }
  for (const { step } of outputs) {
    if (has(step)) continue;
    const message = `An output is the result of step number ${step}; ${count}, counted from 0`;
    throw new MpregError("unknown-reference", message);
  }
}

/** Calls `visit` once for each pair of a step and another that it waits for (L2). */
function eachDependency(steps: readonly PlannedStep[], visit: (dependency: number, step: number) => void): void {
  const lastUser = new Int32Array(steps.length).fill(-1);
  steps.forEach(({ bindings }, user) => {
    for (const { step } of bindings) {
      if (lastUser[step] === user) continue;
      lastUser[step] = user;
      visit(step, user);
    }
  });
}

// Both lists are those of compressed sparse rows: one array of entries, one that says where each row starts.
function countDependencies(steps: readonly PlannedStep[]): Pick<Plan, "waitsFor" | "dependentsStart"> {
  const waitsFor = new Int32Array(steps.length);
  const dependentsStart = new Int32Array(steps.length + 1);
  eachDependency(steps, (dependency, user) => {
    waitsFor[user] = at(waitsFor, user) + 1;
    dependentsStart[dependency + 1] = at(dependentsStart, dependency + 1) + 1;
  });
  for (let i = 0; i < steps.length; i++) {
    dependentsStart[i + 1] = at(dependentsStart, i + 1) + at(dependentsStart, i);
  }
  return { waitsFor, dependentsStart };
}

function listDependents(steps: readonly PlannedStep[], dependentsStart: Int32Array): Int32Array {
  const dependents = new Int32Array(at(dependentsStart, steps.length));
  const next = dependentsStart.slice();
  eachDependency(steps, (dependency, user) => {
    const place = at(next, dependency);
    dependents[place] = user;
    next[dependency] = place + 1;
  });
  return dependents;
}

function rootsOf(waitsFor: Int32Array): Int32Array {
  return Int32Array.from([...waitsFor.keys()].filter((step) => waitsFor[step] === 0));
}

/** Runs the plan in thought, each step as soon as it can (Kahn, 1962); what never can is on a cycle or behind one. */
function checkAcyclic(steps: readonly PlannedStep[], plan: Plan): void {
  const waiting = plan.waitsFor.slice();
  const order = new Int32Array(steps.length);
  order.set(plan.roots);
  let ordered = plan.roots.length;
  for (let i = 0; i < ordered; i++) {
    const step = at(order, i);
    for (let d = at(plan.dependentsStart, step); d < at(plan.dependentsStart, step + 1); d++) {
      const dependent = at(plan.dependents, d);
      const left = at(waiting, dependent) - 1;
      waiting[dependent] = left;
      if (left === 0) order[ordered++] = dependent;
    }
  }
  if (ordered === steps.length) return;
  const cycle = findCycle(steps, waiting).map((step) => steps[step]?.name ?? "");
  throw new MpregError("cycle", `The references form a cycle: ${describeCycle(cycle)} (each step needs the next)`, {
    step: cycle[0],
  });
}

/**
 * A cycle among the steps still waiting. Each of them waits for another such, so following one reference after the
 * other must come back to a step seen before (L3).
 */
function findCycle(steps: readonly PlannedStep[], waiting: Int32Array): number[] {
  const walk: number[] = [];
  const placeInWalk = new Int32Array(steps.length).fill(-1);
  let step = waiting.findIndex((left) => left > 0);
  while (at(placeInWalk, step) < 0) {
    placeInWalk[step] = walk.length;
    walk.push(step);
    const blocker = steps[step]?.bindings.find((binding) => at(waiting, binding.step) > 0);
    assert(blocker !== undefined, "a waiting step waits for another waiting step");
    step = blocker.step;
  }
  return walk.slice(at(placeInWalk, step));
}

const namesShownMax = 20;

function describeCycle(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).map(shortened);
  if (names.length > shown.length) shown.push(`(${names.length - shown.length} more)`);
  return [...shown, shown[0]].join(" → ");
}

function at(numbers: Int32Array, index: number): number {
  return numbers[index] as number; // the callers stay inside
}
