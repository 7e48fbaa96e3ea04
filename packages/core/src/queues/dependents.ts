/**
 * Dependents: messages that wait until others of their queue are done (`after`).
 *
 * (D1) A message that waits can be received once all that it waits for were acknowledged.
 * (D2) If one of them leaves in another way, it never can: it fails. Whatever removes that one from the disk says so there, in the same batch: to be gone
 *      is to be done, for who is found waiting after a restart.
 * (D3) While it is held it stays, and what becomes of it then is done once it is held no more.
 */
import type { Log } from "./message/log.js";
import { type Entry, type Message, entriesOf, isSettling } from "./message/message.js";
import type { DeathReason } from "./types.js";

/** What they need of their queue. */
export interface DependentsHost {
  readonly log: Log;
  byId(id: string): Message | undefined;
  laneOf(entry: Entry): { putBack(entry: Entry, delayMs: number, nowMs: number): void } | undefined;
  fail(message: Message, reason: DeathReason, nowMs: number): void;
}

interface Waiting {
  readonly message: Message;
  readonly delayMs: number;
  left: number;
  isHeld: boolean;
  hasFailed: boolean;
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

  /** Whether the message has to wait, `delayMs` after that. */
  wait(message: Message, delayMs: number): boolean {
    const after = message.marks?.after;
    if (after === undefined) return false;
    const awaited = new Set<Message>();
    for (const id of after) {
      const other = this.#queue.byId(id);
      if (other !== undefined && other !== message && this.#queue.log.get(other.sequence) === other) awaited.add(other);
    }
    if (awaited.size === 0) return false;
    const waiting: Waiting = { message, delayMs, left: awaited.size, isHeld: false, hasFailed: false };
    this.#waiting.set(message, waiting);
    for (const other of awaited) {
      const list = this.#byAwaited.get(other);
      if (list === undefined) this.#byAwaited.set(other, [waiting]);
      else list.push(waiting);
    }
    return true;
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
