/**
 * Receiving: from a lane to whoever wants a message.
 *
 * (V1) Who has waited longest is first.
 * (V2) A receive is written down where it is not over soon, and nobody waits for that (`lease-notes.ts`): what a crash forgets is how often a
 *      message was received, and that it is leased.
 * (V3) A message whose idempotency key was acknowledged is acknowledged instead.
 * (V4) Whoever gets a message of a FIFO group gets those behind it, too, as many as are free and wanted, before the next group has its turn.
 * (V5) Whoever asks again, with the same attempt, gets what the attempt has got (`attempts.ts`).
 * (V6) Nobody gets a message whose time is over, also where expiry has not come to it yet.
 * (V7) Whoever gives an attempt up gives back what it has got, whether or not that has arrived.
 */
import { MpregError, quoted } from "../../base/index.js";
import { turnMax } from "../leaving/expiry.js";
import type { Lane } from "./lane.js";
import type { Entry } from "../message/message.js";
import type { Queue } from "../queue.js";
import { writeReceipt } from "./receipt.js";
import { acknowledge } from "./settling.js";
import type { MessageResult, QueueEnd, QueueOperation, ReceivedMessage } from "../types.js";
import { type Wanted, Waiter } from "./waiter.js";
import type { Remembered } from "../sending/window.js";

type Receive = Extract<QueueOperation, { readonly op: "receive" }>;
type Release = Extract<QueueOperation, { readonly op: "release" }>;

/** Receives at once what there is, or waits. Answers how to give up waiting. */
export function receive(
  queue: Queue,
  wish: Receive,
  end: (end: QueueEnd<"receive">) => void,
  nowMs: number,
): () => void {
  const lane = laneFor(queue, wish.subscription);
  const { limits, timers } = queue.host;
  const { visibilityMs, groupMax = Infinity, attempt } = wish;
  const wanted: Wanted = { max: Math.min(wish.max, limits.receiveMessagesMax), groupMax, visibilityMs, attempt };
  const again = attempt === undefined ? [] : takeAgain(queue, lane, { attempt, visibilityMs }, nowMs); // (V5)
  if (again.length > 0) {
    lane.arm(nowMs);
    end({ kind: "done", value: again });
    return () => undefined;
  }
  const messages = lane.waiters.size > 0 ? [] : take(queue, lane, wanted, nowMs); // (V1)
  if (messages.length > 0 || wish.waitMs === 0) {
    lane.arm(nowMs);
    end({ kind: "done", value: messages });
    return () => undefined;
  }
  if (lane.waiters.size >= limits.waitersMax) {
    const message = `At queue ${quoted(queue.name)} ${lane.waiters.size} receives wait; the limit is ${limits.waitersMax}`;
    throw new MpregError("overloaded", message);
  }
  let waits = true;
  const leave = (leaving: Waiter): void => {
    waits = false;
    timers.unschedule(leaving);
    lane.waiters.remove(leaving);
    if (attempt !== undefined) queue.attempts.left(lane, attempt, leaving);
  };
  const waiter = new Waiter(wanted, end, leave);
  lane.waiters.push(waiter);
  if (attempt !== undefined) queue.attempts.waits(lane, attempt, waiter);
  timers.schedule(waiter, nowMs + Math.min(wish.waitMs, limits.waitMsMax));
  lane.arm(nowMs);
  return () => {
    if (waits) leave(waiter);
  };
}

/** `wish` with the receipts of what its attempt has got. (V7) */
export function withAttempt(queue: Queue, wish: Release): Release {
  const { attempt, subscription, receipts } = wish;
  if (attempt === undefined) return wish;
  const held = queue.attempts.givenUp(laneFor(queue, subscription), attempt);
  const more = held.map(({ entry, lease }) =>
    writeReceipt(lease.run, queue.id, entry.message.sequence, entry.lane, lease.number),
  );
  return { ...wish, receipts: [...receipts, ...more] };
}

/** The lane of a subscription; the only one, where there are none. */
export function laneFor(queue: Queue, subscription: string | undefined): Lane {
  const lane = queue.lanes.get(subscription ?? "");
  if (lane !== undefined) return lane;
  const names = [...queue.lanes.keys()].map(quoted).join(", ");
  const has = queue.hasSubscriptions
    ? `it has ${names === "" ? "none" : names}`
    : "it has no subscriptions: leave it out";
  throw new MpregError(
    "invalid-argument",
    `Queue ${quoted(queue.name)} has no subscription ${subscription === undefined ? "without a name" : quoted(subscription)}; ${has}`,
  );
}

/** Those who wait get what there is. (V1) */
export function answerWaiters(queue: Queue, lane: Lane, nowMs: number): void {
  if (lane.isServing) return; // what is taken may acknowledge others (V3), and that serves: the same waiter would get messages twice
  lane.isServing = true;
  try {
    for (let waiter = lane.waiters.first; waiter !== undefined; waiter = lane.waiters.first) {
      const messages = take(queue, lane, waiter, nowMs);
      if (messages.length === 0) return;
      waiter.give(messages);
    }
  } finally {
    lane.isServing = false;
  }
}

function take(queue: Queue, lane: Lane, wish: Wanted, nowMs: number): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  const wallMs = queue.host.wallMs();
  const visibilityMs = wish.visibilityMs ?? queue.settings.visibilityMs;
  if (queue.durable && queue.host.writes.frozen !== undefined) return messages;
  let bytes = 0;
  const entries: Entry[] | undefined = wish.attempt === undefined ? undefined : [];
  let last: Entry | undefined;
  let ofGroup = 0;
  let over = 0;
  while (messages.length < wish.max && bytes < queue.host.limits.receiveBytesMax) {
    const entry = lane.lease(visibilityMs, nowMs, wallMs, ofGroup < wish.groupMax ? last : undefined);
    if (entry === undefined) break;
    ofGroup = last !== undefined && entry.message.group === last.message.group ? ofGroup + 1 : 1;
    last = entry; // (V4)
    if (queue.expiry.isOver(entry.message, nowMs)) {
      expire(queue, lane, entry, nowMs); // (V6)
      if (++over >= turnMax) break;
      continue;
    }
    const before = repeated(queue, entry, nowMs);
    if (before !== undefined) {
      queue.figures.repeated += 1;
      if (entry.lease !== undefined) entry.lease.receives -= 1; // nobody has it
      const result = entry.message.marks?.keepResult === true ? resultOf(queue, before.id) : undefined;
      acknowledge(queue, [{ entry, lane, result }], () => undefined, nowMs); // (V3)
      continue;
    }
    const message = received(queue, entry, visibilityMs);
    if (message === undefined) {
      queue.remove(entry.message, "abandoned", nowMs); // its row is gone from the store: there is nothing to give
      continue;
    }
    bytes += entry.message.bytes;
    queue.figures.received += 1;
    messages.push(message);
    entries?.push(entry);
    if (queue.settings.guarantee.kind === "fire-and-forget") queue.over(entry, lane, "acknowledged", nowMs);
    else if (queue.durable && entry.lease !== undefined) {
      queue.leaseNotes.add(entry.lease, nowMs);
    }
  }
  if (wish.attempt !== undefined && entries !== undefined && entries.length > 0)
    queue.attempts.got(lane, wish.attempt, entries, nowMs);
  return messages;
}

/** (V6) */
function expire(queue: Queue, lane: Lane, entry: Entry, nowMs: number): void {
  if (entry.lease !== undefined) entry.lease.receives -= 1; // nobody has it
  lane.settle(entry);
  queue.expireEntry(entry, nowMs);
}

/** (V5) */
function takeAgain(
  queue: Queue,
  lane: Lane,
  wish: { readonly attempt: string; readonly visibilityMs: number | undefined },
  nowMs: number,
): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  const visibilityMs = wish.visibilityMs ?? queue.settings.visibilityMs;
  for (const entry of queue.attempts.again(lane, wish.attempt, visibilityMs, nowMs)) {
    const message = received(queue, entry, visibilityMs);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

/** What was acknowledged with the key of this one. */
function repeated(queue: Queue, entry: Entry, nowMs: number): Remembered | undefined {
  const key = queue.keyOf(entry);
  return key === undefined ? undefined : queue.keys.get(key, nowMs);
}

function resultOf(queue: Queue, id: string): MessageResult {
  const error = `Message ${quoted(id)} of the same idempotency key was done before, and its result is not kept any more`;
  return queue.results.get(id) ?? { kind: "failed", code: "result-lost", outcome: "applied", error };
}

function received(queue: Queue, entry: Entry, visibilityMs: number): ReceivedMessage | undefined {
  const { message: held, lease } = entry;
  const content = queue.contentOf(held);
  if (content === undefined || lease === undefined) return undefined;
  const { message, sentWallMs, deadLetter } = queue.host.sealer.open(content);
  const all = message as { -readonly [F in keyof ReceivedMessage]: ReceivedMessage[F] };
  all.id = queue.idOf(held);
  all.receipt = writeReceipt(lease.run, queue.id, held.sequence, entry.lane, lease.number);
  all.sequence = BigInt(held.sequence);
  all.receives = lease.receives;
  all.sentMs = sentWallMs;
  all.firstReceivedMs = lease.firstReceivedMs;
  all.visibleForMs = visibilityMs;
  if (deadLetter !== undefined) all.deadLetter = deadLetter;
  return all;
}
