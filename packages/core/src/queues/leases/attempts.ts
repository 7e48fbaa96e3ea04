/**
 * Attempts: receives that name themselves, so that whoever has not heard the answer can ask again.
 *
 * (A1) The same attempt gets the messages that it got, with the same receipts, as long as their leases hold; these begin anew, and none ends sooner for that.
 * (A2) An attempt waits once: who asks again takes the place of who has gone.
 * (A4) Who gives up an attempt has none of it: it waits no longer, and what it has got goes back.
 * (A3) What is remembered is bounded, and over after five minutes. It is in memory: a crash of the node forgets it.
 */
import type { DueItem } from "../../base/index.js";
import type { QueueHost } from "../host.js";
import type { Lane } from "./lane.js";
import type { LeaseNotes } from "./lease-notes.js";
import type { Log } from "../message/log.js";
import { type Entry, type Lease, entriesOf } from "../message/message.js";
import type { Waiter } from "./waiter.js";

/** As long as Amazon SQS has it. */
const attemptMs = 5 * 60_000;

/** What attempts need of their queue. */
export interface AttemptsQueue {
  readonly durable: boolean;
  readonly host: QueueHost;
  readonly log: Log;
  readonly leaseNotes: LeaseNotes;
}

/** What an attempt has got: sequences, and the number of the lease of each. */
interface Given {
  readonly untilMs: number;
  readonly sequences: readonly number[];
  readonly leases: readonly number[];
}

/** What an attempt still has. */
export interface HeldLease {
  readonly entry: Entry;
  readonly lease: Lease;
}

export class Attempts implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly #queue: AttemptsQueue;
  /** In the order in which they are over. */
  readonly #given = new Map<string, Given>();
  readonly #waiting = new Map<string, Waiter>();
  /** Messages of all that are remembered. */
  #messages = 0;

  constructor(queue: AttemptsQueue) {
    this.#queue = queue;
  }

  /** What the attempt got before and still has, leased for at least `visibilityMs` from now. (A1) */
  again(lane: Lane, attempt: string, visibilityMs: number, nowMs: number): readonly Entry[] {
    const key = keyOf(lane, attempt);
    this.#waiting.get(key)?.onDue(); // (A2)
    const given = this.#given.get(key);
    if (given === undefined) return [];
    const held = this.#heldOf(lane, given);
    for (const { lease } of held) {
      lane.extend(lease, Math.max(lease.dueMs, nowMs + visibilityMs), nowMs);
      if (!this.#queue.durable) continue;
      this.#queue.leaseNotes.ask(lease, undefined); // that it was to end at another time gives way
      this.#queue.leaseNotes.add(lease, nowMs);
    }
    if (held.length === 0) this.#forget(key, given); // all that has ended: it gets others
    return held.map(({ entry }) => entry);
  }

  /** What the attempt has got and still has. It is forgotten; where it waits, that ends without a message. (A4) */
  givenUp(lane: Lane, attempt: string): readonly HeldLease[] {
    const key = keyOf(lane, attempt);
    this.#waiting.get(key)?.onDue();
    const given = this.#given.get(key);
    if (given === undefined) return [];
    this.#forget(key, given);
    return this.#heldOf(lane, given);
  }

  #heldOf(lane: Lane, given: Given): HeldLease[] {
    const held: HeldLease[] = [];
    for (const [at, sequence] of given.sequences.entries()) {
      const message = this.#queue.log.get(sequence);
      const entry = message === undefined ? undefined : entriesOf(message).find((one) => one.lane === lane.number);
      const lease = entry?.lease;
      if (entry?.state !== "leased" || lease?.number !== given.leases[at] || lease?.run !== this.#queue.host.run)
        continue;
      held.push({ entry, lease });
    }
    return held;
  }

  /** The attempt has got these. */
  got(lane: Lane, attempt: string, entries: readonly Entry[], nowMs: number): void {
    const key = keyOf(lane, attempt);
    const before = this.#given.get(key);
    if (before !== undefined) this.#forget(key, before);
    const leases = entries.map(({ lease }) => lease?.number ?? 0);
    const sequences = entries.map(({ message }) => message.sequence);
    if (this.#given.size === 0) this.#queue.host.timers.schedule(this, nowMs + attemptMs);
    this.#given.set(key, { untilMs: nowMs + attemptMs, sequences, leases });
    this.#messages += entries.length;
    for (const [oldest, given] of this.#given) {
      if (this.#messages <= this.#queue.host.limits.attemptMessagesMax) break; // (A3)
      this.#forget(oldest, given);
    }
  }

  waits(lane: Lane, attempt: string, waiter: Waiter): void {
    this.#waiting.set(keyOf(lane, attempt), waiter);
  }

  left(lane: Lane, attempt: string, waiter: Waiter): void {
    const key = keyOf(lane, attempt);
    if (this.#waiting.get(key) === waiter) this.#waiting.delete(key);
  }

  onDue(nowMs: number): void {
    for (const [key, given] of this.#given) {
      if (given.untilMs > nowMs) {
        this.#queue.host.timers.schedule(this, given.untilMs);
        return;
      }
      this.#forget(key, given);
    }
  }

  close(): void {
    this.#given.clear();
    this.#queue.host.timers.unschedule(this);
  }

  #forget(key: string, given: Given): void {
    this.#given.delete(key);
    this.#messages -= given.sequences.length;
  }
}

function keyOf({ number }: Lane, attempt: string): string {
  return `${number} ${attempt}`;
}
