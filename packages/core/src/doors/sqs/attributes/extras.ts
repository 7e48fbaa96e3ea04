/**
 * Extras: what a queue of SQS has and a queue of ours has not, kept as JSON in one of its tags.
 *
 * (E1) The tag is the door's: callers neither see nor write tags whose names begin with `aws:` (as AWS has it).
 */
import type { QueueSettings } from "../../../queues/index.js";

/** One label of `AddPermission`. */
export interface Permission {
  readonly accounts: readonly string[];
  readonly actions: readonly string[];
}

export interface Extras {
  /** Attributes that only this door reads: `Policy`, `ReceiveMessageWaitTimeSeconds` … */
  readonly attributes: Readonly<Record<string, string>>;
  /** By label. */
  readonly permissions: Readonly<Record<string, Permission>>;
  /** Wall time of the last change of attributes, in seconds. */
  readonly modifiedSeconds: number | undefined;
}

export const reservedTags = "aws:";
const extrasTag = `${reservedTags}sqs`;

const none: Extras = { attributes: {}, permissions: {}, modifiedSeconds: undefined };

export function extrasOf({ tags }: Pick<QueueSettings, "tags">): Extras {
  const text = tags[extrasTag];
  return text === undefined ? none : (JSON.parse(text) as Extras); // (E1) nobody else writes it
}

/** `tags` with these extras. */
export function tagsWith(tags: Readonly<Record<string, string>>, extras: Extras): Record<string, string> {
  return { ...tags, [extrasTag]: JSON.stringify(extras) };
}

/** Those that are not the door's. (E1) */
export function ownTags(tags: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(tags).filter(([key]) => !key.startsWith(reservedTags));
}

/** The tags of `settings` with others of the caller's. (E1) */
export function withOwnTags(
  { tags }: Pick<QueueSettings, "tags">,
  own: Iterable<readonly [string, string]>,
): Record<string, string> {
  const extras = Object.entries(tags).filter(([key]) => key.startsWith(reservedTags));
  return Object.fromEntries([...extras, ...own]);
}
