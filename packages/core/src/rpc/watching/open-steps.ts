/**
 * Open steps: what the steps of a request are at that have no result, while it runs and as they were left at its end.
 *
 * Owns since when each was ready and where it was given to; steps with a result are `summary.ts`.
 *
 * (O1) A step that has no result is told of once, also when the request has failed: as what it was at then.
 * (O2) A step that is ready costs an entry of a table, and nothing else until somebody looks.
 */
import type { Task } from "../task.js";
import type { UnfinishedStep } from "../types.js";

/** A map whose list is there. */
interface Opened {
  readonly kind: "map";
  readonly readyMs: number;
  readonly mappedMs: number;
  readonly items: number;
  readonly itemOf: string | undefined;
}

/** When it was ready, or the task that a node was given for it. */
type Open = number | Task | Opened;

type Ended = Pick<UnfinishedStep, "status" | "code">;

export class OpenSteps {
  readonly #node: string;
  readonly #ageAt: (nowMs: number) => number;
  readonly #open = new Map<string, Open>();
  readonly #ended: UnfinishedStep[] = [];

  /** `node` coordinates the request; `ageAt` is the time since it was received. */
  constructor(node: string, ageAt: (nowMs: number) => number) {
    this.#node = node;
    this.#ageAt = ageAt;
  }

  /** Its inputs are there. */
  ready(step: string, nowMs: number): void {
    this.#open.set(step, nowMs); // (O2)
  }

  started(task: Task): void {
    this.#open.set(task.step, task);
  }

  /** The list of the map is there, which runs for an item of `itemOf`, or for none. */
  mapped(step: string, items: number, itemOf: string | undefined, nowMs: number): void {
    const open = this.#open.get(step);
    const readyMs = typeof open === "number" ? open : nowMs;
    this.#open.set(step, { kind: "map", readyMs, mappedMs: nowMs, items, itemOf });
  }

  /** It has a result. */
  completed(step: string): void {
    this.#open.delete(step);
  }

  /** It has ended without a result. */
  ended(step: string, how: Ended): void {
    const open = this.#open.get(step);
    this.#open.delete(step);
    this.#ended.push({ ...(open === undefined ? { step } : this.#told(step, open)), ...how });
  }

  /** It was called off, where it had not ended. */
  calledOff(step: string): void {
    if (this.#open.has(step)) this.ended(step, { status: "called-off" });
  }

  /** Where those run that a node was given. */
  get running(): { readonly step: string; readonly node: string }[] {
    return this.all.flatMap(({ step, status, node, items }) =>
      status === "running" && node !== undefined && items === undefined ? [{ step, node }] : [],
    );
  }

  /** All of them, but for those that were never ready: first what has ended, then the others as they became ready. */
  get all(): readonly UnfinishedStep[] {
    return [...this.#ended, ...[...this.#open].map(([step, open]) => this.#told(step, open))];
  }

  #told(step: string, open: Open): UnfinishedStep {
    if (typeof open === "number") return { step, status: "ready", readyMs: this.#ageAt(open) };
    if ("kind" in open) {
      const { readyMs, mappedMs, items, itemOf } = open;
      const times = { readyMs: this.#ageAt(readyMs), startMs: this.#ageAt(mappedMs) };
      const of = itemOf === undefined ? {} : { itemOf };
      return { step, status: "running", node: this.#node, ...times, items, ...of };
    }
    const { readyMs, startedMs, ranOn: node } = open;
    return { step, status: "running", node, readyMs: this.#ageAt(readyMs), startMs: this.#ageAt(startedMs) };
  }
}

/** Those of `plan` that are neither among `known` nor among `ended`: they were never ready. */
export function blockedSteps(
  plan: readonly { readonly name: string }[],
  ended: readonly { readonly name: string }[],
  known: readonly UnfinishedStep[],
): readonly UnfinishedStep[] {
  const names = new Set([...ended.map(({ name }) => name), ...known.map(({ step }) => step)]);
  return plan.flatMap(({ name: step }) => (names.has(step) ? [] : [{ step, status: "blocked" as const }]));
}
