/**
 * Sleeping: which messages of a long line are kept as next to nothing, and how they become messages again.
 *
 * (Z1) What sleeps is plain: all that is to know of it is in its bytes, or follows from its sequence.
 * (Z2) Behind one that sleeps in no line every other such one sleeps, so that they wake in their order.
 * (Z3) Of a durable queue the bytes of what sleeps are on the disk only.
 * (Z4) Where groups or priorities decide what is next, messages sleep in the line of theirs, behind one that is awake; the order wakes the first of them
 *      when it has to choose (`order/sleepers.ts`). What its group or priority was is read from its bytes then.
 */
import type { QueueHost } from "./host.js";
import type { Lane } from "./lane.js";
import type { Slept } from "./message/asleep.js";
import type { Log } from "./message/log.js";
import { Entry, Message } from "./message/message.js";
import type { Ordered } from "./order/order.js";
import { type Line, canSleepIn, sleepIn } from "./order/sleepers.js";
import { priorityDefault } from "./message/sealed.js";
import { messageKey, readKey, tableNames } from "./tables.js";
import type { QueueSettings } from "./types.js";

/** How many wake at once: they are read from the store in one go. */
const wokenTogether = 128;

/** What sleeping needs of its queue. */
export interface SleepingQueue {
  readonly id: number;
  readonly host: QueueHost;
  readonly log: Log;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly settings: QueueSettings;
  readonly hasSubscriptions: boolean;
  readonly durable: boolean;
  storedContent(sequence: number): Uint8Array | undefined;
  keepContent(message: Message): void;
}

/** Whether anything of its queue may sleep. */
export function isLong({ lanes, log, host }: SleepingQueue): boolean {
  return log.sleeping > 0 || (lanes.get("")?.count("available") ?? 0) >= host.limits.awakeMessagesMax;
}

/** Where a message can sleep: its lane, and its line there, where the order has to know of it. */
export interface Bed {
  readonly lane: Lane;
  readonly line: Line | undefined;
}

/** Where one that has just come in can. (Z1, Z2, Z4) */
export function bedFor(queue: SleepingQueue, message: Ordered): Bed | undefined {
  const lane = queue.lanes.get("");
  if (lane === undefined || queue.hasSubscriptions || lane.fromSequence > message.sequence) return undefined;
  const isFull = lane.count("available") >= queue.host.limits.awakeMessagesMax;
  if (message.group === undefined && queue.settings.order === "standard")
    return isFull || queue.log.sleepingInNoLine > 0 ? { lane, line: undefined } : undefined;
  const line = lane.lineOf(message);
  if (line === undefined || !(isFull || line.sleepers !== undefined)) return undefined;
  return canSleepIn(line, message.sequence) ? { lane, line } : undefined;
}

/** Whether nothing is to be remembered of a message but its bytes, and its place in the order. (Z1) */
export function maySleep({ marks }: Message, delayMs: number): boolean {
  return delayMs === 0 && marks === undefined;
}

/** A message is in the queue, asleep. (Z3) */
export function putToBed(queue: SleepingQueue, bed: Bed, sequence: number, slept: Slept, nowMs: number): void {
  const content = queue.durable ? undefined : slept.content;
  const known = { sentMs: slept.sentMs, bytes: slept.bytes, content };
  if (bed.line === undefined) queue.log.addAsleep(sequence, known);
  else {
    sleepIn(bed.line, sequence);
    queue.log.addAsleepInLine(sequence, known);
  }
  bed.lane.sleep(1, nowMs);
}

/** The message that has slept, in its lane. */
export function waken(queue: SleepingQueue, sequence: number, slept: Slept, inLine: boolean): Message {
  const { bytes, sentMs } = slept;
  const content = inLine && queue.durable ? queue.storedContent(sequence) : slept.content;
  const place = inLine && content !== undefined ? queue.host.sealer.placeOf(content) : undefined;
  const { group, priority = priorityDefault } = place ?? {}; // whoever receives one whose row is gone sees it
  const head = { bytes, sentMs, group, priority, marks: undefined, wanted: 1 };
  const message = new Message(sequence, content, head);
  if (content !== undefined) queue.keepContent(message);
  const lane = queue.lanes.get("") as Lane;
  const entry = new Entry(message, lane.number);
  message.entries = entry;
  lane.wake(entry);
  return message;
}

/** Some of the oldest in no line wake, with their contents as far as there is room for them. */
export function awaken(queue: SleepingQueue): void {
  const woken = queue.log.wake(wokenTogether);
  const [first, last] = [woken[0], woken[woken.length - 1]];
  const { store } = queue.host.writes;
  const { bodies, limits } = queue.host;
  if (!queue.durable || store === undefined || first === undefined || last === undefined) return;
  if (bodies.held + last.bytes > limits.bodiesBytesMax) return;
  const from = messageKey(queue.id, first.sequence);
  const rows = store.range(tableNames.messages, {
    from,
    to: messageKey(queue.id, last.sequence + 1),
    limit: wokenTogether,
  });
  let at = 0;
  for (const { key, value } of rows) {
    const sequence = readKey(key).sequence;
    while (at < woken.length && (woken[at] as Message).sequence < sequence) at += 1;
    const message = woken[at];
    if (message?.sequence !== sequence || bodies.held + message.bytes > limits.bodiesBytesMax) continue;
    message.content = value;
    bodies.held += message.bytes;
  }
}

/** What sleeps before `sequence` is gone; answers how many that were. */
export function forgetAsleep(
  queue: SleepingQueue & { readonly room: { messages: number; bytes: number } },
  sequence: number,
  nowMs: number,
): number {
  const { messages, bytes } = queue.log.removeAsleep(sequence);
  queue.room.messages -= messages;
  queue.room.bytes -= bytes;
  if (messages > 0) queue.lanes.get("")?.sleep(-messages, nowMs);
  return messages;
}
