/**
 * Dead letters: messages that can never be done, on their way into the queue for such.
 *
 * (D1) A dead letter is in its new queue and gone from this one by one batch. Where the new queue has no room, or is not there, it stays.
 */
import type { MpregError } from "../base/index.js";
import type { Operation } from "../journal/index.js";
import type { Figures, Leaving } from "./figures.js";
import type { QueueHost } from "./host.js";
import type { Lane } from "./lane.js";
import { type Entry, type Lease, type Message, entriesOf } from "./message/message.js";
import { type Results, failureOf } from "./results.js";
import { retryDelay } from "./retry.js";
import { tellEntry } from "./telling.js";
import type { DeadLetter, DeathReason, QueueSettings } from "./types.js";
import type { WriteEnd } from "./writes.js";

/** The queue, as far as it is looked at. */
export interface DyingQueue {
  readonly id: number;
  readonly name: string;
  readonly durable: boolean;
  readonly settings: QueueSettings;
  readonly host: QueueHost;
  readonly figures: Figures;
  readonly results: Results;
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void;
  deletesOf(message: Message): Operation[];
  contentOf(message: Message): Uint8Array | undefined;
  idOf(message: Message): string;
  laneOf(entry: Entry): Lane | undefined;
  readonly expiry: { isOver(message: Message, nowMs: number): boolean };
  expireEntry(entry: Entry, nowMs: number): void;
  over(entry: Entry, lane: Lane, how: "given-up", nowMs: number): void;
  remove(message: Message, how: Leaving, nowMs: number): void;
  serve(nowMs: number): void;
}

/** Whose lease was the last. */
export interface Dying {
  readonly entry: Entry;
  readonly lane: Lane;
  readonly lease: Lease;
}

/** How long a message waits that its dead-letter queue would not have, at least. */
const refusedWaitMs = 1_000;

/** What was received too often without an acknowledgement. (D1) */
export function deadLetterOf(queue: DyingQueue, { entry, lane, lease }: Dying, nowMs: number): void {
  const { message } = entry;
  const isLast = message.wanted === 1;
  const deletes = !queue.durable
    ? []
    : isLast
      ? queue.deletesOf(message)
      : [queue.host.tables.putAck(queue.id, entry, false)];
  if (isLast && message.marks?.keepResult === true)
    deletes.push(...queue.results.operations(message, failureOf(message, "dead")));
  const back = (at: number): void => {
    queue.figures.deadLettersRefused += 1;
    const waitMs = retryDelay(queue.settings.retry, lease.receives, queue.host.random);
    if (entry.state === "gone") return;
    if (queue.expiry.isOver(message, at))
      queue.expireEntry(entry, at); // meanwhile
    else lane.putBack(entry, Math.max(refusedWaitMs, waitMs), at);
  };
  const moved = (at: number): void => {
    if (entry.state === "gone") return;
    if (isLast && message.wanted === 1) queue.remove(message, "dead", at);
    else {
      queue.figures.deadLettered += 1;
      tellEntry(queue, entry, "dead-letter", nowMs, lane.name);
      queue.over(entry, lane, "given-up", at);
    }
    queue.serve(at);
  };
  const letter = { reason: "max-receives" as const, lease, subscription: lane.name === "" ? undefined : lane.name };
  if (!transfer(queue, message, letter, deletes, { moved, back }, nowMs)) back(nowMs);
}

/** A message can never be done: it becomes a dead letter where there is a queue for such. */
export function failMessage(queue: DyingQueue, message: Message, reason: DeathReason, nowMs: number): void {
  for (const entry of entriesOf(message)) if (entry.state !== "gone") queue.laneOf(entry)?.settle(entry);
  const deletes = queue.deletesOf(message);
  if (message.marks?.keepResult === true)
    deletes.push(...queue.results.operations(message, failureOf(message, "dead")));
  const gone = (how: Leaving) => (at: number) => {
    queue.remove(message, how, at);
    queue.serve(at);
  };
  const lost = (): void => {
    queue.commit(deletes, { done: gone("abandoned"), failed: () => undefined }, nowMs);
  };
  if (
    !transfer(
      queue,
      message,
      { reason, lease: undefined, subscription: undefined },
      deletes,
      { moved: gone("dead"), back: lost },
      nowMs,
    )
  )
    lost();
}

/** Puts a message into the dead-letter queue, with `deletes` in the same batch; answers whether that has begun. */
function transfer(
  queue: DyingQueue,
  message: Message,
  letter: {
    readonly reason: DeathReason;
    readonly lease: Lease | undefined;
    readonly subscription: string | undefined;
  },
  deletes: readonly Operation[],
  ends: { readonly moved: (nowMs: number) => void; readonly back: (nowMs: number) => void },
  nowMs: number,
): boolean {
  const { deadLetter } = queue.settings;
  const target = deadLetter === undefined ? undefined : queue.host.find(deadLetter);
  const content = queue.contentOf(message);
  if (target === undefined || deadLetter === queue.name || content === undefined) return false;
  const opened = queue.host.sealer.open(content);
  const dead: DeadLetter = {
    queue: queue.name,
    reason: letter.reason,
    error: letter.lease?.error,
    attempts: letter.lease?.receives ?? 0,
    subscription: letter.subscription,
    sentMs: opened.sentWallMs,
    diedMs: queue.host.wallMs(),
  };
  const prepared = target.prepareTransfer({ ...opened.message, id: queue.idOf(message) }, dead, nowMs);
  if (prepared.kind === "refused") return false;
  const done = (at: number): void => {
    prepared.admit(at);
    ends.moved(at);
  };
  const failed = (error: MpregError, at: number): void => {
    if (error.outcome === "unknown") return; // the store is frozen: where the message is, its next opening tells
    prepared.giveBack(at);
    ends.back(at);
  };
  queue.commit([...deletes, ...prepared.operations], { done, failed }, nowMs);
  return true;
}
