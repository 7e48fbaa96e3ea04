/**
 * Step results: what the steps of a request have come to, as bytes that are never decoded, as long as others need it.
 *
 * Owns who still needs which result. When steps start and end is `request.ts`.
 *
 * (N1) A result is let go when its last user lets go of it: then it is counted nowhere, and no node keeps it.
 * (N2) What is not needed by anybody is not kept at all.
 * (N3) A small part of a large frame does not keep all of the frame in memory.
 * (N4) A stream that is read by the handler of another one is needed as long as that is.
 * (N5) What is given from outside is counted and let go there.
 * (N6) A stream that is read by a step is no output where the request says so: then those it would have been are left out.
 */
import { MpregError, assert } from "../../base/index.js";
import type { ResultRef, Value, WireBinding } from "../../wire/index.js";
import type { RequestBudget } from "./request-budget.js";
import { type Results, isRef, isStream, partOf } from "../results/index.js";

interface Users {
  readonly bindings: readonly WireBinding[];
}

export class StepResults {
  readonly #results: Results;
  readonly #budget: RequestBudget;
  readonly #values: (Value | undefined)[];
  /** How many of the first steps have come to what somebody else keeps, and counts. */
  readonly #given: number;
  /** Places that still need each step's result: bindings of steps that have not started, and outputs. */
  readonly #users: Int32Array;
  /** Streams that are let go by whoever reads them. (N4) */
  readonly #handed = new Map<number, ResultRef>();
  /** Steps whose outputs are left out. (N6) */
  readonly #yielded = new Set<number>();

  /** `given` is what the first steps have come to, which somebody else keeps. */
  constructor(
    steps: readonly Users[],
    outputs: readonly WireBinding[],
    given: readonly Value[],
    budget: RequestBudget,
    results: Results,
  ) {
    this.#results = results;
    this.#budget = budget;
    this.#values = new Array<Value | undefined>(steps.length).fill(undefined);
    given.forEach((value, step) => (this.#values[step] = value));
    this.#given = given.length;
    this.#users = new Int32Array(steps.length);
    for (const { bindings } of steps) this.use(bindings);
    this.use(outputs);
  }

  /** The result of `step`; `undefined` when there is none (yet), or it was let go. */
  of(step: number): Value | undefined {
    return this.#values[step];
  }

  /** What a binding stands for; an error where the result of the step called `name` has no such part. */
  part({ step, path }: WireBinding, name: string): Value | MpregError {
    const value = this.#values[step];
    assert(value !== undefined, "a result was let go too early");
    if (isStream(value) && path.length > 0) return noParts(path, name);
    if (isRef(value)) return path.length === 0 ? value : { ...value, path };
    return partOf(value, path, name);
  }

  /** How many places need the result of `step`. */
  usersOf(step: number): number {
    return this.#users[step] ?? 0;
  }

  /** Leaves the result of `step`, which is a stream, to the steps that need it, if any does. (N6) */
  yieldOutputs(step: number, outputs: readonly WireBinding[]): void {
    const own = outputs.filter((output) => output.step === step);
    if (this.#yielded.has(step) || this.usersOf(step) === own.length) return;
    this.#yielded.add(step);
    this.letGo(own);
  }

  /** Whether the outputs of `step` are left out. (N6) */
  hasYielded(step: number): boolean {
    return this.#yielded.has(step);
  }

  /** Keeps the result of `step` as long as others need it; answers why it cannot. */
  keep(step: number, value: Value): MpregError | undefined {
    if (this.#users[step] === 0) {
      if (isRef(value)) this.#results.release(value); // (N2)
      return undefined;
    }
    if (isRef(value)) {
      this.#values[step] = value;
      return undefined;
    }
    const refusal = this.#budget.take(value.length);
    if (refusal === undefined) this.#values[step] = ownBytes(value);
    return refusal;
  }

  /** `bindings` will be taken (again). */
  use(bindings: readonly WireBinding[]): void {
    for (const { step } of bindings) this.#users[step] = (this.#users[step] ?? 0) + 1;
  }

  /** Whoever takes `bindings` does not need them any more. */
  letGo(bindings: readonly WireBinding[]): void {
    for (const { step } of bindings) {
      const users = (this.#users[step] ?? 0) - 1;
      this.#users[step] = users;
      if (users === 0) this.forget(step); // (N1)
    }
  }

  /** As {@link letGo}, but streams are let go by the node that reads them: the step that takes them makes one itself. */
  handOn(bindings: readonly WireBinding[]): void {
    for (const { step } of bindings) {
      const value = this.#values[step];
      if (this.#users[step] !== 1 || !isStream(value)) continue;
      this.#handed.set(step, value); // (N4)
      this.#values[step] = undefined;
    }
    this.letGo(bindings);
  }

  /** Lets go of a result, whoever needs it. */
  forget(step: number): void {
    const value = this.#values[step];
    if (value === undefined) return;
    this.#values[step] = undefined;
    if (step < this.#given) return; // (N5)
    if (isRef(value)) this.#results.release(value);
    else this.#budget.giveBack(value.length);
  }

  /** Lets go of what is made again, also of a stream that is read by the handler of another one: that one is as well. */
  discard(step: number): void {
    const handed = this.#handed.get(step);
    this.#handed.delete(step);
    if (handed !== undefined) this.#results.release(handed);
    this.forget(step);
  }

  /** Results that other nodes keep are let go by those who are told of them from now on. */
  handOver(bindings: readonly WireBinding[]): void {
    for (const { step } of bindings) if (isRef(this.#values[step])) this.#values[step] = undefined;
  }

  /** Lets go of everything. */
  end(): void {
    for (const step of this.#values.keys()) this.forget(step);
  }
}

function noParts(path: WireBinding["path"], name: string): MpregError {
  const [first] = path;
  const message = `Cannot take ${JSON.stringify(first)} of ${name}: its result is a stream, which has no parts; read it in a step, or collect it there into an array`;
  return new MpregError("path-missing", message);
}

/** (N3) */
export function ownBytes(value: Uint8Array): Uint8Array {
  return value.length * 4 < value.buffer.byteLength ? value.slice() : value;
}
