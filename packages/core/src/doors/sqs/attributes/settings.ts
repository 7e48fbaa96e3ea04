/**
 * Settings: the attributes of a queue of SQS as settings of ours, and back.
 *
 * (S1) What was set is told again as it was; what was never set, as the defaults of AWS.
 * (S2) A queue of SQS retries at once, refuses what exceeds its capacity, and its messages are done when one receiver has
 *      deleted them.
 */
import { type QueueSettings, type QueueStats, defaultQueueSettings } from "../../../queues/index.js";
import type { QueueRecord } from "../backend.js";
import { SqsError } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { type SqsPlace, queueArn } from "../names.js";
import type { Texts } from "../types.js";
import { type Extras, extrasOf, tagsWith } from "./extras.js";
import { policyWith } from "./policy.js";
import { parseRedriveAllowPolicy, parseRedrivePolicy, redrivePolicyText } from "./redrive-policy.js";
import { checkAttribute } from "./rules.js";

/** Attributes that only the door reads, and what they are where nothing was said. */
const kept: Readonly<Record<string, string | undefined>> = {
  ReceiveMessageWaitTimeSeconds: "0",
  KmsDataKeyReusePeriodSeconds: undefined,
  SqsManagedSseEnabled: "false",
  Policy: undefined,
  RedriveAllowPolicy: undefined,
  FifoThroughputLimit: undefined,
};

/** What given attributes make of a queue. Throws `SqsError`. */
export function settingsOf(
  attributes: Texts,
  isFifo: boolean,
  before: Pick<QueueSettings, "dedup" | "tags"> | undefined,
  place: SqsPlace,
  wallMs: number,
): Partial<QueueSettings> {
  for (const [name, value] of attributes) checkAttribute(name, value, isFifo);
  const seconds = (name: string): number | undefined => {
    const value = attributes.get(name);
    return value === undefined ? undefined : Number(value) * 1_000;
  };
  const visibilityMs = seconds("VisibilityTimeout");
  const delayMs = seconds("DelaySeconds");
  const ttlMs = seconds("MessageRetentionPeriod");
  const messageBytesMax = attributes.get("MaximumMessageSize");
  const redrive = attributes.get("RedrivePolicy");
  const policy = redrive === undefined ? undefined : parseRedrivePolicy(redrive, place);
  const tags = before?.tags ?? {};
  const extras = extrasWith(extrasOf({ tags }), attributes, place, wallMs);
  const dedup = isFifo ? dedupWith(before?.dedup, attributes) : undefined;
  checkThroughput(extras, dedup);
  return {
    ...(before === undefined ? created(isFifo) : {}),
    ...(visibilityMs === undefined ? {} : { visibilityMs }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(messageBytesMax === undefined ? {} : { messageBytesMax: Number(messageBytesMax) }),
    ...(redrive === undefined ? {} : { deadLetter: policy?.deadLetter, maxReceives: policy?.maxReceives }),
    ...(dedup === undefined ? {} : { dedup }),
    tags: tagsWith(tags, extras),
  };
}

/** (S2) */
function created(isFifo: boolean): Partial<QueueSettings> {
  const { visibilityMs, delayMs, ttlMs } = defaultQueueSettings;
  return {
    guarantee: { kind: "at-least-once" },
    order: isFifo ? "fifo" : "standard",
    visibilityMs,
    delayMs,
    ttlMs,
    retry: undefined,
    overflow: "reject",
    messageBytesMax: sqsLimits.messageBytesMax,
  };
}

function extrasWith(before: Extras, attributes: Texts, place: SqsPlace, wallMs: number): Extras {
  const allowed = attributes.get("RedriveAllowPolicy");
  if (allowed !== undefined) parseRedriveAllowPolicy(allowed, place);
  const changed = [...attributes].filter(([name]) => Object.hasOwn(kept, name));
  const all = Object.entries({ ...before.attributes, ...Object.fromEntries(changed) }).filter(
    ([, value]) => value !== "",
  );
  const permissions = attributes.has("Policy") ? {} : before.permissions; // a policy is replaced with all that was granted
  return { permissions, attributes: Object.fromEntries(all), modifiedSeconds: Math.floor(wallMs / 1_000) };
}

function dedupWith(before: QueueSettings["dedup"], attributes: Texts): NonNullable<QueueSettings["dedup"]> {
  const scope = attributes.get("DeduplicationScope");
  const byContent = attributes.get("ContentBasedDeduplication");
  return {
    windowMs: before?.windowMs ?? sqsLimits.dedupWindowMs,
    scope: scope === undefined ? (before?.scope ?? "queue") : scope === "queue" ? "queue" : "group",
    byContent: byContent === undefined ? (before?.byContent ?? false) : byContent === "true",
  };
}

function checkThroughput({ attributes }: Extras, dedup: QueueSettings["dedup"]): void {
  if (attributes["FifoThroughputLimit"] !== "perMessageGroupId" || dedup?.scope === "group") return;
  throw new SqsError(
    "InvalidAttributeValue",
    "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only when DeduplicationScope is messageGroup.",
  );
}

/** Every attribute of a queue but those that its stats tell. (S1) */
export function attributesOf({ name, settings }: QueueRecord, place: SqsPlace): Map<string, string> {
  const { attributes, permissions, modifiedSeconds } = extrasOf(settings);
  const all = new Map<string, string>([
    ["QueueArn", queueArn(name, place)],
    ["VisibilityTimeout", inSeconds(settings.visibilityMs)],
    ["MaximumMessageSize", String(settings.messageBytesMax)],
    ["MessageRetentionPeriod", inSeconds(settings.ttlMs)],
    ["DelaySeconds", inSeconds(settings.delayMs)],
  ]);
  if (modifiedSeconds !== undefined) all.set("LastModifiedTimestamp", String(modifiedSeconds));
  for (const [key, value] of Object.entries({ ...kept, ...attributes })) if (value !== undefined) all.set(key, value);
  const policy = policyWith(all.get("Policy"), permissions, queueArn(name, place));
  if (policy !== undefined) all.set("Policy", policy);
  const { deadLetter, maxReceives, order, dedup } = settings;
  if (deadLetter !== undefined && maxReceives !== undefined)
    all.set("RedrivePolicy", redrivePolicyText({ arn: queueArn(deadLetter, place), maxReceives }));
  if (order === "fifo") {
    all.set("FifoQueue", "true");
    all.set("ContentBasedDeduplication", String(dedup?.byContent ?? false));
    all.set("DeduplicationScope", dedup?.scope === "group" ? "messageGroup" : "queue");
    if (!all.has("FifoThroughputLimit")) all.set("FifoThroughputLimit", "perQueue");
  }
  return all;
}

/** Puts those of `ofStats`. What was never changed by a door was last changed when it was made. */
export function putStats(all: Map<string, string>, { available, delayed, leased, createdMs }: QueueStats): void {
  const created = inSeconds(createdMs);
  all.set("CreatedTimestamp", created);
  if (!all.has("LastModifiedTimestamp")) all.set("LastModifiedTimestamp", created);
  all.set("ApproximateNumberOfMessages", String(available));
  all.set("ApproximateNumberOfMessagesDelayed", String(delayed));
  all.set("ApproximateNumberOfMessagesNotVisible", String(leased));
}

function inSeconds(ms: number): string {
  return String(Math.floor(ms / 1_000));
}
