/** Messages of queues as programs have them: values instead of bytes, and what can be done with a lease. */
import type { BrowsedMessage, ReceivedMessage } from "../../queues/index.js";
import type { Codec } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import type { BrowsedQueueMessage, QueueMessage, ReleaseOptions } from "./api.js";
import type { SettleLine } from "./settle-line.js";

/** `received` with its value, which `codec` decodes. Throws `malformed` where it is none. */
export function queueMessage<T>(received: ReceivedMessage, codec: Codec, line: SettleLine): QueueMessage<T> {
  const { body, attributes: _, delayMs: _delay, ttlMs: _ttl, ...facts } = received;
  const { receipt } = received;
  return {
    ...facts,
    value: codec.decode(body) as T, // what type it has is the program's word
    ack: (options: WaitOptions = {}) => line.one({ op: "ack" }, receipt, options),
    release: ({ delayMs, error, ...wait }: ReleaseOptions = {}) => line.one(releasing(delayMs, error), receipt, wait),
    extend: (visibilityMs: number, options: WaitOptions = {}) =>
      line.one({ op: "extend", visibilityMs }, receipt, options),
  };
}

export function browsedMessage<T>(browsed: BrowsedMessage, codec: Codec): BrowsedQueueMessage<T> {
  const { body, attributes: _, delayMs: _delay, ttlMs: _ttl, ...facts } = browsed;
  return { ...facts, value: codec.decode(body) as T };
}

/** What is not given is not sent. */
export function releasing(
  delayMs: number | undefined,
  error: string | undefined,
): { readonly op: "release"; readonly delayMs?: number; readonly error?: string } {
  return { op: "release", ...(delayMs === undefined ? {} : { delayMs }), ...(error === undefined ? {} : { error }) };
}
