/**
 * Waiters: each settles the promise of one call or request, when its end is told.
 *
 * (W1) Its promise settles once, with the first end.
 * (W2) An error without a place gets the step that waits and the node that was asked: a node that names no other speaks
 *      of itself.
 * (W3) A stream that would be in several places of what a request answers has as many readers, and is refused as one that
 *      several steps would read. Of an answer that fails here nobody reads the streams: they are let go at once.
 */
import { MpregError, type Outcome } from "../../base/index.js";
import { onAbort } from "../../structures/index.js";
import type { StepReport, Timings, Value } from "../../wire/index.js";
import type { Asking } from "./ask.js";
import type { CancelSignal, RunOptions } from "../graph/call-options.js";
import type { PreparedRequest } from "../graph/encode.js";
import type { RequestEvent } from "../events.js";
import { severalReaders } from "../request/readers.js";
import { isStream } from "../results/index.js";
import type { ItemReader } from "../results/item-reader.js";
import type { Asker } from "../run.js";
import type { CallSpan } from "../tracing/tracing.js";
import type { RequestSpec, RequestSummary, StepOutcome } from "../types.js";

abstract class Waiter implements Asker {
  protected readonly asking: Asking;
  readonly takesStreams: boolean;
  readonly #step: string | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #options: RunOptions | undefined;
  readonly #span: CallSpan | undefined;
  #stopListening: (() => void) | undefined;
  #over = false;
  /** What the listener for events has thrown: it is told nothing more. */
  #thrown: { readonly cause: unknown } | undefined;

  /** `step` waits, where it is one that waits and not a whole request. */
  constructor(
    asking: Asking,
    step: string | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: RunOptions | undefined,
    span?: CallSpan,
  ) {
    this.asking = asking;
    this.takesStreams = asking.openStream !== undefined;
    this.#step = step;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#options = options;
    this.#span = span;
  }

  /** Cancels the ask when `signal` aborts. */
  cancelWith(signal: CancelSignal, ask: number): void {
    if (this.#over) return; // it has failed before it was on its way
    this.#stopListening = onAbort(signal, () => {
      this.asking.withdraw(ask);
      this.cancelled(signal, "unknown");
    });
  }

  /** The caller has cancelled. */
  cancelled(signal: CancelSignal, outcome: Outcome): void {
    this.failed(new MpregError("cancelled", "The caller cancelled", { outcome, cause: signal.reason }));
  }

  event(event: RequestEvent, value: Uint8Array | undefined): void {
    if (this.#over || this.#thrown !== undefined) return;
    try {
      const told = value === undefined ? event : { ...event, value: this.asking.codec.decode(value) };
      this.#options?.onEvent?.(told);
    } catch (cause) {
      this.#thrown = { cause };
    }
  }

  answered(_value: Value, _timings: Timings | undefined, _summary: RequestSummary | undefined): void {
    this.failed(unexpected("a single value"));
  }

  results(
    _outputs: readonly (Value | undefined)[],
    _reports: readonly StepReport[] | undefined,
    _summary: RequestSummary | undefined,
  ): void {
    this.failed(unexpected("a request's results"));
  }

  failed(error: MpregError): void {
    this.#end(error);
    this.#reject(error.at({ step: this.#step, node: this.asking.nodeName })); // (W2)
  }

  /** What a value of the answer, the result of `step`, is to the program. A stream ends with the signal of the call. */
  protected read(value: Value, step: string | undefined = this.#step): unknown {
    if (value instanceof Uint8Array) return this.asking.codec.decode(value);
    const stream = this.asking.openStream?.(value);
    if (stream !== undefined) stream.place = { step, node: this.asking.nodeName }; // (W2)
    const signal = this.#options?.signal;
    if (signal !== undefined) stream?.cancelWith(signal);
    return stream;
  }

  /** Ends with an answer that cannot be read: what was asked for has been done. */
  protected unreadable(error: unknown): void {
    if (error instanceof MpregError) return this.failed(error.withOutcome("applied"));
    this.#end(new MpregError("malformed", "The answer cannot be read", { cause: error }));
    this.#reject(error);
  }

  /** Ends well. `value` was read from the answer; a summary is told before. */
  protected settle(value: unknown, summary: RequestSummary | undefined): void {
    this.#end(undefined);
    try {
      if (summary !== undefined) this.#options?.onSummary?.(summary);
    } catch (cause) {
      const message = "The call has ended well, but onSummary threw";
      return this.failed(new MpregError("invalid-argument", message, { outcome: "applied", cause }));
    }
    if (this.#thrown !== undefined) {
      const { cause } = this.#thrown;
      const message = "The call has ended well, but onEvent threw";
      return this.failed(new MpregError("invalid-argument", message, { outcome: "applied", cause }));
    }
    this.#resolve(value);
  }

  #end(error: MpregError | undefined): void {
    if (!this.#over) this.#span?.end(error);
    this.#over = true; // (W1): whatever a promise is told after its first end it ignores
    this.#stopListening?.();
  }
}

/** Waits for one value: of a call, or of a question about the cluster. */
export class ValueWaiter extends Waiter {
  override answered(value: Value, _timings: Timings | undefined, summary: RequestSummary | undefined): void {
    let decoded: unknown;
    try {
      decoded = this.read(value);
    } catch (error) {
      return this.unreadable(error);
    }
    this.settle(decoded, summary);
  }
}

export class RequestWaiter extends Waiter {
  readonly #prepared: PreparedRequest;

  constructor(
    asking: Asking,
    prepared: PreparedRequest,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    options: RunOptions,
    span: CallSpan | undefined,
  ) {
    // what is wrong with one of its steps is told of that step
    super(asking, undefined, resolve, reject, options, span);
    this.#prepared = prepared;
  }

  override results(
    outputs: readonly (Value | undefined)[],
    reports: readonly StepReport[] | undefined,
    summary: RequestSummary | undefined,
  ): void {
    const { spec } = this.#prepared;
    const values: unknown[] = [];
    let value: unknown;
    try {
      this.#checkReaders(outputs); // (W3)
      const stepOf = (index: number): string | undefined => spec.steps[spec.outputs[index]?.step ?? -1]?.name;
      for (const [index, output] of outputs.entries()) values.push(output && this.read(output, stepOf(index)));
      value = this.#prepared.assemble(
        values,
        reports?.map((report) => outcomeOf(report, spec)),
      );
    } catch (error) {
      for (const [index, output] of outputs.entries()) {
        if (!isStream(output)) continue;
        const reader = (values[index] as ItemReader | undefined) ?? this.asking.openStream?.(output);
        void reader?.return(); // (W3)
      }
      return this.unreadable(error);
    }
    this.settle(value, summary);
  }

  /** (W3) */
  #checkReaders(outputs: readonly (Value | undefined)[]): void {
    const { spec, repeated } = this.#prepared;
    for (const [index, times] of repeated ?? []) {
      if (!isStream(outputs[index])) continue;
      const step = spec.steps[spec.outputs[index]?.step ?? -1];
      throw severalReaders(step?.name ?? "", step?.fun ?? "", new Array<string>(times).fill("whoever has asked"));
    }
  }
}

function outcomeOf(report: StepReport, spec: RequestSpec): StepOutcome {
  if (report.status === "failed") return { status: "failed", error: report.error };
  if (report.status === "skipped") return { status: "skipped", because: spec.steps[report.because]?.name ?? "" };
  return { status: "done" };
}

function unexpected(what: string): MpregError {
  return new MpregError("malformed", `The node has answered with ${what} to something else`, { outcome: "unknown" });
}
