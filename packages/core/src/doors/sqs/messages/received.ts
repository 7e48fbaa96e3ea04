/**
 * Received: a message of ours, as a receiver over SQS gets it.
 *
 * (V1) Attributes are told that were asked for, and the digest is of those.
 * (V2) A value of a native program that is a string is told as that text. What is no text is told as base64, and has an attribute `mpreg.encoding` that says so.
 */
import { type MessageAttribute, type ReceivedMessage, textBytesOf } from "../../../queues/index.js";
import { md5OfAttributes } from "../digest.js";
import { SqsError } from "../errors.js";
import { type SqsPlace, queueArn } from "../names.js";
import type { AttributeValue, Message, SqsPlatform } from "../types.js";
import { isSqsText, traceHeader } from "./checks.js";
import { messageIdOf } from "./message-id.js";
import { senderHeader, sequenceText } from "./outgoing.js";

/** What a receiver wants to be told beside the body. */
export interface Wanted {
  readonly system: ReadonlySet<string>;
  readonly attributes: (name: string) => boolean;
}

const systemNames = [
  "ApproximateFirstReceiveTimestamp",
  "ApproximateReceiveCount",
  traceHeader,
  "DeadLetterQueueSourceArn",
  "MessageDeduplicationId",
  "MessageGroupId",
  senderHeader,
  "SentTimestamp",
  "SequenceNumber",
] as const;

/** Throws `InvalidAttributeName`. */
export function wantedOf(system: readonly string[], attributes: readonly string[]): Wanted {
  for (const name of system) {
    if (name === "All" || (systemNames as readonly string[]).includes(name)) continue;
    throw new SqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  const exact = new Set(attributes);
  const isAll = exact.has("All") || exact.has(".*");
  const prefixes = attributes.filter((each) => each.endsWith(".*")).map((each) => each.slice(0, -1));
  return {
    system: new Set<string>(system.includes("All") ? systemNames : system),
    attributes: (name) => isAll || exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  };
}

/** The queue where a message was received. */
export interface ReceivedFrom {
  readonly name: string;
  readonly isFifo: boolean;
}

export function receivedOf(
  message: ReceivedMessage,
  wanted: Wanted,
  { name: queue, isFifo }: ReceivedFrom,
  place: SqsPlace,
  platform: SqsPlatform,
): Message {
  const { body, deadLetter } = message;
  const bytes = textBytesOf(message);
  const text = bytes && sqsTextOf(bytes, platform);
  const shown = text ?? platform.toBase64(body); // (V2)
  const isBase64 = text === undefined;
  const attributes = message.attributes === undefined && !isBase64 ? none : attributesOf(message, wanted, isBase64);
  const system = wanted.system.size === 0 ? undefined : systemOf(message, wanted.system, isFifo, place);
  return {
    MessageId: messageIdOf(message.id, deadLetter?.queue ?? queue, platform),
    ReceiptHandle: message.receipt,
    MD5OfBody: platform.md5(bytes !== undefined && text !== undefined ? bytes : platform.utf8.encode(shown)),
    Body: shown,
    Attributes: system?.size === 0 ? undefined : system,
    MD5OfMessageAttributes: md5OfAttributes(attributes, platform),
    MessageAttributes: attributes.size === 0 ? undefined : attributes,
  };
}

const none: ReadonlyMap<string, AttributeValue> = new Map();

/** (V1, V2) */
function attributesOf(
  { attributes = {} }: ReceivedMessage,
  wanted: Wanted,
  isBase64: boolean,
): ReadonlyMap<string, AttributeValue> {
  const map = new Map<string, AttributeValue>();
  for (const [name, value] of Object.entries(attributes)) if (wanted.attributes(name)) map.set(name, told(value));
  if (isBase64) map.set("mpreg.encoding", { DataType: "String", StringValue: "base64" });
  return map;
}

/** `undefined` where it is no UTF-8, empty, or holds what SQS takes in no text. */
function sqsTextOf(bytes: Uint8Array, { utf8 }: SqsPlatform): string | undefined {
  const text = utf8.decode(bytes, 0, bytes.length);
  if (text === "" || !isSqsText(text)) return undefined;
  return !text.includes("\ufffd") || isSame(utf8.encode(text), bytes) ? text : undefined;
}

function told({ type, value }: MessageAttribute): AttributeValue {
  return typeof value === "string" ? { DataType: type, StringValue: value } : { DataType: type, BinaryValue: value };
}

function systemOf(
  message: ReceivedMessage,
  names: ReadonlySet<string>,
  isFifo: boolean,
  place: SqsPlace,
): Map<string, string> {
  const { headers, deadLetter } = message;
  const all: Record<(typeof systemNames)[number], string | undefined> = {
    ApproximateFirstReceiveTimestamp: String(Math.floor(message.firstReceivedMs)),
    ApproximateReceiveCount: String(message.receives),
    AWSTraceHeader: headers?.[traceHeader],
    DeadLetterQueueSourceArn: deadLetter === undefined ? undefined : queueArn(deadLetter.queue, place),
    MessageDeduplicationId: isFifo ? message.dedup : undefined,
    MessageGroupId: message.group,
    SenderId: headers?.[senderHeader],
    SentTimestamp: String(Math.floor(message.sentMs)),
    SequenceNumber: isFifo ? sequenceText(message.sequence) : undefined,
  };
  const system = new Map<string, string>();
  for (const [name, value] of Object.entries(all)) if (value !== undefined && names.has(name)) system.set(name, value);
  return system;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
