/**
 * Settings: what a queue may be told, checked.
 *
 * (S1) What is refused is named, with the value and what would work.
 */
import { MpregError, checkOptions, optionNames, parsePattern, quoted } from "../../base/index.js";
import { invalid } from "../asked/fields.js";
import { checkConsumer } from "../function-consumer.js";
import { isSame, wholeSettings } from "./given-settings.js";
import type { GivenSettings, QueueSettings } from "../types.js";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A standard queue: at least once, 30 s of visibility, four days of retention, a million messages in 1 GiB. */
export const defaultQueueSettings: QueueSettings = {
  durable: true,
  guarantee: { kind: "at-least-once" },
  order: "standard",
  priorityAgeMs: undefined,
  visibilityMs: 30_000,
  delayMs: 0,
  ttlMs: 4 * dayMs,
  maxReceives: undefined,
  deadLetter: undefined,
  retry: undefined,
  dedup: undefined,
  keyWindowMs: dayMs,
  resultMs: 5 * minuteMs,
  messagesMax: 1_000_000,
  bytesMax: 1024 * 1024 * 1024,
  messageBytesMax: 1024 * 1024,
  overflow: "reject",
  rate: undefined,
  groupRate: undefined,
  consumer: undefined,
  topics: [],
  tags: {},
};

/** How long times may be. A visibility of 12 hours is what SQS allows. */
export const visibilityMsMax: number = 12 * 60 * minuteMs;
export const delayMsMax: number = 365 * dayMs;
const ttlMsMax = 366 * dayMs;
const countMax = 100_000_000;
const bytesMax = 2 ** 40;
const messageBytesMax = 64 * 1024 * 1024;
/** Characters of names and values, together. */
const tagsLengthMax = 65_536;
const neededMax = 1_000;
const perSecondMax = 10_000_000;

const known = optionNames<QueueSettings>({
  durable: true,
  guarantee: true,
  order: true,
  priorityAgeMs: true,
  visibilityMs: true,
  delayMs: true,
  ttlMs: true,
  maxReceives: true,
  deadLetter: true,
  retry: true,
  dedup: true,
  keyWindowMs: true,
  resultMs: true,
  messagesMax: true,
  bytesMax: true,
  messageBytesMax: true,
  overflow: true,
  rate: true,
  groupRate: true,
  consumer: true,
  topics: true,
  tags: true,
});

/** Queue names: letters, digits, `.`, `-` and `_`; at most 80 characters, as SQS has it. */
const nameForm = /^[A-Za-z0-9_.-]{1,80}$/;

/** Throws `invalid-argument` unless a queue, or a subscription of one, may have that name. */
export function checkQueueName(name: string, what: "queue" | "subscription" = "queue"): void {
  if (nameForm.test(name)) return;
  throw invalid(`a ${what} is named by 1 to 80 letters, digits, ".", "-" and "_", got ${quoted(name)}`);
}

/** Throws `invalid-argument` where something is no setting (S1). */
export function checkSettingNames(queue: string, given: GivenSettings): void {
  checkOptions(given, known, `queue ${quoted(queue)}`);
}

/**
 * `given` over `before`, or over the defaults. Throws `invalid-argument` where something is no setting or out of range (S1).
 *
 * A queue whose guarantee is `fire-and-forget` is in memory only, whether or not it is said.
 */
export function checkSettings(
  queue: string,
  given: GivenSettings,
  before: QueueSettings = defaultQueueSettings,
): QueueSettings {
  const who = `queue ${quoted(queue)}`;
  checkSettingNames(queue, given);
  const merged = { ...before, ...wholeSettings(given) };
  const forgets = merged.guarantee.kind === "fire-and-forget";
  if (forgets && given.durable === true)
    throw invalid(`${who}: "fire-and-forget" is in memory only, and cannot be durable`);
  const settings: QueueSettings = forgets ? { ...merged, durable: false } : merged;
  const check = new Check(who);
  check.oneOf("order", settings.order, ["standard", "fifo", "priority"]);
  check.oneOf("overflow", settings.overflow, ["reject", "drop-oldest"]);
  check.oneOf("guarantee.kind", settings.guarantee.kind, ["fire-and-forget", "at-least-once", "broadcast", "quorum"]);
  if (settings.guarantee.kind === "quorum") check.integer("guarantee.needed", settings.guarantee.needed, 1, neededMax);
  check.optional("priorityAgeMs", settings.priorityAgeMs, 1, delayMsMax);
  check.integer("visibilityMs", settings.visibilityMs, 0, visibilityMsMax);
  check.integer("delayMs", settings.delayMs, 0, delayMsMax);
  check.integer("ttlMs", settings.ttlMs, 1, ttlMsMax);
  check.integer("keyWindowMs", settings.keyWindowMs, 0, ttlMsMax);
  check.integer("resultMs", settings.resultMs, 0, ttlMsMax);
  check.optional("maxReceives", settings.maxReceives, 1, 1_000_000);
  check.integer("messagesMax", settings.messagesMax, 1, countMax);
  check.integer("bytesMax", settings.bytesMax, 1, bytesMax);
  check.integer("messageBytesMax", settings.messageBytesMax, 1, messageBytesMax);
  checkTogether(queue, settings, before === defaultQueueSettings ? undefined : before);
  checkParts(check, settings);
  checkConsumer(queue, settings.consumer, settings.guarantee.kind);
  return settings;
}

function checkTogether(queue: string, settings: QueueSettings, before: QueueSettings | undefined): void {
  const who = `queue ${quoted(queue)}`;
  const { maxReceives, deadLetter, delayMs, ttlMs } = settings;
  if (deadLetter !== undefined) checkQueueName(deadLetter);
  if (deadLetter === queue) {
    throw invalid(`${who}: "deadLetter" must be another queue, got ${quoted(queue)}: create one for dead letters`);
  }
  if (delayMs >= ttlMs) {
    const helps = `make "delayMs" shorter, or "ttlMs" longer`;
    throw invalid(
      `${who}: after "delayMs" (${delayMs}) the time of messages, "ttlMs" (${ttlMs}), would be over: ${helps}`,
    );
  }
  if ((maxReceives === undefined) !== (deadLetter === undefined)) {
    throw invalid(
      `${who}: "maxReceives" and "deadLetter" are given together, got ${String(maxReceives)} and ${String(deadLetter)}`,
    );
  }
  for (const name of ["durable", "order"] as const) {
    if (before !== undefined && before[name] !== settings[name]) {
      throw invalid(
        `${who}: "${name}" is ${String(before[name])} for ever; create another queue and move the messages`,
      );
    }
  }
  if (before !== undefined && !isSame(before.guarantee, settings.guarantee)) {
    throw invalid(
      `${who}: "guarantee" is "${before.guarantee.kind}" for ever; create another queue and move the messages`,
    );
  }
}

function checkParts(check: Check, { retry, dedup, rate, groupRate, topics, tags }: QueueSettings): void {
  if (retry !== undefined) {
    check.integer("retry.baseMs", retry.baseMs, 0, delayMsMax);
    check.integer("retry.maxMs", retry.maxMs, retry.baseMs, delayMsMax);
  }
  if (dedup !== undefined) {
    check.integer("dedup.windowMs", dedup.windowMs, 1, ttlMsMax);
    check.oneOf("dedup.scope", dedup.scope, ["queue", "group"]);
  }
  for (const [name, given] of [["rate", rate] as const, ["groupRate", groupRate] as const]) {
    if (given === undefined) continue;
    check.number(`${name}.perSecond`, given.perSecond, 0.001, perSecondMax);
    check.integer(`${name}.burst`, given.burst, 1, perSecondMax);
  }
  checkTopics(check, topics);
  check.integer("the number of tags", Object.keys(tags).length, 0, 50);
  let length = 0;
  for (const name in tags) length += name.length + (tags[name] as string).length;
  check.integer("the length of the tags", length, 0, tagsLengthMax);
}

function checkTopics(check: Check, topics: readonly string[]): void {
  check.integer("topics.length", topics.length, 0, 64);
  for (const topic of topics) {
    try {
      parsePattern(topic);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      throw check.wrong("topics", error.message);
    }
  }
}

/** The checks of one queue's settings. */
class Check {
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  wrong(name: string, why: string): MpregError {
    return invalid(`${this.#who}: "${name}": ${why}`);
  }

  integer(name: string, value: number, min: number, max: number): void {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return;
    throw invalid(`${this.#who}: "${name}" must be an integer from ${min} to ${max}, got ${String(value)}`);
  }

  optional(name: string, value: number | undefined, min: number, max: number): void {
    if (value !== undefined) this.integer(name, value, min, max);
  }

  number(name: string, value: number, min: number, max: number): void {
    if (typeof value === "number" && value >= min && value <= max) return;
    throw invalid(`${this.#who}: "${name}" must be a number from ${min} to ${max}, got ${String(value)}`);
  }

  oneOf(name: string, value: string, values: readonly string[]): void {
    if (values.includes(value)) return;
    throw invalid(`${this.#who}: "${name}" must be one of ${values.map(quoted).join(", ")}, got ${quoted(value)}`);
  }
}
