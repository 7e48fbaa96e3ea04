/**
 * Line: the messages that a node keeps for one queue that is elsewhere, in their order, until that has them.
 *
 * (L1) One call is on its way, from the head. What the queue has told to have leaves the line, and its rows with it.
 * (L2) Nothing is tried while no node has the queue: it is when one is seen. Else what has failed is tried again later, and later each time.
 * (L3) What is refused for good is set aside on the disk before anything behind it is handed on.
 * (L4) The queue is told that there is nothing left once the rows are off the disk, and nothing came for a while.
 */
import {
  type DueItem,
  assert,
  MpregError,
  type MpregErrorJson,
  type Random,
  type Timers,
  isErrorCode,
} from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { Writes } from "../writes.js";
import { spoolTables } from "./names.js";
import type { SpoolRows } from "./rows.js";
import type { Courier, CourierEnd, SpooledForm, TransferAnswer, TransferItem } from "./types.js";

/** A message that waits. */
export interface SpoolEntry {
  readonly number: number;
  readonly form: SpooledForm;
  readonly bytes: number;
  /** Only where there is no store. */
  readonly content: Uint8Array | undefined;
}

/** One that was refused for good. */
export interface RefusedEntry extends SpoolEntry {
  readonly why: string;
}

/** What a line needs of the spool. */
export interface LineHost {
  readonly timers: Timers;
  readonly random: Random;
  readonly writes: Writes;
  readonly courier: Courier;
  readonly rows: SpoolRows;
  readonly origin: string;
  wallMs(): number;
  /** Room is free again. */
  left(entry: SpoolEntry): void;
  /** There is nothing in it, and nothing to be told. */
  ended(queue: string): void;
}

const batchMessages = 256;
const batchBytes = 1_048_576;
const againMsMin = 200;
const againMsMax = 30_000;
/** (L4) */
const idleMs = 60_000;

export class Line implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly queue: string;
  readonly refused: RefusedEntry[] = [];
  readonly #host: LineHost;
  #entries: SpoolEntry[] = [];
  /** Those before it have left. */
  #head = 0;
  #bytes = 0;
  #lastCall = 0;
  /** Gives up the call that is on its way. */
  #stop: (() => void) | undefined;
  /** One that was refused is on its way to the disk. (L3) */
  #isSettingAside = false;
  #failures = 0;
  #error: MpregError | undefined;
  #waiters = new Set<(nowMs: number) => void>();
  /** Deletions that have no end yet; up to which number they go, and up to which they are on the disk. (L4) */
  #takenUpTo = 0;
  #deletedUpTo = 0;
  #closed = false;

  constructor(queue: string, host: LineHost) {
    this.queue = queue;
    this.#host = host;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Why the head waits. */
  get error(): MpregError | undefined {
    return this.#error;
  }

  get first(): SpoolEntry | undefined {
    return this.#entries[this.#head];
  }

  /** Takes one that is on the disk. It is handed on in the next turn, with others that come until then, unless something is in the way. */
  add(entry: SpoolEntry, nowMs: number): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    if (this.#error === undefined && this.#stop === undefined) this.#host.timers.schedule(this, nowMs);
  }

  /** Somebody has the queue: what waits is handed on in the next turn. (L2) */
  wake(nowMs: number): void {
    if (this.size === 0) return;
    this.#failures = 0;
    this.#host.timers.schedule(this, nowMs);
  }

  /** Tells once that nothing waits any more; answers how to give that up. */
  whenEmpty(empty: (nowMs: number) => void): () => void {
    this.#waiters.add(empty);
    return () => this.#waiters.delete(empty);
  }

  close(): void {
    this.#closed = true;
    this.#host.timers.unschedule(this);
    this.#stop?.();
    this.#stop = undefined;
  }

  onDue(nowMs: number): void {
    if (this.size > 0) this.#forward(nowMs);
    else if (this.refused.length === 0) this.#over(nowMs);
  }

  #forward(nowMs: number): void {
    if (this.#closed || this.#stop !== undefined || this.#isSettingAside || this.size === 0) return;
    const { courier, origin, timers } = this.#host;
    timers.unschedule(this);
    if (courier.whereIs(this.queue) !== "there") return; // (L2)
    const messages = this.#batch();
    this.#call(
      { origin, call: this.#nextCall(), messages },
      (answer, at) => {
        this.#answered(answer, at);
      },
      nowMs,
    );
  }

  #nextCall(): number {
    return (this.#lastCall = Math.max(this.#lastCall + 1, Math.floor(this.#host.wallMs())));
  }

  #call(
    transfer: Parameters<Courier["transfer"]>[1],
    answered: (answer: TransferAnswer, nowMs: number) => void,
    nowMs: number,
  ): void {
    const state = { hasEnded: false };
    const stop = this.#host.courier.transfer(
      this.queue,
      transfer,
      (end: CourierEnd) => {
        if (state.hasEnded || this.#closed) return;
        state.hasEnded = true;
        this.#stop = undefined;
        if (end.kind === "failed") this.#failed(end.error, end.nowMs);
        else if (end.answer.call !== transfer.call) {
          this.#lastCall = Math.max(this.#lastCall, end.answer.call); // the clock of this node was set back
          this.#failed(
            new MpregError("overloaded", `Queue "${this.queue}" has heard of a later call of this node`),
            end.nowMs,
          );
        } else answered(end.answer, end.nowMs);
      },
      nowMs,
    );
    if (!state.hasEnded) this.#stop = stop;
  }

  /** (L1) */
  #batch(): TransferItem[] {
    const batch: TransferItem[] = [];
    let bytes = 0;
    for (let at = this.#head; at < this.#entries.length && batch.length < batchMessages; at++) {
      const { number, form, bytes: more, content } = this.#entries[at] as SpoolEntry;
      if (batch.length > 0 && bytes + more > batchBytes) break;
      bytes += more;
      batch.push({ number, form, content: content ?? this.#stored(number) });
    }
    return batch;
  }

  #stored(number: number): Uint8Array {
    const { writes, rows } = this.#host;
    const row = writes.store?.get(spoolTables.waiting, rows.key(this.queue, number));
    assert(row !== undefined, "what waits in the spool is on the disk");
    return rows.read(row).content;
  }

  #answered({ taken, refused }: TransferAnswer, nowMs: number): void {
    const before = this.size;
    for (let first = this.first; first !== undefined && first.number <= taken; first = this.first) this.#shift(first);
    if (this.size < before) this.#failures = 0;
    this.#delete(taken);
    this.#error = undefined;
    if (refused === undefined) this.#goOn(nowMs);
    else if (isForNow(refused.error)) this.#failed(errorOf(refused.error), nowMs);
    else this.#setAside(refused.number, refused.error.message, nowMs);
  }

  #goOn(nowMs: number): void {
    if (this.size > 0) return this.#forward(nowMs);
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const empty of waiters) empty(nowMs);
    this.#host.timers.schedule(this, nowMs + idleMs); // (L4)
  }

  #shift(entry: SpoolEntry): void {
    this.#head += 1;
    this.#bytes -= entry.bytes;
    this.#host.left(entry);
    if (this.#head === this.#entries.length) [this.#entries, this.#head] = [[], 0];
    else if (this.#head >= 1_024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Refused, it is done with the next: its range begins where the line does. */
  #delete(upTo: number): void {
    this.#takenUpTo = Math.max(this.#takenUpTo, upTo);
    const { writes, rows } = this.#host;
    if (writes.store === undefined) this.#deletedUpTo = this.#takenUpTo;
    else if (writes.frozen === undefined) {
      const done = (): void => {
        this.#deletedUpTo = Math.max(this.#deletedUpTo, upTo);
      };
      writes.write([rows.deleteUpTo(this.queue, upTo)], { done, failed: () => undefined });
    }
  }

  /** (L3) */
  #setAside(number: number, why: string, nowMs: number): void {
    const entry = this.first;
    if (entry?.number !== number)
      return this.#failed(
        new MpregError("malformed", `Queue "${this.queue}" refuses message ${number}, which is not the first`),
        nowMs,
      );
    const { writes, rows } = this.#host;
    const done = (at: number): void => {
      this.#isSettingAside = false;
      this.#head += 1; // it still takes room
      this.#bytes -= entry.bytes;
      this.refused.push({ ...entry, why });
      this.#takenUpTo = this.#deletedUpTo = Math.max(this.#takenUpTo, number);
      if (!this.#closed) this.#goOn(at);
    };
    if (writes.store === undefined) return done(nowMs);
    const operations: Operation[] = [
      rows.deleteUpTo(this.queue, number),
      rows.putRefused(this.queue, { number, form: entry.form, why }, this.#stored(number)),
    ];
    this.#isSettingAside = true;
    writes.write(operations, {
      done,
      failed: (error, at) => {
        this.#isSettingAside = false;
        this.#failed(error, at);
      },
    });
  }

  /** (L2) */
  #failed(error: MpregError, nowMs: number): void {
    if (this.#closed) return;
    this.#error = error;
    this.#failures += 1;
    const { timers, random } = this.#host;
    const most = Math.min(againMsMax, againMsMin * 2 ** Math.min(this.#failures - 1, 20));
    timers.schedule(this, nowMs + Math.max(error.retryAfterMs ?? 0, most / 2 + (random.next() * most) / 2));
  }

  /** (L4) Whether or not it is heard: what is not forgotten is one row over there. */
  #over(nowMs: number): void {
    if (this.#closed || this.#stop !== undefined) return;
    const { courier, origin, timers } = this.#host;
    if (this.#deletedUpTo < this.#takenUpTo) {
      this.#delete(this.#takenUpTo);
      timers.schedule(this, nowMs + idleMs);
      return;
    }
    if (courier.whereIs(this.queue) !== "there") return this.#host.ended(this.queue);
    const state = { hasEnded: false };
    const stop = courier.transfer(
      this.queue,
      { origin, call: this.#nextCall(), messages: [], over: true },
      (end) => {
        state.hasEnded = true;
        this.#stop = undefined;
        if (this.#closed) return;
        if (this.size === 0 && this.refused.length === 0) this.#host.ended(this.queue);
        else this.#forward(end.nowMs);
      },
      nowMs,
    );
    if (!state.hasEnded) this.#stop = stop;
  }
}

/** Whether what was refused may be taken later, as it is. */
function isForNow({ code }: MpregErrorJson): boolean {
  return code !== "too-large" && code !== "invalid-argument" && code !== "malformed";
}

function errorOf({ code, message, outcome, node, retryAfterMs }: MpregErrorJson): MpregError {
  return new MpregError(isErrorCode(code) ? code : "unsupported", message, { outcome, node, retryAfterMs });
}
