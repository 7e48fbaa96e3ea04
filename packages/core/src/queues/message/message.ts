/**
 * Message: what is kept in memory of a message that waits.
 *
 * Owns the fields. One object per message and one per lane that has it; what only those have that were received or delayed is
 * made when they first are. A message's content is bytes (`sealed.ts`), which may be in the store only.
 */
import type { Deadline, HeapItem } from "../../base/index.js";
import type { Failure, MessageState } from "../types.js";

/** Ids, keys and what is waited for: few messages have any of them. */
export interface Marks {
  /** `undefined`: made of the sequence. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  readonly after: readonly string[] | undefined;
  readonly ttlMs: number | undefined;
  readonly keepResult: boolean;
}

export class Message {
  readonly sequence: number;
  /** What it counts against `bytesMax`. */
  readonly bytes: number;
  /** `undefined`: in the store only. */
  content: Uint8Array | undefined;
  /** On the monotonic clock, in whole ms. Before the start of this run for one that was recovered. */
  readonly sentMs: number;
  readonly group: string | undefined;
  readonly priority: number;
  readonly marks: Marks | undefined;
  /** Acknowledgements that are wanted yet. 0: done, or gone. */
  wanted: number;
  /** Somebody has, of several perhaps. */
  isAcknowledged = false;
  /** Its one entry, or those of its lanes. */
  entries: Entry | readonly Entry[] | undefined = undefined;

  constructor(
    sequence: number,
    content: Uint8Array | undefined,
    head: {
      readonly bytes: number;
      readonly sentMs: number;
      readonly group: string | undefined;
      readonly priority: number;
      readonly marks: Marks | undefined;
      readonly wanted: number;
    },
  ) {
    this.sequence = sequence;
    this.bytes = head.bytes;
    this.content = content;
    this.sentMs = head.sentMs;
    this.group = head.group;
    this.priority = head.priority;
    this.marks = head.marks;
    this.wanted = head.wanted;
  }
}

/**
 * Where an entry stands in its lane.
 *
 * `settling-…`: what takes it out of that state is on its way to the disk, or it waits for other messages (`settling-delayed`); until then it is
 * given to nobody, and told of as what it was. `failing`: its message can never be done, and is on its way out (`failing.ts`). `gone`: acknowledged, expired, moved or purged;
 * never in a lane again.
 */
export type EntryState = MessageState | Settling | "failing" | "gone";

export type Settling = `settling-${MessageState}`;

export function isSettling(state: EntryState): state is Settling {
  return state === "settling-leased" || state === "settling-available" || state === "settling-delayed";
}

/** A message in a lane. */
export class Entry implements HeapItem {
  heapIndex = -1;
  state: EntryState = "gone";
  lease: Lease | undefined = undefined;
  readonly message: Message;
  /** Number of its lane. */
  readonly lane: number;

  constructor(message: Message, lane: number) {
    this.message = message;
    this.lane = lane;
  }
}

/** How the last lease of an entry ended; `behind`: with that of a message before it in its FIFO group. */
export type LeaseEnd = "expired" | "released" | "behind";

/** What is known of an entry that was leased, or is delayed: its last lease, and when the present state ends. */
export class Lease implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly entry: Entry;
  receives = 0;
  /** Rises with each lease of the entry: the fencing token. */
  number = 0;
  /** The run of the node in which the lease was given. */
  run: string;
  /** Wall time. */
  firstReceivedMs = 0;
  error: string | undefined = undefined;
  failure: Failure | undefined = undefined;
  ended: LeaseEnd | undefined = undefined;
  /** Whether there is a row of it in the store, or on its way there. */
  isWritten = false;

  constructor(entry: Entry, run: string) {
    this.entry = entry;
    this.run = run;
  }
}

/** The order of sequences. */
export function isBefore(a: Entry, b: Entry): boolean {
  return a.message.sequence < b.message.sequence;
}

export function leaseOf(entry: Entry, run: string): Lease {
  return (entry.lease ??= new Lease(entry, run));
}

/** The last lease of a message, as far as that is remembered; of several lanes, rather one that has ended with an error. */
export function lastLeaseOf(message: Message): Lease | undefined {
  let last: Lease | undefined;
  for (const { lease } of entriesOf(message)) {
    if (lease === undefined || lease.receives === 0) continue;
    if (last === undefined || lease.error !== undefined) last = lease;
  }
  return last;
}

/** The entries of a message, one for each of its lanes. */
export function entriesOf(message: Message): readonly Entry[] {
  const { entries } = message;
  if (entries === undefined) return [];
  return entries instanceof Entry ? [entries] : entries;
}

/** The entry of the lane of that number. */
export function entryOf({ entries }: Message, lane: number): Entry | undefined {
  if (entries instanceof Entry) return entries.lane === lane ? entries : undefined;
  return entries?.find((entry) => entry.lane === lane);
}

/** Whether it may go elsewhere: nobody has it, and somebody is still to get it. What all have given up goes as what has failed (`failing.ts`). */
export function isFree(message: Message): boolean {
  let isAwaited = false;
  for (const { state } of entriesOf(message)) {
    if (state === "gone") continue;
    if (state !== "available" && state !== "delayed") return false;
    isAwaited = true;
  }
  return isAwaited;
}
