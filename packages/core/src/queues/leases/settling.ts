/**
 * Settling: what a receipt does to its lease. That it ends at another time is `extending.ts`'s.
 *
 * (T1) A receipt does nothing once its lease has ended: the lease's number is the fencing token. An acknowledgement that may be late (as those of SQS
 *      are) is good until the message is received again; not where what is behind it may have been received meanwhile (FIFO).
 * (T2) An acknowledgement is told once it is on the disk; until then its message is given to nobody.
 * (T3) A text that never was a receipt of this queue is a mistake of who gives it (`invalid-argument`), and never `stale-receipt`.
 * (T4) What is written of an acknowledgement in the place of an older row (a key, a result) is written again where that row was forgotten
 *      meanwhile: its deletion came behind.
 * (T5) Many acknowledgements are several batches: what is left of a disk that is full is enough for each, and one batch of all would find no room for ever.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { Lane } from "./lane.js";
import { type Entry, type Lease, type Message, entryOf, isSettling } from "../message/message.js";
import { restoreEntry } from "../leaving/restoring.js";
import type { Queue } from "../queue.js";
import { Pulled, leasedAgain } from "./pulling.js";
import { type Receipt, readReceipt } from "./receipt.js";
import { errorLengthMax, noValue } from "../outcomes/results.js";
import type { MessageResult, QueueEnd, QueueOperation, SettleEnd, StaleReason } from "../types.js";
import { Remembered } from "../sending/window.js";

/** An entry whose lease a receipt stands for. */
export interface Held {
  readonly entry: Entry;
  readonly lane: Lane;
  /** What who waits for it is told. */
  readonly result?: MessageResult | undefined;
}

export interface HeldLease extends Held {
  readonly lease: Lease;
}

type Refused = Extract<SettleEnd, { readonly kind: "refused" }>;

type Found = HeldLease | Refused;

/** They go to the disk in the same group where it has room. */
const batchMessagesMax = 32;

export const doneEnd: SettleEnd = { kind: "done" };

export function ack(
  queue: Queue,
  { receipts, results, late }: Omit<Extract<QueueOperation, { readonly op: "ack" }>, "op">,
  end: (end: QueueEnd<"ack">) => void,
  nowMs: number,
): void {
  if (queue.settings.guarantee.kind === "fire-and-forget") {
    const value = receipts.map((text) => {
      const receipt = receiptOf(queue, text);
      return "error" in receipt ? receipt : doneEnd; // done since it was received
    });
    end({ kind: "done", value });
    return;
  }
  const { ends, held, places } = settleAll(queue, receipts, nowMs, { results, late });
  const each = queue.durable ? batchMessagesMax : held.length; // (T5)
  let underWay = 1; // the last is that all are
  const over = (): void => {
    underWay -= 1;
    if (underWay === 0) end({ kind: "done", value: ends });
  };
  for (let from = 0; from < held.length; from += each) {
    const own = places.slice(from, from + each);
    const tell = (error: MpregError | undefined): void => {
      if (error !== undefined) for (const at of own) ends[at] = { kind: "refused", error };
      over();
    };
    underWay += 1;
    acknowledge(queue, held.slice(from, from + each), tell, nowMs);
  }
  over();
}

/** Entries that are settling, or leased to nobody who knows, are acknowledged; where that is refused they are what they were. (T2) */
export function acknowledge(
  queue: Queue,
  held: readonly Held[],
  tell: (error: MpregError | undefined) => void,
  nowMs: number,
): void {
  const operations: Operation[] = [];
  const replacing: Replacing[] = [];
  const { tables } = queue.host;
  const { keyWindowMs } = queue.settings;
  for (const { entry, lane, result } of held) {
    if (entry.state === "leased") lane.settle(entry);
    const key = queue.keyOf(entry);
    if (!queue.durable) continue;
    if (
      entry.message.marks?.keepResult === true &&
      (result !== undefined || queue.results.of(entry.message) === undefined)
    ) {
      const kept = queue.results.operations(entry.message, result ?? noValue);
      operations.push(...kept);
      addReplacing(replacing, () => queue.results.get(queue.idOf(entry.message)), kept);
    }
    if (queue.hasSubscriptions) operations.push(tables.putAck(queue.id, entry, true));
    else operations.push(...queue.doneOf(entry.message));
    if (key === undefined || keyWindowMs === 0) continue;
    const row = {
      untilWallMs: queue.host.wallMs() + keyWindowMs,
      sequence: entry.message.sequence,
      id: queue.idOf(entry.message),
    };
    const remembered = tables.putWindow("keys", queue.id, key, row);
    operations.push(remembered);
    addReplacing(replacing, () => queue.keys.peek(key), [remembered]);
  }
  const done = (at: number): void => {
    for (const { isForgotten, operations: again } of replacing) if (isForgotten()) queue.note(again); // (T4)
    for (const { entry, lane, result } of held) {
      if (result !== undefined && entry.state !== "gone") queue.results.put(entry.message, result, at);
      else if (queue.hasSubscriptions) keepOther(queue, entry.message);
      remember(queue, entry, at);
      queue.over(entry, lane, "acknowledged", at);
    }
    tell(undefined);
    queue.serve(at);
  };
  const failed = (error: MpregError, at: number): void => {
    if (error.outcome !== "unknown") for (const one of held) again(queue, one, at);
    tell(error);
    queue.serve(at);
  };
  queue.commit(operations, { done, failed }, nowMs);
}

function again(queue: Queue, held: Held, nowMs: number): void {
  const { entry } = held;
  if (entry.state === "settling-leased") return leasedAgain(queue, held, nowMs);
  if (queue.durable && entry.lease !== undefined) queue.leaseNotes.add(entry.lease, nowMs); // it was late
  restoreEntry(queue, entry, nowMs);
}

/** An acknowledgement without a result takes nothing back of one that came with another subscription's just before. */
function keepOther(queue: Queue, message: Message): void {
  const other = message.marks?.keepResult === true ? queue.results.of(message) : undefined;
  if (other !== undefined) queue.note(queue.results.operations(message, other));
}

/** (T4) */
interface Replacing {
  readonly isForgotten: () => boolean;
  readonly operations: readonly Operation[];
}

function addReplacing(replacing: Replacing[], find: () => unknown, operations: readonly Operation[]): void {
  const before = find();
  if (before !== undefined) replacing.push({ isForgotten: () => find() !== before, operations });
}

function remember(queue: Queue, entry: Entry, nowMs: number): void {
  const { message } = entry;
  const key = queue.keyOf(entry);
  if (key === undefined || queue.settings.keyWindowMs === 0) return;
  queue.keys.put(new Remembered(key, queue.idOf(message), message.sequence), nowMs + queue.settings.keyWindowMs);
  queue.expiry.remembered();
}

export function release(
  queue: Queue,
  wish: Omit<Extract<QueueOperation, { readonly op: "release" }>, "op">,
  end: (end: QueueEnd<"release">) => void,
  nowMs: number,
): void {
  const { ends, held } = settleAll(queue, wish.receipts, nowMs);
  const pulled = new Pulled(queue, held, nowMs);
  const operations = pulled.operations;
  const wallMs = queue.host.wallMs();
  const uncounted = wish.uncounted === true ? 1 : 0;
  for (const { entry } of held) {
    const { lease } = entry;
    if (lease === undefined) continue;
    if (uncounted === 0) {
      lease.error = wish.error?.slice(0, errorLengthMax);
      lease.failure = wish.failure;
    }
    lease.receives -= uncounted;
    const ends = { leased: false, wallMs, durationMs: wish.delayMs ?? 0 };
    if (!queue.durable) continue;
    operations.push(queue.host.tables.putLease(queue.id, entry, lease, ends));
    lease.isWritten = true;
  }
  const done = (at: number): void => {
    pulled.done(at);
    for (const { entry } of held) {
      if (entry.lease === undefined || entry.state === "gone") continue;
      entry.lease.ended = "released";
      queue.figures.released += 1;
      queue.leaseOver(entry, wish.delayMs, at);
    }
    end({ kind: "done", value: told(ends, undefined) });
    queue.serve(at);
  };
  const failed = (error: MpregError, at: number): void => {
    for (const one of error.outcome === "unknown" ? [] : held) {
      if (one.entry.lease !== undefined) one.entry.lease.receives += uncounted;
      leasedAgain(queue, one, at);
    }
    if (error.outcome !== "unknown") pulled.undo(at);
    end({ kind: "done", value: told(ends, error) });
    queue.serve(at);
  };
  queue.commit(operations, { done, failed }, nowMs);
}

/** What an acknowledgement says of its receipts. */
interface Acked {
  readonly results?: readonly (MessageResult | undefined)[] | undefined;
  readonly late?: boolean | undefined;
}

/** The entries of all receipts whose lease goes on settle; `places`: where they are among all ends. */
function settleAll(
  queue: Queue,
  receipts: readonly string[],
  nowMs: number,
  acked: Acked = {},
): { ends: SettleEnd[]; held: Held[]; places: number[] } {
  const ends: SettleEnd[] = [];
  const held: Held[] = [];
  const places: number[] = [];
  let last: Lane | undefined;
  for (const [at, receipt] of receipts.entries()) {
    const found = find(queue, receipt, acked.late);
    if ("error" in found) {
      ends.push(found);
      continue;
    }
    const { entry, lane, lease } = found;
    lane.settle(entry);
    if (lane !== last) last?.arm(nowMs);
    last = lane;
    if (queue.durable) queue.leaseNotes.forget(lease);
    held.push(acked.results === undefined ? found : { entry, lane, result: acked.results[at] });
    places.push(at);
    ends.push(doneEnd);
  }
  last?.arm(nowMs);
  return { ends, held, places };
}

/** The same, refused where the store has refused it. */
export function told(ends: readonly SettleEnd[], error: MpregError | undefined): readonly SettleEnd[] {
  if (error === undefined) return ends;
  const refused: SettleEnd = { kind: "refused", error };
  return ends.map((one) => (one.kind === "done" ? refused : one));
}

/** What a receipt stands for, while its lease goes on. (T1) */
export function find(queue: Queue, text: string, late: boolean = false): Found {
  const receipt = receiptOf(queue, text);
  if ("error" in receipt) return receipt;
  const message = queue.log.get(receipt.sequence);
  const entry = message && entryOf(message, receipt.lane);
  const lane = queue.laneOf(receipt);
  if (entry === undefined || lane === undefined || entry.state === "gone" || entry.state === "failing") {
    if (lane?.acknowledged.has(receipt.sequence) === true) return stale(queue, text, "acknowledged");
    return stale(queue, text, receipt.sequence < queue.purgedBefore ? "purged" : "gone");
  }
  const { lease } = entry;
  if (lease === undefined || lease.run !== receipt.run || lease.number !== receipt.lease) {
    return stale(queue, text, isForgotten(queue, receipt, lease) ? "restarted" : "superseded");
  }
  const isFree = entry.state === "available" || entry.state === "delayed";
  if (entry.state === "leased" || (late && isFree && queue.settings.order !== "fifo")) return { entry, lane, lease };
  return stale(queue, text, isSettling(entry.state) ? "settling" : (lease.ended ?? "expired"));
}

/** Whether its lease was never written, and nobody has received the message since. */
function isForgotten(queue: Queue, receipt: Receipt, lease: Lease | undefined): boolean {
  if (receipt.run === queue.host.run) return false;
  return lease === undefined || lease.number === 0 || (lease.run === receipt.run && lease.number < receipt.lease);
}

/** (T3) */
function receiptOf(queue: Queue, text: string): Receipt | Refused {
  const receipt = readReceipt(text);
  if (receipt?.queue === queue.id) return receipt;
  const why = receipt === undefined ? "it is no receipt" : "it is of another queue, or of one that was deleted";
  const message = `Receipt ${quoted(text)} is none of queue ${quoted(queue.name)}: ${why}`;
  return { kind: "refused", error: new MpregError("invalid-argument", message) };
}

const extendHelps = `extend it in time, or ask for a longer one ("visibilityMs")`;
const whyStale: Readonly<Record<StaleReason, string>> = {
  acknowledged: "its message was acknowledged: there is nothing left to do",
  expired: `its lease has expired: receive the message again; to keep the next one, ${extendHelps}`,
  released: "its lease was released: receive the message again",
  behind: "a message before it in its group was released, or its lease has expired: receive both again",
  superseded: `its lease has ended, and the message was received again since: leave it to who has it; to keep the next one, ${extendHelps}`,
  restarted: "the node of the queue has crashed before the lease was on its disk: receive the message again",
  settling: "its message is being acknowledged, or released, already: wait for the end of that",
  purged: "the queue was purged: there is nothing left to do",
  gone: "its message has left the queue (acknowledged, expired, moved, dropped or withdrawn): there is nothing left to do",
};

function stale(queue: Queue, receipt: string, why: StaleReason): Refused {
  const message = `Receipt ${quoted(receipt)} of queue ${quoted(queue.name)} is stale: ${whyStale[why]}`;
  return { kind: "refused", error: new MpregError("stale-receipt", message, { reason: why }), stale: why };
}
