/**
 * JSON topic asks: what a client wants of topics, read from its message.
 *
 * Owns the shapes of `pubsub-publish`, `pubsub-subscribe` and `pubsub-unsubscribe`. Fields that are not known are ignored, and so
 * are `exact_match`, `subscriber` and `created_at`, which the reference does not look at either. What a published message is
 * made of is `json-v1-topic-message.ts`.
 *
 * (B1) A wish for the backlog is one by default, of 300 s, as in the reference's models.
 */
import { MpregError, type Utf8 } from "../base/index.js";
import { checkName, invalid } from "../rpc/graph/call-options.js";
import { isPlainObject } from "../rpc/graph/objects.js";
import { typeName } from "../rpc/graph/ref.js";
import type { ReplayWish } from "../topics/index.js";
import type { WireLimits } from "../wire/index.js";
import { checkNameBytes } from "./json-v1-names.js";

export type TopicAsk =
  | { readonly kind: "publish"; readonly message: Readonly<Record<string, unknown>> }
  | {
      readonly kind: "subscribe";
      readonly id: string;
      readonly patterns: readonly string[];
      readonly replay: ReplayWish | undefined;
    }
  | { readonly kind: "unsubscribe"; readonly id: string };

type TopicRole = "pubsub-publish" | "pubsub-subscribe" | "pubsub-unsubscribe";

/** Whether a message of `role` wants something of topics. */
export function isTopicRole(role: unknown): role is TopicRole {
  return role === "pubsub-publish" || role === "pubsub-subscribe" || role === "pubsub-unsubscribe";
}

const backlogSecondsDefault = 300;

/** What a message of `role` wants, or what is wrong with it. */
export function readTopicAsk(
  role: TopicRole,
  message: Readonly<Record<string, unknown>>,
  limits: WireLimits,
  utf8: Utf8,
): TopicAsk | MpregError {
  try {
    const { u } = message;
    if (typeof u !== "string") throw invalid(`The message's "u" must be a text, got ${typeName(u)}`);
    checkNameBytes(u, `The message's "u"`, limits, utf8);
    switch (role) {
      case "pubsub-publish":
        return { kind: "publish", message: objectOf(message, "message") };
      case "pubsub-subscribe":
        return readSubscription(objectOf(message, "subscription"), limits, utf8);
      case "pubsub-unsubscribe":
        return { kind: "unsubscribe", id: idOf(message, "subscription_id", limits, utf8) };
    }
  } catch (error) {
    if (error instanceof MpregError) return error;
    throw error;
  }
}

function readSubscription(fields: Readonly<Record<string, unknown>>, limits: WireLimits, utf8: Utf8): TopicAsk {
  const { subscription_id: given, patterns, get_backlog: wantsBacklog = true } = fields;
  const id = idOf({ "subscription.subscription_id": given }, "subscription.subscription_id", limits, utf8);
  if (!Array.isArray(patterns)) throw invalid(`subscription.patterns must be an array, got ${typeName(patterns)}`);
  if (typeof wantsBacklog !== "boolean") {
    throw invalid(`subscription.get_backlog must be true or false, got ${typeName(wantsBacklog)}`);
  }
  const { backlog_seconds: seconds = backlogSecondsDefault } = fields; // (B1)
  if (typeof seconds !== "number" || seconds < 0) {
    const got = typeof seconds === "number" ? String(seconds) : typeName(seconds);
    throw invalid(`subscription.backlog_seconds must be a number of at least 0, got ${got}`);
  }
  const replay: ReplayWish | undefined = wantsBacklog ? { kind: "age", ageMs: seconds * 1_000 } : undefined;
  return { kind: "subscribe", id, patterns: patterns.map(patternOf), replay };
}

function patternOf(given: unknown, index: number): string {
  const what = `subscription.patterns[${index}]`;
  if (!isPlainObject(given)) throw invalid(`${what} must be an object with a pattern, got ${typeName(given)}`);
  const { pattern } = given;
  if (typeof pattern === "string") return pattern;
  throw invalid(`${what}.pattern must be a text, got ${typeName(pattern)}`);
}

function objectOf(message: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = message[name];
  if (isPlainObject(value)) return value;
  throw invalid(`${name} must be an object, got ${typeName(value)}`);
}

function idOf(fields: Readonly<Record<string, unknown>>, name: string, limits: WireLimits, utf8: Utf8): string {
  const id = fields[name];
  checkName(id, name);
  checkNameBytes(id, name, limits, utf8);
  return id;
}
