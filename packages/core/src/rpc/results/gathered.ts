/**
 * Gathered: tells the end of a run to a program of this node, with all values: those that are kept elsewhere are fetched
 * before.
 *
 * (D1) Its asker hears one end.
 * (D2) A value that was fetched, or is not wanted any more, is let go where it is kept.
 * (D3) Where a value is gone with the node that kept it, all is run again, if all of it may be run twice.
 * (D4) A stream is told as a reference: its asker reads it, and lets go of it. One that cannot gets an array of its items.
 * (D5) An end after that is not told as if nothing had been done: the run before has come to its end.
 * (D6) It ends when the time of what was asked for is over, whatever is heard of the nodes that keep its values; so does
 *      the reading of a stream, whose reference says when that is.
 */
import { MpregError, Timer } from "../../base/index.js";
import type { ResultRef, StepReport, Timings, Value } from "../../wire/index.js";
import type { RequestEvent } from "../events.js";
import type { Left } from "../left.js";
import type { Asker, Run, RunAsker } from "../run.js";
import type { RequestSummary } from "../types.js";
import { type Gathering, isFetchable, isRef } from "./gather.js";
import type { Arrays, Results } from "./results.js";

/** Beyond the time allowed: how long whoever has the values may take to say itself what has become of them. */
const graceMs = 500;

/** How often a program's ask is run again because its results were lost. */
const rerunsMax = 3;

export class Gathered implements RunAsker, Run {
  readonly #asker: Asker;
  readonly #results: Results;
  #run: Run | undefined;
  /** How its streams become arrays, where they do. (D4) */
  readonly #arrays: Arrays | undefined;
  #gathering: Gathering | undefined;
  #refs: readonly ResultRef[] = [];
  #reruns = 0;
  readonly #untilMs: number;
  #end: Timer | undefined;
  readonly #rerun: (gathered: Gathered, nowMs: number) => boolean;

  /**
   * The time of what is asked for is over at `deadlineMs`. `rerun` starts it again, with the time that is left; answers
   * whether it may.
   */
  constructor(
    asker: Asker,
    results: Results,
    { deadlineMs, stepOf }: { readonly deadlineMs: number; readonly stepOf: Arrays["stepOf"] },
    rerun: (gathered: Gathered, nowMs: number) => boolean,
  ) {
    this.#asker = asker;
    this.#untilMs = deadlineMs + graceMs;
    this.#arrays = asker.takesStreams === true ? undefined : { limit: results.arrayLimit(asker.arrayLimit), stepOf };
    this.#results = results;
    this.#rerun = rerun;
  }

  /** The run whose end it tells; what comes back ends that, and the fetches after it. */
  startedBy(run: Run): Run {
    this.#run = run;
    return this;
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    this.#asker.event?.(event, value);
  }

  left(left: Left): void {
    this.#asker.left?.(left);
  }

  answered(value: Value, timings: Timings | undefined, summary: RequestSummary | undefined, nowMs: number): void {
    if (!this.#isToCome(value)) return this.#asker.answered(this.#told(value), timings, summary);
    this.#gather([value], nowMs, ([fetched]) => {
      this.#asker.answered(fetched as Value, timings, summary);
    });
  }

  results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
    nowMs: number,
  ): void {
    const tell = (values: readonly (Value | undefined)[]): void => {
      const told = values.some(isRef) ? values.map((value) => value && this.#told(value)) : values;
      this.#asker.results(told, reports, summary);
    };
    if (outputs.some((output) => this.#isToCome(output))) this.#gather(outputs, nowMs, tell);
    else tell(outputs);
  }

  /** (D6) */
  #told(value: Value): Value {
    return isRef(value) ? { ...value, untilMs: this.#untilMs } : value;
  }

  failed(error: MpregError): void {
    const isApplied = this.#reruns > 0 && error.outcome === "not-applied"; // (D5)
    this.#asker.failed(isApplied ? error.withOutcome("applied") : error);
  }

  fail(error: MpregError): void {
    if (this.#gathering === undefined) return this.#run?.fail(error);
    if (this.#stop()) this.#asker.failed(error.withOutcome("applied"));
  }

  abandon(): void {
    if (this.#gathering === undefined) this.#run?.abandon();
    else this.#stop();
  }

  #gather(
    values: readonly (Value | undefined)[],
    nowMs: number,
    done: (values: readonly (Value | undefined)[]) => void,
  ): void {
    this.#refs = values.filter(isRef);
    const gathering = this.#results.gather(
      values,
      undefined,
      nowMs,
      (fetched) => {
        this.#refs = this.#refs.filter((ref) => this.#isToCome(ref)); // (D4)
        this.#release();
        done(fetched);
      },
      (error, thenMs) => {
        this.#release();
        this.#gathering = undefined;
        const mayRerun = error.code === "result-lost" && ++this.#reruns <= rerunsMax;
        if (mayRerun && this.#rerun(this, thenMs)) return; // (D3)
        const isCut = this.#arrays !== undefined && error.outcome === "unknown"; // of a stream: its handler was ended
        this.#asker.failed(isCut ? error : error.withOutcome("applied"));
      },
      this.#arrays,
    );
    if (this.#refs.length === 0) return; // it has ended meanwhile, and perhaps begun again
    this.#gathering = gathering;
    this.#end = new Timer(() => {
      this.fail(new MpregError("deadline", "The time allowed ran out before all of the answer had come"));
    });
    this.#results.timers.schedule(this.#end, this.#untilMs); // (D6)
  }

  #isToCome(value: Value | undefined): boolean {
    return this.#arrays !== undefined ? isRef(value) : isFetchable(value);
  }

  /** Answers whether anything was stopped. (D1) */
  #stop(): boolean {
    if (this.#refs.length === 0) return false;
    this.#gathering?.stop();
    this.#release();
    return true;
  }

  /** (D2) */
  #release(): void {
    if (this.#end !== undefined) this.#results.timers.unschedule(this.#end);
    for (const ref of this.#refs) this.#results.releaseOutput(ref);
    this.#refs = [];
  }
}
