/**
 * Dependents: messages that wait until others of their queue are done (`after`).
 *
 * (D1) A message that waits can be received once all that it waits for were acknowledged.
 * (D2) If one of them leaves in another way, it never can: it fails. Whatever removes that one from the disk says so there, in the same batch: to be gone
 *      is to be done, for who is found waiting after a restart.
 * (D3) While it is held it stays, and what becomes of it then is done once it is held no more.
 * (D4) What it waits for is what is in the queue, or on its way there, when it is sent, whatever becomes of that until it is there itself. Of one that is about
 *      to be dropped or purged just then it is written beside it that it was not done, and taken back if that stays.
 */
import { type Entry, type Message, entriesOf, isSettling } from "./message/message.js";
import type { DeathReason } from "./types.js";

/** What they need of their queue. */
export interface DependentsHost {
  /** The message of that id: in the queue, or on its way there. */
  byId(id: string): Message | undefined;
  /** Whether it is about to go undone, whoever waits for it. */
  isLeaving(message: Message): boolean;
  /** What was written of one that was to fail is no more. */
  forgetFailed(message: Message): void;
  laneOf(entry: Entry): { putBack(entry: Entry, delayMs: number, nowMs: number): void } | undefined;
  fail(message: Message, reason: DeathReason, nowMs: number): void;
}

interface Waiting {
  readonly message: Message;
  readonly delayMs: number;
  left: number;
  isHeld: boolean;
  hasFailed: boolean;
  /** It is written beside it that it fails. (D4) */
  isWritten: boolean;
}

const none: readonly Message[] = [];

export class Dependents {
  readonly #queue: DependentsHost;
  /** Who waits for it. */
  readonly #byAwaited = new Map<Message, Waiting[]>();
  readonly #waiting = new Map<Message, Waiting>();
  readonly #failing: Message[] = [];
  #isFailing = false;

  constructor(queue: DependentsHost) {
    this.#queue = queue;
  }

  isWaiting(message: Message): boolean {
    return this.#waiting.has(message);
  }

  /** Whether a message that was there has to wait, `delayMs` after that. */
  wait(message: Message, delayMs: number): boolean {
    return this.#wait(message, delayMs) !== undefined;
  }

  /** A message is on its way in, and held until it came. Answers whether it is to be written beside it that it fails. (D4) */
  comes(message: Message, delayMs: number): boolean {
    const waiting = this.#wait(message, delayMs);
    if (waiting === undefined) return false;
    waiting.isHeld = true;
    return (waiting.isWritten = this.#isInVain(message));
  }

  /** It is in. (D3) */
  came(message: Message, nowMs: number): void {
    const waiting = this.#waiting.get(message);
    if (waiting?.isWritten === true && !waiting.hasFailed && !this.#isInVain(message))
      this.#queue.forgetFailed(message);
    this.release(message, nowMs);
  }

  /** It is not: for others it is as if it had never been sent. */
  refused(message: Message, nowMs: number): void {
    if (this.#waiting.has(message)) this.#queue.forgetFailed(message); // whatever it waited for may be gone
    this.gone(message, true, nowMs);
  }

  #wait(message: Message, delayMs: number): Waiting | undefined {
    if (message.marks?.after === undefined) return undefined;
    const awaited = this.#awaitedBy(message);
    if (awaited.size === 0) return undefined;
    const left = awaited.size;
    const waiting: Waiting = { message, delayMs, left, isHeld: false, hasFailed: false, isWritten: false };
    this.#waiting.set(message, waiting);
    for (const other of awaited) {
      const list = this.#byAwaited.get(other);
      if (list === undefined) this.#byAwaited.set(other, [waiting]);
      else list.push(waiting);
    }
    return waiting;
  }

  #awaitedBy(message: Message): ReadonlySet<Message> {
    const awaited = new Set<Message>();
    for (const id of message.marks?.after ?? []) {
      const other = this.#queue.byId(id);
      if (other !== undefined && other !== message) awaited.add(other);
    }
    return awaited;
  }

  #isInVain(message: Message): boolean {
    for (const other of this.#awaitedBy(message)) if (this.#queue.isLeaving(other)) return true;
    return false;
  }

  /** Those that fail if this one is not done. (D2) */
  of(message: Message): readonly Message[] {
    const list = this.#byAwaited.get(message);
    if (list === undefined) return none;
    return list.flatMap(({ message: waiting }) => (this.#waiting.has(waiting) ? waiting : []));
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
    if (waiting.hasFailed || waiting.left === 0) this.#end(waiting, nowMs);
    this.#failAll(nowMs);
  }

  gone(message: Message, isDone: boolean, nowMs: number): void {
    this.#waiting.delete(message);
    const list = this.#byAwaited.get(message);
    if (list === undefined) return;
    this.#byAwaited.delete(message);
    for (const waiting of list) {
      if (!this.#waiting.has(waiting.message)) continue;
      waiting.left -= 1;
      waiting.hasFailed ||= !isDone;
      if (!waiting.isHeld && (waiting.hasFailed || waiting.left === 0)) this.#end(waiting, nowMs);
    }
    this.#failAll(nowMs);
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
