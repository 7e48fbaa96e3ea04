/**
 * Participant: one who publishes and subscribes at this node: the far side of a link, the node's own program, or whoever is behind a
 * door. It is a publisher and an outlet under one number.
 */
import { MpregError, type Policy, type Subject } from "../base/index.js";
import type { SubscriptionSettled } from "./promised.js";
import type { SubscriptionEnd } from "./sink.js";
import type { Publisher } from "./types.js";

export interface Participant extends Publisher {
  /** Address of the client, where it is one. */
  readonly address?: string | undefined;
  /** Its subscriptions say when they have what they are told, where they are asked to. */
  readonly saysWhatItHas?: true;
  /**
   * A message for the first `count` of its subscriptions `numbers`, all valid until this returns; false: it can never be sent to it. `settled`: is to be told
   * for each of them, later, once.
   */
  deliver(numbers: readonly number[], count: number, message: Uint8Array, settled?: SubscriptionSettled): boolean;
  /** One of its subscriptions has been told what it wanted of the backlog: what follows is live. */
  replayed?(number: number): void;
  missed(number: number, count: number): void;
  ended(number: number, why: SubscriptionEnd, lost: number): void;
  /** A subscription that was draining is over: see `TopicSink`. */
  drained?(number: number): void;
  /** A message that it has published, and wanted no answer for, is refused. */
  refused(messageId: string, error: MpregError): void;
  /** What it has just published has to wait. Answers what is to be handed to `admit` when it has been taken. */
  hold(): number;
  admit(held: number): void;
}

/** Address of `subject` where it is a client. */
export function addressOf(subject: Subject): string | undefined {
  return subject.kind === "client" ? subject.address : undefined;
}

/** Throws `denied` where `subject`, for somebody else or itself, may not publish to `topic`. */
export function authorizePublish(policy: Policy, subject: Subject, topic: string, onBehalfOf?: Subject): void {
  const decision = policy(subject, { kind: "publish", topic, onBehalfOf });
  if (!decision.allow) throw new MpregError("denied", `Cannot publish to "${topic}": ${decision.reason}`);
}

/** Throws `denied` where `subject`, for somebody else or itself, may not subscribe to one of `patterns`. */
export function authorizeSubscribe(
  policy: Policy,
  subject: Subject,
  patterns: readonly string[],
  onBehalfOf?: Subject,
): void {
  for (const pattern of patterns) {
    const decision = policy(subject, { kind: "subscribe", pattern, onBehalfOf });
    if (!decision.allow) throw new MpregError("denied", `Cannot subscribe to "${pattern}": ${decision.reason}`);
  }
}
