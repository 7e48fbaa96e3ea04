/**
 * Messages that end a call, a step or a request. Layouts: docs/protocol.md, "Answers".
 */
import type { MpregError } from "../base/index.js";
import { readError, writeError } from "./error.js";
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import { type Reader, malformed } from "./reader.js";
import { type ResultRef, readRef, writeRef } from "./result-messages.js";
import type { Writer } from "./writer.js";

/** How long the work waited and ran on the node that did it, in microseconds. */
export interface Timings {
  readonly queueUs: number;
  readonly runUs: number;
}

/** An encoded value, or a reference to one that stays where it is. */
export type Value = Uint8Array | ResultRef;

/** One value: the answer to a call, a step or an inspection. */
export interface AnswerMessage {
  readonly kind: "answer";
  readonly id: number;
  readonly timings: Timings | undefined;
  /** Encoded {@link RequestSummary}, where the caller asked for it. */
  readonly summary: Uint8Array | undefined;
  /** The handler of the step has left something behind, which the far side keeps under `id`. */
  readonly left?: boolean | undefined;
  /** A reference where the value is kept by the node that has it. */
  readonly value: Value;
}

/** The call, step or request `id` failed. */
export interface FailureMessage {
  readonly kind: "failure";
  readonly id: number;
  readonly error: MpregError;
  /** As in {@link AnswerMessage}. */
  readonly left?: boolean | undefined;
}

/** The caller no longer wants the answer to `id`, nor what was left behind by the step. */
export interface CancelMessage {
  readonly kind: "cancel";
  readonly id: number;
}

/** Nothing goes on any more of what the step `id` has left behind. */
export interface LeftEndMessage {
  readonly kind: "left-end";
  readonly id: number;
}

/** Whether anybody hears the end of the step `id` just now: its client may have no connection for a while. */
export interface HeardMessage {
  readonly kind: "heard";
  readonly id: number;
  readonly isHeard: boolean;
}

/** What became of one step, in a request that settles. */
export type StepReport =
  | { readonly status: "done" }
  | { readonly status: "failed"; readonly error: MpregError }
  | { readonly status: "skipped"; readonly because: number };

/** The outputs of a request, in the order it named them; `undefined` where the step it comes from did not end well. */
export interface ResultsMessage {
  readonly kind: "results";
  readonly id: number;
  readonly summary: Uint8Array | undefined;
  /** One entry per step, only in a request that settles. */
  readonly reports: readonly StepReport[] | undefined;
  readonly outputs: readonly (Value | undefined)[];
}

const answerTags = { timings: 1, summary: 2, kept: 3, left: 33 } as const;
const outputForm = { none: 0, inline: 1, kept: 2 } as const;
const failureTags = { retryAfterMs: 1, request: 2, left: 33 } as const;
const resultsTags = { summary: 1, reports: 2, retryAfterMs: 3 } as const;
const reportStatus = { done: 0, failed: 1, skipped: 2 } as const;

export function writeAnswer(
  writer: Writer,
  id: number,
  value: Value,
  timings?: Timings,
  summary?: Uint8Array,
  left = false,
): void {
  writer.begin(kinds.answer).u32(id);
  if (timings !== undefined) {
    writer.field(answerTags.timings).varint(timings.queueUs).varint(timings.runUs).endField();
  }
  if (summary !== undefined) writer.field(answerTags.summary).raw(summary).endField();
  if (left) writer.field(answerTags.left).endField();
  if (value instanceof Uint8Array) {
    writer.endFields().raw(value);
  } else {
    writeRef(writer.field(answerTags.kept), value).endField().endFields();
  }
}

export function readAnswer(reader: Reader, limits: WireLimits): AnswerMessage {
  const id = reader.u32();
  let timings: Timings | undefined;
  let summary: Uint8Array | undefined;
  let kept: ResultRef | undefined;
  let left: boolean | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === answerTags.timings) timings = { queueUs: reader.varint(), runUs: reader.varint() };
    else if (tag === answerTags.summary) summary = reader.field();
    else if (tag === answerTags.kept) kept = readRef(reader, limits);
    else if (tag === answerTags.left) left = true;
    reader.skipField();
  }
  return { kind: "answer", id, timings, summary, left, value: kept ?? reader.rest() };
}

export function writeFailure(writer: Writer, id: number, error: MpregError, left = false): void {
  writeError(writer.begin(kinds.failure).u32(id), error);
  // a side that is older reads no further than the error
  if (error.retryAfterMs === undefined && error.request === undefined && !left) return;
  if (error.retryAfterMs !== undefined) writer.field(failureTags.retryAfterMs).varint(error.retryAfterMs).endField();
  if (error.request !== undefined) writer.field(failureTags.request).text(error.request).endField();
  if (left) writer.field(failureTags.left).endField();
  writer.endFields();
}

export function readFailure(reader: Reader): FailureMessage {
  const id = reader.u32();
  let error = readError(reader);
  let left: boolean | undefined;
  if (reader.position === reader.end) return { kind: "failure", id, error, left };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === failureTags.retryAfterMs) error = error.after(reader.varint());
    else if (tag === failureTags.request) error = error.at({ request: reader.name() });
    else if (tag === failureTags.left) left = true;
    reader.skipField();
  }
  return { kind: "failure", id, error, left };
}

export function writeCancel(writer: Writer, id: number): void {
  writer.begin(kinds.cancel).u32(id);
}

export function writeLeftEnd(writer: Writer, id: number): void {
  writer.begin(kinds.leftEnd).u32(id);
}

export function writeHeard(writer: Writer, id: number, isHeard: boolean): void {
  writer
    .begin(kinds.heard)
    .u32(id)
    .u8(isHeard ? 1 : 0);
}

export function writeResults(writer: Writer, message: Omit<ResultsMessage, "kind">): void {
  writer.begin(kinds.results).u32(message.id);
  if (message.summary !== undefined) writer.field(resultsTags.summary).raw(message.summary).endField();
  if (message.reports !== undefined) {
    writer.field(resultsTags.reports).varint(message.reports.length);
    for (const report of message.reports) {
      writer.u8(reportStatus[report.status]);
      if (report.status === "failed") writeError(writer, report.error);
      else if (report.status === "skipped") writer.varint(report.because);
    }
    writer.endField();
    writeRetries(writer, message.reports);
  }
  writer.endFields().varint(message.outputs.length);
  for (const output of message.outputs) {
    if (output === undefined) writer.u8(outputForm.none);
    else if (output instanceof Uint8Array) writer.u8(outputForm.inline).blob(output);
    else writeRef(writer.u8(outputForm.kept), output);
  }
}

/** When steps that were refused can be asked for again: an error in a report has no room for what is new. */
function writeRetries(writer: Writer, reports: readonly StepReport[]): void {
  reports.forEach((report, step) => {
    if (report.status !== "failed" || report.error.retryAfterMs === undefined) return;
    writer.field(resultsTags.retryAfterMs).varint(step).varint(report.error.retryAfterMs).endField();
  });
}

export function readResults(reader: Reader, limits: WireLimits): ResultsMessage {
  const id = reader.u32();
  let summary: Uint8Array | undefined;
  let reports: StepReport[] | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === resultsTags.summary) summary = reader.field();
    else if (tag === resultsTags.reports) reports = readReports(reader);
    else if (tag === resultsTags.retryAfterMs) readRetry(reader, reports);
    reader.skipField();
  }
  const outputs: (Value | undefined)[] = [];
  for (let left = reader.count("outputs", Infinity); left > 0; left--) outputs.push(readOutput(reader, limits));
  return { kind: "results", id, summary, reports, outputs };
}

function readRetry(reader: Reader, reports: StepReport[] | undefined): void {
  const step = reader.varint();
  const retryAfterMs = reader.varint();
  const report = reports?.[step];
  if (reports === undefined || report?.status !== "failed") return;
  reports[step] = { status: "failed", error: report.error.after(retryAfterMs) };
}

function readOutput(reader: Reader, limits: WireLimits): Value | undefined {
  const form = reader.u8();
  if (form === outputForm.none) return undefined;
  return form === outputForm.kept ? readRef(reader, limits) : reader.blob();
}

function readReports(reader: Reader): StepReport[] {
  const reports: StepReport[] = [];
  for (let left = reader.count("step reports", Infinity); left > 0; left--) {
    const status = reader.u8();
    if (status === reportStatus.done) reports.push({ status: "done" });
    else if (status === reportStatus.failed) reports.push({ status: "failed", error: readError(reader) });
    else if (status === reportStatus.skipped) reports.push({ status: "skipped", because: reader.varint() });
    else throw malformed("a step report with an unknown status");
  }
  return reports;
}
