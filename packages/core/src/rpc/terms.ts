/**
 * Terms: what a program can ask of how a step is run, and the checks that it is what it should be.
 */
import type { StepTerms } from "../wire/terms.js";
import { checkName, mustBe } from "./call-options.js";

/** How a step is to be run, beyond its function and resources. */
export interface TermOptions {
  /**
   * How often the step may be run again when the node that ran it was lost and nobody knows whether it took effect.
   * Default: as often as there is time for. Only functions that are `idempotent` are run again. What has not begun goes to
   * another node in any case, and what a handler has thrown is never tried again.
   */
  readonly retries?: number | undefined;
  /**
   * What the function recognizes a repetition by, where it is registered as `idempotent: "with-key"`; a text of up to
   * 1,024 bytes. The handler finds it in its `context()`.
   */
  readonly idempotencyKey?: string | undefined;
}

/** The names of {@link TermOptions}, for the lists of options that are known. */
export const termNames: Readonly<Record<keyof TermOptions, true>> = { retries: true, idempotencyKey: true };

const retriesMax = 1_000;

/** What `options` ask for, `undefined` when nothing. Throws `invalid-argument`; `who` takes the options of `called`. */
export function termsOf(options: TermOptions, who?: string, called?: string): StepTerms | undefined {
  const { retries, idempotencyKey }: { readonly retries?: unknown; readonly idempotencyKey?: unknown } = options;
  if (retries === undefined && idempotencyKey === undefined) return undefined;
  if (retries !== undefined && !isCount(retries)) {
    throw mustBe(`a whole number from 0 to ${retriesMax}`, retries, "retries", who, called);
  }
  if (idempotencyKey !== undefined) checkName(idempotencyKey, "idempotencyKey", who, called);
  return { retries, idempotencyKey };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= retriesMax;
}
