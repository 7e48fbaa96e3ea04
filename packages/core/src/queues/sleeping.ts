/**
 * Sleeping: which messages of a long line are kept as next to nothing, and how they become messages again.
 *
 * (Z1) What sleeps is plain: all that is to know of it is in its bytes, or follows from its sequence.
 * (Z2) Behind one that sleeps every plain one sleeps, so that they wake in their order.
 * (Z3) Of a durable queue the bytes of what sleeps are on the disk only.
 */
import type { QueueHost } from "./host.js";
import type { Lane } from "./lane.js";
import type { Slept } from "./message/asleep.js";
import type { Log } from "./message/log.js";
import { Entry, Message } from "./message/message.js";
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
}

/** Where a message that has just come in can sleep: its lane. (Z1, Z2) */
export function bedFor(queue: SleepingQueue, sequence: number): Lane | undefined {
  const lane = queue.lanes.get("");
  if (lane === undefined || queue.hasSubscriptions || queue.settings.order !== "standard") return undefined;
  if (lane.fromSequence > sequence) return undefined;
  const { awakeMessagesMax } = queue.host.limits;
  return queue.log.sleeping > 0 || lane.count("available") >= awakeMessagesMax ? lane : undefined;
}

/** Whether nothing is to be remembered of a message but its bytes. (Z1) */
export function isPlain({ marks, group }: Message, delayMs: number): boolean {
  return delayMs === 0 && marks === undefined && group === undefined;
}

/** A plain message is in the queue, asleep. (Z3) */
export function putToBed(queue: SleepingQueue, lane: Lane, sequence: number, slept: Slept, nowMs: number): void {
  const content = queue.durable ? undefined : slept.content;
  queue.log.addAsleep(sequence, { sentMs: slept.sentMs, bytes: slept.bytes, content });
  lane.sleep(1, nowMs);
}

/** The message that has slept, in its lane. */
export function waken(queue: SleepingQueue, sequence: number, { sentMs, bytes, content }: Slept): Message {
  const head = { bytes, sentMs, group: undefined, priority: priorityDefault, marks: undefined, wanted: 1 };
  const message = new Message(sequence, content, head);
  const lane = queue.lanes.get("") as Lane;
  const entry = new Entry(message, lane.number);
  message.entries = entry;
  lane.wake(entry);
  return message;
}

/** Some of the oldest wake, with their contents as far as there is room for them. */
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
