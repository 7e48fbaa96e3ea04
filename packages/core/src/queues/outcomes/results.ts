/**
 * Results: what has become of messages, kept for who asks: the result that their receiver gave, or why they were never done.
 *
 * (A1) A result is in the batch of the acknowledgement, and a failure in that of the dead letter: who asks after a crash hears the same.
 * (A2) It is kept for `resultMs` of the queue, of messages that ask for it (`keepResult`); as long as there is room, else the oldest go.
 *      Who waits just then is told in any case.
 * (A3) What is not known any more is told as `unknown`, and never as done.
 * (A4) What is kept of a message is nothing of another one of its id that comes in later, or of itself as it comes back.
 */
import { type Deadline, Deadlines, type DueItem, type MpregError, type Timers } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { QueuesLimits } from "../limits.js";
import { tooLargeResult } from "./too-large-result.js";
import { type Message, lastLeaseOf } from "../message/message.js";
import type { ResultRow, Tables } from "../store/tables.js";
import type { MessageResult, QueueEnd, QueueSettings, ResultEnd } from "../types.js";

/** What results need of their queue. */
export interface ResultsQueue {
  readonly id: number;
  readonly durable: boolean;
  readonly settings: QueueSettings;
  readonly host: { readonly timers: Timers; readonly tables: Tables; readonly limits: QueuesLimits; wallMs(): number };
  idOf(message: Message): string;
  byId(id: string): Message | undefined;
  note(operations: readonly Operation[]): void;
}

/** How a message left that nobody has acknowledged. */
export type LeftUndone = "expired" | "dropped" | "purged" | "dead" | "abandoned" | "redriven";

class Kept implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly id: string;
  readonly result: MessageResult;
  /** Sequence of its message; `undefined` where that is not known any more, and not in the queue. (A4) */
  of: number | undefined;

  constructor(id: string, result: MessageResult, of: number | undefined) {
    this.id = id;
    this.result = result;
    this.of = of;
  }

  get bytes(): number {
    const { id, result } = this;
    return id.length + (result.kind === "done" ? (result.value?.length ?? 0) : result.error.length);
  }
}

class Waiter implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly end: (end: QueueEnd<"result">) => void;
  readonly onDue: () => void;

  constructor(end: (end: QueueEnd<"result">) => void, onDue: (waiter: Waiter) => void) {
    this.end = end;
    this.onDue = () => {
      onDue(this);
    };
  }

  tell(value: ResultEnd): void {
    this.end({ kind: "done", value });
  }
}

export class Results implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: ResultsQueue;
  /** In the order in which they came. */
  readonly #kept = new Map<string, Kept>();
  readonly #due = new Deadlines<Kept>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  #waiting = 0;
  #bytes = 0;
  #armedMs = Infinity;

  constructor(queue: ResultsQueue) {
    this.#queue = queue;
  }

  /** Asks that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What has to be written beside what ends the message. (A1) */
  operations(message: Message, result: MessageResult): Operation[] {
    const { durable, id, settings, host } = this.#queue;
    if (!durable || settings.resultMs === 0 || message.marks?.keepResult !== true) return [];
    const row = { untilWallMs: host.wallMs() + settings.resultMs, result: bounded(result, host.limits) };
    return [host.tables.putResult(id, this.#queue.idOf(message), row)];
  }

  /** It was acknowledged so: kept from now on, told once it is done. */
  put(message: Message, result: MessageResult, nowMs: number): void {
    const id = this.#queue.idOf(message);
    const isKept = message.marks?.keepResult === true && this.#queue.settings.resultMs > 0;
    if (!isKept && !this.#waiters.has(id)) return;
    const kept = new Kept(id, bounded(result, this.#queue.host.limits), message.sequence);
    this.#keep(kept, nowMs + this.#queue.settings.resultMs);
  }

  /** The message was done, by what was put before. */
  done(message: Message, nowMs: number): void {
    const id = this.#queue.idOf(message);
    const known = this.of(message);
    const result = known ?? (message.isAcknowledged ? this.#untold(message) : failureOf(message, "dead"));
    if (known === undefined) {
      if (result.kind === "failed") this.#queue.note(this.operations(message, result)); // given up by all at once
      this.put(message, result, nowMs);
    }
    this.#tell(id, result);
  }

  /** It was acknowledged without a result: with what nobody was to keep, it may have had one. (A3) */
  #untold({ marks }: Message): MessageResult {
    if (this.#queue.settings.guarantee.kind === "fire-and-forget") return neverTold;
    return marks?.keepResult === true ? noValue : notKept;
  }

  /** It has left without. What is not in the batch of that is written now. */
  undone(message: Message, how: LeftUndone, nowMs: number): void {
    const isDoneForOne = this.#queue.settings.guarantee.kind === "broadcast" && message.isAcknowledged;
    if (isDoneForOne) return this.done(message, nowMs); // (A1)
    const result = failureOf(message, how);
    if (how !== "dead") this.#queue.note(this.operations(message, result));
    this.put(message, result, nowMs);
    this.#tell(this.#queue.idOf(message), result);
  }

  get(id: string): MessageResult | undefined {
    return this.#kept.get(id)?.result;
  }

  /** The same, where it is of this message and not of one that had its id before. (A4) */
  of(message: Message): MessageResult | undefined {
    const kept = this.#kept.get(this.#queue.idOf(message));
    return kept?.of === message.sequence ? kept.result : undefined;
  }

  /** Answers at once, or as soon as the message has left, or after `waitMs`; answers how to give that up. */
  ask(id: string, waitMs: number, end: (end: QueueEnd<"result">) => void, nowMs: number): () => void {
    const message = this.#queue.byId(id);
    const tell = (value: ResultEnd): (() => void) => {
      end({ kind: "done", value });
      return nothing;
    };
    if (message === undefined || message.wanted === 0) return tell(this.get(id) ?? { kind: "unknown" }); // (A3)
    if (waitMs === 0) return tell({ kind: "waiting" });
    const waiter = new Waiter(end, (late) => {
      this.#leave(id, late);
      late.tell({ kind: "waiting" });
    });
    const there = this.#waiters.get(id);
    if (there === undefined) this.#waiters.set(id, new Set([waiter]));
    else there.add(waiter);
    this.#waiting += 1;
    this.#queue.host.timers.schedule(waiter, nowMs + Math.min(waitMs, this.#queue.host.limits.waitMsMax));
    return () => {
      this.#leave(id, waiter);
    };
  }

  /** A row that the store has kept. */
  recover(id: string, { untilWallMs, result }: ResultRow, nowMs: number): void {
    const { settings, host } = this.#queue;
    const leftMs = Math.min(settings.resultMs, Math.max(0, untilWallMs - host.wallMs()));
    this.#keep(new Kept(id, result, undefined), nowMs + leftMs);
  }

  /** What was kept over a restart is of this message: some subscription has acknowledged it. */
  belongs(message: Message): void {
    const kept = this.#kept.get(this.#queue.idOf(message));
    if (kept !== undefined) kept.of = message.sequence;
  }

  onDue(nowMs: number): void {
    this.#armedMs = Infinity;
    for (let over = this.#due.takeDue(nowMs); over !== undefined; over = this.#due.takeDue(nowMs)) this.#drop(over);
    this.#arm();
  }

  /** The queue is gone, and what was in it: who waits is told as where it was purged. */
  deleted(): void {
    for (const id of this.#waiters.keys()) {
      const message = this.#queue.byId(id);
      if (message !== undefined) this.#tell(id, failureOf(message, "purged"));
    }
  }

  close(error: MpregError): void {
    const { timers } = this.#queue.host;
    timers.unschedule(this);
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) {
        timers.unschedule(waiter);
        waiter.end({ kind: "failed", error });
      }
    }
    this.#waiters.clear();
    this.#waiting = 0;
  }

  #keep(kept: Kept, untilMs: number): void {
    const before = this.#kept.get(kept.id);
    if (before !== undefined) this.#remove(before);
    this.#kept.set(kept.id, kept);
    this.#due.set(kept, untilMs);
    this.#bytes += kept.bytes;
    const { resultsMax, resultsBytesMax } = this.#queue.host.limits;
    for (const oldest of this.#kept.values()) {
      if (this.#kept.size <= resultsMax && this.#bytes <= resultsBytesMax) break;
      this.#drop(oldest); // (A2)
    }
    this.#arm();
  }

  #drop(kept: Kept): void {
    this.#remove(kept);
    const { durable, id, host } = this.#queue;
    if (durable) this.#queue.note([host.tables.deleteResult(id, kept.id)]); // over after a restart, too
  }

  #remove(kept: Kept): void {
    this.#kept.delete(kept.id);
    this.#due.remove(kept);
    this.#bytes -= kept.bytes;
  }

  #tell(id: string, result: MessageResult): void {
    const waiters = this.#waiters.get(id);
    if (waiters === undefined) return;
    for (const waiter of waiters) {
      this.#leave(id, waiter);
      waiter.tell(result);
    }
  }

  #leave(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (waiters?.delete(waiter) !== true) return;
    this.#waiting -= 1;
    this.#queue.host.timers.unschedule(waiter);
    if (waiters.size === 0) this.#waiters.delete(id);
  }

  #arm(): void {
    const nextMs = this.#due.nextDueMs;
    if (nextMs === this.#armedMs) return;
    this.#armedMs = nextMs;
    if (nextMs === Infinity) this.#queue.host.timers.unschedule(this);
    else this.#queue.host.timers.schedule(this, nextMs);
  }
}

const nothing = (): void => undefined;
export const noValue: MessageResult = { kind: "done", value: undefined };
const notKept: MessageResult = {
  kind: "failed",
  code: "result-lost",
  outcome: "applied",
  error: "it was acknowledged, but sent without keepResult: its result, if it had one, was not kept",
};
const neverTold: MessageResult = {
  kind: "failed",
  code: "result-lost",
  outcome: "unknown",
  error: `it was received, and a queue whose guarantee is "fire-and-forget" hears no more of it`,
};

/** What is kept lies in memory of its own. */
function bounded(result: MessageResult, { resultBytesMax }: QueuesLimits): MessageResult {
  if (result.kind === "failed") return { ...result, error: result.error.slice(0, errorLengthMax) };
  const { value } = result;
  if (value === undefined || value.length <= resultBytesMax) return { kind: "done", value: value?.slice() };
  return tooLargeResult(value.length, resultBytesMax);
}

/** What is kept of an error, in a result or with a lease: it lies in memory, beside what `bytesMax` counts. */
export const errorLengthMax = 4_096;

const whyUndone: Readonly<Record<LeftUndone, string>> = {
  expired: "its time (TTL) was over before anybody had done it",
  dropped: "it made room for newer messages",
  purged: "it was purged or withdrawn, or its queue was deleted",
  dead: "it is a dead letter: what it waited for was not done",
  abandoned: "it could never be done, and there is no dead-letter queue",
  redriven: "it was moved to another queue",
};

/** What the last receiver has said of it, if any had it. */
export function failureOf(message: Message, how: LeftUndone): MessageResult {
  const last = lastLeaseOf(message);
  if (last === undefined) {
    return { kind: "failed", code: "cancelled", outcome: "not-applied", error: whyUndone[how] };
  }
  const { failure, error, receives } = last;
  if (error !== undefined) {
    const { code, outcome } = failure ?? { code: "handler-error", outcome: "unknown" };
    return { kind: "failed", code, outcome, error };
  }
  const why = how === "dead" ? `it was received ${receives} times and never acknowledged` : whyUndone[how];
  return { kind: "failed", code: "deadline", outcome: "unknown", error: why };
}
