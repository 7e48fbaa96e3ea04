/**
 * Bindings: the references found in one place (a step's arguments, the outputs), numbered.
 *
 * (B1) The same part of the same result has one number, however often it is used.
 * (B2) References of another graph are refused, and those into the steps of a map outside of them.
 * (B3) What the steps of a map take from outside is an input of the map, and to them something they are given.
 */
import { quoted } from "../../base/index.js";
import { invalid } from "./call-options.js";
import { type RefOwner, type RefTarget, describeTarget, refTarget } from "./ref.js";
import type { Binding } from "../types.js";

/** Where references are found: which of them mean something there, and what. */
export interface BindingScope {
  /** What the reference stands for; `undefined` if it has no meaning here. */
  bindingOf(target: RefTarget): Binding | undefined;
}

/** The steps of a request. */
export function scopeOf(owner: RefOwner): BindingScope {
  return { bindingOf: (target) => (target.owner === owner ? target : undefined) };
}

/**
 * The steps of a map whose inputs are `inputs`, which grow as more is taken from outside. (B3)
 *
 * As long as it grows, what is given has negative numbers: -1 is the item, -2 the first input. {@link placedIn} makes
 * the numbers of the request of them.
 */
export function mapScopeOf(owner: RefOwner, inputs: BindingList): BindingScope {
  return {
    bindingOf: (target) => {
      if (target.owner === owner) return target;
      const input = inputs.numberOf(target);
      return input === undefined ? undefined : { step: -2 - input, path: [] };
    },
  };
}

/** The binding in the numbering of a map that has so many inputs: the item, the inputs, the steps. */
export function placedIn({ step, path }: Binding, inputs: number): Binding {
  return { step: step < 0 ? -1 - step : step + inputs + 1, path };
}

export class BindingList {
  readonly list: Binding[] = [];
  /** In how many places those stand that stand in more than one, by number. */
  repeated: Map<number, number> | undefined = undefined;
  readonly #scope: BindingScope;
  readonly #numbers = new Map<number | string, number>();

  constructor(scope: BindingScope) {
    this.#scope = scope;
  }

  /** The number of the part that `value` refers to; undefined if it is not a reference. `what` is for the error. */
  holeOf(value: unknown, what: string): number | undefined {
    const target = refTarget(value);
    if (target === undefined) return undefined;
    const { length } = this.list;
    const number = this.numberOf(target);
    if (number !== undefined) {
      if (number < length) (this.repeated ??= new Map()).set(number, (this.repeated.get(number) ?? 1) + 1);
      return number;
    }
    throw invalid(`Cannot use the result of ${describeTarget(target)} in ${what}: ${whyNot(target.owner)}`); // (B2)
  }

  /** The number of what `target` stands for; undefined where it stands for nothing. */
  numberOf(target: RefTarget): number | undefined {
    const binding = this.#scope.bindingOf(target);
    if (binding === undefined) return undefined;
    const { step, path } = binding;
    const key = path.length === 0 ? step : JSON.stringify([step, ...path]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known; // (B1)
    const number = this.list.length;
    this.#numbers.set(key, number);
    this.list.push({ step, path });
    return number;
  }
}

function whyNot({ map }: RefOwner): string {
  if (map === undefined) return "the reference belongs to another graph";
  return `the map ${quoted(map)} runs it once for each item; use the result of the map, which is the list of all`;
}

/**
 * Why a reference cannot be encoded where it has nothing to refer to, as the codec's `explain` takes it: in the
 * arguments of a call outside its graph, or in a handler's result.
 */
export function explainReference(value: object): string | undefined {
  const target = refTarget(value);
  if (target === undefined) return undefined;
  return (
    `a reference to the result of ${describeTarget(target)}, which only means something inside its graph; ` +
    "add the call to the graph, or run the graph first and pass the value"
  );
}
