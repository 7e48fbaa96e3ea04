/**
 * Summary: where a request's time went, as its coordinator saw it.
 *
 * Queue and run time are measured by the node that ran the step; network time is what the coordinator's round trip
 * has on top. All times of one summary come from the coordinator's monotonic clock and from durations, never from
 * comparing two machines' clocks.
 */
import type { RequestStep, Timings, WireBinding } from "../wire/index.js";
import type { Task } from "./task.js";
import type { RequestSummary, StepSummary } from "./types.js";

export class Summary {
  readonly #requestId: string;
  readonly #coordinator: string;
  readonly #receivedMs: number;
  readonly #steps: StepSummary[] = [];
  readonly #asked: readonly RequestStep[];

  /** `asked` are the request's steps; none for a single call. */
  constructor(requestId: string, coordinator: string, receivedMs: number, asked: readonly RequestStep[] = []) {
    this.#requestId = requestId;
    this.#coordinator = coordinator;
    this.#receivedMs = receivedMs;
    this.#asked = asked;
  }

  /** Call before the task's place is forgotten: its node is in `ranOn`. */
  stepEnded(task: Task, bytesOut: number, timings: Timings | undefined, nowMs: number): void {
    const queueMs = (timings?.queueUs ?? 0) / 1000;
    const runMs = (timings?.runUs ?? 0) / 1000;
    const networkMs = task.ranRemotely ? Math.max(0, nowMs - task.startedMs - queueMs - runMs) : 0;
    this.#steps.push({
      name: task.step,
      fun: task.fun,
      node: task.ranOn,
      readyMs: task.readyMs - this.#receivedMs,
      startMs: task.startedMs - this.#receivedMs + networkMs / 2 + queueMs,
      queueMs: queueMs + (task.startedMs - task.readyMs),
      networkMs,
      runMs,
      bytesIn: task.bound.reduce((sum, value) => sum + value.length, task.template.length),
      bytesOut,
      attempts: task.attempts + 1,
      ...this.#inputsOf(task.index),
    });
  }

  #inputsOf(index: number): Pick<StepSummary, "inputs"> {
    const bindings = this.#asked[index]?.bindings ?? [];
    if (bindings.length === 0) return {};
    return { inputs: inputNames(bindings, this.#asked) };
  }

  finish(nowMs: number): RequestSummary {
    const steps = this.#steps;
    return { requestId: this.#requestId, coordinator: this.#coordinator, totalMs: nowMs - this.#receivedMs, steps };
  }
}

/** Names of the steps whose results are bound, each once. */
export function inputNames(bindings: readonly WireBinding[], steps: readonly RequestStep[]): readonly string[] {
  return [...new Set(bindings.map(({ step }) => steps[step]?.name ?? ""))];
}

/** The id under which people know request number `request` of the node `coordinator`. */
export function requestIdOf(coordinator: string, request: number): string {
  return `${coordinator.slice(0, 8)}-${request.toString(36)}`;
}
