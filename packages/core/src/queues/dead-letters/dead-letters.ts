/**
 * Dead letters: messages that were received too often, on their way into the queue for such. Others that can never be done are `failing.ts`'s.
 *
 * (D1) A dead letter is in its new queue and gone from this one by one batch. Where the new queue has no room, or is not there, it stays.
 * (D2) What is about to be purged, or deleted with its queue, is no dead letter before that has ended.
 * (D3) Of subscriptions that give a message up at once the last one waits for the others, and so does one for which its time is over: with it the message is
 *      gone, and was not done.
 * (D4) What some subscription has acknowledged is done once the others are through with it, whichever of them is last.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { Figures, Leaving } from "../figures.js";
import type { QueueHost, Transfer } from "../host.js";
import type { Lane } from "../leases/lane.js";
import { type Entry, type Lease, type Message, isSettling, lastLeaseOf } from "../message/message.js";
import { type Results, failureOf } from "../outcomes/results.js";
import { retryDelay } from "../leases/retry.js";
import { tellEntry } from "../outcomes/telling.js";
import type { DeadLetter, DeathReason, QueueSettings } from "../types.js";
import type { Wiping } from "../leaving/wiping.js";
import type { WriteEnd } from "../store/writes.js";

/** The queue, as far as it is looked at. */
export interface DyingQueue {
  readonly id: number;
  readonly name: string;
  readonly durable: boolean;
  readonly settings: QueueSettings;
  readonly host: QueueHost;
  readonly figures: Figures;
  readonly results: Results;
  readonly wiping: Wiping | undefined;
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void;
  undoneOf(message: Message): Operation[];
  readonly dependents: { readonly dying: Map<Message, number>; stays(message: Message): void };
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

/** Whether another subscription's dead letter of it is on its way: whether this entry is the last one is known when that has ended, and `then` is done. (D3) */
export function waitsForDying(queue: DyingQueue, entry: Entry, then: (nowMs: number) => void, nowMs: number): boolean {
  if (!queue.dependents.dying.has(entry.message)) return false;
  queue.laneOf(entry)?.settle(entry); // meanwhile nobody gets it
  const ended = (at: number): void => {
    if (isSettling(entry.state)) then(at);
  };
  queue.host.writes.after(ended, nowMs);
  return true;
}

/** What was received too often without an acknowledgement. (D1) */
export function deadLetterOf(queue: DyingQueue, dying: Dying, nowMs: number): void {
  const { entry, lane, lease } = dying;
  const { message } = entry;
  const others = queue.dependents.dying.get(message) ?? 0;
  if (queue.wiping?.isUnderWay(message.sequence) === true || (others > 0 && others + 1 === message.wanted)) {
    const again = (at: number): void => {
      if (isSettling(entry.state)) deadLetterOf(queue, dying, at);
    };
    queue.host.writes.after(again, nowMs); // (D2, D3)
    return;
  }
  const isUndone = message.wanted === 1 && !message.isAcknowledged; // (D4)
  const deletes = !queue.durable
    ? []
    : isUndone
      ? queue.undoneOf(message)
      : [queue.host.tables.putAck(queue.id, entry, false)];
  if (isUndone && message.marks?.keepResult === true)
    deletes.push(...queue.results.operations(message, failureOf(message, "dead")));
  const back = (at: number): void => {
    queue.figures.deadLettersRefused += 1;
    queue.dependents.stays(message);
    const waitMs = retryDelay(queue.settings.retry, lease.receives, queue.host.random);
    if (entry.state === "gone" || entry.state === "failing") return;
    if (queue.expiry.isOver(message, at))
      queue.expireEntry(entry, at); // meanwhile
    else lane.putBack(entry, Math.max(refusedWaitMs, waitMs), at);
  };
  const moved = (at: number): void => {
    if (entry.state === "gone") return;
    if (isUndone && message.wanted === 1) queue.remove(message, "dead", at);
    else {
      queue.figures.deadLettered += 1;
      tellEntry(queue, entry, "dead-letter", nowMs, lane.name);
      queue.over(entry, lane, "given-up", at);
    }
    queue.serve(at);
  };
  const subscription = lane.name === "" ? undefined : lane.name;
  const transfer = prepareLetter(queue, message, { reason: "max-receives", lease, subscription }, nowMs);
  if (transfer.kind !== "prepared") return back(nowMs);
  const ended = (): void => {
    const left = (queue.dependents.dying.get(message) ?? 1) - 1;
    if (left === 0) queue.dependents.dying.delete(message);
    else queue.dependents.dying.set(message, left);
  };
  const done = (at: number): void => {
    ended();
    transfer.admit(at);
    moved(at);
  };
  const failed = (error: MpregError, at: number): void => {
    ended();
    if (error.outcome === "unknown") return; // the store is frozen: where the message is, its next opening tells
    transfer.giveBack(at);
    back(at);
  };
  queue.dependents.dying.set(message, others + 1);
  queue.commit([...deletes, ...transfer.operations], { done, failed }, nowMs);
}

/** What puts a message into the dead-letter queue; `none`: there is none, or nothing of the message. */
export function prepareLetter(
  queue: DyingQueue,
  message: Message,
  letter: {
    readonly reason: DeathReason;
    /** `undefined`: no lease of it has ended just now. */
    readonly lease: Lease | undefined;
    readonly subscription: string | undefined;
  },
  nowMs: number,
): Transfer | { readonly kind: "none" } {
  const { deadLetter } = queue.settings;
  const content = queue.contentOf(message);
  if (deadLetter === undefined || content === undefined) return { kind: "none" };
  const target = deadLetter === queue.name ? undefined : queue.host.find(deadLetter);
  if (target === undefined) {
    const error = new MpregError("unknown-queue", `There is no queue ${quoted(deadLetter)} for dead letters`);
    return { kind: "refused", error };
  }
  const opened = queue.host.sealer.open(content);
  const lease = letter.lease ?? lastLeaseOf(message);
  const dead: DeadLetter = {
    queue: queue.name,
    reason: letter.reason,
    error: lease?.error,
    attempts: lease?.receives ?? 0,
    subscription: letter.subscription,
    sentMs: opened.sentWallMs,
    diedMs: queue.host.wallMs(),
  };
  const { after, ...rest } = opened.message;
  const isOwn = after !== undefined && opened.deadLetter === undefined; // else it waited for what was in another queue
  return target.prepareTransfer({ ...rest, ...(isOwn ? { after } : {}), id: queue.idOf(message) }, dead, nowMs);
}
