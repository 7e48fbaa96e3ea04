/**
 * Outgoing: a message as SQS sends it, made one of ours, and what is answered to its sender.
 *
 * (O1) Nothing is sent that a receiver could not be given back as it was.
 * (O2) A FIFO queue needs a group and something to know duplicates by; content is known by its SHA-256, without attributes.
 */
import { utf8Length } from "../../../values/index.js";
import {
  type MessageAttribute,
  type OutgoingMessage,
  type QueueSettings,
  type SendEnd,
  textBodyHeaders,
} from "../../../queues/index.js";
import { md5OfAttributes } from "../digest.js";
import { SqsError, invalidParameter, missingParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import type { AttributeValues, MessageInput, MessageResult, SqsPlatform } from "../types.js";
import { messageIdOf } from "./message-id.js";
import { checkId, checkMessageAttributes, checkSystemAttributes, checkText, traceHeader } from "./checks.js";

export const senderHeader = "SenderId";

/** A message that can be sent. */
export interface Outgoing {
  readonly message: OutgoingMessage;
  readonly md5OfBody: string;
  readonly md5OfAttributes: string | undefined;
  readonly md5OfSystemAttributes: string | undefined;
}

/** Throws `SqsError`. */
export function outgoingOf(
  input: MessageInput,
  settings: Pick<QueueSettings, "order" | "dedup" | "messageBytesMax">,
  caller: string,
  platform: SqsPlatform,
): Outgoing {
  const { MessageBody: text, MessageAttributes: attributes, MessageSystemAttributes: system } = input;
  if (text === "") throw missingParameter("MessageBody");
  checkText(text); // (O1)
  checkMessageAttributes(attributes);
  checkSystemAttributes(system);
  const body = platform.utf8.encode(text);
  const bytes = body.length + attributesBytes(attributes);
  const bytesMax = Math.min(settings.messageBytesMax, sqsLimits.messageBytesMax);
  if (bytes > bytesMax) {
    throw new SqsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${bytesMax} bytes.`,
    );
  }
  const headers: Record<string, string> = { ...textBodyHeaders, [senderHeader]: caller };
  const trace = system?.get(traceHeader)?.StringValue;
  if (trace !== undefined) headers[traceHeader] = trace;
  const message: Writable<OutgoingMessage> = { body, headers };
  if (attributes !== undefined && attributes.size > 0) message.attributes = carried(attributes);
  putOrder(message, input, settings, platform);
  return {
    message,
    md5OfBody: platform.md5(body),
    md5OfAttributes: md5OfAttributes(attributes, platform),
    md5OfSystemAttributes: md5OfAttributes(system, platform),
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Group, deduplication and delay of `message`. */
function putOrder(
  message: Writable<OutgoingMessage>,
  input: MessageInput,
  { order, dedup: known }: Pick<QueueSettings, "order" | "dedup">,
  platform: SqsPlatform,
): void {
  const { MessageGroupId: group, MessageDeduplicationId: dedup, DelaySeconds: delay } = input;
  checkId(group, "MessageGroupId");
  checkId(dedup, "MessageDeduplicationId");
  if (delay !== undefined && (delay < 0 || delay > sqsLimits.delaySecondsMax))
    throw invalidParameter(delay, "DelaySeconds", `DelaySeconds must be >= 0 and <= ${sqsLimits.delaySecondsMax}.`);
  if (order !== "fifo") {
    if (dedup !== undefined) throw notOfThisType(dedup, "MessageDeduplicationId");
    if (group !== undefined) message.group = group;
    if (delay !== undefined) message.delayMs = delay * 1_000;
    return;
  }
  if (group === undefined) throw missingParameter("MessageGroupId"); // (O2)
  if (delay !== undefined && delay !== 0) throw notOfThisType(delay, "DelaySeconds");
  if (dedup === undefined && known?.byContent !== true) {
    throw new SqsError(
      "InvalidParameterValue",
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
  message.group = group;
  message.dedup = dedup ?? platform.sha256(message.body); // (O2)
}

function notOfThisType(value: string | number, name: string): SqsError {
  return invalidParameter(value, name, "The request include parameter that is not valid for this queue type");
}

/** What it counts for in the limit of a batch. */
export function messageBytes({ MessageBody, MessageAttributes }: MessageInput): number {
  return utf8Length(MessageBody) + attributesBytes(MessageAttributes);
}

function attributesBytes(attributes: AttributeValues | undefined): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue, BinaryValue }] of attributes ?? [])
    bytes += name.length + utf8Length(DataType) + utf8Length(StringValue ?? "") + (BinaryValue?.length ?? 0);
  return bytes;
}

function carried(attributes: AttributeValues): Record<string, MessageAttribute> {
  return Object.fromEntries(
    [...attributes].map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      { type: DataType, value: BinaryValue ?? StringValue ?? "" },
    ]),
  );
}

/** The queue to which a message was sent. */
export interface SentTo {
  readonly name: string;
  readonly settings: QueueSettings;
}

/** What the sender is told. */
export function sentOf(
  { md5OfBody, md5OfAttributes, md5OfSystemAttributes }: Outgoing,
  end: Extract<SendEnd, { readonly kind: "done" }>,
  { name, settings }: SentTo,
  platform: SqsPlatform,
): MessageResult {
  return {
    MessageId: messageIdOf(end.id, name, platform),
    MD5OfMessageBody: md5OfBody,
    MD5OfMessageAttributes: md5OfAttributes,
    MD5OfMessageSystemAttributes: md5OfSystemAttributes,
    SequenceNumber: settings.order === "fifo" ? sequenceText(end.sequence) : undefined,
  };
}

/** Of always the same length, so that texts have the order of the numbers. */
export function sequenceText(sequence: bigint): string {
  return String(sequence).padStart(20, "0");
}
