/**
 * Summary: where a request's time went, as its coordinator saw it.
 *
 * Queue and run time are measured by the node that ran the step; network time is what the coordinator's round trip
 * has on top. All times of one summary come from the coordinator's monotonic clock and from durations, never from
 * comparing two machines' clocks.
 *
 * (S1) Of what maps have run for their items only the steps that took longest are told of, `itemStepsMax` of them; of the
 *      rest it is told how many there were and how long they took.
 * (S2) Steps stand in the order in which they ended.
 * (S3) The times of a map are those of the items on which its end waited, and make up all of its time: `runMs` is what
 *      functions ran, never the coordinator's wait for them.
 */
import type { RequestStep, Timings, WireBinding } from "../../wire/index.js";
import { type PathTimes, within } from "../request/item-path.js";
import type { Task } from "../task.js";
import type { RequestSummary, StepSummary } from "../types.js";

/** Steps of items that a summary tells of. */
const itemStepsMax = 100;

/** What a step belongs to that ran for an item. */
interface OfItem {
  readonly map: string;
}

/** A map that has ended well. */
interface Mapped {
  readonly work: { readonly index: number; readonly step: RequestStep };
  readonly items: number;
  readonly readyMs: number;
  readonly times: PathTimes;
}

/** A step, and when it was told of. */
interface Row {
  readonly sequence: number;
  readonly durationMs: number;
  readonly step: StepSummary;
}

export class Summary {
  readonly #requestId: string;
  readonly #coordinator: string;
  readonly #receivedMs: number;
  readonly #rows: Row[] = [];
  readonly #itemRows: Row[] = [];
  #sequence = 0;
  #leftOut = 0;
  #leftOutMs = 0;

  constructor(requestId: string, coordinator: string, receivedMs: number) {
    this.#requestId = requestId;
    this.#coordinator = coordinator;
    this.#receivedMs = receivedMs;
  }

  /**
   * Call before the task's place is forgotten: its node is in `ranOn`. `asked` are the steps among which it stands, none for
   * a single call.
   */
  stepEnded(
    task: Task,
    bytesOut: number,
    timings: Timings | undefined,
    nowMs: number,
    asked: readonly RequestStep[] = noSteps,
    item?: OfItem,
  ): StepSummary {
    const queueMs = (timings?.queueUs ?? 0) / 1000;
    const runMs = (timings?.runUs ?? 0) / 1000;
    const networkMs = task.ranRemotely ? Math.max(0, nowMs - task.startedMs - queueMs - runMs) : 0;
    const waitedMs = task.startedMs - task.readyMs;
    const step: StepSummary = {
      name: task.step,
      fun: task.fun,
      node: task.ranOn,
      readyMs: task.readyMs - this.#receivedMs,
      startMs: task.startedMs - this.#receivedMs + networkMs / 2 + queueMs,
      queueMs: queueMs + waitedMs,
      networkMs,
      runMs,
      bytesIn: task.bound.reduce((sum, value) => sum + value.length, task.template.length),
      bytesOut,
      attempts: task.attempts + 1,
      ...inputsOf(asked[task.index], asked, item),
      ...(item === undefined ? {} : { itemOf: item.map }),
    };
    const row = { sequence: this.#sequence++, durationMs: queueMs + waitedMs + networkMs + runMs, step };
    if (item === undefined) this.#rows.push(row);
    else this.#addItem(row);
    return step;
  }

  /** The map's times are those of the items on which its end waited. (S3) */
  mapEnded(
    { work: { index, step }, items, readyMs, times }: Mapped,
    bytesOut: number,
    nowMs: number,
    asked: readonly RequestStep[],
    item?: OfItem,
  ): StepSummary {
    const sinceMs = readyMs - this.#receivedMs;
    const told: StepSummary = {
      name: step.name,
      fun: "",
      node: this.#coordinator,
      readyMs: sinceMs,
      startMs: sinceMs,
      ...within(times, nowMs - readyMs),
      bytesIn: step.template.length,
      bytesOut,
      attempts: 1,
      ...inputsOf(asked[index], asked, item),
      items,
      ...(item === undefined ? {} : { itemOf: item.map }),
    };
    const row = { sequence: this.#sequence++, durationMs: 0, step: told };
    if (item === undefined) this.#rows.push(row);
    else this.#addItem(row);
    return told;
  }

  /** How many steps have given a result; those of items are not counted. */
  get stepsEnded(): number {
    return new Set(this.#rows.map(({ step }) => step.name)).size; // one may have been run again for its result
  }

  /** The time since it was received. */
  ageMs(nowMs: number): number {
    return nowMs - this.#receivedMs;
  }

  /** The steps that have ended, in that order. */
  get steps(): readonly StepSummary[] {
    return this.finish(0).steps;
  }

  /** The summary at `nowMs`, with the steps that have ended. */
  finish(nowMs: number): RequestSummary {
    const rows = [...this.#rows, ...this.#itemRows].sort((a, b) => a.sequence - b.sequence); // (S2)
    const steps = rows.map(({ step }) => step);
    const totalMs = nowMs - this.#receivedMs;
    const told = { requestId: this.#requestId, coordinator: this.#coordinator, totalMs, steps };
    if (this.#leftOut === 0) return told;
    return { ...told, leftOut: { steps: this.#leftOut, durationMs: this.#leftOutMs } };
  }

  /** (S1) */
  #addItem(row: Row): void {
    const rows = this.#itemRows;
    rows.push(row);
    if (rows.length <= itemStepsMax) return;
    let shortest = 0;
    for (const [at, { durationMs }] of rows.entries()) {
      if (durationMs < (rows[shortest] as Row).durationMs) shortest = at;
    }
    const [left] = rows.splice(shortest, 1);
    this.#leftOut += 1;
    this.#leftOutMs += left?.durationMs ?? 0;
  }
}

const noSteps: readonly RequestStep[] = [];

/** The steps whose results the step took; of those of an item not the item. */
function inputsOf(
  asked: RequestStep | undefined,
  steps: readonly RequestStep[],
  item: OfItem | undefined,
): Pick<StepSummary, "inputs"> {
  if (asked === undefined || asked.bindings.length === 0) return {};
  const taken = asked.bindings.filter(({ step }) => item === undefined || step > 0);
  if (taken.length === 0) return {};
  return { inputs: inputNames(taken, steps) };
}

/** Names of the steps whose results are bound, each once. */
export function inputNames(
  bindings: readonly WireBinding[],
  steps: readonly { readonly name: string }[],
): readonly string[] {
  return [...new Set(bindings.map(({ step }) => steps[step]?.name ?? ""))];
}

/** The id under which people know request number `request` of the node `coordinator`. */
export function requestIdOf(coordinator: string, request: number): string {
  return `${coordinator.slice(0, 8)}-${request.toString(36)}`;
}

/** Whether `text` may be the id of a request. */
export function isRequestId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-z]+$/.test(text);
}
