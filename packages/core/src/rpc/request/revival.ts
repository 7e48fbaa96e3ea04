/**
 * Revival: which steps have to run again to have results that are gone with the node that kept them.
 *
 * As lineage does it in Spark (Zaharia et al., "Resilient Distributed Datasets", 2012) and Dask: what a lost result was
 * made of is made again as well, where it was let go meanwhile.
 *
 * (V1) Only steps that may be run again are; if one of them may not, none is.
 * (V2) What is there, or is being made, is not made again.
 */
import { MpregError } from "../../base/index.js";
import type { RequestStep } from "../../wire/index.js";

/** How often a request has lost results made again. */
export const revivalsMax = 10;

/** What is known of a step's result: it is there, it will come, or it is gone. */
export type Presence = "there" | "coming" | "gone";

/** The steps to run again, or the one that may not. */
export type Revival =
  | { readonly kind: "again"; readonly steps: ReadonlySet<number> }
  | { readonly kind: "once-only"; readonly step: number };

export function reviving(
  lost: readonly number[],
  steps: readonly RequestStep[],
  presenceOf: (index: number) => Presence,
  isRepeatable: (index: number) => boolean,
): Revival {
  const again = new Set<number>();
  const queue = [...lost];
  for (const index of queue) {
    if (again.has(index) || presenceOf(index) !== "gone") continue; // (V2)
    if (!isRepeatable(index)) return { kind: "once-only", step: index }; // (V1)
    again.add(index);
    for (const { step } of steps[index]?.bindings ?? []) queue.push(step);
  }
  return { kind: "again", steps: again };
}

/** The steps whose results `index` takes, each once. */
export function inputsOf(index: number, steps: readonly RequestStep[]): ReadonlySet<number> {
  return new Set((steps[index]?.bindings ?? []).map(({ step }) => step));
}

/** Why what is lost is not made again. (V1) */
export function onceOnly(error: MpregError, step: string): MpregError {
  const message = `${error.message}; step "${step}" is not run again: its function is not idempotent`;
  return new MpregError(error.code, message, { outcome: error.outcome, step: error.step, node: error.node });
}
