/**
 * Lane: the lease machine of one line of consumers that compete for its messages.
 *
 * Owns the state of each entry, when it ends, and who waits. What the end of a lease means (a retry, a dead letter) is the queue's.
 *
 * ```
 *            delay over                 lease
 *  delayed ────────────▶ available ────────────▶ leased ──▶ settling ──▶ gone
 *     ▲                      ▲                      │           │
 *     └──────────────────────┴── released, expired ─┘◀──────────┘ the store refused
 * ```
 *
 * (L1) An entry has one lease at most. Its number rises with each.
 * (L2) Nothing that is settling, `failing` or `gone` is leased.
 * (L3) One timer is set, for the earliest of what is due; none while nothing is. There are no ticks.
 * (L4) What sleeps is available, counted, and woken before its turn comes.
 * (L5) Of messages with the same idempotency key one is leased at a time (`keys-in-hand.ts`); the others are delayed without an end until they are called.
 */
import { Deadlines, type DueItem, type Timers } from "../../base/index.js";
import { Chain, RecentSet } from "../../structures/index.js";
import { KeysInHand } from "./keys-in-hand.js";
import { type Entry, type EntryState, type Lease, leaseOf } from "../message/message.js";
import type { Ordered, ReadyOrder } from "../order/order.js";
import type { Line } from "../order/sleepers.js";
import type { Pace } from "./rate.js";
import type { MessageState, QueueSettings } from "../types.js";
import type { Waiter } from "./waiter.js";

export interface LaneHost {
  readonly timers: Timers;
  /** Names this run of the node. */
  readonly run: string;
  readonly pace: Pace;
  readonly settings: () => QueueSettings;
  /** Sequence of the oldest that sleeps in no line; `Infinity` if none does. */
  firstAsleep(): number;
  /** Wakes some of the oldest of these. */
  awaken(): void;
  /** A lease has ended by itself; the entry is settling, and the host says what becomes of it. */
  leaseExpired(entry: Entry, nowMs: number): void;
  /** An entry is nobody's again: it may make room for others. */
  freed(entry: Entry): void;
  /** There may be something for those who wait. */
  serve(lane: Lane, nowMs: number): void;
}

/** Who acknowledges again, because the answer was lost, does so soon. */
const acknowledgedMax = 1_000;

const none: readonly Entry[] = [];

export class Lane implements DueItem {
  dueMs = 0;
  sequence = 0;
  heapIndex = -1;
  readonly number: number;
  readonly name: string;
  /** The first message it has. */
  readonly fromSequence: number;
  /** Those who wait get messages just now. */
  isServing = false;
  /** That its subscription is over is on its way to the disk. */
  isEnding = false;
  readonly waiters: Chain<Waiter> = new Chain<Waiter>();
  /** Sequences of what was acknowledged last. */
  readonly acknowledged: RecentSet<number> = new RecentSet(acknowledgedMax);
  readonly #host: LaneHost;
  readonly #order: ReadyOrder;
  readonly #due = new Deadlines<Lease>();
  readonly #counts: Record<EntryState, number> = {
    available: 0,
    delayed: 0,
    leased: 0,
    "settling-available": 0,
    "settling-delayed": 0,
    "settling-leased": 0,
    failing: 0,
    gone: 0,
  };
  #armedMs = Infinity;
  #isClosed = false;
  /** Made with the first message that has one. */
  #keys: KeysInHand | undefined;

  constructor(host: LaneHost, order: ReadyOrder, is: { number: number; name: string; fromSequence: number }) {
    this.#host = host;
    this.#order = order;
    this.number = is.number;
    this.name = is.name;
    this.fromSequence = is.fromSequence;
  }

  count(state: EntryState): number {
    return this.#counts[state];
  }

  /** How many are in that state, with those that are on their way out of it; what can never be done is delayed. */
  told(state: MessageState): number {
    const failing = state === "delayed" ? this.#counts.failing : 0;
    return this.#counts[state] + this.#counts[`settling-${state}`] + failing;
  }

  /** A message comes in, available after `delayMs`. */
  enter(entry: Entry, delayMs: number, nowMs: number): void {
    this.hold(entry);
    this.putBack(entry, delayMs, nowMs);
  }

  /** A message that waits for others, or is on its way somewhere: it has its place, and nobody gets it. */
  hold(entry: Entry): void {
    entry.state = "settling-delayed";
    this.#counts["settling-delayed"] += 1;
    this.#order.places?.enter(entry);
  }

  /** A message comes in of which nothing is kept here: `messages` more of them, or fewer. (L4) */
  sleep(messages: number, nowMs: number, state: "available" | "delayed" = "available"): void {
    this.#counts[state] += messages;
    this.arm(nowMs);
  }

  /** The line of the group or priority of a message that comes in. */
  lineOf(message: Ordered): Line | undefined {
    return this.#order.lineOf(message);
  }

  /** One of those has an entry from now on. */
  wake(entry: Entry): void {
    entry.state = "available";
    this.#order.places?.enter(entry);
    this.#order.ready(entry);
  }

  /** The same of one that is delayed. (L3) */
  wakeDelayed(entry: Entry, untilMs: number): void {
    entry.state = "delayed";
    this.#due.set(leaseOf(entry, this.#host.run), untilMs);
    if (untilMs >= this.#armedMs || this.#isClosed) return;
    this.#armedMs = untilMs;
    this.#host.timers.schedule(this, untilMs);
  }

  /** A message comes in whose lease is going on; answers whether it can, else it is settling. */
  enterLeased(entry: Entry, untilMs: number, nowMs: number): boolean {
    this.hold(entry);
    if (this.#order.places?.lead(entry) === false) return false;
    this.#end(entry, "leased", untilMs);
    this.arm(nowMs);
    return true;
  }

  /** What is settling is available again after `delayMs`. */
  putBack(entry: Entry, delayMs: number, nowMs: number): void {
    if (delayMs > 0) this.#end(entry, "delayed", nowMs + delayMs);
    else this.#set(entry, "available");
    this.#host.freed(entry);
    this.arm(nowMs);
  }

  /** What is settling, and was available or delayed, is that again for as long as it was to be. */
  restore(entry: Entry, nowMs: number): void {
    const untilMs = entry.state === "settling-delayed" ? (entry.lease?.dueMs ?? 0) : 0;
    this.putBack(entry, Math.max(0, untilMs - nowMs), nowMs); // (L5) what was aside may have been called meanwhile: it is available
  }

  /** What is settling is leased again, as it was. */
  restoreLease(entry: Entry, lease: Lease, nowMs: number): void {
    this.#end(entry, "leased", lease.dueMs);
    this.arm(nowMs);
  }

  /** Those that have to be put back with it: of its FIFO group, received with it and sent after it. */
  behind(entry: Entry): readonly Entry[] {
    return this.#order.places?.behind(entry) ?? none;
  }

  /** Whether what is settling may be leased again: nothing of its FIFO group that was sent before it is free by now. */
  mayRestoreLease(entry: Entry): boolean {
    return this.#order.places?.leads(entry) ?? true;
  }

  /** The next entry, leased for `visibilityMs`; one of the FIFO group of `last`, which the same receiver has just got, where there is one. */
  lease(visibilityMs: number, nowMs: number, wallMs: number, last?: Entry): Entry | undefined {
    const { rate } = this.#host.settings();
    if (rate !== undefined && this.#host.pace.allowedMs(rate, nowMs) > nowMs) return undefined;
    if (this.#host.firstAsleep() < this.#order.nextSequence) this.#host.awaken(); // (L4)
    let entry: Entry | undefined;
    do {
      entry = (last && this.#order.places?.takeBehind(last, nowMs)) ?? this.#order.take(nowMs);
      if (entry === undefined) return undefined;
    } while (!this.#hasItsKey(entry)); // (L5)
    if (rate !== undefined) this.#host.pace.take(rate, nowMs);
    const { run } = this.#host;
    const lease = leaseOf(entry, run);
    lease.number += 1; // (L1)
    lease.run = run;
    lease.receives += 1;
    lease.ended = undefined;
    if (lease.receives === 1) lease.firstReceivedMs = wallMs;
    this.#counts.available -= 1;
    this.#counts.leased += 1;
    entry.state = "leased";
    this.#due.set(lease, nowMs + visibilityMs);
    return entry;
  }

  /** A lease ends at another time. */
  extend(lease: Lease, untilMs: number, nowMs: number): void {
    this.#due.set(lease, untilMs);
    this.arm(nowMs);
  }

  /** Nobody gets the entry until it is put back. (L2) */
  settle(entry: Entry): void {
    const { state } = entry;
    if (state === "available" || state === "delayed" || state === "leased") this.#set(entry, `settling-${state}`);
  }

  /** Nobody gets the entry any more, whatever becomes of what is on its way of it. (L2) */
  fail(entry: Entry): void {
    this.#set(entry, "failing");
  }

  leave(entry: Entry): void {
    if (entry.state === "gone") return;
    this.#set(entry, "gone");
    this.#order.places?.leave(entry);
  }

  /** Does what is due by now, whether or not the timer has said so. */
  advance(nowMs: number): void {
    if (this.#due.nextDueMs <= nowMs) this.onDue(nowMs);
  }

  onDue(nowMs: number): void {
    this.#armedMs = -Infinity; // whatever is next is set anew, or taken back
    for (let lease = this.#due.takeDue(nowMs); lease !== undefined; lease = this.#due.takeDue(nowMs)) {
      const { entry } = lease;
      if (entry.state === "delayed") this.#set(entry, "available");
      else {
        this.#set(entry, "settling-leased");
        lease.ended = "expired";
        this.#host.leaseExpired(entry, nowMs);
      }
    }
    this.#host.serve(this, nowMs);
    this.arm(nowMs);
  }

  /** When something is due next: the end of a state, or for those who wait when a rate allows one more. */
  #nextMs(nowMs: number): number {
    const dueMs = this.#due.nextDueMs;
    if (this.waiters.size === 0 || this.#counts.available === 0) return dueMs;
    const { rate } = this.#host.settings();
    const paceMs = rate === undefined ? -Infinity : this.#host.pace.allowedMs(rate, nowMs);
    return Math.min(dueMs, paceMs > nowMs ? paceMs : this.#order.resumesMs);
  }

  /** (L3) */
  arm(nowMs: number): void {
    const nextMs = this.#nextMs(nowMs);
    if (nextMs === this.#armedMs || this.#isClosed) return;
    this.#armedMs = nextMs;
    if (nextMs === Infinity) this.#host.timers.unschedule(this);
    else this.#host.timers.schedule(this, nextMs);
  }

  /** Nothing of it is due any more, whatever comes back from the disk. */
  close(): void {
    this.#isClosed = true;
    this.#armedMs = Infinity;
    this.#host.timers.unschedule(this);
  }

  /** Whether nothing else that is leased has its key; else it is put aside. */
  #hasItsKey(entry: Entry): boolean {
    const key = entry.message.marks?.key;
    if (key === undefined || (this.#keys ??= new KeysInHand()).take(key, entry)) return true;
    this.#set(entry, "delayed");
    leaseOf(entry, this.#host.run).dueMs = 0; // that it is not due is known by its place (`keys-in-hand.ts`); whoever writes it down gets a number
    return false;
  }

  /** Who waits for the key of an entry that is not leased any more is due at once, so that those who wait for messages are served, too. */
  #freeKey(entry: Entry, key: string): void {
    const next = this.#keys?.free(key, entry);
    if (next === undefined || this.#isClosed) return;
    this.#due.set(leaseOf(next, this.#host.run), 0);
    this.#armedMs = 0;
    this.#host.timers.schedule(this, 0);
  }

  #end(entry: Entry, state: "delayed" | "leased", untilMs: number): void {
    this.#set(entry, state);
    this.#due.set(leaseOf(entry, this.#host.run), untilMs);
  }

  #set(entry: Entry, state: EntryState): void {
    const before = entry.state;
    this.#counts[before] -= 1;
    this.#counts[state] += 1;
    entry.state = state;
    if (before === "delayed" || before === "leased") {
      if (entry.lease !== undefined) this.#due.remove(entry.lease);
    } else if (before === "available") this.#order.unready(entry);
    if (state === "available") this.#order.ready(entry);
    else if (state === "delayed") this.#order.places?.delay(entry);
    const key = entry.message.marks?.key;
    if (key === undefined) return;
    if (state === "leased")
      (this.#keys ??= new KeysInHand()).take(key, entry); // it goes on over a restart
    else if (
      state === "gone" ||
      state === "failing" ||
      ((state === "available" || state === "delayed") && (before === "leased" || before === "settling-leased"))
    )
      this.#freeKey(entry, key);
  }
}
