/** Options of topics, and the checks that they are what they should be, before anything is sent. */
import {
  MpregError,
  type Utf8,
  checkOptions,
  checkTopic,
  kindOf,
  optionNames,
  parsePattern,
  quoted,
} from "../base/index.js";
import { type CancelSignal, checkListeners, durationMs } from "../rpc/index.js";
import {
  CheckedFilter,
  type MessageFields,
  type Overflow,
  isReserved,
  overflows,
  priorityMax,
  reservedPattern,
} from "../topics/index.js";
import { isWellFormed } from "../values/index.js";
import type { SubscribeMessage, WireReplay } from "../wire/index.js";
import type { ConfirmOptions, PublishOptions, SubscribeOptions, WaitOptions } from "./api.js";

/** As the wire has it, before it has a number. */
export type Wish = Omit<SubscribeMessage, "kind" | "id" | "number" | "replay">;

export const windowBytesDefault: number = 4 * 1024 * 1024;

/** Patterns of one subscription, as nodes have it. */
const patternsMax = 64;
/** UTF-8 bytes of an id, as nodes have it; what is as long in characters is looked at no closer. */
const idBytesMax = 256;

const subscribeNames = optionNames<SubscribeOptions>({
  backlog: true,
  filter: true,
  group: true,
  buffer: true,
  overflow: true,
  windowBytes: true,
  onMessage: true,
  signal: true,
  timeoutMs: true,
});

const bufferNames = optionNames<NonNullable<SubscribeOptions["buffer"]>>({ messages: true, bytes: true });

/** Throws `invalid-argument`. */
export function wishOf(patterns: unknown, options: SubscribeOptions, utf8: Utf8): Wish {
  checkOptions(options, subscribeNames, "subscribe");
  checkWait(options, "subscribe");
  const { filter, buffer = {}, windowBytes } = options;
  // from here on the types may be wrong
  const { onMessage, group, overflow }: Partial<Record<keyof SubscribeOptions, unknown>> = options;
  if (onMessage !== undefined && typeof onMessage !== "function") {
    throw refusal(`subscribe: onMessage must be a function, got ${kindOf(onMessage)}`);
  }
  if (group !== undefined && (typeof group !== "string" || group === "")) {
    throw refusal(`subscribe: group must be a text that is not empty, got ${shown(group)}`);
  }
  if (overflow !== undefined && !overflows.includes(overflow as Overflow)) {
    throw refusal(`subscribe: overflow must be one of ${overflows.join(", ")}, got ${shown(overflow)}`);
  }
  checkOptions(buffer, bufferNames, "subscribe: buffer");
  if (filter !== undefined) new CheckedFilter(filter, utf8); // throws what is wrong with it
  return {
    patterns: checkedPatterns(patterns),
    filter: filter && {
      match: filter.match,
      headers: Object.entries(filter.headers).map(([name, value]) => [name, value === true ? undefined : value]),
    },
    group,
    overflow: overflow as Overflow | undefined,
    bufferMessagesMax: checkedCount("buffer.messages", buffer.messages),
    bufferBytesMax: checkedCount("buffer.bytes", buffer.bytes),
    windowBytes: checkedCount("windowBytes", windowBytes) ?? windowBytesDefault,
  };
}

/** What is asked of the backlog. Throws `invalid-argument`. */
export function replayOf(backlog: unknown): WireReplay | undefined {
  if (backlog === undefined) return undefined;
  if (backlog === "last") return { kind: "last", value: 0 };
  if (typeof backlog === "number" && Number.isSafeInteger(backlog) && backlog >= 1)
    return { kind: "count", value: backlog };
  if (typeof backlog === "object" && backlog !== null && "ageMs" in backlog) {
    const { ageMs } = backlog;
    if (typeof ageMs === "number" && ageMs > 0 && ageMs <= Number.MAX_SAFE_INTEGER)
      return { kind: "age", value: Math.ceil(ageMs) };
  }
  throw refusal(
    `subscribe: backlog must be "last", how many messages (at least 1), or { ageMs }, got ${shown(backlog)}`,
  );
}

const waitNames = optionNames<WaitOptions>({ signal: true, timeoutMs: true });

/** How long something may take, in ms; 0: as long as it takes. Throws `invalid-argument`. */
export function waitMsOf(options: WaitOptions, who: string): number {
  checkOptions(options, waitNames, who);
  return checkWait(options, who);
}

const publishNames = optionNames<Omit<ConfirmOptions, never>>({
  headers: true,
  id: true,
  correlationId: true,
  replyTo: true,
  ttlMs: true,
  priority: true,
  confirm: true,
  signal: true,
  timeoutMs: true,
});

const requestNames = optionNames<Omit<PublishOptions, "replyTo" | "correlationId">>({
  headers: true,
  id: true,
  ttlMs: true,
  priority: true,
  signal: true,
  timeoutMs: true,
});

/** How long a request may take, in ms; 0: not said. Throws `invalid-argument`, also for what only a publish has. */
export function requestMsOf(options: Omit<PublishOptions, "replyTo" | "correlationId">): number {
  checkOptions(options, requestNames, "publishRequest");
  return checkWait(options, "publishRequest");
}

const respondNames = optionNames<Omit<SubscribeOptions, "onMessage" | "backlog">>({
  filter: true,
  group: true,
  buffer: true,
  overflow: true,
  windowBytes: true,
  signal: true,
  timeoutMs: true,
});

/** Throws `invalid-argument`. */
export function checkResponder(answer: unknown, options: Omit<SubscribeOptions, "onMessage" | "backlog">): void {
  checkOptions(options, respondNames, "respond");
  if (typeof answer === "function") return;
  throw refusal(`respond: what answers must be a function, got ${kindOf(answer)}`);
}

/** A publish that says more than topic and payload, checked. */
export interface CheckedPublish {
  readonly fields: MessageFields;
  readonly confirm: ConfirmOptions["confirm"] | undefined;
  readonly timeoutMs: number;
}

/** Throws `invalid-argument`. */
export function checkedPublish(options: PublishOptions & { readonly confirm?: unknown }): CheckedPublish {
  checkOptions(options, publishNames, "publish");
  const { id, correlationId, replyTo, ttlMs, priority, confirm } = options;
  const headers = headersOf(options.headers);
  checkId("id", id);
  checkId("correlationId", correlationId);
  if (replyTo !== undefined) checkTopic(replyTo);
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= priorityMax)) {
    throw refusal(`publish: priority must be an integer from 0 to ${priorityMax}, got ${shown(priority)}`);
  }
  if (confirm !== undefined && confirm !== "local" && confirm !== "subscribers") {
    throw refusal(`publish: confirm must be "local" or "subscribers", got ${shown(confirm)}`);
  }
  const timeoutMs = checkWait(options, "publish");
  const ttl = ttlMs === undefined ? undefined : durationMs(ttlMs, "ttlMs", "publish");
  return { fields: { id, headers, correlationId, replyTo, ttlMs: ttl, priority }, confirm, timeoutMs };
}

/** Throws `invalid-argument` for a topic to which nothing can be published, `denied` for one of the cluster's. */
export function checkPublished(topic: string): void {
  checkTopic(topic);
  if (!isReserved(topic)) return;
  const message = `Cannot publish to ${quoted(topic)}: ${quoted(reservedPattern)} belongs to the cluster; other topics work`;
  throw new MpregError("denied", message);
}

function checkedPatterns(given: unknown): readonly string[] {
  const patterns: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (patterns.length === 0) throw refusal(`subscribe: it needs at least one pattern; "#" matches every topic`);
  if (patterns.length > patternsMax) {
    throw refusal(`subscribe: it has ${patterns.length} patterns; at most ${patternsMax} work`);
  }
  return [...new Set(patterns.map((pattern) => parsePattern(pattern as string)))]; // which refuses what is no text
}

function headersOf(headers: unknown): ReadonlyMap<string, string> | undefined {
  if (headers === undefined) return undefined;
  // a Map, or the Headers of a fetch, has no entries of its own: none of it would be sent
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    const got = kindOf(headers);
    throw refusal(`publish: headers must be an object of texts such as { region: "eu" }, got ${got}`);
  }
  const entries: [string, unknown][] = Object.entries(headers);
  for (const [name, value] of entries) {
    if (typeof value !== "string")
      throw refusal(`publish: header ${quoted(name)} must be a text, got ${kindOf(value)}`);
    checkWhole(`header ${quoted(name)}`, name);
    checkWhole(`header ${quoted(name)}`, value);
  }
  return new Map(entries as [string, string][]);
}

/** What has no UTF-8 would arrive as something else. */
function checkWhole(what: string, text: string): void {
  if (!isWellFormed(text)) throw refusal(`publish: ${what} has half of a surrogate pair; only whole ones become UTF-8`);
}

function checkId(option: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "string" && value !== "" && value.length <= idBytesMax) return checkWhole(option, value);
  throw refusal(`publish: ${option} must be a text of 1 to ${idBytesMax} bytes, got ${shown(value)}`);
}

export function checkWait(options: WaitOptions, who: string): number {
  checkListeners({ signal: options.signal }, who);
  return durationMs(options.timeoutMs, "timeoutMs", who);
}

function checkedCount(option: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw refusal(`subscribe: ${option} must be an integer of at least 1, got ${String(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? quoted(value) : typeof value === "number" ? String(value) : kindOf(value);
}

function refusal(message: string): MpregError {
  return new MpregError("invalid-argument", message);
}

/** What a program is told whose signal has aborted. */
export function cancelled(signal: CancelSignal, outcome: "not-applied" | "unknown" = "not-applied"): MpregError {
  return new MpregError("cancelled", "The caller cancelled", { outcome, cause: signal.reason });
}
