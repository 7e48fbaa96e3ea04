/**
 * Line: the messages that a node keeps for one queue that is elsewhere, in their order, until that has them.
 *
 * (L1) One call is on its way, from the head. What the queue has told to have leaves the line, and its rows with it.
 * (L2) Nothing is tried while no node has the queue: it is when one is seen. Else what has failed is tried again later, and later each time.
 * (L3) What is refused for good is set aside on the disk before anything behind it is handed on.
 *      So is what the node of the queue does not take in one call, by itself; together with others it goes in smaller calls.
 * (L4) The queue is told that there is nothing left once the rows are off the disk, and nothing came for a while.
 * (L5) What waits for longer than `spoolAgeMsMax` for a queue that no node has is set aside. Where it may have been taken, the queue is asked before anything
 *      else is handed on (`set-aside.ts`, A2).
 * (L6) A queue that knows a number which this store has not given has it of a later state of the same store: that was put back from an older copy. Its messages
 *      would be taken for those of then, so the queue is asked before the first that it gets of a run, and those that have such a number get another one.
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
import { isForNow } from "./for-now.js";
import { spoolTables } from "./names.js";
import { SetAside, type SetAsideHost } from "./set-aside.js";
import type { Courier, CourierEnd, SetAsideEntry, SpoolEntry, TransferAnswer, TransferItem } from "./types.js";

/** What a line needs of the spool. */
export interface LineHost extends SetAsideHost {
  readonly timers: Timers;
  readonly random: Random;
  readonly courier: Courier;
  readonly origin: string;
  readonly ageMsMax: number;
  /** Where the store is older than this run: no number from this one on was given before. (L6) */
  readonly numbersFrom: number | undefined;
  /** Numbers up to this one were given, by whom ever. (L6) */
  given(upTo: number): void;
  wallMs(): number;
  /** Id and wall time of a message. */
  facts(entry: SpoolEntry, content: Uint8Array): { readonly id: string; readonly sentMs: number };
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
  readonly setAside: SetAside;
  readonly #host: LineHost;
  #entries: SpoolEntry[] = [];
  /** Those before it have left. */
  #head = 0;
  #bytes = 0;
  #lastCall = 0;
  /** Gives up the call that is on its way. */
  #stop: (() => void) | undefined;
  /** The last that was in a call: the queue may have all up to it. (L5) */
  #askedUpTo = 0;
  /** The queue has been asked what it knows of this store. (L6) */
  #isMet: boolean;
  /** Numbers up to this one are those of other messages, too. (L6) */
  #reusedUpTo = 0;
  /** When the head came, once it has been looked at. (L5) */
  #since: { readonly number: number; readonly sentMs: number } | undefined;
  /** Some are on their way to where those lie that are set aside. (L3) */
  #isSettingAside = false;
  #failures = 0;
  /** Messages of one call at most: fewer where the node of the queue takes less at once. */
  #batchMax = batchMessages;
  #error: MpregError | undefined;
  #waiters = new Set<(nowMs: number) => void>();
  /** Deletions that have no end yet; up to which number they go, and up to which they are on the disk. (L4) */
  #takenUpTo = 0;
  #deletedUpTo = 0;
  #closed = false;

  constructor(queue: string, host: LineHost) {
    this.queue = queue;
    this.#host = host;
    this.setAside = new SetAside(queue, host);
    this.#isMet = host.numbersFrom === undefined;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** As the queue is told. */
  get #kept(): number {
    return this.size + this.setAside.size;
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

  /** One that was in the store: an earlier run may have handed it on. (L5) */
  recover(entry: SpoolEntry, nowMs: number): void {
    this.#askedUpTo = entry.number;
    this.add(entry, nowMs);
  }

  /** Messages that were set aside are settled: there may be nothing left. */
  settled(nowMs: number): void {
    if (!this.#closed && this.size === 0) this.#goOn(nowMs);
  }

  /** Somebody has the queue: what waits is handed on in the next turn. (L2) */
  wake(nowMs: number): void {
    if (this.size === 0 && this.setAside.unsure === undefined) return;
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
    if (this.size > 0 || this.setAside.unsure !== undefined) this.#forward(nowMs);
    else if (this.setAside.size === 0) this.#over(nowMs);
  }

  #forward(nowMs: number): void {
    if (this.#closed || this.#stop !== undefined || this.#isSettingAside) return;
    const { courier, origin, timers } = this.#host;
    timers.unschedule(this);
    if (courier.whereIs(this.queue) !== "there") return this.#park(nowMs); // (L2)
    if (this.setAside.unsure !== undefined || !this.#isMet) return this.#askWhatIsThere(nowMs); // (L5, L6)
    if (this.size === 0) return;
    const reused = this.#firstOf(({ number }) => number <= this.#reusedUpTo);
    if (reused.length > 0)
      return this.#setAside(reused, { why: reusedNumber, isRefused: true, isRetried: true }, nowMs); // (L6)
    const messages = this.#batch();
    this.#askedUpTo = messages[messages.length - 1]?.number ?? this.#askedUpTo;
    this.#call(
      { origin, call: this.#nextCall(), messages, kept: this.#kept },
      (answer, at) => {
        this.#answered(answer, at);
      },
      nowMs,
    );
  }

  /** (L5) */
  #park(nowMs: number): void {
    const first = this.first;
    if (first === undefined) return;
    const leftMs = this.#leftMs(first);
    if (leftMs > 0) return this.#host.timers.schedule(this, nowMs + leftMs);
    const tooOld = this.#firstOf((entry) => this.#leftMs(entry) <= 0);
    const days = this.#host.ageMsMax / 86_400_000;
    const why = `it has waited for ${Number(days.toFixed(1))} days, and no node has the queue`;
    this.#setAside(tooOld, { why, isRefused: false, isRetried: false }, nowMs);
  }

  /** Those at the head that are so, as many as go into one batch. */
  #firstOf(isSo: (entry: SpoolEntry) => boolean): SpoolEntry[] {
    const first: SpoolEntry[] = [];
    for (let at = this.#head; at < this.#entries.length && first.length < batchMessages; at++) {
      const entry = this.#entries[at] as SpoolEntry;
      if (!isSo(entry)) break;
      first.push(entry);
    }
    return first;
  }

  #leftMs(entry: SpoolEntry): number {
    const { ageMsMax } = this.#host;
    if (this.#since?.number !== entry.number) {
      const { sentMs } = this.#host.facts(entry, entry.content ?? this.#stored(entry.number));
      this.#since = { number: entry.number, sentMs };
    }
    return Math.min(ageMsMax, this.#since.sentMs + ageMsMax - this.#host.wallMs());
  }

  /** A call without messages: how much of what was set aside the queue has, and whether it knows numbers that were not given. (L5, L6) */
  #askWhatIsThere(nowMs: number): void {
    this.#call(
      { origin: this.#host.origin, call: this.#nextCall(), messages: [], kept: this.#kept },
      ({ taken }, at) => {
        if (!this.#isMet) this.#meet(taken);
        if (this.setAside.unsure === undefined) return this.#goOn(at);
        this.#isSettingAside = true;
        const end = (error: MpregError | undefined, then: number): void => {
          this.#isSettingAside = false;
          if (error !== undefined) this.#failed(error, then);
          else if (!this.#closed) this.#goOn(then);
        };
        this.setAside.resolve(taken, end, at);
      },
      nowMs,
    );
  }

  /** (L6) */
  #meet(taken: number): void {
    this.#isMet = true;
    const { numbersFrom = Infinity } = this.#host;
    if (taken < numbersFrom) return;
    // those that were here when the store was copied it has, too: they have lower numbers
    let last = 0;
    for (let first = this.first; first !== undefined && first.number < numbersFrom; first = this.first) {
      this.#shift(first);
      last = first.number;
    }
    if (last > 0) this.#delete(last); // (L4)
    this.#host.given(taken);
    this.#reusedUpTo = taken;
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
        if (end.kind === "failed") this.#callFailed(transfer.messages, end.error, end.nowMs);
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

  #callFailed(messages: readonly TransferItem[], error: MpregError, nowMs: number): void {
    const [first] = messages;
    const isTooLarge = error.code === "too-large" && error.outcome === "not-applied";
    if (first === undefined || !isTooLarge) return this.#failed(error, nowMs);
    this.#batchMax = Math.max(1, messages.length >> 1);
    if (messages.length > 1) this.#forward(nowMs);
    else this.#refusedForGood(first.number, error.message, nowMs); // (L3)
  }

  /** (L1) */
  #batch(): TransferItem[] {
    const batch: TransferItem[] = [];
    let bytes = 0;
    for (let at = this.#head; at < this.#entries.length && batch.length < this.#batchMax; at++) {
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
    this.#batchMax = Math.min(batchMessages, this.#batchMax * 2);
    this.#delete(taken);
    this.#error = undefined;
    if (refused === undefined) this.#goOn(nowMs);
    else if (isForNow(refused.error)) this.#failed(errorOf(refused.error), nowMs);
    else this.#refusedForGood(refused.number, refused.error.message, nowMs);
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

  #refusedForGood(number: number, why: string, nowMs: number): void {
    const entry = this.first;
    if (entry?.number === number) return this.#setAside([entry], { why, isRefused: true, isRetried: false }, nowMs);
    const message = `Queue "${this.queue}" refuses message ${number}, which is not the first`;
    this.#failed(new MpregError("malformed", message), nowMs);
  }

  /** The first of the line are. (L3, L5) */
  #setAside(
    entries: readonly SpoolEntry[],
    { why, isRefused, isRetried }: { readonly why: string; readonly isRefused: boolean; readonly isRetried: boolean },
    nowMs: number,
  ): void {
    const { writes, rows } = this.#host;
    const contents = entries.map(({ number, content }) => content ?? this.#stored(number));
    const aside = entries.map((entry, at): SetAsideEntry => {
      return { ...entry, ...this.#host.facts(entry, contents[at] as Uint8Array), why };
    });
    const [first, last] = [entries[0] as SpoolEntry, entries[entries.length - 1] as SpoolEntry];
    // of what the queue has just refused it has nothing
    const to = isRefused ? 0 : Math.min(this.#askedUpTo, last.number);
    const unsure = first.number <= to ? { from: first.number, to } : undefined;
    const done = (at: number): void => {
      this.#isSettingAside = false;
      if (unsure !== undefined) this.setAside.becameUnsure(unsure);
      this.#head += entries.length; // they still take room
      for (const entry of aside) {
        this.#bytes -= entry.bytes;
        this.setAside.add(entry);
        this.#host.told(this.queue, "spool-refused", entry);
      }
      this.#takenUpTo = this.#deletedUpTo = Math.max(this.#takenUpTo, last.number);
      if (isRetried) this.setAside.settle("retry", aside, () => undefined, at); // else they stay there, and are listed
      if (!this.#closed) this.#goOn(at);
    };
    if (writes.store === undefined) return done(nowMs);
    const operations: Operation[] = [rows.deleteUpTo(this.queue, last.number)];
    for (const [at, { number, form }] of aside.entries())
      operations.push(rows.putRefused(this.queue, { number, form, why }, contents[at] as Uint8Array));
    if (unsure !== undefined) operations.push(this.setAside.putUnsure(unsure));
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
      { origin, call: this.#nextCall(), messages: [], kept: 0, over: true },
      (end) => {
        state.hasEnded = true;
        this.#stop = undefined;
        if (this.#closed) return;
        if (this.size === 0 && this.setAside.size === 0) this.#host.ended(this.queue);
        else this.#forward(end.nowMs);
      },
      nowMs,
    );
    if (!state.hasEnded) this.#stop = stop;
  }
}

const reusedNumber =
  "its queue knows its number of a later state of this store, which was put back from an older copy: it gets another one";

function errorOf({ code, message, outcome, node, retryAfterMs }: MpregErrorJson): MpregError {
  return new MpregError(isErrorCode(code) ? code : "unsupported", message, { outcome, node, retryAfterMs });
}
