/**
 * Telling: what has become of messages, for whoever wants to hear of it.
 *
 * (E1) Where nobody does, it costs a look.
 * (E2) A queue that topics of the cluster feed tells nothing of its messages: what it tells would come into queues again, for ever.
 */
import type { QueueHost } from "../host.js";
import { type Entry, type Message, entriesOf } from "../message/message.js";
import type { Leaving } from "../figures.js";
import type { MessageEnd } from "./listener.js";
import type { QueueSettings } from "../types.js";

export interface TellingQueue {
  readonly name: string;
  readonly settings: QueueSettings;
  readonly host: QueueHost;
  idOf(message: Message): string;
}

const told: Readonly<Partial<Record<Leaving, MessageEnd>>> = {
  expired: "expired",
  dropped: "dropped",
  dead: "dead-letter",
};

/** The message has left. */
export function tellLeft(queue: TellingQueue, message: Message, how: Leaving, nowMs: number): void {
  const end = told[how];
  if (end !== undefined && queue.host.listener?.isHeard === true)
    tell(queue, message, entriesOf(message)[0], end, nowMs);
}

/** A lane has done with it. */
export function tellEntry(queue: TellingQueue, entry: Entry, how: MessageEnd, nowMs: number, lane?: string): void {
  if (queue.host.listener?.isHeard === true) tell(queue, entry.message, entry, how, nowMs, lane); // (E1)
}

/** Whether what happens to its messages may be told. (E2) */
function isToldOf({ settings }: Pick<TellingQueue, "settings">): boolean {
  return !settings.topics.some((topic) => topic === "mpreg" || topic.startsWith("mpreg."));
}

/** A message of a topic did not come in. */
export function tellNotFed(queue: Omit<TellingQueue, "idOf">, id: string, error: string): void {
  const { listener } = queue.host;
  if (listener?.isHeard !== true || !isToldOf(queue)) return;
  listener.ended(queue.name, "feed-refused", { id, receives: 0, sentMs: queue.host.wallMs(), error });
}

function tell(
  queue: TellingQueue,
  message: Message,
  entry: Entry | undefined,
  how: MessageEnd,
  nowMs: number,
  lane: string = "",
): void {
  const { name, host } = queue;
  if (!isToldOf(queue)) return;
  const sentMs = Math.round(host.wallMs() - (nowMs - message.sentMs));
  const facts = { id: queue.idOf(message), receives: entry?.lease?.receives ?? 0, sentMs };
  host.listener?.ended(name, how, lane === "" ? facts : { ...facts, subscription: lane });
}
