/**
 * Asked settings: settings that come from elsewhere, checked: that each is one, and has the type that it should have. What their values may be
 * `settings.ts` says.
 *
 * (T1) What may be left out is left out with `undefined` and, for who cannot say that (a shell, JSON), with `null`.
 */
import { quoted } from "../../base/index.js";
import type { FunctionConsumer } from "../function-consumer.js";
import { type Field, type Fields, checkFields, flag, objectOf, optional, text, textRecord, texts } from "./fields.js";
import { checkSettingNames, defaultQueueSettings } from "../settings/settings.js";
import type { Deduplication, GivenSettings, Guarantee, QueueSettings, Rate, Retry } from "../types.js";

type FieldsOf<T> = { readonly [F in keyof T]-?: Field };

const number: Field = { is: (value) => typeof value === "number", what: "a number" };

const guarantee: FieldsOf<Extract<Guarantee, { readonly kind: "quorum" }>> = { kind: text, needed: optional(number) };
const retry: FieldsOf<Retry> = { baseMs: number, maxMs: optional(number), jitter: optional(flag) };
const dedup: FieldsOf<Deduplication> = {
  windowMs: optional(number),
  scope: optional(text),
  byContent: optional(flag),
};
const rate: FieldsOf<Rate> = { perSecond: number, burst: optional(number) };
const consumer: FieldsOf<FunctionConsumer> = {
  function: text,
  concurrency: optional(number),
  timeoutMs: optional(number),
  version: optional(text),
  resources: optional(texts),
  argument: optional(text),
  withMessage: optional(flag),
};

const settings: FieldsOf<QueueSettings> = {
  durable: flag,
  guarantee: { ...objectOf(guarantee), what: 'an object, such as { kind: "broadcast" }' },
  order: text,
  priorityAgeMs: number,
  visibilityMs: number,
  delayMs: number,
  ttlMs: number,
  maxReceives: number,
  deadLetter: text,
  retry: objectOf(retry),
  dedup: objectOf(dedup),
  keyWindowMs: number,
  resultMs: number,
  messagesMax: number,
  bytesMax: number,
  messageBytesMax: number,
  overflow: text,
  rate: objectOf(rate),
  groupRate: objectOf(rate),
  consumer: objectOf(consumer),
  topics: texts,
  tags: textRecord,
};

/** Nobody has to give any. */
const fields: Fields = Object.fromEntries(Object.entries(settings).map(([name, field]) => [name, optional(field)]));

/** `given` as settings of the queue of that name; what is not among them was not given. Throws `invalid-argument`. */
export function askedSettings(queue: string, given: unknown): GivenSettings {
  checkSettingNames(queue, given as GivenSettings);
  const asked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given as object)) {
    const maybeNone = defaultQueueSettings[name as keyof QueueSettings] === undefined;
    if (maybeNone || value !== undefined) asked[name] = maybeNone && value === null ? undefined : value; // (T1)
  }
  checkFields(asked, fields, `queue ${quoted(queue)}`);
  return asked;
}
