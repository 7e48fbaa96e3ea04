/**
 * Implementations: what `implement` is given for the functions of a contract.
 *
 * A contract says what callers have to know: schemas, resources, idempotence. How a node runs the function is said beside
 * its handler.
 */
import { MpregError, checkOptions, kindOf, optionNames } from "../base/index.js";
import { Executor } from "./executor.js";
import type { Batched, BatchOptions, ImplementOptions, OneByOne, RegisterOptions } from "./types.js";

const names: ReadonlySet<string> = optionNames<OneByOne & Batched>({
  handler: true,
  batchHandler: true,
  version: true,
  tags: true,
  scope: true,
  concurrencyMax: true,
  queueMax: true,
  batch: true,
});

/** What is registered of an implementation. Throws `invalid-argument`; `more` are the names of options beyond these. */
export function implementationOf(
  name: string,
  given: unknown,
  more: readonly string[] = [],
): { readonly handler: unknown; readonly options: RegisterOptions } {
  if (typeof given === "function" || given instanceof Executor) return { handler: given, options: {} };
  const form =
    "a function, or an object with a handler (or a batchHandler) and how it is to be run: { handler, version, … }";
  if (typeof given !== "object" || given === null) {
    throw new MpregError("invalid-argument", `implement("${name}"): must be ${form}; got ${kindOf(given)}`);
  }
  checkOptions(given, more.length === 0 ? names : new Set([...names, ...more]), "implement", name);
  const { handler, batchHandler, batch, ...options } = given as Given;
  if ((handler === undefined) === (batchHandler === undefined)) {
    throw new MpregError("invalid-argument", `implement("${name}"): must be ${form}, and one of the two`);
  }
  if (batchHandler !== undefined) return { handler: batchHandler, options: { ...options, batch: batch ?? true } };
  if (batch === undefined) return { handler, options };
  throw new MpregError(
    "invalid-argument",
    `implement("${name}"): batch is for a batchHandler, which gets several calls`,
  );
}

type Given = ImplementOptions & {
  readonly handler?: unknown;
  readonly batchHandler?: unknown;
  readonly batch?: BatchOptions;
};
