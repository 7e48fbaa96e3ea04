/** Browsing: what is in a queue, looked at without a lease. */
import { MpregError, quoted } from "../base/index.js";
import { type Entry, type Message, entriesOf } from "./message/message.js";
import type { Queue } from "./queue.js";
import { laneFor } from "./receiving.js";
import type { BrowsedMessage, MessageState, QueueOperation, QueueStats } from "./types.js";

type Browse = Extract<QueueOperation, { readonly op: "browse" }>;

export function browse(queue: Queue, wish: Browse): readonly BrowsedMessage[] {
  const lane = wish.subscription === undefined ? undefined : laneFor(queue, wish.subscription);
  const limit = Math.min(wish.limit, queue.host.limits.browseMessagesMax);
  const { receiveBytesMax } = queue.host.limits;
  const found: BrowsedMessage[] = [];
  let bytes = 0;
  for (
    let message = queue.log.after(fromOf(queue, wish.from));
    message !== undefined && found.length < limit && bytes < receiveBytesMax;
    message = queue.log.after(message.sequence)
  ) {
    const entry = entriesOf(message).find((one) => lane === undefined || one.lane === lane.number);
    if (entry === undefined || entry.state === "gone") continue;
    const state = stateOf(entry);
    if (wish.state !== undefined && state !== wish.state) continue;
    const shown = shownOf(queue, message, entry, state);
    if (shown === undefined) continue;
    found.push(shown);
    bytes += message.bytes;
  }
  return found;
}

function fromOf(queue: Queue, from: string | undefined): number {
  if (from === undefined) return -1;
  if (/^\d{1,16}$/.test(from)) return Number(from);
  throw new MpregError(
    "invalid-argument",
    `"browse" of queue ${quoted(queue.name)}: "from" must be a sequence, got ${quoted(from)}`,
  );
}

/** What is settling is on its way out, or waits for others. */
function stateOf(entry: Entry): MessageState {
  if (entry.state === "available" || entry.state === "delayed") return entry.state;
  return entry.state === "leased" || entry.lease !== undefined ? "leased" : "delayed";
}

function shownOf(queue: Queue, held: Message, entry: Entry, state: MessageState): BrowsedMessage | undefined {
  const content = queue.contentOf(held);
  if (content === undefined) return undefined;
  const { message, sentWallMs: sentMs, deadLetter } = queue.host.sealer.open(content);
  const sequence = BigInt(held.sequence);
  const receives = entry.lease?.receives ?? 0;
  const all: BrowsedMessage = Object.assign(message, { id: queue.idOf(held), sequence, receives, sentMs, state });
  return deadLetter === undefined ? all : Object.assign(all, { deadLetter });
}

export function statsOf(queue: Queue, nowMs: number): QueueStats {
  let [available, delayed, leased, waiting] = [0, 0, 0, 0];
  for (const lane of queue.lanes.values()) {
    available += lane.count("available");
    delayed += lane.count("delayed") + lane.count("settling");
    leased += lane.count("leased");
    waiting += lane.waiters.size;
  }
  const oldest = queue.log.first;
  const now = {
    createdMs: queue.createdMs,
    messages: queue.log.size,
    bytes: queue.room.bytes,
    available,
    delayed,
    leased,
    waiting,
    oldestMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.sentMs),
    subscriptions: queue.hasSubscriptions ? [...queue.lanes.keys()] : [],
  };
  const feed = queue.settings.topics.length > 0 ? { feed: queue.feeding.stats() } : undefined;
  return Object.assign(now, queue.figures, feed);
}
