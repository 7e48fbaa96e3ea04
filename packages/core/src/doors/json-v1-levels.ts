/**
 * Levels: what the reference's debugging fields say, told of a machine that has no levels.
 *
 * The reference runs all steps whose inputs are there, waits for the last of them, and calls that a level. Here a step
 * starts when its own inputs are there, so levels are only a way to tell what happened, and overlap. Owns which step
 * is in which level, and the texts of `intermediate_results` and `execution_summary`.
 *
 * (V1) A step that uses no other is in level 0, any other one level above the highest of those it uses.
 * (V2) Times are measured, all by the clock of this node: a level takes from when the first of its steps had its
 *      inputs to when the last of its results was here.
 * (V3) Every level tells the results of all levels before it once more. What that takes at least is known, and
 *      refused, before anything runs.
 * (V4) A result that is not there, a stream that a step has read, is left out of its level and of those after it.
 */
import { MpregError, assert } from "../base/index.js";
import type { RequestFields, RequestSummary, StepSummary } from "../rpc/index.js";
import { planRequest } from "../rpc/graph/plan.js";

/** Characters that every level takes beside names, results and its request's id, generously counted. */
const charsPerLevel = 300;

export class Levels {
  readonly #names: readonly string[];
  readonly #levelOf: Int32Array;
  /** The steps of each level, in the order of the request. */
  readonly #steps: readonly (readonly number[])[];

  /** Throws what `planRequest` throws. */
  constructor(request: Pick<RequestFields, "steps" | "outputs">) {
    this.#names = request.steps.map(({ name }) => name);
    this.#levelOf = levelsOf(request);
    const steps: number[][] = [];
    this.#levelOf.forEach((level, step) => (steps[level] ??= []).push(step));
    this.#steps = steps;
  }

  get count(): number {
    return this.#steps.length;
  }

  /** In which level a step is, by its name. */
  indexes(): ReadonlyMap<string, number> {
    return new Map(this.#names.map((name, step) => [name, this.#levelOfStep(step)]));
  }

  /** How many times the intermediate results tell the result of `step`. */
  timesTold(step: number): number {
    return 1 + this.#steps.length - this.#levelOfStep(step);
  }

  /** Characters that the intermediate results take beside the values, told because of `field`. Throws `too-large`. (V3) */
  charsBesideValues(requestId: string, charsMax: number, field: string): number {
    const count = this.#steps.length;
    let chars = count * (charsPerLevel + JSON.stringify(requestId).length);
    this.#names.forEach((name, step) => (chars += this.timesTold(step) * (JSON.stringify(name).length + 2)));
    if (chars <= charsMax) return chars;
    const message = `The intermediate results of ${count} levels take more than the ${charsMax} characters that are allowed; ask without ${field}`;
    throw new MpregError("too-large", message);
  }

  /** `members[step]` is the result of each step, as a member of a JSON object. */
  intermediateResults(
    requestId: string,
    members: readonly string[],
    summary: RequestSummary | undefined,
    wallMs: number,
  ): string {
    const { totalMs, spans } = this.#times(summary);
    const id = JSON.stringify(requestId);
    let all = "";
    const told = this.#steps.map((steps, index) => {
      const own = joined(steps.map((step) => members[step] ?? ""));
      all = joined([all, own]);
      const { startMs, endMs } = spans[index] as Span;
      const times = `"timestamp":${(wallMs - totalMs + endMs) / 1_000},"execution_time_ms":${endMs - startMs}`;
      const counts = `"total_levels":${this.#steps.length},"completed_levels":${index + 1}`;
      return `{"request_id":${id},"level_index":${index},"level_results":{${own}},"accumulated_results":{${all}},${counts},${times}}`;
    });
    return `[${told.join(",")}]`;
  }

  executionSummary(requestId: string, summary: RequestSummary | undefined): string {
    const { totalMs, spans } = this.#times(summary);
    const times = spans.map(({ startMs, endMs }) => endMs - startMs);
    return JSON.stringify({
      request_id: requestId,
      total_execution_time_ms: totalMs,
      total_levels: times.length,
      level_execution_times: times,
      bottleneck_level_index: times.indexOf(times.reduce((most, time) => Math.max(most, time), 0)),
      average_level_time_ms: times.reduce((sum, time) => sum + time, 0) / times.length,
      parallel_commands_executed: this.#names.length,
      cross_cluster_hops: summary?.steps.filter((step) => isRemote(step, summary)).length,
    });
  }

  #times(summary: RequestSummary | undefined): { readonly totalMs: number; readonly spans: readonly Span[] } {
    assert(summary !== undefined, "a request whose levels are wanted asks for its summary");
    const byName = new Map(summary.steps.map((step) => [step.name, step]));
    const spans = this.#steps.map((steps) => spanOf(steps.map((step) => byName.get(this.#names[step] ?? ""))));
    return { totalMs: summary.totalMs, spans };
  }

  #levelOfStep(step: number): number {
    return this.#levelOf[step] ?? 0;
  }
}

/** Members of one object; those that are there. (V4) */
function joined(members: readonly string[]): string {
  return members.filter((member) => member !== "").join(",");
}

/** In ms since the request came in. */
interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** (V2) */
function spanOf(steps: readonly (StepSummary | undefined)[]): Span {
  let startMs = Infinity;
  let endMs = 0;
  for (const step of steps) {
    assert(step !== undefined, "every step of a request that succeeded has ended");
    startMs = Math.min(startMs, step.readyMs);
    endMs = Math.max(endMs, step.readyMs + step.queueMs + step.networkMs + step.runMs);
  }
  return { startMs, endMs };
}

/** Names of nodes need not be unique; a step that ran here has crossed no network. */
function isRemote({ node, networkMs }: StepSummary, { coordinator }: RequestSummary): boolean {
  return node !== coordinator || networkMs > 0;
}

/** (V1) */
function levelsOf(request: Pick<RequestFields, "steps" | "outputs">): Int32Array {
  const { roots, waitsFor, dependents, dependentsStart } = planRequest(request);
  const waiting = waitsFor.slice();
  const levels = new Int32Array(waiting.length);
  const ready = [...roots];
  // grows as it is walked, level by level: a step comes after all that it uses, the highest of which is met last
  for (const step of ready) {
    for (const dependent of dependents.subarray(dependentsStart[step], dependentsStart[step + 1])) {
      levels[dependent] = (levels[step] as number) + 1;
      const left = (waiting[dependent] as number) - 1;
      waiting[dependent] = left;
      if (left === 0) ready.push(dependent);
    }
  }
  return levels;
}
