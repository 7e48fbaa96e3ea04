/**
 * Scheduling: messages that a queue sends itself, at times.
 *
 * Owns the schedules of one queue, and their one deadline. When one is due is `schedule-times.ts`'s.
 *
 * (D1) Each time makes one message, whatever crashes when: the message and the next time are one batch.
 * (D2) One change at a time: what is made, removed or sent is written behind what is on its way.
 * (D3) A message that the queue would not have is tried again, until the next time is due.
 * (D4) The wall clock may be set: it is looked at least once a minute.
 * (D5) What is due at once is written in as many batches as a store takes it in. What a full disk has refused together is tried one by one: some of it may
 *      have room.
 */
import { type DueItem, MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { QueueHost, Transfer } from "../host.js";
import { checkScheduled } from "../sending/intake.js";
import { type Due, type ScheduleState, type Times, checkMissed, corrected, dueOf, timesOf } from "./schedule-times.js";
import type {
  Missed,
  OutgoingMessage,
  QueueEnd,
  QueueOperation,
  QueueSettings,
  Schedule,
  ScheduleTimes,
} from "../types.js";
import type { WriteEnd } from "../store/writes.js";

/** What they need of their queue. */
export interface SchedulingQueue {
  readonly name: string;
  readonly id: number;
  readonly durable: boolean;
  readonly host: QueueHost;
  readonly figures: { sent: number };
  readonly purgedBefore: number;
  checkUsable(): void;
  readonly settings: QueueSettings;
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void;
}

/** What is written of a schedule, beside its message. */
export interface ScheduleRecord extends ScheduleTimes, ScheduleState {
  readonly name: string;
  readonly missed: Missed;
  readonly sent: number;
  readonly skipped: number;
}

type Wish = Extract<QueueOperation, { readonly op: "schedule" }>;
type End<O extends "schedule" | "unschedule"> = (end: QueueEnd<O>) => void;

/** The headers that say which schedule has sent a message, and for which time. */
const scheduleHeader = "mpreg-schedule";
const dueHeader = "mpreg-due";

const nameForm = /^[A-Za-z0-9_.-]{1,80}$/;
/** (D4) */
const lookMs = 60_000;
const refusedWaitMs = 1_000;
/** Changes that wait for those before them. `overloaded` beyond. */
const waitingMax = 1_000;

const never: Times = { next: () => undefined, last: (fromMs) => fromMs };

interface Item {
  record: ScheduleRecord;
  readonly times: Times;
  readonly message: OutgoingMessage;
  /** Of an interval: when it is due on the monotonic clock. */
  dueMs: number;
  /** After a refusal, not before that. */
  notBeforeMs: number;
  refused: number;
  lastRefusal: string | undefined;
}

interface Task {
  readonly begin: (nowMs: number) => void;
  readonly failed: (error: MpregError) => void;
}

/** What one schedule sends now. */
interface Sending {
  readonly item: Item;
  readonly record: ScheduleRecord;
  readonly transfers: readonly Extract<Transfer, { readonly kind: "prepared" }>[];
  readonly refusal: MpregError | undefined;
}

export class Scheduling implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: SchedulingQueue;
  readonly #items = new Map<string, Item>();
  readonly #waiting: Task[] = [];
  #isWriting = false;
  /** Until nothing is due. (D5) */
  #isOneByOne = false;
  #closed = false;

  constructor(queue: SchedulingQueue) {
    this.#queue = queue;
  }

  list(nowMs: number): readonly Schedule[] {
    return [...this.#items.values()].map((item) => this.#told(item, nowMs));
  }

  /** Makes a schedule, or changes the one of that name: with the same times it stays due when it was. */
  set(wish: Wish, end: End<"schedule">, nowMs: number): void {
    const who = `schedule ${quoted(wish.name)} of queue ${quoted(this.#queue.name)}`;
    const item = this.#itemOf(who, wish, nowMs);
    this.#inTurn(
      {
        begin: (at) => {
          const before = this.#items.get(wish.name);
          const { schedulesMax } = this.#queue.host.limits;
          if (before === undefined && this.#items.size >= schedulesMax) {
            throw new MpregError("overloaded", `${who} is one too many; the limit is ${schedulesMax}`);
          }
          if (before !== undefined && areSame(before.record, item.record)) {
            const { missed } = item.record;
            item.record = { ...before.record, missed };
            item.dueMs = before.dueMs;
          } else if (item.record.nextMs === undefined)
            throw new MpregError("invalid-argument", `${who} is never due: its time has passed, or never comes`);
          const done = (later: number): void => {
            this.#items.set(wish.name, item);
            end({ kind: "done", value: this.#told(item, later) });
          };
          this.#write(
            this.#rowsOf(item, item.record),
            {
              done,
              failed: (error) => {
                end({ kind: "failed", error });
              },
            },
            at,
          );
        },
        failed: (error) => {
          end({ kind: "failed", error });
        },
      },
      nowMs,
    );
  }

  /** Answers whether there was one. */
  remove(name: string, end: End<"unschedule">, nowMs: number): void {
    const failed = (error: MpregError): void => {
      end({ kind: "failed", error });
    };
    const begin = (at: number): void => {
      const { durable, host, id } = this.#queue;
      if (!this.#items.has(name)) {
        end({ kind: "done", value: false });
        return;
      }
      const done = (): void => {
        this.#items.delete(name);
        end({ kind: "done", value: true });
      };
      this.#write(durable ? [host.tables.deleteSchedule(id, name)] : [], { done, failed }, at);
    };
    this.#inTurn({ begin, failed }, nowMs);
  }

  /** As it was written. An interval goes on with what was left of it, and is no longer than it is. */
  recover(record: ScheduleRecord, message: OutgoingMessage, nowMs: number): void {
    let times = never;
    let lastRefusal: string | undefined;
    try {
      times = timesOf(`schedule ${quoted(record.name)}`, record, this.#queue.host.cron);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      lastRefusal = error.message; // another version, or another machine, has known it: it rests
    }
    const notBeforeMs = times === never ? Infinity : 0;
    const leftMs = (record.nextMs ?? Infinity) - this.#queue.host.wallMs();
    const dueMs = nowMs + Math.min(leftMs, record.everyMs ?? Infinity);
    const item = { record, times, message: ownMemory(message), dueMs, notBeforeMs, refused: 0, lastRefusal };
    this.#items.set(record.name, item);
    this.#arm(nowMs);
  }

  close(error: MpregError): void {
    this.#closed = true;
    this.#queue.host.timers.unschedule(this);
    for (const { failed } of this.#waiting.splice(0)) failed(error);
  }

  onDue(nowMs: number): void {
    if (this.#closed || this.#isWriting) return; // what ends looks again
    if (this.#queue.purgedBefore === Infinity) {
      this.#queue.host.timers.schedule(this, nowMs + refusedWaitMs); // goes on if the queue is not deleted after all
      return;
    }
    if (this.#queue.durable && this.#queue.host.writes.frozen !== undefined) return;
    const sendings: Sending[] = [];
    let bytes = 0;
    for (const item of this.#items.values()) {
      const sending = item.notBeforeMs > nowMs ? undefined : this.#sendingOf(item, nowMs);
      if (sending === undefined) continue;
      sendings.push(sending);
      bytes += bytesOf(sending);
      if (this.#isOneByOne || bytes > this.#queue.host.limits.sendBytesMax) break; // the others once these are written (D5)
    }
    this.#isOneByOne &&= sendings.length > 0;
    const some: Sending[] = [];
    for (const sending of sendings) {
      const { item, record, refusal } = sending;
      if (record !== item.record) some.push(sending);
      else refuse(item, refusal ?? new MpregError("unknown-queue", "The queue is being deleted"), nowMs); // (D3)
    }
    if (some.length > 0) this.#send(some, nowMs);
    else this.#arm(nowMs);
  }

  #itemOf(who: string, wish: Wish, nowMs: number): Item {
    const { host } = this.#queue;
    const { name, cron, timeZone, everyMs, at, missed = "one", message } = wish;
    if (!nameForm.test(name)) {
      throw new MpregError(
        "invalid-argument",
        `${who}: a schedule is named by 1 to 80 letters, digits, ".", "-" and "_"`,
      );
    }
    checkMissed(who, missed);
    for (const field of ["id", "dedup", "after"] as const) {
      if (message[field] === undefined) continue;
      throw new MpregError(
        "invalid-argument",
        `${who}: its message has "${field}", and it is sent again and again: leave it out`,
      );
    }
    checkScheduled(this.#queue, message);
    const given: ScheduleTimes = {
      ...(cron === undefined ? {} : { cron }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(everyMs === undefined ? {} : { everyMs }),
      ...(at === undefined ? {} : { at }),
    };
    const times = timesOf(who, given, host.cron);
    const sinceMs = host.wallMs();
    const nextMs = times.next(sinceMs);
    const record: ScheduleRecord = { name, ...given, missed, nextMs, sinceMs, madeUp: 0, sent: 0, skipped: 0 };
    return {
      record,
      times,
      message: ownMemory(message),
      dueMs: nowMs + (everyMs ?? 0),
      notBeforeMs: 0,
      refused: 0,
      lastRefusal: undefined,
    };
  }

  /** What is due of one; nothing, where nothing is. */
  #sendingOf(item: Item, nowMs: number): Sending | undefined {
    const wallMs = this.#queue.host.wallMs();
    const state = this.#stateOf(item, nowMs, wallMs);
    // an interval that is over is due, also where its time was rounded up to the next ms
    const isOver = item.record.everyMs !== undefined && item.dueMs <= nowMs;
    const untilMs = isOver ? Math.max(wallMs, state.nextMs ?? wallMs) : wallMs;
    const due = dueOf(item.times, state, item.record.missed, untilMs);
    if (due === undefined) {
      if (state !== item.record) item.record = { ...item.record, ...state };
      return undefined;
    }
    const target = this.#queue.host.here(this.#queue.name);
    const transfers: Sending["transfers"][number][] = [];
    let refusal: MpregError | undefined;
    let bytes = 0;
    for (const time of due.times) {
      bytes += item.message.body.length;
      if (transfers.length > 0 && bytes > this.#queue.host.limits.sendBytesMax) break;
      const made = target?.prepareScheduled(this.#messageOf(item, time), nowMs);
      if (made?.kind === "prepared") transfers.push(made);
      else {
        refusal = made?.error;
        break;
      }
    }
    const record = recordAfter(item.record, due, transfers.length);
    return { item, record, transfers, refusal };
  }

  /** An interval is due by the time that has passed, whatever the wall clock shows. */
  #stateOf({ record, times, dueMs }: Item, nowMs: number, wallMs: number): ScheduleState {
    if (record.everyMs === undefined) return corrected(times, record, wallMs);
    return { nextMs: Math.round(wallMs + dueMs - nowMs), sinceMs: record.sinceMs, madeUp: record.madeUp };
  }

  /** (D1) */
  #send(sendings: readonly Sending[], nowMs: number): void {
    const { durable, host, id, figures } = this.#queue;
    const wallMs = host.wallMs();
    const operations: Operation[] = [];
    for (const { item, record, transfers } of sendings) {
      for (const transfer of transfers) operations.push(...transfer.operations);
      if (record.nextMs !== undefined) operations.push(...this.#rowsOf(item, record));
      else if (durable) operations.push(host.tables.deleteSchedule(id, record.name));
    }
    const done = (at: number): void => {
      for (const { item, record, transfers, refusal } of sendings) {
        item.record = record;
        if (record.nextMs !== undefined) item.dueMs = nowMs + record.nextMs - wallMs;
        else this.#items.delete(record.name);
        figures.sent += transfers.length;
        for (const transfer of transfers) transfer.admit(at);
        if (refusal !== undefined) refuse(item, refusal, at);
      }
    };
    const failed = (error: MpregError, at: number): void => {
      if (error.outcome === "unknown") return; // the store is frozen: its next opening tells
      // the last one first: it may have taken the room of one before it
      for (const { transfers } of sendings.toReversed())
        for (const transfer of transfers.toReversed()) transfer.giveBack(at);
      if (sendings.length > 1) this.#isOneByOne = true;
      else for (const { item } of sendings) refuse(item, error, at); // (D3)
    };
    this.#write(operations, { done, failed }, nowMs);
  }

  #messageOf({ record: { name }, message }: Item, timeMs: number): OutgoingMessage {
    const headers = { ...message.headers, [scheduleHeader]: name, [dueHeader]: new Date(timeMs).toISOString() };
    return { ...message, headers };
  }

  #rowsOf(item: Item, record: ScheduleRecord): Operation[] {
    const { durable, host, id } = this.#queue;
    if (!durable) return [];
    const head = { sentWallMs: 0, delayMs: item.message.delayMs ?? 0, deadLetter: undefined };
    return [host.tables.putSchedule(id, record.name, record, host.sealer.seal(item.message, head))];
  }

  #inTurn(task: Task, nowMs: number): void {
    if (!this.#isWriting) this.#begin(task, nowMs);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(task);
    else {
      const message = `${waitingMax} changes of the schedules of queue ${quoted(this.#queue.name)} wait for the disk; that is the limit`;
      throw new MpregError("overloaded", message);
    }
  }

  #begin({ begin, failed }: Task, nowMs: number): void {
    try {
      this.#queue.checkUsable();
      begin(nowMs);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      failed(error);
    }
  }

  /** (D2) */
  #write(operations: readonly Operation[], end: WriteEnd, nowMs: number): void {
    this.#isWriting = true;
    this.#queue.commit(
      operations,
      {
        done: (at) => {
          this.#isWriting = false;
          end.done(at);
          this.#next(at);
        },
        failed: (error, at) => {
          this.#isWriting = false;
          end.failed(error, at);
          this.#next(at);
        },
      },
      nowMs,
    );
  }

  #next(nowMs: number): void {
    while (!this.#isWriting) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#arm(nowMs);
        return;
      }
      this.#begin(next, nowMs);
    }
  }

  /** (D4) */
  #arm(nowMs: number): void {
    const { host, durable } = this.#queue;
    const isFrozen = durable && host.writes.frozen !== undefined;
    const wallMs = host.wallMs();
    let nextMs = Infinity;
    for (const { record, dueMs, notBeforeMs } of this.#items.values()) {
      const leftMs = Math.min(lookMs, Math.max(0, (record.nextMs ?? Infinity) - wallMs));
      nextMs = Math.min(nextMs, Math.max(record.everyMs === undefined ? nowMs + leftMs : dueMs, notBeforeMs));
    }
    if (this.#closed || isFrozen || nextMs === Infinity) host.timers.unschedule(this);
    else host.timers.schedule(this, Math.max(nextMs, nowMs));
  }

  #told({ record, dueMs, refused, lastRefusal }: Item, nowMs: number): Schedule {
    const { name, cron, timeZone, everyMs, at, missed, sent, skipped } = record;
    const nextMs = everyMs === undefined ? record.nextMs : Math.round(this.#queue.host.wallMs() + dueMs - nowMs);
    return { name, cron, timeZone, everyMs, at, missed, nextMs, sent, skipped, refused, lastRefusal };
  }
}

/** Of times of which not all have made a message, the rest is due still. */
function recordAfter(before: ScheduleRecord, due: Due, sent: number): ScheduleRecord {
  const { times, skipped, nextMs, sinceMs, madeUp } = due;
  if (sent === 0 && times.length > 0) return before;
  const counts = { sent: before.sent + sent, skipped: before.skipped + skipped };
  if (sent === times.length) return { ...before, nextMs, sinceMs, madeUp, ...counts };
  const last = times[sent - 1] as number;
  return { ...before, nextMs: times[sent], sinceMs: last, madeUp: before.madeUp + sent, ...counts };
}

/** It is kept, and what lies beside its body is not. */
function ownMemory(message: OutgoingMessage): OutgoingMessage {
  return { ...message, body: message.body.slice() };
}

/** What it takes of a batch, with the schedule's own row, which has the message, too. */
function bytesOf({ transfers }: Sending): number {
  const rows = transfers.flatMap(({ operations }) => operations);
  return 2 * rows.reduce((sum, row) => sum + (row.kind === "put" ? row.value.length : 0), 0);
}

function refuse(item: Item, error: MpregError, nowMs: number): void {
  item.refused += 1;
  item.lastRefusal = error.message;
  item.notBeforeMs = nowMs + refusedWaitMs;
}

function areSame(one: ScheduleTimes, other: ScheduleTimes): boolean {
  return (["cron", "timeZone", "everyMs", "at"] as const).every((name) => one[name] === other[name]);
}
