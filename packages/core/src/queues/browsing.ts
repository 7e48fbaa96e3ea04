/**
 * Browsing: what is in a queue, looked at without a lease.
 *
 * (B1) What is listed and what is counted are the same: an entry is what it was until its end is on the disk.
 * (B2) Without a subscription a message of several is shown once, as what it is in the first of those that have it so.
 */
import { MpregError, quoted } from "../base/index.js";
import type { Lane } from "./leases/lane.js";
import { type Entry, type Message, entriesOf } from "./message/message.js";
import type { Queue } from "./queue.js";
import { laneFor } from "./leases/receiving.js";
import type { BrowsedMessage, MessageState, QueueOperation, QueueStats } from "./types.js";

type Browse = Extract<QueueOperation, { readonly op: "browse" }>;

export function browse(queue: Queue, wish: Browse): readonly BrowsedMessage[] {
  const lane = wish.subscription === undefined ? undefined : laneFor(queue, wish.subscription);
  const limit = Math.min(wish.limit, queue.host.limits.browseMessagesMax);
  const { receiveBytesMax } = queue.host.limits;
  const found: BrowsedMessage[] = [];
  let bytes = 0;
  let at = fromOf(queue, wish.from);
  while (found.length < limit && bytes < receiveBytesMax) {
    const message = wish.state === "leased" ? queue.log.awakeAfter(at) : queue.log.lookAfter(at, wish.state); // what sleeps is not even passed over
    if (message === undefined) break;
    at = typeof message === "number" ? message : message.sequence;
    const shown = typeof message === "number" ? asleep(queue, message) : awake(queue, message, lane, wish);
    if (shown === undefined) continue;
    found.push(shown.message);
    bytes += shown.bytes;
  }
  return found;
}

interface Shown {
  readonly message: BrowsedMessage;
  readonly bytes: number;
}

function awake(queue: Queue, message: Message, lane: Lane | undefined, wish: Browse): Shown | undefined {
  const entry = entriesOf(message).find(
    (one) => (lane === undefined || one.lane === lane.number) && isShown(stateOf(one), wish.state),
  );
  const state = entry === undefined ? undefined : stateOf(entry);
  if (entry === undefined || state === undefined) return undefined;
  const content = queue.contentOf(message);
  if (content === undefined) return undefined;
  const { sequence, bytes } = message;
  const facts = { id: queue.idOf(message), sequence: BigInt(sequence), receives: entry.lease?.receives ?? 0, state };
  return { message: shownOf(queue, content, facts), bytes };
}

/** What sleeps is looked at and sleeps on. */
function asleep(queue: Queue, sequence: number): Shown | undefined {
  const slept = queue.log.lookAsleep(sequence);
  const content = slept?.content ?? queue.storedContent(sequence);
  if (slept === undefined || content === undefined) return undefined;
  const state = queue.log.isDelayed(sequence) ? "delayed" : "available";
  const facts = { id: queue.madeId(sequence), sequence: BigInt(sequence), receives: 0, state } as const;
  return { message: shownOf(queue, content, facts), bytes: slept.bytes };
}

function fromOf(queue: Queue, from: string | undefined): number {
  if (from === undefined) return -1;
  if (/^\d{1,16}$/.test(from)) return Number(from);
  throw new MpregError(
    "invalid-argument",
    `"browse" of queue ${quoted(queue.name)}: "from" must be a sequence, got ${quoted(from)}`,
  );
}

function isShown(state: MessageState | undefined, wanted: MessageState | undefined): boolean {
  return state !== undefined && (wanted === undefined || state === wanted);
}

/** What is settling is what it was, until that is on the disk; what waits for others is delayed. (B1) */
function stateOf({ state }: Entry): MessageState | undefined {
  switch (state) {
    case "available":
    case "settling-available":
      return "available";
    case "delayed":
    case "settling-delayed":
    case "failing":
      return "delayed";
    case "leased":
    case "settling-leased":
      return "leased";
    case "gone":
      return undefined;
  }
}

function shownOf(
  queue: Queue,
  content: Uint8Array,
  facts: Pick<BrowsedMessage, "id" | "sequence" | "receives" | "state">,
): BrowsedMessage {
  const { message, sentWallMs: sentMs, deadLetter } = queue.host.sealer.open(content);
  const all: BrowsedMessage = Object.assign(message, { ...facts, sentMs });
  return deadLetter === undefined ? all : Object.assign(all, { deadLetter });
}

export function statsOf(queue: Queue, spooled: number | undefined, nowMs: number): QueueStats {
  let [available, delayed, leased, waiting] = [0, 0, 0, 0];
  for (const lane of queue.lanes.values()) {
    available += lane.told("available");
    delayed += lane.told("delayed");
    leased += lane.told("leased");
    waiting += lane.waiters.size;
  }
  const oldestMs = queue.log.sentMsAfter(-1);
  const now = {
    createdMs: queue.createdMs,
    messages: queue.log.size,
    bytes: queue.room.bytes,
    available,
    delayed,
    leased,
    waiting,
    oldestMs: Math.max(0, nowMs - oldestMs), // 0 where there is none
    subscriptions: queue.hasSubscriptions ? [...queue.lanes.keys()] : [],
  };
  const feed = queue.settings.topics.length > 0 ? { feed: queue.feeding.stats() } : undefined;
  return Object.assign(now, queue.figures, feed, spooled === undefined ? undefined : { spooled });
}
