/**
 * Step states: what has become of the steps of a request, and what that says about the request as a whole.
 */
import type { MpregError, Outcome } from "../../base/index.js";
import type { StepReport } from "../../wire/index.js";
import type { Work } from "../dispatch/hedging.js";
import type { Mapping } from "./mapping.js";

export type StepState =
  | { readonly kind: "blocked" }
  /** What it stands for was given to the run. */
  | { readonly kind: "given" }
  | { readonly kind: "running"; readonly task: Work }
  | { readonly kind: "mapping"; readonly mapping: Mapping }
  /** It has run; its result is in `step-results.ts` as long as somebody needs it. */
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: MpregError }
  | { readonly kind: "skipped"; readonly because: number };

export const blocked: StepState = { kind: "blocked" };
export const givenState: StepState = { kind: "given" };
export const done: StepState = { kind: "done" };

/** What is told of each step; `unusable` are those that have run, but not to what was asked of them. */
export function reportsOf(states: readonly StepState[], unusable: ReadonlyMap<number, MpregError>): StepReport[] {
  return states.map((state, index) => {
    const error = unusable.get(index);
    if (error !== undefined) return { status: "failed", error };
    if (state.kind === "failed") return { status: "failed", error: state.error };
    if (state.kind === "skipped") return { status: "skipped", because: state.because };
    return { status: "done" };
  });
}

/**
 * What is known of the effects of all steps together when one part of the request ends with `outcome`. All of it is to be
 * dropped then: steps that have not begun are kept from it.
 */
export function outcomeWith(outcome: Outcome, states: readonly StepState[]): Outcome {
  let worst = outcome;
  for (const state of states) {
    if (state.kind === "running") state.task.revoke();
    if (state.kind === "running" && state.task.begun) return "unknown";
    if (state.kind === "mapping") worst = state.mapping.outcomeWith(worst);
    if (worst === "unknown") return worst;
    const ended = state.kind === "failed" ? state.error.outcome : state.kind === "done" ? "applied" : "not-applied";
    if (ended === "unknown") return "unknown";
    if (worst === "not-applied") worst = ended;
  }
  return worst;
}
