/**
 * Told outputs: what a request has come to and its asker has not fetched yet, while it may have to be made again.
 *
 * Owns who waits for which output, and where each was kept. Which steps run again is `revival.ts`, running them
 * `request.ts`.
 *
 * (T1) An output is held until its asker lets go of it, by whatever reference it was told of it.
 * (T2) Everybody who waits for an output is answered once.
 * (T3) When nothing can be made again any more, what is left belongs to those who were told of it.
 */
import { MpregError } from "../../base/index.js";
import type { ResultRef, WireBinding } from "../../wire/index.js";
import { type Results, isFetchable } from "../results/index.js";
import type { LostOutput, OutputOwner, OutputReader } from "../results/outputs.js";
import type { StepResults } from "./step-results.js";

/** The request whose outputs they are. */
export interface ToldRun {
  /** Whether the step has run, and is not being run again. */
  isDone(step: number): boolean;
  /** Runs again what it takes to have the result of `step`; answers why not. */
  runAgain(step: number, error: MpregError, nowMs: number): MpregError | undefined;
  /** Nothing of it is needed any more. */
  left(): void;
}

export interface ToldFields {
  readonly outputs: readonly WireBinding[];
  readonly values: StepResults;
  readonly results: Results;
  readonly nodeId: string;
}

interface Told {
  /** All places where it was kept. (T1) */
  readonly refs: ResultRef[];
  /** What is here, and was lent to those who read it. */
  readonly lentKeys: number[];
  readers: OutputReader[];
}

export class ToldOutputs implements OutputOwner {
  readonly #fields: ToldFields;
  readonly #run: ToldRun;
  readonly #told = new Map<number, Told>();
  #lastMs = 0;

  constructor(fields: ToldFields, run: ToldRun) {
    this.#fields = fields;
    this.#run = run;
  }

  /** Holds what other nodes keep. Streams are let go by whoever reads them. */
  hold(): void {
    const { outputs, values, results } = this.#fields;
    values.handOver(outputs.filter(({ step }) => !isFetchable(values.of(step))));
    for (const { step } of outputs) {
      const value = values.of(step);
      if (!isFetchable(value) || this.#told.has(step)) continue;
      this.#told.set(step, { refs: [value], lentKeys: [], readers: [] });
      results.outputs.add(value, this, step);
    }
  }

  remake(step: number, { ref, error }: LostOutput, reader: OutputReader, nowMs: number): void {
    const told = this.#told.get(step);
    if (told === undefined) return reader.failed(error, nowMs);
    this.#lastMs = nowMs;
    const now = told.refs.at(-1);
    const isLast = now?.key === ref.key && now.holder === ref.holder;
    if (now !== undefined && !isLast && this.#run.isDone(step)) return reader.made(now, nowMs);
    told.readers.push(reader);
    if (!this.#run.isDone(step)) return; // others wait for it already
    const refusal = this.#run.runAgain(step, error, nowMs);
    if (refusal !== undefined) refuseAll(taken(told), refusal, nowMs);
  }

  /** The step has run again: whoever waits for its result reads it. (T2) */
  made(step: number, nowMs: number): void {
    const told = this.#told.get(step);
    if (told === undefined) return;
    const { values, results } = this.#fields;
    const value = values.of(step);
    const ref = value instanceof Uint8Array ? this.#lend(value, told) : value;
    if (!isFetchable(ref)) return refuseAll(taken(told), becameStream(), nowMs);
    told.refs.push(ref);
    results.outputs.add(ref, this, step);
    for (const reader of taken(told)) reader.made(ref, nowMs);
  }

  /** (T1) */
  letGo(step: number): void {
    const { outputs, values } = this.#fields;
    const readers = this.#take(step);
    values.letGo(outputs.filter((output) => output.step === step));
    if (this.#told.size === 0) this.#run.left();
    refuseAll(readers, notNeeded(), this.#lastMs);
  }

  /** Tells `error` to all that wait, and leaves the rest to them. (T3) */
  leave(error: MpregError): void {
    const { outputs, values } = this.#fields;
    const readers = this.#takeAll();
    values.handOver(outputs);
    this.#run.left();
    refuseAll(readers, error, this.#lastMs);
  }

  /** The run is over. */
  end(): void {
    refuseAll(this.#takeAll(), notNeeded(), this.#lastMs);
  }

  #lend(bytes: Uint8Array, told: Told): ResultRef {
    const { results, nodeId } = this.#fields;
    const ref = results.kept.lend(bytes, { step: "", keptFor: { kind: "node", nodeId }, untilMs: Infinity });
    told.lentKeys.push(ref.key);
    return ref;
  }

  #takeAll(): readonly OutputReader[] {
    return [...this.#told.keys()].flatMap((step) => this.#take(step));
  }

  #take(step: number): readonly OutputReader[] {
    const told = this.#told.get(step);
    if (told === undefined) return [];
    this.#told.delete(step);
    const { outputs, kept } = this.#fields.results;
    for (const ref of told.refs) outputs.delete(ref);
    for (const key of told.lentKeys) kept.release(key);
    return taken(told);
  }
}

function taken(told: Told): readonly OutputReader[] {
  const { readers } = told;
  told.readers = [];
  return readers;
}

/** (T2) */
function refuseAll(readers: readonly OutputReader[], error: MpregError, nowMs: number): void {
  for (const reader of readers) reader.failed(error, nowMs);
}

function notNeeded(): MpregError {
  return new MpregError(
    "result-lost",
    "A result was lost, and is not made again: whoever asked for it has let go of it",
  );
}

function becameStream(): MpregError {
  return new MpregError("result-lost", "A result was lost, and what its step has come to since is a stream");
}

/** What those hear who wait for a result when the time of its request is over. */
export function timeIsOver(): MpregError {
  return new MpregError(
    "deadline",
    "A result was lost, and the time allowed for the request ran out before it was made again",
  );
}
