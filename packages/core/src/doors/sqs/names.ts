/**
 * Names: what SQS calls a queue: its name, its URL and its ARN.
 *
 * (N1) A URL begins as the caller reached the door, so that it leads the caller back to it; read from one are only the
 *      account and the name, its last two parts.
 * (N2) An ARN is read only if it is one that this door would write: region and account are the door's options.
 */
import { SqsError, invalidParameter, noSuchQueue } from "./errors.js";
import { sqsLimits } from "./limits.js";

/** Where the queues of a door are, in the terms of AWS. */
export interface SqsPlace {
  /** Such as `us-east-1`. */
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

const fifoSuffix = ".fifo";
const nameForm = /^[A-Za-z0-9_-]+$/;

export function isFifoName(name: string): boolean {
  return name.endsWith(fifoSuffix);
}

/** Whether SQS could have a queue of this name. */
export function isSqsName(name: string): boolean {
  const bare = isFifoName(name) ? name.slice(0, -fifoSuffix.length) : name;
  return name.length <= sqsLimits.queueNameMax && nameForm.test(bare);
}

/** Throws `InvalidParameterValue`. */
export function checkSqsName(name: string, isFifo: boolean): void {
  if (!isFifo && isFifoName(name)) {
    throw invalidParameter(
      name,
      "QueueName",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length; a name that ends with .fifo needs FifoQueue to be true",
    );
  }
  if (isFifo && !isFifoName(name)) {
    throw new SqsError(
      "InvalidParameterValue",
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
  if (isSqsName(name)) return;
  throw new SqsError(
    "InvalidParameterValue",
    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
  );
}

/** (N1) */
export function queueUrl(name: string, origin: string, { account }: SqsPlace): string {
  return `${origin}/${account}/${name}`;
}

/** The name in a URL, or in the path of one; throws `InvalidAddress` or `QueueDoesNotExist`. (N1) */
export function nameInUrl(url: string, { account }: SqsPlace): string {
  const [, owner, name] = /\/([^/?#]+)\/([^/?#]+)\/?$/.exec(url) ?? [];
  if (owner === undefined || name === undefined || !/^\d+$/.test(owner))
    throw new SqsError("InvalidAddress", `The address ${url} is not valid for this endpoint.`);
  if (owner !== account || !isSqsName(name)) throw noSuchQueue();
  return name;
}

export function queueArn(name: string, { region, account }: SqsPlace): string {
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

/** The name in an ARN, `undefined` where it is none of this door's. (N2) */
export function nameInArn(arn: string, { region, account }: SqsPlace): string | undefined {
  const [prefix, partition, service, itsRegion, itsAccount, name, ...rest] = arn.split(":");
  if (prefix !== "arn" || !/^aws(-[a-z-]+)?$/.test(partition ?? "") || service !== "sqs" || rest.length > 0)
    return undefined;
  return itsRegion === region && itsAccount === account && name !== undefined && isSqsName(name) ? name : undefined;
}
