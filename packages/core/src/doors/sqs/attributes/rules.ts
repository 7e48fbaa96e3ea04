/**
 * Rules of queue attributes: which names there are, and which values each may have.
 *
 * (R1) What this server does not do is refused, never kept as if it were done: messages are not encrypted with keys of AWS.
 * (R2) `Policy` and permissions are kept and told, and decide nothing: who may do what is the node's policy.
 */
import { SqsError, invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";

export type AttributeRule =
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  /** An object in JSON, or nothing. */
  | { readonly kind: "json" }
  | { readonly kind: "not-encrypted"; readonly allowed: string };

interface Settable {
  readonly rule: AttributeRule;
  readonly isFifoOnly?: boolean;
}

const integer = (min: number, max: number): Settable => ({ rule: { kind: "integer", min, max } });

const daySeconds = 24 * 3_600;

/** Attributes that may be set. */
export const settable: Readonly<Record<string, Settable>> = {
  DelaySeconds: integer(0, sqsLimits.delaySecondsMax),
  MaximumMessageSize: integer(1_024, sqsLimits.messageBytesMax),
  MessageRetentionPeriod: integer(60, 14 * daySeconds),
  ReceiveMessageWaitTimeSeconds: integer(0, sqsLimits.waitSecondsMax),
  VisibilityTimeout: integer(0, sqsLimits.visibilitySecondsMax),
  Policy: { rule: { kind: "json" } }, // (R2)
  RedrivePolicy: { rule: { kind: "json" } },
  RedriveAllowPolicy: { rule: { kind: "json" } },
  KmsMasterKeyId: { rule: { kind: "not-encrypted", allowed: "" } }, // (R1)
  KmsDataKeyReusePeriodSeconds: integer(60, daySeconds),
  SqsManagedSseEnabled: { rule: { kind: "not-encrypted", allowed: "false" } }, // (R1)
  FifoQueue: { rule: { kind: "choice", of: ["true"] }, isFifoOnly: true },
  ContentBasedDeduplication: { rule: { kind: "boolean" }, isFifoOnly: true },
  DeduplicationScope: { rule: { kind: "choice", of: ["messageGroup", "queue"] }, isFifoOnly: true },
  FifoThroughputLimit: { rule: { kind: "choice", of: ["perQueue", "perMessageGroupId"] }, isFifoOnly: true },
};

/** Attributes that can only be read, and that the stats of a queue tell, `LastModifiedTimestamp` where nothing else does. */
export const ofStats: readonly string[] = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
];

/** Attributes that can only be read. */
export const readOnly: readonly string[] = [...ofStats, "QueueArn"];

/** Throws `InvalidAttributeName` or `InvalidAttributeValue`. */
export function checkAttribute(name: string, value: string, isFifo: boolean): void {
  const attribute = Object.hasOwn(settable, name) ? settable[name] : undefined;
  if (attribute === undefined || (attribute.isFifoOnly === true && !isFifo)) {
    if (name === "FifoQueue") throw invalidValue(name, value, "the name of a FIFO queue ends with .fifo");
    throw new SqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  const { rule } = attribute;
  switch (rule.kind) {
    case "integer": {
      const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
      if (number >= rule.min && number <= rule.max) return;
      throw invalidValue(name, value, `an integer from ${rule.min} to ${rule.max} was expected`);
    }
    case "boolean":
      if (value === "true" || value === "false") return;
      throw invalidValue(name, value, "true or false was expected");
    case "choice":
      if (rule.of.includes(value)) return;
      throw invalidValue(name, value, `one of ${rule.of.join(", ")} was expected`);
    case "json":
      if (value !== "") objectIn(value, name);
      return;
    case "not-encrypted":
      if (value === rule.allowed) return;
      throw invalidParameter(value, name, "this server does not encrypt messages with keys of AWS."); // (R1)
  }
}

function invalidValue(name: string, value: string, reason: string): SqsError {
  return new SqsError(
    "InvalidAttributeValue",
    `Invalid value for the parameter ${name}. Reason: ${reason}, got ${JSON.stringify(value.slice(0, 100))}.`,
  );
}

/** The object in the JSON of an attribute. Throws `InvalidAttributeValue`. */
export function objectIn(text: string, attribute: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SqsError("InvalidAttributeValue", `Invalid value for the parameter ${attribute}: it is not JSON.`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new SqsError("InvalidAttributeValue", `Invalid value for the parameter ${attribute}: it is not a JSON object.`);
}

/** Throws `InvalidAttributeName`, for names of attributes that are asked for. */
export function checkAsked(names: readonly string[]): void {
  for (const name of names) {
    if (name === "All" || Object.hasOwn(settable, name) || readOnly.includes(name)) continue;
    throw new SqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
}
