/**
 * Expiry: messages that outlive their TTL.
 *
 * A TTL of a message's own is no longer than its queue's, so messages without one leave in the order in which they were sent, and one timer is
 * enough for all of them.
 *
 * (X1) What is leased when its time comes lives until that lease ends.
 * (X2) In one turn of the node {@link turnMax} are looked at, and the others in the next ones; meanwhile whoever would receive one is given none whose time is over.
 * (X3) What comes in with a time that is over, from a slow disk or after a restart, expires once all is there that comes in with it: in all of its lanes,
 *      and known to who waits for it; and before anybody is given anything.
 */
import { type Deadline, Deadlines, type DueItem, type Timers } from "../../base/index.js";
import type { Log } from "../message/log.js";
import { type Entry, type Message, entriesOf, isSettling } from "../message/message.js";
import type { QueueSettings } from "../types.js";
import type { Window } from "../sending/window.js";

/** What expiry needs of its queue. */
export interface ExpiryHost {
  readonly host: { readonly timers: Timers };
  readonly log: Log;
  readonly settings: QueueSettings;
  readonly dedup: Window;
  readonly keys: Window;
  readonly dependents: { isWaiting(message: Message): boolean };
  /** The time of a message is over; answers whether it is one that fails, and so nobody's. */
  expireFailing(message: Message, nowMs: number): boolean;
  /** The time of an entry is over. */
  expireEntry(entry: Entry, nowMs: number): void;
  forgetWindow(table: "dedup" | "keys", key: string): void;
  /** There may be something for those who wait. */
  serve(nowMs: number): void;
}

/** (X2) */
export const turnMax = 1_000;

class OwnTtl implements Deadline {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly message: Message;

  constructor(message: Message) {
    this.message = message;
  }
}

export class Expiry implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: ExpiryHost;
  /** Messages up to this sequence have been looked at. */
  #done = 0;
  readonly #own = new Map<Message, OwnTtl>();
  #due: Deadlines<OwnTtl> | undefined;
  #armedMs = Infinity;
  /** When it goes on with what it has not come to. (X2) */
  #goesOnMs = -Infinity;
  #isClosed = false;

  constructor(queue: ExpiryHost) {
    this.#queue = queue;
  }

  isOver(message: Message, nowMs: number): boolean {
    const { ttlMs } = this.#queue.settings;
    return message.sentMs + Math.min(message.marks?.ttlMs ?? ttlMs, ttlMs) <= nowMs;
  }

  /** A message is in the queue's log. Nothing is done yet, though its time may be over. (X3) */
  watch(message: Message): void {
    const ttlMs = message.marks?.ttlMs;
    if (ttlMs !== undefined) {
      const own = new OwnTtl(message);
      this.#own.set(message, own);
      this.#due ??= new Deadlines<OwnTtl>();
      this.#due.set(own, message.sentMs + ttlMs);
    }
    if (message.sequence <= this.#done) this.#done = message.sequence - 1;
    // what is armed may be the end of an id or a key, which are remembered for longer than messages live
    if (message.sentMs + (ttlMs ?? this.#queue.settings.ttlMs) < this.#armedMs) this.#arm();
  }

  forget(message: Message): void {
    if (message.marks?.ttlMs === undefined) return;
    const own = this.#own.get(message);
    this.#own.delete(message);
    if (own !== undefined) this.#due?.remove(own);
  }

  /** The queue's own TTL is another one. */
  changed(nowMs: number): void {
    this.#done = 0;
    this.onDue(nowMs);
  }

  advance(nowMs: number): void {
    if (this.#armedMs <= nowMs) this.onDue(nowMs);
  }

  onDue(nowMs: number): void {
    this.#goesOnMs = this.#expireSome(nowMs) ? -Infinity : nowMs + 1;
    this.#armedMs = -Infinity;
    this.#arm();
    this.#queue.serve(nowMs); // they were given nothing while all that was looked at was over
  }

  /** Answers whether that was all. (X2) */
  #expireSome(nowMs: number): boolean {
    const { log, settings, dedup, keys } = this.#queue;
    for (let turn = 0; turn < turnMax; turn++) {
      const own = this.#due?.takeDue(nowMs);
      if (own !== undefined) {
        this.#own.delete(own.message);
        this.#expire(own.message, nowMs);
        continue;
      }
      if (log.sentMsAfter(this.#done) + settings.ttlMs <= nowMs) {
        const message = log.after(this.#done);
        if (message === undefined) return true;
        this.#done = message.sequence;
        this.#expire(message, nowMs);
        continue;
      }
      const [id, key] = [dedup.takeOver(nowMs), keys.takeOver(nowMs)];
      if (id !== undefined) this.#queue.forgetWindow("dedup", id.key);
      if (key !== undefined) this.#queue.forgetWindow("keys", key.key);
      if (id === undefined && key === undefined) return true;
    }
    return false;
  }

  /** Something is remembered for a while. */
  remembered(): void {
    this.#arm();
  }

  close(): void {
    this.#isClosed = true; // a key that was on its way to the disk is still remembered, and never over
    this.#queue.host.timers.unschedule(this);
  }

  #expire(message: Message, nowMs: number): void {
    if (this.#queue.expireFailing(message, nowMs)) return;
    for (const entry of entriesOf(message)) {
      if (entry.state === "leased" || entry.state === "gone") continue; // (X1)
      if (isSettling(entry.state) && !this.#queue.dependents.isWaiting(message)) continue;
      this.#queue.expireEntry(entry, nowMs);
    }
  }

  #arm(): void {
    const firstMs = this.#queue.log.sentMsAfter(this.#done) + this.#queue.settings.ttlMs;
    const dueMs = Math.min(
      firstMs,
      this.#due?.nextDueMs ?? Infinity,
      this.#queue.dedup.nextMs,
      this.#queue.keys.nextMs,
    );
    const nextMs = Math.max(dueMs, this.#goesOnMs);
    if (nextMs === this.#armedMs || this.#isClosed) return;
    this.#armedMs = nextMs;
    if (nextMs === Infinity) this.#queue.host.timers.unschedule(this);
    else this.#queue.host.timers.schedule(this, nextMs);
  }
}
