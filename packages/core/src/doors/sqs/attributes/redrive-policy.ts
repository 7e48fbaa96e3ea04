/**
 * Redrive policies: `RedrivePolicy` of a queue (where its dead letters go) and `RedriveAllowPolicy` of a dead-letter queue
 * (who may send them there). Both are JSON in the text of an attribute; empty text takes them away.
 */
import { invalidParameter } from "../errors.js";
import { sqsLimits } from "../limits.js";
import { type SqsPlace, nameInArn } from "../names.js";
import { objectIn } from "./rules.js";

export interface RedrivePolicy {
  readonly deadLetter: string;
  readonly maxReceives: number;
}

export type RedriveAllowPolicy =
  | { readonly kind: "allowAll" }
  | { readonly kind: "denyAll" }
  | { readonly kind: "byQueue"; readonly sources: readonly string[] };

/** Throws `InvalidParameterValue`. `undefined` for empty text. */
export function parseRedrivePolicy(text: string, place: SqsPlace): RedrivePolicy | undefined {
  if (text === "") return undefined;
  const { deadLetterTargetArn, maxReceiveCount = "10" } = objectIn(text, "RedrivePolicy");
  if (typeof deadLetterTargetArn !== "string") {
    throw invalidParameter(
      text,
      "RedrivePolicy",
      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
    );
  }
  const maxReceives = Number(maxReceiveCount); // AWS takes both 3 and "3"
  if (!Number.isInteger(maxReceives) || maxReceives < 1 || maxReceives > sqsLimits.maxReceiveCountMax) {
    throw invalidParameter(
      text,
      "RedrivePolicy",
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to ${sqsLimits.maxReceiveCountMax} both inclusive.`,
    );
  }
  return { deadLetter: targetOf(deadLetterTargetArn, "deadLetterTargetArn", text, place), maxReceives };
}

/** As JSON, where there is one. */
export function redrivePolicyText(policy: { readonly arn: string; readonly maxReceives: number }): string {
  return JSON.stringify({ deadLetterTargetArn: policy.arn, maxReceiveCount: policy.maxReceives });
}

/** Throws `InvalidParameterValue`. `undefined` for empty text. */
export function parseRedriveAllowPolicy(text: string, place: SqsPlace): RedriveAllowPolicy | undefined {
  if (text === "") return undefined;
  const { redrivePermission, sourceQueueArns } = objectIn(text, "RedriveAllowPolicy");
  const name = "RedriveAllowPolicy";
  if (redrivePermission === "allowAll" || redrivePermission === "denyAll") {
    if (sourceQueueArns === undefined) return { kind: redrivePermission };
    throw invalidParameter(text, name, "sourceQueueArns may be given only with the redrivePermission byQueue.");
  }
  if (redrivePermission !== "byQueue")
    throw invalidParameter(text, name, "redrivePermission must be allowAll, denyAll or byQueue.");
  if (!Array.isArray(sourceQueueArns) || sourceQueueArns.length === 0 || !sourceQueueArns.every(isString))
    throw invalidParameter(text, name, "byQueue needs sourceQueueArns.");
  if (sourceQueueArns.length > sqsLimits.redriveSourcesMax)
    throw invalidParameter(text, name, `At most ${sqsLimits.redriveSourcesMax} sourceQueueArns may be given.`);
  return {
    kind: "byQueue",
    sources: sourceQueueArns.map((arn) => targetOf(arn, "sourceQueueArns", text, place, name)),
  };
}

/** Whether `source` may send its dead letters to a queue of that policy. */
export function mayRedrive(source: string, policy: RedriveAllowPolicy | undefined): boolean {
  if (policy === undefined || policy.kind === "allowAll") return true;
  return policy.kind === "byQueue" && policy.sources.includes(source);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function targetOf(arn: string, member: string, text: string, place: SqsPlace, attribute = "RedrivePolicy"): string {
  const name = nameInArn(arn, place);
  if (name !== undefined) return name;
  const own = `arn:aws:sqs:${place.region}:${place.account}:NAME`;
  throw invalidParameter(text, attribute, `Invalid value for ${member}; ARNs of this server are ${own}.`);
}
