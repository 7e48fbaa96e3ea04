/**
 * Dependents: messages that wait until others of their queue are done (`after`).
 *
 * (D1) A message that waits can be received once all that it waits for were acknowledged.
 * (D2) If one of them leaves in another way, it never can: it fails. Whatever removes that one from the disk says so there, in the same batch: to be gone
 *      is to be done, for who is found waiting after a restart.
 * (D3) While it is held it stays, and what becomes of it then is done once it is held no more.
 * (D4) What it waits for is what is in the queue, or on its way there, when it is sent, whatever becomes of that until it is there itself. Of one that is about
 *      to leave undone just then it is written beside it that it was not done, and taken back if that stays.
 * (D5) What is moved to another queue is neither done nor undone: who waits for it is received by nobody here, and goes behind it (`redriving.ts`). Where
 *      it cannot, it fails.
 * (D6) Who comes back from dead letters fails again where what it waits for was not done, and is not here (`undone.ts`).
 */
import type { Operation } from "../../journal/index.js";
import { type Entry, type Message, entriesOf, isSettling } from "../message/message.js";
import type { DeathReason } from "../types.js";
import { Undone, type UndoneQueue } from "./undone.js";

/** What they need of their queue. */
export interface DependentsHost extends UndoneQueue {
  /** The message of that id: in the queue, or on its way there. */
  byId(id: string): Message | undefined;
  /** Whether it is about to go undone, whoever waits for it. */
  isLeaving(message: Message): boolean;
  /** What was written of one that was to fail is no more. */
  forgetFailed(message: Message): void;
  laneOf(entry: Entry): { putBack(entry: Entry, delayMs: number, nowMs: number): void } | undefined;
  fail(message: Message, reason: DeathReason, nowMs: number): void;
}

/** How a message has left that others may wait for. */
export type LeftHow = "done" | "moved" | "undone" | "refused";

interface Waiting {
  readonly message: Message;
  readonly delayMs: number;
  /** Those that are here yet, or on their way. */
  readonly awaited: Set<Message>;
  /** How many were moved away. (D5) */
  moved: number;
  /** It comes back. (D6) */
  isBack: boolean;
  isHeld: boolean;
  hasFailed: boolean;
  /** It is written beside it that it fails. (D4) */
  isWritten: boolean;
}

const none: readonly Message[] = [];

export class Dependents {
  /** In how many lanes the dead letter of a message is on its way: the last is the end of it. */
  readonly dying: Map<Message, number> = new Map<Message, number>();
  readonly #queue: DependentsHost;
  /** Who waits for it. */
  readonly #byAwaited = new Map<Message, Waiting[]>();
  readonly #waiting = new Map<Message, Waiting>();
  readonly #failing: Message[] = [];
  #isFailing = false;
  #undone: Undone | undefined;
  /** What is on its way out undone, or in and cannot be done. (D4) */
  readonly #leaving = new Set<Message>();

  constructor(queue: DependentsHost) {
    this.#queue = queue;
  }

  /** Made with the first that leaves undone: in most queues nothing waits. */
  get undone(): Undone {
    return (this.#undone ??= new Undone(this.#queue));
  }

  isWaiting(message: Message): boolean {
    return this.#waiting.has(message);
  }

  /** Whether it waits, and nothing else takes it out of the queue just now. (D3) */
  isFree(message: Message): boolean {
    return this.#waiting.get(message)?.isHeld === false;
  }

  /** Whether a message that was there has to wait, `delayMs` after that; `isBehindMoved`: it waited for one that was moved before. */
  wait(message: Message, delayMs: number, isBehindMoved: boolean = false): boolean {
    return this.#wait(message, delayMs, { isBehindMoved, isUndone: false }) !== undefined;
  }

  /** A message is on its way in, or back (`isBack`), and held until it came. Answers whether it is to be written beside it that it fails. (D4, D6) */
  comes(message: Message, delayMs: number, isBack: boolean): boolean {
    const isUndone = isBack && this.#isUndone(message);
    const waiting = this.#wait(message, delayMs, { isBehindMoved: false, isUndone });
    if (waiting === undefined) return false;
    waiting.isHeld = true;
    waiting.isBack = isBack;
    waiting.hasFailed = isUndone;
    if (isUndone) this.#leaving.add(message);
    return (waiting.isWritten = isUndone || this.#isInVain(message));
  }

  /** It is in. (D3) */
  came(message: Message, nowMs: number): void {
    const waiting = this.#waiting.get(message);
    if (waiting?.isBack === true && this.#isUndone(message)) waiting.hasFailed = true; // one that was on its way was refused
    if (waiting?.isWritten === true && !waiting.hasFailed && !this.#isInVain(message))
      this.#queue.forgetFailed(message);
    this.release(message, nowMs);
  }

  /** It is not: for others it is as if it had never been sent. */
  refused(message: Message, nowMs: number): void {
    if (this.#waiting.has(message)) this.#queue.forgetFailed(message); // whatever it waited for may be gone
    this.gone(message, "refused", nowMs);
  }

  #wait(
    message: Message,
    delayMs: number,
    { isBehindMoved, isUndone }: { readonly isBehindMoved: boolean; readonly isUndone: boolean },
  ): Waiting | undefined {
    if (message.marks?.after === undefined) return undefined;
    const awaited = this.#awaitedBy(message);
    if (awaited.size === 0 && !isBehindMoved && !isUndone) return undefined;
    const moved = isBehindMoved ? 1 : 0;
    const phase = { isBack: false, isHeld: false, hasFailed: false, isWritten: false };
    const waiting: Waiting = { message, delayMs, awaited, moved, ...phase };
    this.#waiting.set(message, waiting);
    for (const other of awaited) {
      const list = this.#byAwaited.get(other);
      if (list === undefined) this.#byAwaited.set(other, [waiting]);
      else list.push(waiting);
    }
    return waiting;
  }

  #awaitedBy(message: Message): Set<Message> {
    const awaited = new Set<Message>();
    for (const id of message.marks?.after ?? []) {
      const other = this.#queue.byId(id);
      if (other !== undefined && other !== message) awaited.add(other);
    }
    return awaited;
  }

  #isInVain(message: Message): boolean {
    for (const other of this.#awaitedBy(message)) {
      if (this.#leaving.has(other) || this.#queue.isLeaving(other)) return true;
    }
    return false;
  }

  /** Whether one that it waits for was not done, and is not here. (D6) */
  #isUndone({ marks }: Message): boolean {
    const undone = this.#undone;
    if (undone === undefined) return false;
    return marks?.after?.some((id) => undone.has(id) && this.#queue.byId(id) === undefined) === true;
  }

  /** Those that fail if this one is not done. (D2) */
  of(message: Message): readonly Message[] {
    const list = this.#byAwaited.get(message);
    if (list === undefined) return none;
    return list.flatMap(({ message: waiting }) => (this.#waiting.has(waiting) ? waiting : []));
  }

  /** What has to be written with one that is acknowledged. (D6) */
  doneOf(message: Message): readonly Operation[] {
    return this.#undone?.doneOf(message) ?? [];
  }

  /** What has to be written with one that leaves undone; who comes behind it is written as failed itself, until {@link stays}. (D2, D4, D6) */
  undoneOf(message: Message): Operation[] {
    if (!this.#queue.durable) return [];
    this.#leaving.add(message);
    const waiting = this.of(message);
    return waiting.length === 0 ? [] : [...this.#rows(waiting, "failed"), ...this.undone.operations(message)];
  }

  /** It does not leave after all. */
  stays(message: Message): void {
    this.#leaving.delete(message);
  }

  /** What has to be written with one that is moved. (D5) */
  movedOf(message: Message): Operation[] {
    return this.#queue.durable ? this.#rows(this.of(message), "moved") : [];
  }

  /** Whether it waits for that one, which is here. */
  waitsFor(message: Message, other: Message): boolean {
    return this.#waiting.get(message)?.awaited.has(other) === true;
  }

  /** Whether all that it waits for was moved away, and it may go there, too. (D5) */
  mayMove(message: Message): boolean {
    const waiting = this.#waiting.get(message);
    return waiting !== undefined && isBehindMoved(waiting) && !waiting.isHeld;
  }

  /** Nothing is moved any more: who waits for what was moved before fails. (D5) */
  failBehindMoved(nowMs: number): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.moved === 0) continue;
      waiting.hasFailed = true;
      if (!waiting.isHeld) this.#end(waiting, nowMs);
    }
    this.#failAll(nowMs);
  }

  /** It is on its way out, which may be refused. (D3) */
  hold(message: Message): void {
    const waiting = this.#waiting.get(message);
    if (waiting !== undefined) waiting.isHeld = true;
  }

  /** It stays after all. (D3) */
  release(message: Message, nowMs: number): void {
    const waiting = this.#waiting.get(message);
    if (waiting === undefined) return;
    waiting.isHeld = false;
    if (isOver(waiting)) this.#end(waiting, nowMs);
    this.#failAll(nowMs);
  }

  gone(message: Message, how: LeftHow, nowMs: number): void {
    this.#waiting.delete(message);
    this.#leaving.delete(message);
    if (how === "done") this.#undone?.forget(message);
    const list = this.#byAwaited.get(message);
    if (list === undefined) return;
    this.#byAwaited.delete(message);
    let isKnown = false;
    for (const waiting of list) {
      if (!this.#waiting.has(waiting.message)) continue;
      waiting.awaited.delete(message);
      if (how === "moved") {
        waiting.moved += 1;
        if (this.#queue.durable) this.#queue.note(this.#rows([waiting.message], "moved")); // it may have come meanwhile
      } else if (how === "undone") {
        waiting.hasFailed = true;
        if (!isKnown) this.#failedFor(message);
        isKnown = true;
      }
      if (!waiting.isHeld && isOver(waiting)) this.#end(waiting, nowMs);
    }
    this.#failAll(nowMs);
  }

  /** Somebody has waited for it. (D6) */
  #failedFor(message: Message): void {
    this.undone.add(message);
    this.#queue.note(this.undone.operations(message)); // who waits may have come while it was on its way out
  }

  #rows(waiting: readonly Message[], why: "failed" | "moved"): Operation[] {
    const { id, host } = this.#queue;
    return waiting.map(({ sequence }) => host.tables.putFailed(id, sequence, why));
  }

  #end(waiting: Waiting, nowMs: number): void {
    this.#waiting.delete(waiting.message);
    if (waiting.hasFailed) this.#failing.push(waiting.message);
    else this.#putBack(waiting, nowMs);
  }

  /** (D2) One after the other: those that wait for what fails fail too, however long their chain is. */
  #failAll(nowMs: number): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    for (let next = this.#failing.pop(); next !== undefined; next = this.#failing.pop()) {
      this.#queue.fail(next, "after-failed", nowMs);
    }
    this.#isFailing = false;
  }

  /** (D1) */
  #putBack({ message, delayMs }: Waiting, nowMs: number): void {
    for (const entry of entriesOf(message)) {
      if (isSettling(entry.state)) this.#queue.laneOf(entry)?.putBack(entry, delayMs, nowMs);
    }
  }
}

function isBehindMoved({ awaited, moved, hasFailed }: Waiting): boolean {
  return awaited.size === 0 && moved > 0 && !hasFailed;
}

function isOver({ awaited, moved, hasFailed }: Waiting): boolean {
  return hasFailed || (awaited.size === 0 && moved === 0);
}
