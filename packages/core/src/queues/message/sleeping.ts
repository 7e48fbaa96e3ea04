/**
 * Sleeping: which messages of a long line are kept as next to nothing, and how they become messages again.
 *
 * (Z1) What sleeps is plain: all that is to know of it is in its bytes, or follows from its sequence.
 * (Z2) Behind one that sleeps in no line every other such one sleeps, so that they wake in their order.
 * (Z3) Of a durable queue the bytes of what sleeps are on the disk only.
 * (Z4) Where groups or priorities decide what is next, messages sleep in the line of theirs, behind one that is awake; the order wakes the first of them
 *      when it has to choose (`order/sleepers.ts`). What its group or priority was is read from its bytes then.
 * (Z5) What is delayed sleeps until its time (`delaying.ts`): so long after it was sent as its bytes say. In a FIFO queue it keeps back what is behind it, and
 *      does not.
 */
import type { QueueHost } from "../host.js";
import type { Lane } from "../leases/lane.js";
import type { Slept } from "./asleep.js";
import type { Bedroom, Log } from "./log.js";
import { Entry, Message } from "./message.js";
import type { Ordered } from "../order/order.js";
import { type Line, canSleepIn, sleepIn } from "../order/sleepers.js";
import { priorityDefault } from "./sealed.js";
import { messageKey, readKey, tableNames } from "../store/tables.js";
import type { QueueSettings } from "../types.js";

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
  /** See `delaying.ts`. */
  readonly delaying: { add(sequence: number, untilMs: number, hasGroup: boolean): void; forgotten(): void };
  storedContent(sequence: number): Uint8Array | undefined;
  keepContent(message: Message): void;
}

/** Whether anything of its queue may sleep. */
export function isLong({ lanes, log, host }: SleepingQueue): boolean {
  const lane = lanes.get("");
  return log.sleeping > 0 || (lane !== undefined && longest(lane) >= host.limits.awakeMessagesMax);
}

function longest(lane: Lane): number {
  return Math.max(lane.count("available"), lane.count("delayed"));
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

/** Whether one that comes in sleeps from now on. (Z1) */
export function sleeps(queue: SleepingQueue, message: Message, delayMs: number, nowMs: number): boolean {
  if (message.marks !== undefined) return false;
  if (delayMs > 0) return sleepsDelayed(queue, message, message, message.sentMs + delayMs, nowMs);
  const bed = bedFor(queue, message);
  if (bed !== undefined) putToBed(queue, bed, message.sequence, message, nowMs);
  return bed !== undefined;
}

/** Whether one that is delayed sleeps until then. (Z5) */
export function sleepsDelayed(
  queue: SleepingQueue,
  { sequence, group }: Ordered,
  slept: Slept,
  untilMs: number,
  nowMs: number,
): boolean {
  const lane = queue.lanes.get("");
  if (lane === undefined || queue.hasSubscriptions || lane.fromSequence > sequence || untilMs <= nowMs) return false;
  const isFull = lane.count("delayed") >= queue.host.limits.awakeMessagesMax;
  if (queue.settings.order === "fifo" || !isFull) return false;
  queue.log.addDelayed(sequence, keptOf(queue, slept));
  lane.sleep(1, nowMs, "delayed");
  queue.delaying.add(sequence, untilMs, group !== undefined);
  return true;
}

/** (Z3) */
function keptOf({ durable }: SleepingQueue, { sentMs, bytes, content }: Slept): Slept {
  return { sentMs, bytes, content: durable ? undefined : content };
}

/** A message is in the queue, asleep. (Z3) */
export function putToBed(queue: SleepingQueue, bed: Bed, sequence: number, slept: Slept, nowMs: number): void {
  const known = keptOf(queue, slept);
  if (bed.line === undefined) queue.log.addAsleep(sequence, known);
  else {
    sleepIn(bed.line, sequence);
    queue.log.addAsleepInLine(sequence, known);
  }
  bed.lane.sleep(1, nowMs);
}

/** The message that has slept, in its lane. */
export function waken(queue: SleepingQueue, sequence: number, slept: Slept, bedroom: Bedroom): Message {
  const lane = queue.lanes.get("") as Lane;
  if (bedroom === "none") return madeOf(queue, sequence, slept, nowhere, (entry) => lane.wake(entry));
  const content = queue.durable ? queue.storedContent(sequence) : slept.content;
  // whoever receives one whose row is gone sees it
  const { group, priority, delayMs } = content === undefined ? nowhere : queue.host.sealer.placeOf(content);
  return madeOf(queue, sequence, { ...slept, content }, { group, priority }, (entry) => {
    if (bedroom === "line") lane.wake(entry);
    else lane.wakeDelayed(entry, slept.sentMs + delayMs);
  });
}

const nowhere = { group: undefined, priority: priorityDefault, delayMs: 0 };

/** Makes a message of what is known of it, with an entry that goes `into` its lane. */
function madeOf(
  queue: SleepingQueue,
  sequence: number,
  { bytes, sentMs, content }: Slept,
  { group, priority }: { readonly group: string | undefined; readonly priority: number },
  into: (entry: Entry) => void,
): Message {
  const message = new Message(sequence, content, { bytes, sentMs, group, priority, marks: undefined, wanted: 1 });
  if (content !== undefined) queue.keepContent(message);
  const entry = new Entry(message, (queue.lanes.get("") as Lane).number);
  message.entries = entry;
  into(entry);
  return message;
}

/** The delay of one that has slept is over: it is available, and sleeps on where it can. (Z5) */
export function delayOver(queue: SleepingQueue, sequence: number, hasPlace: boolean, nowMs: number): void {
  const slept = queue.log.takeDelayed(sequence);
  const lane = queue.lanes.get("");
  if (slept === undefined || lane === undefined) return; // awake since, or gone
  lane.sleep(-1, nowMs, "delayed");
  const content = hasPlace ? (slept.content ?? queue.storedContent(sequence)) : undefined;
  const { group, priority } = content === undefined ? nowhere : queue.host.sealer.placeOf(content);
  const bed = bedFor(queue, { sequence, group, priority });
  if (bed !== undefined) return putToBed(queue, bed, sequence, slept, nowMs);
  lane.sleep(1, nowMs);
  queue.log.add(madeOf(queue, sequence, slept, { group, priority }, (entry) => lane.wake(entry)));
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
  const { available, delayed, bytes } = queue.log.removeAsleep(sequence);
  queue.room.messages -= available + delayed;
  queue.room.bytes -= bytes;
  const lane = queue.lanes.get("");
  if (available > 0) lane?.sleep(-available, nowMs);
  if (delayed === 0) return available;
  lane?.sleep(-delayed, nowMs, "delayed");
  queue.delaying.forgotten();
  return available + delayed;
}
