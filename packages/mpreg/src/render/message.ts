/** Messages of topics, and what happens to a subscription: a line each. */
import type { SubscriptionEvent, TopicMessage } from "@mpreg/client";
import { MpregError } from "@mpreg/core/base";
import type { Colours } from "../terminal.js";
import { valueJson } from "./json.js";
import { printable } from "./text.js";

/** For people: topic, payload and headers. */
export function messageText(message: TopicMessage, colours: Colours): string {
  const { topic } = message;
  const headers = Object.entries(message.headers).map(([name, value]) => printable(` ${name}=${value}`));
  return `${colours.bold(printable(topic))} ${payloadText(message, colours)}${colours.dim(headers.join(""))}`;
}

/** For programs. */
export function messageJson(message: TopicMessage): string {
  const { topic, id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, missedBefore } = message;
  const about = { id, timestampMs, headers, correlationId, replyTo, ttlMs, priority, missedBefore };
  try {
    return valueJson({ topic, payload: message.payload, ...about }, "line");
  } catch (error) {
    const { code, message: text } = unreadable(error);
    return valueJson({ topic, error: { code, message: text }, ...about }, "line");
  }
}

function payloadText(message: TopicMessage, colours: Colours): string {
  try {
    return valueJson(message.payload, "line");
  } catch (error) {
    return colours.red(printable(unreadable(error).message));
  }
}

/** A payload that cannot be decoded says so in its place, and ends nothing. */
function unreadable(error: unknown): MpregError {
  if (error instanceof MpregError) return error;
  throw error;
}

/** It has begun, and the nodes do not have, or have not told, all that it wants of the past. */
export interface SubscribedWithGap {
  readonly kind: "subscribed";
  readonly node: string;
  readonly gap: "unknown";
}

const mayLack = "messages of before may be missing: they are not kept any more, or not every node has told what it has";

export function subscriptionText(
  event: SubscriptionEvent | SubscribedWithGap | { readonly kind: "everywhere" },
  colours: Pick<Colours, "dim" | "yellow">,
): string {
  switch (event.kind) {
    case "subscribed":
      if ("gap" in event) return colours.yellow(`subscribed at ${printable(event.node)}: ${mayLack}`);
      return colours.dim(`subscribed at ${printable(event.node)}`);
    case "everywhere":
      return colours.dim("every node knows of it");
    case "messages-lost":
      if (event.count === Infinity) return colours.yellow("a node has died, and messages may be lost with it");
      return colours.yellow(`${event.count} message${event.count === 1 ? " is" : "s are"} lost`);
    case "disconnected":
      return colours.yellow("the connection is lost; another one is tried until there is one");
    case "resubscribed": {
      const gap = event.gap === "filled" ? "nothing is missing" : "messages of the time between may be missing";
      return (event.gap === "filled" ? colours.dim : colours.yellow)(
        `subscribed again at ${printable(event.node)}: ${gap}`,
      );
    }
    case "missed":
      return colours.yellow(`${event.count} events of the subscription were not told`);
    case "ended":
      return colours.dim("the subscription has ended");
  }
}
