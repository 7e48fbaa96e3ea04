/**
 * Check deliveries: what subscriptions have heard of what was published.
 *
 * (D1) No subscription hears a message twice, and none hears what it does not want. (A member of a group that was told a backlog may get what
 *      is handed on to it once more: the backlog is each node's own.)
 * (D2) Of what one publisher publishes with one priority over one connection, a subscription hears what comes over one connection in order.
 * (D3) What was published while the whole cluster served a subscription, or of which it was told that all is replayed, it has heard, or was told as missing, or its publisher was.
 * (D4) What is missing is told where it is missing. (Not where priorities let messages overtake.)
 * (D5) A group hears a message once, whichever member.
 * (D6) In a world without faults, nothing is missing but what is told, and no more is told.
 */
import { matches, parsePattern } from "@mpreg/core/base";
import type { Heard, Participants, PublishedMessage, Subscriber } from "./participants.js";

type Tell = (guarantee: string, message: string) => void;

export interface DeliveryOptions {
  /** Nothing has disturbed the world, and nothing is lost between nodes, of which nobody knows whom it was for. */
  readonly isExact: boolean;
  readonly nowMs: number;
}

/** Judges all that was published and heard so far; nothing is under way any more. */
export function checkDeliveries(participants: Participants, options: DeliveryOptions, tell: Tell): void {
  const { subscribers, published } = participants;
  for (const subscriber of subscribers) {
    subscriber.noteMissed(options.nowMs);
    const name = `Subscription ${subscriber.index} of client-${subscriber.plan.client}`;
    checkOnce(subscriber, name, tell);
    if (subscriber.plan.group !== undefined) continue;
    checkOrder(subscriber, name, tell); // what waited for a member that leaves comes late to another
    checkLoss(subscriber, published, name, options, tell);
  }
  checkGroups(participants, options, tell);
}

/** Whether the subscription wants the message. */
export function wants({ plan }: Subscriber, { topic }: PublishedMessage): boolean {
  return plan.patterns.some((pattern) => matches(parsePattern(pattern), topic));
}

/** (D1) */
function checkOnce(subscriber: Subscriber, name: string, tell: Tell): void {
  const seen = new Set<PublishedMessage>();
  const { group, backlog } = subscriber.plan;
  const mayRepeat = group !== undefined && backlog !== undefined;
  for (const each of subscriber.heard) {
    if (each.kind !== "message") continue;
    const { message } = each;
    if (seen.has(message) && !mayRepeat) tell("once", `${name} has heard ${nameOf(message)} twice`);
    if (!wants(subscriber, message)) tell("once", `${name} has heard ${nameOf(message)}, which it does not want`);
    seen.add(message);
  }
}

/** (D2) */
function checkOrder(subscriber: Subscriber, name: string, tell: Tell): void {
  const last = new Map<string, PublishedMessage>();
  for (const each of subscriber.heard) {
    if (each.kind !== "message" || each.message.connection === undefined) continue;
    const { message, connection } = each;
    const key = `${message.client} ${message.connection} ${message.priority ?? ""} ${connection}`;
    const before = last.get(key);
    if (before !== undefined && before.index > message.index) {
      tell("in-order", `${name} has heard ${nameOf(message)} after ${nameOf(before)}`);
    }
    last.set(key, message);
  }
}

/** (D3) */
function checkLoss(
  subscriber: Subscriber,
  published: readonly PublishedMessage[],
  name: string,
  { isExact }: DeliveryOptions,
  tell: Tell,
): void {
  const { heard } = subscriber;
  const places = new Map<PublishedMessage, number>();
  heard.forEach((each, place) => {
    if (each.kind === "message") places.set(each.message, place);
  });
  const missing = published.filter(
    (message) =>
      message.state === "left" &&
      !message.mayBeLost &&
      subscriber.wasServed(message) &&
      wants(subscriber, message) &&
      !places.has(message),
  );
  let counted = 0;
  const told = heard.reduce(
    (sum, each) => (each.kind === "missed" && each.count < Infinity ? sum + each.count : sum),
    0,
  );
  for (const message of missing) {
    const { from, until } = gapOf(subscriber, places, message);
    const there = heard.slice(from, until).flatMap((each) => (each.kind === "missed" ? [each.count] : []));
    // it may have waited for it when it left
    const isLeft = subscriber.isOver && (until === heard.length || message.priority !== undefined);
    const before = message.priority === undefined ? heard.slice(0, from) : heard; // where it was missing says nothing there (D4)
    if (isLeft || there.includes(Infinity) || wasUnknown(before, message)) continue;
    counted += 1;
    if (there.length > 0 || message.priority !== undefined) continue;
    tell("told-loss", `${name} has not heard ${nameOf(message)}, and nothing says so there`); // (D4)
  }
  if (counted > told) tell("told-loss", `${name} has not heard ${counted} messages, and was told of ${told}`);
  const unheard = published.filter((message) => wants(subscriber, message) && !places.has(message)).length;
  if (isExact && told > unheard) {
    tell("true-loss", `${name} was told of ${told} missing messages, and has heard all but ${unheard}`); // (D6)
  }
}

/** Whether nobody knew what of that time was missing, before what came of it was told again. */
function wasUnknown(heard: readonly Heard[], { atMs }: PublishedMessage): boolean {
  return heard.some((each) => each.kind === "missed" && each.count === Infinity && each.atMs >= atMs);
}

/** Where in what a subscription has heard the message would have its place. (D4) */
function gapOf(
  { heard }: Subscriber,
  places: ReadonlyMap<PublishedMessage, number>,
  { client, connection, index }: PublishedMessage,
): { readonly from: number; readonly until: number } {
  let from = 0;
  let until = heard.length;
  if (connection === undefined) return { from, until };
  for (const [other, place] of places) {
    if (other.client !== client || other.connection !== connection) continue;
    if (other.index < index) from = Math.max(from, place + 1);
    else until = Math.min(until, place);
  }
  return from <= until ? { from, until } : { from: until, until: heard.length }; // what was replayed came later
}

/** (D5) */
function checkGroups({ subscribers, published }: Participants, { isExact }: DeliveryOptions, tell: Tell): void {
  const groups = new Set(subscribers.flatMap(({ plan }) => plan.group ?? []));
  for (const group of groups) {
    const members = subscribers.filter(({ plan }) => plan.group === group);
    const times = new Map<PublishedMessage, number>();
    for (const { heard, plan } of members) {
      if (plan.backlog !== undefined) continue; // what it is told of the past, others have been told
      for (const each of heard)
        if (each.kind === "message") times.set(each.message, (times.get(each.message) ?? 0) + 1);
    }
    for (const [message, count] of times) {
      if (count > 1) tell("group-once", `Group "${group}" has heard ${nameOf(message)} ${count} times`);
    }
    // a member that leaves, ends or is slow may take what was on its way to it along
    if (!isExact || members.some(({ plan, isOver }) => isOver || plan.forMs !== undefined || plan.takesMs > 0))
      continue;
    for (const message of published) {
      const isFor = members.some((member) => member.wasServed(message) && wants(member, message));
      const wasHeard = members.some(({ heard }) =>
        heard.some((each) => each.kind === "message" && each.message === message),
      );
      if (isFor && message.state === "left" && !wasHeard) {
        tell("group-once", `Group "${group}" has not heard ${nameOf(message)}`);
      }
    }
  }
}

function nameOf({ index, client, topic, atMs, node }: PublishedMessage): string {
  return `message ${index} ("${topic}", of client-${client} at ${node ?? "no node"}, ${atMs.toFixed(1)} ms)`;
}
