/**
 * Message fields: what the parts of a message that is sent have to be: where it comes in, and where a program gives it away.
 *
 * (F1) A program checks its message, and its receipts, before they travel with those of others: what is wrong with one is its own affair.
 */
import { quoted } from "../../base/index.js";
import { bytes, checkField, type Field, flag, isRecord, number, optional, text, textRecord, texts } from "./fields.js";
import type { OutgoingMessage } from "../types.js";

const attributes: Field = {
  is: (value) => isRecord(value) && Object.values(value).every(isAttribute),
  what: "an object of { type, value }",
};

export const messageFields: { readonly [F in keyof OutgoingMessage]-?: Field } = {
  id: optional(text),
  body: bytes,
  headers: optional(textRecord),
  attributes: optional(attributes),
  group: optional(text),
  dedup: optional(text),
  priority: optional(number),
  delayMs: optional(number),
  ttlMs: optional(number),
  after: optional(texts),
  idempotencyKey: optional(text),
  correlationId: optional(text),
  replyTo: optional(text),
  keepResult: optional(flag),
};

/** Throws `invalid-argument` where one that is given is not what it has to be. (F1) */
export function checkMessageField(queue: string, name: keyof OutgoingMessage, value: unknown): void {
  const field = messageFields[name];
  if (!field.is(value)) checkField(value, field, `a message to queue ${quoted(queue)}`, name);
}

/** The same of receipts, which travel with others, too. (F1) */
export function checkReceipts(queue: string, receipts: unknown): void {
  if (!texts.is(receipts)) checkField(receipts, texts, `queue ${quoted(queue)}`, "receipts");
}

function isAttribute(value: unknown): boolean {
  return (
    isRecord(value) && typeof value.type === "string" && (typeof value.value === "string" || bytes.is(value.value))
  );
}
