/**
 * Wish: what a consumer asks for when it subscribes, checked.
 *
 * (W1) What is refused is refused with the reason, before anything has changed.
 */
import { MpregError, type Pattern, type Utf8, kindOf, parsePattern, quoted } from "../base/index.js";
import { type Overflow, overflows } from "./delivery/buffer.js";
import { CheckedFilter, type HeaderFilter } from "./delivery/filter.js";
import { type TopicsLimits, boundOf } from "./limits.js";
import type { ReplayWish } from "./backlog/replay.js";
import type { SubscriptionTerms } from "./delivery/subscription.js";
import type { ReplayTerms } from "./late/replays.js";
import type { BacklogAskMessage, SubscribeMessage, WireFilter, WireReplay } from "../wire/index.js";

export interface SubscriptionWish {
  /** At least one. A message that several of them match comes once. */
  readonly patterns: readonly string[];
  readonly filter?: HeaderFilter | undefined;
  /** Of the subscriptions that name the same group and match a message, one gets it. */
  readonly group?: string | undefined;
  /** What it wants of the backlog; nothing unless told. A group's backlog is told to the member that founds it. */
  readonly replay?: ReplayWish | undefined;
  /** `drop-oldest` unless told otherwise. */
  readonly overflow?: Overflow | undefined;
  readonly bufferMessagesMax?: number | undefined;
  readonly bufferBytesMax?: number | undefined;
  readonly windowBytes?: number | undefined;
}

/** What a message of the wire asks for; it is not checked yet. */
export function wishOf(message: Omit<SubscribeMessage, "kind" | "id" | "number">): SubscriptionWish {
  const { filter, replay, overflow } = message;
  return {
    patterns: message.patterns,
    filter: filter === undefined ? undefined : filterOf(filter),
    group: message.group,
    replay: replay === undefined ? undefined : replayOf(replay),
    overflow: overflow as Overflow | undefined,
    bufferMessagesMax: message.bufferMessagesMax,
    bufferBytesMax: message.bufferBytesMax,
    windowBytes: message.windowBytes,
  };
}

/** A filter as it is written. */
export function wireFilterOf({ match, headers }: HeaderFilter): WireFilter {
  const conditions = Object.entries(headers).map(
    ([name, value]) => [name, value === true ? undefined : value] as const,
  );
  return { match, headers: conditions };
}

function filterOf({ match, headers }: WireFilter): HeaderFilter {
  return { match, headers: Object.fromEntries(headers.map(([name, value]) => [name, value ?? true])) };
}

export function wireReplayOf(replay: ReplayWish): WireReplay {
  if (replay.kind === "age") return { kind: "age", value: Math.min(Math.ceil(replay.ageMs), Number.MAX_SAFE_INTEGER) };
  return { kind: replay.kind, value: replay.kind === "count" ? replay.count : 0 };
}

/** What another node asks for, checked. Throws `invalid-argument`. (W1) */
export function checkedReplay(ask: BacklogAskMessage, limits: TopicsLimits, utf8: Utf8): ReplayTerms {
  const { patterns, filter, keptFilter } = ask;
  const wish = replayOf(ask.replay);
  checkReplay(wish);
  const checked = (asked: WireFilter | undefined): CheckedFilter | undefined =>
    asked && new CheckedFilter(filterOf(asked), utf8);
  return { patterns: checkedPatterns(patterns, limits), filter: checked(filter), kept: checked(keptFilter), wish };
}

function replayOf({ kind, value }: WireReplay): ReplayWish {
  if (kind === "age") return { kind, ageMs: value };
  return kind === "count" ? { kind, count: value } : { kind };
}

/**
 * Bytes of a window may be as many as an outlet may have on their way. Throws `invalid-argument`. (W1)
 *
 * They are `usual` where they do not differ from that: most subscriptions of a node ask for the same.
 */
export function checkedTerms(
  wish: SubscriptionWish,
  limits: TopicsLimits,
  utf8: Utf8,
  usual?: SubscriptionTerms,
): SubscriptionTerms {
  const { filter, group, replay, overflow = "drop-oldest", windowBytes } = wish;
  if (!overflows.includes(overflow)) {
    throw refusal(`"overflow" must be one of ${overflows.join(", ")}, got ${quoted(overflow)}`);
  }
  if (group !== undefined && (group === "" || utf8.encode(group).length > limits.topic.bytesMax)) {
    throw refusal(`the name of a group must have 1 to ${limits.topic.bytesMax} bytes, got ${quoted(group)}`);
  }
  if (replay !== undefined) checkReplay(replay);
  const { bufferMessagesMax: messagesMax, bufferBytesMax: bytesMax, outletWindowBytes } = limits;
  const isUsual = wish.bufferMessagesMax === undefined && wish.bufferBytesMax === undefined;
  const isSmall = isUsual && overflow === "block-publisher";
  const messages = isSmall ? Math.min(limits.blockingBufferMessages, messagesMax) : messagesMax;
  const bytes = isSmall ? Math.min(limits.blockingBufferBytes, bytesMax) : bytesMax;
  const terms: SubscriptionTerms = {
    filter: filter === undefined ? undefined : new CheckedFilter(filter, utf8),
    overflow,
    bufferMessagesMax: boundOf("buffer.messages", wish.bufferMessagesMax, messagesMax, messages),
    bufferBytesMax: boundOf("buffer.bytes", wish.bufferBytesMax, bytesMax, bytes),
    windowBytes: boundOf("windowBytes", windowBytes, outletWindowBytes, limits.windowBytes),
  };
  return usual !== undefined && areSame(terms, usual) ? usual : terms;
}

function areSame(one: SubscriptionTerms, other: SubscriptionTerms): boolean {
  return (
    one.filter === other.filter &&
    one.overflow === other.overflow &&
    one.bufferMessagesMax === other.bufferMessagesMax &&
    one.bufferBytesMax === other.bufferBytesMax &&
    one.windowBytes === other.windowBytes
  );
}

/** What else the messages of the backlog have to pass. Throws `invalid-argument`. (W1) */
export function keptFilter({ replay }: SubscriptionWish, utf8: Utf8): CheckedFilter | undefined {
  if (replay?.kind !== "last" || replay.filter === undefined) return undefined;
  return new CheckedFilter(replay.filter, utf8);
}

/** Each once, whatever they were written as. Throws `invalid-argument`. (W1) */
export function checkedPatterns(texts: readonly string[], { patternsMax, topic }: TopicsLimits): readonly Pattern[] {
  const given: unknown = texts;
  if (!Array.isArray(given)) throw refusal(`"patterns" must be an array of patterns, got ${kindOf(given)}`);
  if (texts.length === 0) throw refusal(`it needs at least one pattern; "#" matches every topic`);
  if (texts.length > patternsMax) throw refusal(`it has ${texts.length} patterns; at most ${patternsMax} work`);
  return [...new Set(texts.map((text) => parsePattern(text, topic)))];
}

function checkReplay(replay: ReplayWish): void {
  if (replay.kind === "age" && !(replay.ageMs >= 0)) {
    throw refusal(`"ageMs" must be a number of at least 0, got ${String(replay.ageMs)}`);
  }
  if (replay.kind === "count" && !(Number.isSafeInteger(replay.count) && replay.count >= 1)) {
    throw refusal(`"count" must be an integer of at least 1, got ${String(replay.count)}`);
  }
}

function refusal(why: string): MpregError {
  return new MpregError("invalid-argument", `Cannot subscribe: ${why}`);
}

/** Throws `overloaded` where there are as many subscriptions as there may be. (W1) */
export function checkRoom(count: number, max: number, where: string): void {
  if (count < max) return;
  throw new MpregError("overloaded", `Cannot subscribe: ${where} has ${max} subscriptions, which is its limit`);
}
