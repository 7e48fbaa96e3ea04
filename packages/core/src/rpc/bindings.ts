/**
 * Bindings: the references found in one place (a step's arguments, the outputs), numbered.
 *
 * (B1) The same part of the same result has one number, however often it is used.
 * (B2) References of another graph are refused.
 */
import { invalid } from "./call-options.js";
import { type RefOwner, describeTarget, refTarget } from "./ref.js";
import type { Binding } from "./types.js";

export class BindingList {
  readonly list: Binding[] = [];
  readonly #owner: RefOwner;
  readonly #numbers = new Map<number | string, number>();

  constructor(owner: RefOwner) {
    this.#owner = owner;
  }

  /** The number of the part that `value` refers to; undefined if it is not a reference. `what` is for the error. */
  holeOf(value: unknown, what: string): number | undefined {
    const target = refTarget(value);
    if (target === undefined) return undefined;
    const { owner, step, path } = target;
    if (owner !== this.#owner) {
      const message = `Cannot use the result of ${describeTarget(target)} in ${what}: the reference belongs to another graph`;
      throw invalid(message); // (B2)
    }
    const key = path.length === 0 ? step : JSON.stringify([step, ...path]);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known; // (B1)
    const number = this.list.length;
    this.#numbers.set(key, number);
    this.list.push({ step, path });
    return number;
  }
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
