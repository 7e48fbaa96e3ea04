/**
 * Restoring: messages that were on their way out of a queue (dropped, withdrawn, redriven), and stay after all, since the disk had no room.
 *
 * (R1) What was available is available, what was delayed is that for as long as it was to be: neither waits for the end of a lease of old.
 * (R2) Whose time was over meanwhile expires: nobody looked at it while it was settling.
 */
import type { Lane } from "../leases/lane.js";
import { type Entry, type Message, entriesOf, isSettling } from "../message/message.js";

/** What restoring needs of its queue. */
export interface RestoringQueue {
  readonly expiry: { isOver(message: Message, nowMs: number): boolean };
  laneOf(entry: Entry): Lane | undefined;
  expireEntry(entry: Entry, nowMs: number): void;
}

export function restoreMessage(queue: RestoringQueue, message: Message, nowMs: number): void {
  for (const entry of entriesOf(message)) restoreEntry(queue, entry, nowMs);
}

export function restoreEntry(queue: RestoringQueue, entry: Entry, nowMs: number): void {
  if (!isSettling(entry.state)) return;
  if (queue.expiry.isOver(entry.message, nowMs)) queue.expireEntry(entry, nowMs);
  else queue.laneOf(entry)?.restore(entry, nowMs);
}
