/**
 * Recovery: the queues that the store holds, as they are after a restart.
 *
 * (C1) What was acknowledged, purged or deleted is not there, whatever else was written of it.
 * (C2) A time that was to end goes on: what is left of it by wall time, and never more than it was to be, or less than nothing.
 * (C3) A lease that was written goes on, and its receipt stands; one that was not, never was.
 * (C4) Of a queue that was deleted nothing is found in another one: its number is free once no row of it is left.
 * (C5) What was received too often, or can never be done, is a dead letter once all queues are there: its own may come last.
 * (C6) What is sent from then on comes behind what subscriptions begin at, and behind what was purged, also where the sends before that were refused.
 */
import { assert } from "../../base/index.js";
import type { Operation, Store } from "../../journal/index.js";
import { droppingOf } from "../sending/dropping.js";
import type { FeedRecord } from "../sources/feeding.js";
import type { QueueHost, QueuesCapabilities } from "../host.js";
import type { Lane } from "../leases/lane.js";
import { Entry, Message, leaseOf } from "../message/message.js";
import type { Queue } from "../queue.js";
import { pullBack } from "../leases/pulling.js";
import type { QueueIdentity, QueueRecord } from "./record.js";
import type { MoveRecord } from "../dead-letters/redriving.js";
import type { ScheduleRecord } from "../sources/scheduling.js";
import { marksOf } from "../sending/sending.js";
import { defaultQueueSettings } from "../settings/settings.js";
import { bedFor, isLong, putToBed, sleepsDelayed } from "../message/sleeping.js";
import {
  type LeaseRow,
  behindMovedMark,
  failedLane,
  getU32,
  messageKey,
  purgedKey,
  queueKey,
  readKey,
  tableNames,
} from "./tables.js";
import { Remembered } from "../sending/window.js";

const pageRows = 1_000;

export function recover(
  { store }: QueuesCapabilities,
  shared: () => QueueHost,
  made: (is: QueueIdentity) => Queue,
  nowMs: number,
): { readonly queues: readonly Queue[]; readonly deleted: readonly number[]; readonly dead: readonly Dead[] } {
  assert(store !== undefined, "queues are recovered from a store");
  const queues: Queue[] = [];
  const dead: Dead[] = [];
  for (const [, value] of rowsOf(store, tableNames.queues, new Uint8Array(4))) {
    const record = shared().tables.readQueue(value) as QueueRecord;
    const queue = made({ ...record, settings: { ...defaultQueueSettings, ...record.settings } });
    recoverQueue(store, queue, record, dead, nowMs);
    queues.push(queue);
  }
  const deleted = rowsOfDeleted(store, new Set(queues.map(({ id }) => id)));
  for (const id of deleted) shared().sweeping.queue(id); // its rows may outlive this run, too: a full disk refuses
  return { queues, deleted, dead };
}

/** Numbers of queues that are not there, and of which rows are: written behind their deletion, before a crash. (C4) */
function rowsOfDeleted(store: Store, ids: ReadonlySet<number>): readonly number[] {
  const deleted = new Set<number>();
  for (const table of Object.values(tableNames)) {
    for (let id = 0; ; id++) {
      while (ids.has(id)) id++;
      const [first] = store.range(table, { from: queueKey(id), limit: 1 });
      if (first === undefined) break;
      id = getU32(first.key, 0);
      if (!ids.has(id)) deleted.add(id);
    }
  }
  return [...deleted];
}

/** What is done with one that may be a dead letter, once all queues are there. (C5) */
type Dead = (nowMs: number) => void;

function recoverQueue(store: Store, queue: Queue, record: QueueRecord, dead: Dead[], nowMs: number): void {
  const lanes: Lane[] = [];
  for (const { name, number, fromSequence } of record.lanes) lanes.push(queue.addLane(name, number, fromSequence));
  queue.lanesMade = Math.max(queue.lanesMade, record.lanesMade);
  queue.yieldedTo = record.yieldedTo;
  const promised = store.get(tableNames.sequences, queueKey(queue.id));
  if (promised !== undefined) {
    queue.nextSequence = queue.host.tables.readSequences(promised); // (C1) none that was given out is given out again
    queue.promised(queue.nextSequence);
  }
  const purged = purgedOf(store, queue);
  queue.nextSequence = Math.max(queue.nextSequence, purged, ...record.lanes.map((lane) => lane.fromSequence)); // (C6)
  for (const table of ["dedup", "keys"] as const) recoverWindow(store, queue, table, nowMs);
  recoverUndone(store, queue);
  for (const [, value] of rowsOf(store, tableNames.moves, queueKey(queue.id), queueKey(queue.id + 1))) {
    queue.redriving.recover(queue.host.tables.readQueue(value) as MoveRecord, nowMs);
  }
  for (const [key, value] of rowsOf(store, tableNames.feeds, queueKey(queue.id), queueKey(queue.id + 1))) {
    queue.feeding.recover(readKey(key).sequence, queue.host.tables.readQueue(value) as FeedRecord, nowMs);
  }
  for (const [, value] of rowsOf(store, tableNames.schedules, queueKey(queue.id), queueKey(queue.id + 1))) {
    const row = queue.host.tables.readSchedule(value);
    const { message, delayMs } = queue.host.sealer.open(row.message);
    const sent = delayMs > 0 ? { ...message, delayMs } : message;
    queue.scheduling.recover(row.record as ScheduleRecord, sent, nowMs);
  }
  for (const [key, value] of rowsOf(store, tableNames.results, queueKey(queue.id), queueKey(queue.id + 1))) {
    const row = queue.host.tables.readResult(key, value);
    queue.results.recover(row.id, row, nowMs);
  }
  const from = messageKey(queue.id, purged);
  const leases = rowsByEntry(store, tableNames.leases, queue, from);
  const acks = rowsByEntry(store, tableNames.acks, queue, from);
  const isTouched = (sequence: number): boolean =>
    lanes.some(({ number }) => leases.has(`${sequence}.${number}`) || acks.has(`${sequence}.${number}`));
  const areTouched = leases.size + acks.size > 0;
  const acknowledged = acknowledgedOf(acks);
  const forgotten: Operation[] = [];
  for (const [key, content] of rowsOf(store, tableNames.messages, from, queueKey(queue.id + 1))) {
    const { sequence } = readKey(key);
    if (!(areTouched && isTouched(sequence)) && sleepsOn(queue, sequence, content, nowMs)) continue;
    const recovered = new Recovered(queue, sequence, content, dead, nowMs);
    const left = lanes.filter(
      ({ number, fromSequence }) => fromSequence <= sequence && !acks.has(`${sequence}.${number}`),
    );
    const { message } = recovered;
    const failed = acks.get(`${sequence}.${failedLane}`)?.[0];
    const isBehindMoved = failed === behindMovedMark;
    if (!recovered.enter(left, { acknowledged: acknowledged.get(sequence) ?? 0, isBehindMoved }, leases))
      forgotten.push(...queue.doneOf(message));
    else {
      const hasFailed =
        failed !== undefined && !(isBehindMoved && (queue.redriving.isRunning || queue.yieldedTo !== undefined));
      if (!hasFailed && left.length >= message.wanted) continue;
      dead.push((at) => {
        queue.fail(message, hasFailed ? "after-failed" : "no-quorum", at);
      });
    }
  }
  forgotten.push(...rowsOfNothing(leases, "leases", queue), ...rowsOfNothing(acks, "acks", queue));
  if (queue.settings.overflow === "drop-oldest") dead.push((at) => droppingOf(queue).trim(at));
  queue.expiry.remembered(); // what sleeps has set no timer
  queue.note(forgotten);
}

/** Puts a message of which nothing but its bytes is to be known to where it sleeps; answers whether it has. */
function sleepsOn(queue: Queue, sequence: number, content: Uint8Array, nowMs: number): boolean {
  if (!isLong(queue)) return false;
  const { sentWallMs, group, priority, delayMs, isPlain } = queue.host.sealer.placeOf(content);
  if (!isPlain) return false;
  const ageMs = Math.max(0, queue.host.wallMs() - sentWallMs);
  const bytes = content.length;
  const slept = { sentMs: Math.ceil(nowMs - ageMs), bytes, content: undefined };
  const place = { sequence, group, priority };
  const leftMs = Math.max(0, delayMs - ageMs); // (C2)
  if (leftMs > 0) {
    if (!sleepsDelayed(queue, place, slept, nowMs + leftMs, nowMs)) return false;
  } else {
    const bed = bedFor(queue, place);
    if (bed === undefined) return false;
    putToBed(queue, bed, sequence, slept, nowMs);
  }
  queue.room.take(bytes);
  return true;
}

function recoverWindow(store: Store, queue: Queue, table: "dedup" | "keys", nowMs: number): void {
  const { dedup, keyWindowMs } = queue.settings;
  const windowMs = table === "keys" ? keyWindowMs : (dedup?.windowMs ?? 0);
  for (const [key, value] of rowsOf(store, tableNames[table], queueKey(queue.id), queueKey(queue.id + 1))) {
    const row = queue.host.tables.readWindow(key, value);
    const leftMs = Math.min(windowMs, Math.max(0, row.untilWallMs - queue.host.wallMs())); // (C2)
    queue[table].put(new Remembered(row.key, row.id, row.sequence), nowMs + leftMs);
  }
  queue.expiry.remembered();
}

function recoverUndone(store: Store, queue: Queue): void {
  const undone: { readonly id: string; readonly sequence: number }[] = [];
  for (const [key, value] of rowsOf(store, tableNames.undone, queueKey(queue.id), queueKey(queue.id + 1))) {
    undone.push(queue.host.tables.readUndone(key, value));
  }
  undone.sort((a, b) => a.sequence - b.sequence);
  if (undone.length > 0) queue.dependents.undone.recover(undone.map(({ id }) => id));
}

/** A message on its way back into its queue. */
class Recovered {
  readonly message: Message;
  readonly #queue: Queue;
  readonly #dead: Dead[];
  readonly #nowMs: number;
  readonly #delayMs: number;
  /** What goes on with leases that had ended. */
  readonly #ended: ((nowMs: number) => void)[] = [];

  constructor(queue: Queue, sequence: number, content: Uint8Array, dead: Dead[], nowMs: number) {
    const { message, sentWallMs, delayMs, deadLetter } = queue.host.sealer.open(content);
    const ageMs = Math.max(0, queue.host.wallMs() - sentWallMs);
    this.#queue = queue;
    this.#dead = dead;
    this.#nowMs = nowMs;
    this.#delayMs = Math.max(0, delayMs - ageMs); // (C2)
    const { guarantee } = queue.settings;
    this.message = new Message(sequence, content, {
      bytes: content.length,
      sentMs: Math.ceil(nowMs - ageMs),
      group: message.group,
      priority: message.priority ?? 0,
      marks: marksOf(message, deadLetter),
      wanted: guarantee.kind === "quorum" ? guarantee.needed : 1,
    });
  }

  /** Answers whether it is still wanted. */
  enter(
    lanes: readonly Lane[],
    { acknowledged, isBehindMoved }: { readonly acknowledged: number; readonly isBehindMoved: boolean },
    leases: ReadonlyMap<string, Uint8Array>,
  ): boolean {
    const { message } = this;
    const queue = this.#queue;
    const { kind } = queue.settings.guarantee;
    if (kind === "broadcast") message.wanted = lanes.length;
    else if (kind === "quorum") message.wanted -= acknowledged;
    if (message.wanted <= 0) return false; // (C1)
    message.isAcknowledged = acknowledged > 0;
    queue.keepContent(message);
    const entries = lanes.map((lane) => new Entry(message, lane.number));
    message.entries = entries.length === 1 ? entries[0] : entries;
    queue.room.take(message.bytes);
    queue.log.add(message);
    if (message.marks?.id !== undefined) queue.ids.set(message.marks.id, message);
    if (acknowledged > 0) queue.results.belongs(message);
    const waits = queue.dependents.wait(message, this.#delayMs, isBehindMoved);
    for (const [at, lane] of lanes.entries()) {
      const row = leases.get(`${message.sequence}.${lane.number}`);
      this.#enterLane(
        lane,
        entries[at] as Entry,
        waits,
        row === undefined ? undefined : queue.host.tables.readLease(row),
      );
    }
    queue.expiry.watch(message);
    // what ends it must find it in all of its lanes
    for (const ends of this.#ended) ends(this.#nowMs);
    return true;
  }

  /** (C3) */
  #enterLane(lane: Lane, entry: Entry, waits: boolean, row: LeaseRow | undefined): void {
    if (row === undefined) {
      if (waits) lane.hold(entry);
      else lane.enter(entry, this.#delayMs, this.#nowMs);
      return;
    }
    const lease = leaseOf(entry, row.run);
    lease.receives = row.receives;
    lease.number = row.number;
    lease.firstReceivedMs = row.firstReceivedMs;
    lease.error = row.error;
    lease.isWritten = true;
    lease.failure = row.failure;
    const leftMs = Math.min(row.durationMs, Math.max(0, row.untilWallMs - this.#queue.host.wallMs())); // (C2)
    if (row.leased) {
      if (lane.enterLeased(entry, this.#nowMs + leftMs, this.#nowMs)) return;
      this.#ended.push((at) => {
        if (entry.state !== "gone") pullBack(this.#queue, entry, at); // the lease of one before it was not written
      });
      return;
    }
    lease.ended = row.ended;
    lane.hold(entry);
    const ends = (at: number): void => {
      this.#queue.leaseOver(entry, leftMs, at);
    };
    if (lease.receives < (this.#queue.settings.maxReceives ?? Infinity)) this.#ended.push(ends);
    else this.#dead.push(ends);
  }
}

/** The sequence before which all was purged; what there is of that is swept. (C1) */
function purgedOf(store: Store, queue: Queue): number {
  const purged = store.get(tableNames.sequences, purgedKey(queue.id));
  if (purged === undefined) return 0;
  const before = queue.host.tables.readSequences(purged);
  queue.host.sweeping.messages(queue.id, before);
  return before;
}

function rowsByEntry(store: Store, table: string, queue: Queue, from: Uint8Array): Map<string, Uint8Array> {
  const rows = new Map<string, Uint8Array>();
  for (const [key, value] of rowsOf(store, table, from, queueKey(queue.id + 1))) {
    const { sequence, lane } = readKey(key);
    rows.set(`${sequence}.${lane}`, value);
  }
  return rows;
}

/** How many have acknowledged each message, those whose subscriptions have ended since included. */
function acknowledgedOf(acks: ReadonlyMap<string, Uint8Array>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const [key, value] of acks) {
    const sequence = Number.parseInt(key, 10);
    if (value[0] === 1) counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
  }
  return counts;
}

/** Deletes of rows whose messages are not there any more. */
function rowsOfNothing(rows: ReadonlyMap<string, Uint8Array>, table: "leases" | "acks", queue: Queue): Operation[] {
  const deletes: Operation[] = [];
  for (const key of rows.keys()) {
    const [sequence = 0, lane = 0] = key.split(".").map(Number);
    if (queue.log.get(sequence) === undefined) {
      deletes.push(queue.host.tables.deleteRow(table, queue.id, { sequence, lane }));
    }
  }
  return deletes;
}

/** All rows of a range, read in pages. */
function* rowsOf(
  store: Store,
  table: string,
  start: Uint8Array,
  to?: Uint8Array,
): Generator<readonly [Uint8Array, Uint8Array]> {
  let from = start;
  for (;;) {
    const page = store.range(table, { from, to, limit: pageRows });
    for (const { key, value } of page) yield [key, value];
    const last = page[page.length - 1];
    if (last === undefined || page.length < pageRows) return;
    from = new Uint8Array(last.key.length + 1);
    from.set(last.key);
  }
}
