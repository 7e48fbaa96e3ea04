/**
 * Step table: which steps of a request wait, run and have ended, and how many inputs each still waits for.
 *
 * Owns the counts; what the states say about the request as a whole is `step-states.ts`, when steps start is `request.ts`.
 *
 * (A1) A step is ready once: when the last of its inputs is there, or is there again.
 * (A2) A step that has failed takes with it all that need it, however indirectly, and nothing else.
 * (A3) A step may run again when its function allowed that as it was offered when it ran, and a map when all that has run for
 *      its items may; also when it has failed: what the map around it has lost may lie behind that.
 * (A4) What a step has done stands, also when it is to run again.
 */
import type { MpregError, Outcome } from "../../base/index.js";
import type { RequestStep } from "../../wire/index.js";
import { mayRunAgain } from "../dispatch/hedging.js";
import type { Plan } from "../graph/plan.js";
import { type Presence, inputsOf } from "./revival.js";
import { type StepState, blocked, done, givenState, outcomeWith } from "./step-states.js";

export class StepTable {
  readonly #plan: Plan;
  readonly #steps: readonly RequestStep[];
  readonly #given: number;
  #states: StepState[];
  /** Inputs each step still waits for. */
  readonly #missing: Int32Array;
  readonly #repeatable: Uint8Array;
  #left: number;
  /** What is known of steps that were run and are to run again. (A4) */
  #earlier: Outcome = "not-applied";

  /** The first `given` steps have run, as it were: what they have come to was given. */
  constructor(plan: Plan, steps: readonly RequestStep[], given: number) {
    this.#plan = plan;
    this.#steps = steps;
    this.#given = given;
    this.#states = new Array<StepState>(steps.length).fill(blocked).fill(givenState, 0, given);
    this.#missing = plan.waitsFor.slice();
    this.#repeatable = new Uint8Array(steps.length);
    this.#left = steps.length - given;
  }

  /** How many steps have not ended. */
  get left(): number {
    return this.#left;
  }

  get states(): readonly StepState[] {
    return this.#states;
  }

  of(index: number): StepState {
    return this.#states[index] ?? blocked;
  }

  /** Whether the step has a result, be it given. */
  hasEnded(index: number): boolean {
    const { kind } = this.of(index);
    return kind === "done" || kind === "given";
  }

  /** Those that wait for `index`. */
  dependentsOf(index: number): Int32Array {
    const { dependents, dependentsStart } = this.#plan;
    return dependents.subarray(dependentsStart[index], dependentsStart[index + 1]);
  }

  /** The first step that has not ended. */
  firstOpen(): number {
    return this.#states.findIndex(({ kind }) => kind === "running" || kind === "mapping" || kind === "blocked");
  }

  /** It has begun. */
  begun(index: number, state: StepState & { readonly kind: "running" | "mapping" }): void {
    this.#states[index] = state;
  }

  done(index: number, mayRepeat: boolean): void {
    this.#left -= 1;
    this.#repeatable[index] = mayRepeat ? 1 : 0;
    this.#states[index] = done;
  }

  failed(index: number, error: MpregError, mayRepeat: boolean): void {
    this.#left -= 1;
    this.#repeatable[index] = mayRepeat ? 1 : 0;
    this.#states[index] = { kind: "failed", error };
  }

  /** One input of `index` has come; answers whether it was the last that it has waited for. (A1) */
  inputCame(index: number): boolean {
    if (this.of(index).kind !== "blocked") return false;
    const missing = (this.#missing[index] as number) - 1;
    this.#missing[index] = missing;
    return missing === 0;
  }

  /** Those that need no more than what was given. */
  readyAtStart(): readonly number[] {
    for (let step = 0; step < this.#given; step++) {
      for (const dependent of this.dependentsOf(step)) this.inputCame(dependent);
    }
    return [...this.#missing.keys()].filter((step) => step >= this.#given && this.#missing[step] === 0);
  }

  /** What needs the result of `failed`, however indirectly, will not start; `skipped` is told of each and why. (A2) */
  skipDependents(failed: number, skipped: (step: number, because: number) => void): void {
    const queue = [failed];
    for (const because of queue) {
      for (const dependent of this.dependentsOf(because)) {
        if (this.of(dependent).kind !== "blocked") continue;
        this.#states[dependent] = { kind: "skipped", because };
        this.#left -= 1;
        skipped(dependent, because);
        queue.push(dependent);
      }
    }
  }

  /**
   * `ended` have to run again, and then `needing`, which has not ended, if any, and of whose run `outcome` is known; answers
   * those that can start now. (A1)
   */
  again(
    ended: ReadonlySet<number>,
    needing: number | undefined,
    outcome: Outcome,
    presenceOf: (step: number) => Presence,
  ): readonly number[] {
    if (this.#earlier === "not-applied" && ended.size > 0) this.#earlier = "applied"; // (A4)
    if (needing !== undefined && outcome !== "not-applied" && this.#earlier !== "unknown") this.#earlier = outcome;
    const waitsFor = (step: number): number =>
      [...inputsOf(step, this.#steps)].filter((input) => presenceOf(input) !== "there").length;
    const starting = needing === undefined ? [...ended] : [...ended, needing];
    const missing = starting.map((step) => [step, waitsFor(step)] as const);
    for (const step of ended) {
      this.#states[step] = blocked;
      this.#left += 1;
      for (const dependent of this.dependentsOf(step)) {
        if (this.of(dependent).kind === "blocked") this.#missing[dependent] = (this.#missing[dependent] ?? 0) + 1;
      }
    }
    if (needing !== undefined) this.#states[needing] = blocked;
    for (const [step, count] of missing) this.#missing[step] = count;
    return missing.filter(([, count]) => count === 0).map(([step]) => step);
  }

  /** What is known of the effects of all steps together, and of something that has ended with `outcome`. */
  outcomeWith(outcome: Outcome): Outcome {
    const known = outcome === "unknown" || this.#earlier === "not-applied" ? outcome : this.#earlier;
    return outcomeWith(known, this.#states);
  }

  /** Whether the step has run, and may run again. (A3) */
  isRepeatable(index: number): boolean {
    return this.#repeatable[index] === 1;
  }

  /** Whether all that has run, or runs, may run again. (A3) */
  mayRunAgain(): boolean {
    return this.#states.every((state, index) => {
      if (state.kind === "running") return mayRunAgain(state.task);
      if (state.kind === "mapping") return state.mapping.isRepeatable;
      if (state.kind === "failed" && state.error.outcome === "not-applied") return true;
      return (state.kind !== "done" && state.kind !== "failed") || this.isRepeatable(index);
    });
  }

  /** The request is over; answers what its steps were at. */
  end(): readonly StepState[] {
    const states = this.#states;
    this.#states = [];
    return states;
  }
}
