/**
 * Asked: operations that come from elsewhere, checked: that each is one, that its fields have the types they should have, and that there are no
 * others. What their values may be the queue itself says.
 */
import { type Outcome, isErrorCode, kindOf, quoted, suggestion } from "../../base/index.js";
import { askedSettings } from "./asked-settings.js";
import {
  type Field,
  bytes,
  checkFields,
  flag,
  invalid,
  isRecord,
  list,
  number,
  optional,
  record,
  text,
  texts,
} from "./fields.js";
import { messageFields } from "./message-fields.js";
import type { Operation, QueueOperation } from "../types.js";

const items: Field = {
  is: (value) => Array.isArray(value) && value.every(isItem),
  what: "an array of { number, form, content }",
};
const failure: Field = { is: isFailure, what: "{ code, outcome }, as errors have them" };
const results: Field = {
  is: (value) => Array.isArray(value) && value.every((each) => each === undefined || isResult(each)),
  what: "an array of results",
};

const operations: {
  readonly [O in Operation]: { readonly [F in keyof Extract<QueueOperation, { readonly op: O }>]-?: Field };
} = {
  send: { op: text, messages: list },
  receive: {
    op: text,
    max: number,
    waitMs: number,
    visibilityMs: optional(number),
    subscription: optional(text),
    groupMax: optional(number),
    attempt: optional(text),
  },
  ack: { op: text, receipts: texts, results: optional(results), late: optional(flag) },
  release: {
    op: text,
    receipts: texts,
    delayMs: optional(number),
    error: optional(text),
    failure: optional(failure),
    uncounted: optional(flag),
    attempt: optional(text),
    subscription: optional(text),
  },
  extend: { op: text, receipts: texts, visibilityMs: number },
  browse: { op: text, state: optional(text), from: optional(text), limit: number, subscription: optional(text) },
  result: { op: text, id: text, waitMs: number },
  withdraw: { op: text, id: text },
  purge: { op: text },
  delete: { op: text },
  stats: { op: text },
  settings: { op: text },
  update: { op: text, settings: record },
  subscribe: { op: text, name: text },
  unsubscribe: { op: text, name: text },
  transfer: { op: text, origin: text, call: number, messages: items, kept: optional(number), over: optional(flag) },
  redrive: { op: text, to: optional(text), perSecond: optional(number) },
  redrives: { op: text },
  "cancel-redrive": { op: text, id: text },
  schedule: {
    op: text,
    name: text,
    message: record,
    missed: optional(text),
    cron: optional(text),
    timeZone: optional(text),
    everyMs: optional(number),
    at: optional(number),
  },
  unschedule: { op: text, name: text },
  schedules: { op: text },
};

/** `value` as what is asked of the queue of that name. Throws `invalid-argument`. (O1 of `fields.ts`) */
export function askedOperation(queue: string, value: unknown): QueueOperation {
  const who = `queue ${quoted(queue)}`;
  if (!isRecord(value)) throw invalid(`${who}: an operation is an object with "op", got ${kindOf(value)}`);
  const { op } = value;
  if (typeof op !== "string" || !Object.hasOwn(operations, op)) {
    const all = Object.keys(operations);
    const got = typeof op === "string" ? `${quoted(op)}${suggestion(op, all)}` : kindOf(op);
    throw invalid(`${who}: "op" must be one of ${all.join(", ")}, got ${got}`);
  }
  checkFields(value, operations[op as Operation], `${who}: ${op}`);
  if (op === "send") {
    const { messages } = value as unknown as { readonly messages: readonly unknown[] };
    for (const [index, message] of messages.entries())
      checkFields(message, messageFields, () => `${who}: messages[${index}]`);
  }
  if (op === "schedule") checkFields(value.message, messageFields, `${who}: message`);
  if (op === "update") return { op, settings: askedSettings(queue, value.settings) };
  return value as unknown as QueueOperation;
}

function isItem(value: unknown): boolean {
  return isRecord(value) && number.is(value.number) && number.is(value.form) && bytes.is(value.content);
}

const outcomes: ReadonlySet<unknown> = new Set<Outcome>(["not-applied", "applied", "unknown"]);

function isFailure(value: unknown): boolean {
  return isRecord(value) && typeof value.code === "string" && isErrorCode(value.code) && outcomes.has(value.outcome);
}

function isResult(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.kind === "done") return value.value === undefined || bytes.is(value.value);
  return value.kind === "failed" && isFailure(value) && text.is(value.error);
}
