/**
 * Single: a run of one call, the shape of most traffic.
 */
import type { MpregError } from "../base/index.js";
import type { Timings, Value } from "../wire/index.js";
import type { Progress } from "./events.js";
import type { Watch } from "./watching/watch.js";
import type { Work } from "./dispatch/hedging.js";
import type { AbortReason } from "./host.js";
import { type Left, LeftBehind } from "./left.js";
import { bytesOf } from "./results/index.js";
import { type Run, type RunAsker, callerGone } from "./run.js";
import type { Summary } from "./watching/summary.js";
import type { Task, TaskOwner } from "./task.js";

/** What is kept of a call that is watched, or whose summary is wanted. */
interface Followed {
  readonly watch: Watch;
  readonly summary: Summary;
}

/** What is done with the work of a run. */
interface Works {
  /** Nobody wants it any more. */
  drop(work: Work, reason: AbortReason): void;
  /** Nobody hears its end just now, or somebody does again. */
  heard(work: Work, isHeard: boolean): void;
}

export class SingleRun implements Run, TaskOwner {
  readonly #asker: RunAsker;
  readonly #works: Works;
  readonly #watch: Watch | undefined;
  readonly #summary: Summary | undefined;
  readonly #isSummaryTold: boolean;
  #task: Work | undefined = undefined;
  #over = false;
  #left: LeftBehind | undefined = undefined;

  /** `followed`: where what becomes of it is kept; `isSummaryTold`: its asker wants the summary. */
  constructor(asker: RunAsker, works: Works, followed?: Followed, isSummaryTold = false) {
    this.#asker = asker;
    this.#works = works;
    this.#watch = followed?.watch;
    this.#summary = followed?.summary;
    this.#isSummaryTold = isSummaryTold;
  }

  /** The task this run waits for. A task that failed at once has told so before. */
  waitFor(task: Work): void {
    if (!task.isOver) this.#task = task;
  }

  heard(isHeard: boolean): void {
    if (this.#task !== undefined) this.#works.heard(this.#task, isHeard);
  }

  started(task: Task): void {
    this.#watch?.started(task);
  }

  progress(task: Task, progress: Progress): void {
    if (this.#watch === undefined) this.#asker.progress?.(progress);
    else this.#watch.progress(task, progress);
  }

  left(left: Left): void {
    (this.#left ??= new LeftBehind()).add(left);
  }

  completed(task: Task, value: Value, timings: Timings | undefined, nowMs: number): void {
    this.#over = true;
    this.#task = undefined;
    this.#left?.handOn(this.#asker);
    this.#summary?.stepEnded(task, bytesOf(value), timings, nowMs);
    this.#watch?.completed(task.step, task.ranOn, value);
    this.#watch?.finished();
    this.#asker.answered(value, timings, this.#isSummaryTold ? this.#summary?.finish(nowMs) : undefined, nowMs);
  }

  failed({ step }: Task, error: MpregError): void {
    this.#over = true;
    this.#task = undefined;
    this.#left?.handOn(this.#asker);
    const told = this.#watch === undefined ? error : error.at({ request: this.#watch.requestId });
    this.#watch?.stepFailed(step, told);
    this.#watch?.failed(told);
    this.#asker.failed(told);
  }

  fail(error: MpregError): void {
    if (this.#over) return; // (U1)
    this.#task?.revoke();
    const begun = this.#task?.begun === true;
    this.#stop("cancelled");
    const told = (begun ? error.withOutcome("unknown") : error).at({ request: this.#watch?.requestId });
    this.#watch?.failed(told);
    this.#asker.failed(told);
  }

  abandon(): void {
    const isOver = this.#over;
    this.#stop("caller-gone");
    if (!isOver) this.#watch?.abandoned(this.#asker, callerGone());
  }

  #stop(reason: AbortReason): void {
    this.#over = true;
    this.#left?.abandon();
    const task = this.#task;
    this.#task = undefined;
    if (task !== undefined) this.#works.drop(task, reason);
  }
}
