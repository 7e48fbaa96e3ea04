/** Arguments: what a function is called with that works off a queue. */
import {
  type ConsumedMessage,
  type FunctionConsumer,
  type ReceivedMessage,
  encodedValueOf,
} from "../../queues/index.js";
import type { ConsumersHost } from "./types.js";

/** The head of an encoded array of so many items (MessagePack, fixarray). */
const arrayOf = (items: number): number => 0x90 + items;

/** The encoded arguments: what was sent as a value is not decoded here. Throws where they cannot be encoded. */
export function argumentsOf(
  queue: string,
  message: ReceivedMessage,
  { argument = "value", withMessage = false }: FunctionConsumer,
  { codec, decodeText }: Pick<ConsumersHost, "codec" | "decodeText">,
): Uint8Array {
  const { body } = message;
  const what = `the body of message "${message.id}"`;
  const first =
    argument === "value" ? encodedValueOf(message) : codec.encode(argument === "text" ? decodeText(body) : body, what);
  const second = withMessage ? codec.encode(told(queue, message), "the message") : noBytes;
  const args = new Uint8Array(1 + first.length + second.length);
  args[0] = arrayOf(withMessage ? 2 : 1);
  args.set(first, 1);
  args.set(second, 1 + first.length);
  return args;
}

const noBytes = new Uint8Array(0);

function told(queue: string, message: ReceivedMessage): ConsumedMessage {
  const { id, receives, sentMs, headers, group, correlationId, replyTo } = message;
  return {
    queue,
    id,
    receives,
    sentMs,
    ...(headers === undefined ? {} : { headers }),
    ...(group === undefined ? {} : { group }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

/** What is known of a message is unique in its queue, and the queue's name with the time of its creation is so in the cluster. */
export function keyOf(queue: string, createdMs: number, { id, idempotencyKey }: ReceivedMessage): string {
  return idempotencyKey ?? `${queue}/${createdMs.toString(36)}/${id}`;
}
