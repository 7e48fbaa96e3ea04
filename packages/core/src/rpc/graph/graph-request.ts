/**
 * A graph of calls before encoding: what the builder (`graph.ts`) and the plain form (`plain.ts`) make, and what a
 * runner, the client or the node, turns into a `RequestSpec` with `toRequestSpec`.
 */
import type { StepTerms } from "../../wire/terms.js";
import { type RunOptions, mustBe } from "./call-options.js";
import { type RefOwner, isPosition } from "./ref.js";
import type { Binding } from "../types.js";

/** One step whose arguments still hold references. */
export interface GraphStep {
  readonly name: string;
  readonly fun: string;
  readonly resources: readonly string[];
  /** Positional arguments, `kwargs` included as the last. */
  readonly args: readonly unknown[];
  /** 0 = only the request's. */
  readonly timeoutMs: number;
  readonly terms: StepTerms | undefined;
  /** It calls no function, but maps a list; it has no `args` then. */
  readonly map?: GraphMap | undefined;
}

/** What a map does with a list. References of `owner` stand for its steps, and for the item (`itemStep`). */
export interface GraphMap {
  /** An array, whose items may hold references, or a reference to one. */
  readonly list: unknown;
  readonly concurrency: number;
  readonly owner: RefOwner;
  readonly steps: readonly GraphStep[];
  /** A reference to what becomes of an item. */
  readonly result: unknown;
}

/** The number of the item among the steps of a map, as long as it is a reference. */
export const itemStep = -1;

/** What the caller gets. */
export type OutputSelection =
  /** Every step whose result no other step uses, by its name. */
  | { readonly kind: "unconsumed" }
  /** These parts, put together by `rebuild`, which takes their values in the same order. */
  | {
      readonly kind: "selected";
      readonly bindings: readonly Binding[];
      /** In how many places of what is rebuilt those stand that stand in more than one, by their numbers. */
      readonly repeated?: ReadonlyMap<number, number> | undefined;
      readonly rebuild: (values: readonly unknown[]) => unknown;
    };

export interface GraphRequest {
  /** Whose references the arguments may hold. */
  readonly owner: RefOwner;
  readonly steps: readonly GraphStep[];
  readonly outputs: OutputSelection;
  readonly options: RunOptions;
}

/**
 * Runs a request: encodes it with `toRequestSpec`, sends it, decodes the values, and resolves to what
 * `PreparedRequest.assemble` makes of them. Rejects with an `MpregError`.
 */
export type GraphRunner = (request: GraphRequest) => Promise<unknown>;

/** How many items of a map are under way at a time, where nothing is said. */
const mapConcurrencyDefault = 100;

/** How many items may be under way at a time. Throws `invalid-argument`. */
export function concurrencyOf(value: unknown, option: string, who?: string): number {
  if (value === undefined) return mapConcurrencyDefault;
  if (isPosition(value) && value > 0) return value;
  throw mustBe("a whole number above 0", value, option, who);
}

const nothing: readonly never[] = [];

/** The step of a map. */
export function mapStep(name: string, timeoutMs: number, map: GraphMap): GraphStep {
  return { name, fun: "", resources: nothing, args: nothing, timeoutMs, terms: undefined, map };
}

/** What messages call step number `step`, of that `name` where it is one; `map` is the map whose steps they are. */
export function nameOf(step: number, name: string | undefined, map: string | undefined): string {
  return step === itemStep ? `item of ${map ?? ""}` : (name ?? "");
}
