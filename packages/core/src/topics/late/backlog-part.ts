/**
 * Backlog part: what a node answers another one that asks for its backlog, as an encoded value (docs/protocol.md, "backlog-ask").
 *
 * (P1) What another node says is looked at before it is believed: an answer of another shape is `malformed`.
 */
import { MpregError } from "../../base/index.js";

/**
 * A message: its bytes; for how long it has been there, in ms; 0 where it was published at the node that answers, else 1 + the place of its
 * origin in `origins`; and for how long it does not expire, in ms: 0 for ever.
 */
export type PartEntry = readonly [message: Uint8Array, ageMs: number, origin: number, leftMs: number];

export interface BacklogPart {
  /** Whether the node serves what the asker wants, and nothing waits there for it. Otherwise it is to ask again. */
  readonly ready: boolean;
  /** The number of the last message that the node had sent to the asker: what was published there later comes as live. */
  readonly forwarded: number;
  /** The numbers of its backlog that it tells end before this one. */
  readonly until: number;
  /** Where the next part begins; 0: this is the last one. */
  readonly next: number;
  /** Whether nothing had left it that was published there in the time asked for. */
  readonly whole: boolean;
  /** Whether its bounds have cut that time. Not said where they have not. */
  readonly cut?: boolean | undefined;
  /** Processes of nodes that are gone, of which it has messages. */
  readonly origins: readonly string[];
  readonly entries: readonly PartEntry[];
}

/** Throws `malformed`. (P1) */
export function backlogPartOf(value: unknown): BacklogPart {
  const part = value as Readonly<Record<keyof BacklogPart, unknown>>;
  const isPart =
    typeof value === "object" &&
    value !== null &&
    typeof part.ready === "boolean" &&
    typeof part.whole === "boolean" &&
    (part.cut === undefined || typeof part.cut === "boolean") &&
    [part.forwarded, part.until, part.next].every(isCount) &&
    isListOf(part.origins, (origin) => typeof origin === "string") &&
    isListOf(part.entries, (entry) => isEntry(entry, (part.origins as readonly string[]).length));
  if (!isPart) throw new MpregError("malformed", "A node tells of its backlog what cannot be read");
  return value as BacklogPart;
}

function isEntry(entry: unknown, origins: number): boolean {
  if (!Array.isArray(entry) || entry.length !== 4) return false;
  const [message, ageMs, origin, leftMs] = entry as readonly unknown[];
  return message instanceof Uint8Array && isCount(origin) && origin <= origins && isTime(ageMs) && isTime(leftMs);
}

function isListOf(list: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isItem);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < Infinity;
}
