/**
 * True results: what an asker is told is what has happened.
 *
 * (T1) Every value is the one evaluated; none belongs to another ask.
 * (T2) Success means that every step has run, once, and ended well.
 * (T3) `not-applied` means that no handler of the ask has started or ever will; `applied` that none is still running.
 * (T4) Undisturbed, an ask ends exactly as evaluated; disturbed, only with what its faults can cause.
 * (T5) No token is started twice.
 * (T6) A summary names every step that ended well, and the node on which it ran.
 */
import { areSameBytes } from "@mpreg/core/base";
import type { RequestSummary, Settled } from "@mpreg/core/rpc";
import type { StepReport, Value } from "@mpreg/core/wire";
import { codec } from "../capabilities/codec.js";
import { type StepEnd, lookUp } from "../workload/evaluate.js";
import type { Ledger } from "../workload/ledger.js";
import type { Part, PlannedAsk, PlannedStep } from "../workload/plan.js";
import type { World } from "../world.js";
import type { Checker, Report } from "./types.js";

/** Its time may be over before its node knows that nobody offers it, or while it waits for somebody who does. */
const unofferedCodes = ["no-provider", "deadline"] as const;

export interface TrueResultsOptions {
  readonly ledger: Ledger;
  readonly evaluate: (ask: PlannedAsk) => readonly StepEnd[];
  /** Does some node offer what the step needs? */
  readonly isOffered: (step: PlannedStep) => boolean;
  /** Error codes that what happens in this world can cause. */
  readonly excuses: readonly string[];
}

export class TrueResults implements Checker {
  readonly guarantee = "true-results";
  readonly #options: TrueResultsOptions;
  readonly #report: Report;
  readonly #notApplied: string[] = [];

  constructor(options: TrueResultsOptions, report: Report) {
    this.#options = options;
    this.#report = report;
  }

  /** An ask of the plan has ended. */
  answered(ask: PlannedAsk, settled: Settled): void {
    // told by the asker itself, which has lost its link or is part of a node that is down
    if (settled.kind === "failed" && settled.error.code === "not-connected") return;
    const ends = this.#options.evaluate(ask);
    if (settled.kind === "failed") this.#failed(ask, ends, settled.error);
    else if (settled.kind === "answered") this.#value(ask, new PartOf(ends, 0), settled.value);
    else this.#results(ask, ends, settled);
    if (settled.kind !== "failed" && settled.summary !== undefined) this.#summary(ask, settled.summary);
    if (settled.kind !== "failed" && ask.summary !== (settled.summary !== undefined)) {
      this.#report(`${nameOf(ask)} got a summary, or none, wrongly`);
    }
    if (settled.kind !== "failed" && !ask.settle) for (const step of ask.steps) this.#hasRun(step); // (T2)
  }

  /** (T3, T5) */
  finish(_world: World, report: Report): void {
    for (const token of this.#notApplied) {
      const record = this.#options.ledger.get(token);
      if (record !== undefined)
        report(`${token} was told to be not applied, and started on ${record.startedOn.join(", ")}`);
    }
    for (const [token, { startedOn }] of this.#options.ledger.entries()) {
      if (startedOn.length > 1) report(`${token} was started on ${startedOn.join(" and on ")}`);
    }
  }

  #results(ask: PlannedAsk, ends: readonly StepEnd[], settled: Extract<Settled, { kind: "results" }>): void {
    const { outputs, reports } = settled;
    if (outputs.length !== ask.outputs.length) {
      return this.#report(`${nameOf(ask)} has ${ask.outputs.length} outputs and got ${outputs.length}`);
    }
    ask.outputs.forEach((part, index) => {
      const value = outputs[index];
      const isDone = reports === undefined || reports[part.step]?.status === "done";
      if (value !== undefined) this.#value(ask, new PartOf(ends, part.step, part), value);
      else if (isDone) this.#report(`${nameOf(ask)} got no output ${index}, though its step is done`);
    });
    if (ask.settle !== (reports !== undefined))
      this.#report(`${nameOf(ask)} got reports of its steps, or none, wrongly`);
    reports?.forEach((report, index) => {
      this.#stepReport(ask, index, report, ends[index] as StepEnd);
    });
  }

  /** (T6) */
  #summary(ask: PlannedAsk, summary: RequestSummary): void {
    for (const { token, fun } of ask.steps) {
      const record = this.#options.ledger.get(token);
      const told = summary.steps.filter(({ name }) => name === (ask.kind === "call" ? fun : token));
      if (told.length > 1) this.#report(`${nameOf(ask)} has ${told.length} summaries of step ${token}`);
      if (record?.endedWell !== 1 && told.length > 0) this.#report(`step ${token} has a summary, and did not end well`);
      if (told[0] !== undefined && record?.startedOn[0] !== told[0].node) {
        this.#report(
          `step ${token} is told to have run on ${told[0].node}, not on ${record?.startedOn.join(", ") ?? "none"}`,
        );
      }
    }
  }

  #stepReport(ask: PlannedAsk, index: number, report: StepReport, end: StepEnd): void {
    const step = ask.steps[index] as PlannedStep;
    if (report.status === "done") {
      if (end.kind !== "ok") this.#report(`step ${step.token} is told to be done, and cannot be`);
      return this.#hasRun(step); // (T2)
    }
    if (report.status === "skipped") {
      this.#notApplied.push(step.token);
      if (end.kind === "ok" && this.#strict(ask)) this.#report(`step ${step.token} was skipped without a reason`); // (T4)
      return;
    }
    this.#outcome([step], report.error.outcome, step.token);
    const expected: string[] = end.kind === "fails" ? [end.code] : [];
    if (!this.#options.isOffered(step)) expected.push(...unofferedCodes);
    // a step whose result does not have what an output names has run in vain
    const lacks = (part: Part): boolean => part.step === index && new PartOf([end], 0, part).missing;
    if (ask.outputs.some(lacks)) expected.push("path-missing");
    this.#code(ask, report.error.code, report.error.message, expected);
  }

  #failed(
    ask: PlannedAsk,
    ends: readonly StepEnd[],
    error: { readonly code: string; readonly message: string; readonly outcome: string },
  ): void {
    this.#outcome(ask.steps, error.outcome, nameOf(ask));
    const expected = ends.flatMap((end) => (end.kind === "fails" ? [end.code] : []));
    if (ask.outputs.some((part) => new PartOf(ends, part.step, part).missing)) expected.push("path-missing");
    if (ask.settle) expected.length = 0; // then only the request itself can fail
    if (!ask.steps.every(this.#options.isOffered)) expected.push(...unofferedCodes);
    this.#code(ask, error.code, error.message, expected);
  }

  /** (T4) */
  #code(ask: PlannedAsk, code: string, message: string, expected: readonly string[]): void {
    if (expected.includes(code) || ask.mayEndWith.includes(code) || this.#options.excuses.includes(code)) return;
    this.#report(`${nameOf(ask)} ended with ${code} (${message}); it could only with [${expected.join(", ")}]`);
  }

  /** (T3) */
  #outcome(steps: readonly PlannedStep[], outcome: string, what: string): void {
    if (outcome === "not-applied") this.#notApplied.push(...steps.map(({ token }) => token));
    if (outcome !== "applied") return;
    let started = 0;
    for (const { token } of steps) {
      const record = this.#options.ledger.get(token);
      if (record === undefined) continue;
      started += 1;
      const ended = record.endedWell + record.failed;
      if (record.startedOn.length > ended) this.#report(`${what} is told to be applied, and ${token} still runs`);
    }
    if (started === 0) this.#report(`${what} is told to be applied, and nothing has started`);
  }

  /** (T1) */
  #value(ask: PlannedAsk, part: PartOf, value: Value): void {
    if (!(value instanceof Uint8Array)) return this.#report(`${nameOf(ask)} got a stream for step ${part.step}`);
    const expected = part.value;
    if (expected === undefined) {
      return this.#report(`${nameOf(ask)} got ${shown(value)} for step ${part.step}, which cannot have a value`);
    }
    const bytes = codec.encode(expected.found, "expected");
    if (areSameBytes(bytes, value)) return;
    this.#report(`${nameOf(ask)} got ${shown(value)} for step ${part.step}, not ${shown(bytes)}`);
  }

  #hasRun({ token }: PlannedStep): void {
    const record = this.#options.ledger.get(token);
    if (record?.startedOn.length === 1 && record.endedWell === 1) return;
    const told =
      record === undefined
        ? "never started"
        : `started on ${record.startedOn.join(", ")}, ended well ${record.endedWell} times`;
    this.#report(`step ${token} is told to be done, and has ${told}`);
  }

  /** Nothing excuses another end than the evaluated. */
  #strict(ask: PlannedAsk): boolean {
    return this.#options.excuses.length === 0 && ask.mayEndWith.length === 0;
  }
}

/** A part of an evaluated step. */
class PartOf {
  readonly step: number;
  readonly value: { readonly found: unknown } | undefined;
  /** The step ends well, and has no such part. */
  readonly missing: boolean;

  constructor(ends: readonly StepEnd[], step: number, part?: Part) {
    const end = ends[step];
    this.step = step;
    this.value = end?.kind === "ok" ? lookUp(end.value, part?.path ?? []) : undefined;
    this.missing = end?.kind === "ok" && this.value === undefined;
  }
}

function nameOf(ask: PlannedAsk): string {
  return `ask ${ask.steps[0]?.token.split(".")[0] ?? "?"} of ${ask.asker}`;
}

function shown(bytes: Uint8Array): string {
  const text = JSON.stringify(codec.decode(bytes)) as string | undefined;
  return text === undefined ? "undefined" : text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
