/**
 * History: what those are told first who begin to watch a request late, also when it has ended.
 *
 * (Y1) It is told in the words in which it was told when it happened, with the time at which it did, and in that order.
 *      What is not remembered is left out, never made up: with which attempts a step came to its result, small results.
 * (Y2) Of what a request was asked nothing is kept here but names: arguments may be large.
 */
import type { RequestStep } from "../../wire/index.js";
import type { PlannedStep, RequestEvent } from "../events.js";
import { inputNames } from "./summary.js";
import type { RequestTrace, StepSummary, UnfinishedStep } from "../types.js";

/** A step of the plan without its arguments. (Y2) */
type PlanStep = Pick<RequestStep, "name" | "fun" | "bindings"> & { readonly map?: readonly string[] | undefined };

/** What is kept of a request besides its trace. */
export interface History {
  readonly plan: readonly PlanStep[];
  /** What was told and is not in the trace: when the lists of maps were there, and why steps have no result. */
  readonly told: readonly RequestEvent[];
}

export function planOf(steps: readonly RequestStep[]): readonly PlanStep[] {
  return steps.map(({ name, fun, bindings, map }) => ({
    name,
    fun,
    bindings,
    map: map?.steps.map((step) => step.name),
  }));
}

/** The events so far of a request that was received `ageMs` ago. (Y1) */
export function eventsSoFar(
  known: Pick<RequestTrace, "requestId" | "coordinator" | "steps" | "unfinished">,
  { plan, told }: History,
  ageMs: number,
): RequestEvent[] {
  const { requestId, coordinator } = known;
  const received: RequestEvent = { kind: "received", requestId, node: coordinator, ageMs, atMs: 0 };
  const planned: RequestEvent[] = plan.length === 0 ? [] : [{ ...plannedEvent(plan), atMs: 0 }];
  const events = [...stepEvents(known, told, plan.length > 0), ...told.filter(({ kind }) => kind !== "mapped")];
  return [received, ...planned, ...events.sort((a, b) => atUs(a) - atUs(b))];
}

/** Times are sums of fractions: what is less than a microsecond apart happened at one time. */
function atUs({ atMs = 0 }: RequestEvent): number {
  return Math.round(atMs * 1_000);
}

/** What happened to steps, but for why they have no result. What happened at one time stands with causes first. */
function stepEvents(
  { steps, unfinished = [] }: Pick<RequestTrace, "steps" | "unfinished">,
  told: readonly RequestEvent[],
  isPlanned: boolean,
): readonly RequestEvent[] {
  const events: RequestEvent[] = [];
  const maps = new Map([...steps.flatMap(endedMap), ...unfinished.flatMap(openMap)]);
  const unopened = new Map(told.flatMap((event) => (event.kind === "mapped" ? [[event.step, event]] : [])));
  const ready = (step: string, atMs: number): void => {
    if (isPlanned) events.push({ kind: "step-ready", step, atMs });
  };
  const open = (name: string): void => {
    const mapped = unopened.get(name);
    if (mapped === undefined) return;
    unopened.delete(name);
    const map = maps.get(name);
    if (map?.itemOf !== undefined) open(map.itemOf);
    if (map !== undefined) ready(name, map.readyMs);
    events.push(mapped);
  };
  for (const { name: step, node, bytesOut: bytes, readyMs, startMs, queueMs, runMs, networkMs, ...of } of steps) {
    if (of.itemOf !== undefined) open(of.itemOf);
    if (of.items !== undefined) {
      open(step);
      events.push({ kind: "result-available", step, node, bytes, atMs: readyMs + queueMs + runMs + networkMs });
      continue;
    }
    ready(step, readyMs);
    events.push({ kind: "started", step, node, atMs: startMs });
    events.push({ kind: "result-available", step, node, bytes, atMs: startMs + runMs + networkMs / 2 });
  }
  for (const name of [...unopened.keys()]) open(name);
  for (const { step, items, readyMs, startMs, node } of unfinished) {
    if (items !== undefined) continue;
    if (readyMs !== undefined) ready(step, readyMs);
    if (startMs !== undefined && node !== undefined) events.push({ kind: "started", step, node, atMs: startMs });
  }
  return events;
}

type NamedMap = readonly [string, { readonly readyMs: number; readonly itemOf?: string | undefined }];

function endedMap(step: StepSummary): NamedMap[] {
  return step.items === undefined ? [] : [[step.name, step]];
}

function openMap({ step, items, readyMs = 0, itemOf }: UnfinishedStep): NamedMap[] {
  return items === undefined ? [] : [[step, { readyMs, itemOf }]];
}

/** The events of a request that has ended, as far as they are remembered. */
export function allEvents(trace: RequestTrace, history: History, ageMs: number): RequestEvent[] {
  const { state, error, totalMs: atMs } = trace;
  const end: RequestEvent =
    state === "failed" && error !== undefined ? { kind: "failed", error, atMs } : { kind: "finished", atMs };
  return [...eventsSoFar(trace, history, ageMs), end];
}

/** What it consists of. */
export function plannedEvent(plan: History["plan"]): Extract<RequestEvent, { readonly kind: "planned" }> {
  return { kind: "planned", steps: plan.map((step) => plannedStep(step, plan)) };
}

function plannedStep({ name, fun, bindings, map }: PlanStep, plan: readonly PlanStep[]): PlannedStep {
  const inputs = inputNames(bindings, plan);
  return map === undefined ? { name, fun, inputs } : { name, fun, inputs, map };
}
