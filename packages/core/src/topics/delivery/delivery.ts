/**
 * Delivery: a message on its way to subscriptions: at once where nothing waits, into their buffers where something does.
 *
 * Who gets it is the exchange's decision; this is how.
 *
 * (V1) A message that has to wait is copied once, however many subscriptions it waits for; one that need not is not copied.
 * (V2) All that waits is at most `waitingBytesMax`. Beyond, the subscription for which most waits loses that (it is told), or
 *      ends where it would rather end than lose.
 * (V3) The subscriptions of an outlet take turns: one with much to tell does not keep the others waiting.
 * (V4) What a message has come to is counted for each subscription: handed on, waiting, lost.
 * (V5) That a subscription loses messages is said when it begins to, whether or not its consumer ever hears of it.
 * (V6) Publishers that wait for a subscription go on when nothing waits for it any more and half of its window is free, so that what
 *      they publish next goes straight on; or, where its consumer is slower than that, when half of its buffer is empty.
 */
import { ByteBudget, Scratch } from "../../structures/index.js";
import type { BufferTotals, MessageBuffer } from "./buffer.js";
import { Draining } from "./draining.js";
import type { Provenance } from "../late/held-back.js";
import type { Outlet } from "./outlet.js";
import type { Published } from "../published.js";
import type { MergedReplay } from "../late/merged-replay.js";
import type { SubscriptionEnd, TopicSink } from "../sink.js";
import { type Subscription, SubscriptionBuffer, live } from "./subscription.js";
import { priorityDefault } from "../topic-message.js";

/** Messages that a subscription tells before it is another one's turn. */
const turnMessages = 32;

/** How long publishers may wait for more room than there must be. */
const pauseMsMax = 100;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface Doomed {
  readonly subscription: Subscription;
  readonly why: SubscriptionEnd;
}

export class Delivery {
  readonly #sink: TopicSink;
  readonly #budget: ByteBudget;
  readonly #totals: BufferTotals;
  /** Outlets with subscriptions that are ready for the message in hand. */
  readonly #outlets = new Scratch<Outlet<Subscription>>();
  /** To be ended once the message in hand is done. */
  readonly doomed: Doomed[] = [];
  readonly draining: Draining = new Draining();
  readonly #one: number[] = [0];
  readonly #published: Mutable<Published> = { kind: "published", handed: 0, waiting: 0, lost: 0, nodes: 0 };
  #body: Uint8Array = new Uint8Array(0);
  #isOwn = false;
  #from: Provenance | undefined;
  #priority = 0;
  #expiresMs = 0;
  #nowMs = 0;
  /** Times that a message was handed on to a subscription. */
  handed = 0;

  constructor(sink: TopicSink, waitingBytesMax: number, totals: BufferTotals) {
    this.#sink = sink;
    this.#totals = totals;
    this.#budget = new ByteBudget(waitingBytesMax);
  }

  /** What waits for all subscriptions. */
  get waitingBytes(): number {
    return this.#budget.bytes;
  }

  /** Takes a message in hand; `isOwn`: nobody will write to it; `from`: where it came from, unless it was published here. */
  begin(
    body: Uint8Array,
    priority: number,
    expiresMs: number,
    nowMs: number,
    isOwn: boolean = false,
    from?: Provenance,
  ): void {
    this.#body = body;
    this.#from = from;
    this.#isOwn = isOwn;
    this.#priority = priority;
    this.#expiresMs = expiresMs;
    this.#nowMs = nowMs;
    this.#published.handed = this.#published.waiting = this.#published.lost = 0;
  }

  /** The message in hand is for `subscription`, too. */
  offer(subscription: Subscription): void {
    const { length } = this.#body;
    if (!subscription.isReadyFor(length)) return this.#wait(subscription, length);
    const { outlet } = subscription;
    if (outlet.readyCount === 0) this.#outlets.push(outlet);
    outlet.ready[outlet.readyCount++] = subscription.number;
    this.#count(subscription, length);
    this.#published.handed += 1;
  }

  /** Sends what is ready; it goes to so many other `nodes`, too. The answer is valid until the next message. */
  end(nodes: number = 0): Published {
    this.#published.nodes = nodes;
    for (let at = 0; at < this.#outlets.size; at++) {
      const outlet = this.#outlets.at(at);
      this.#sink.deliver(outlet.id, outlet.ready, outlet.readyCount, this.#body);
      outlet.readyCount = 0;
    }
    this.#outlets.clear();
    this.#body = noBytes;
    return this.#published;
  }

  /** The consumer of `subscription` has taken `bytes` of what was on its way. */
  taken(subscription: Subscription, bytes: number, nowMs: number): void {
    const { outlet } = subscription;
    const taken = Math.min(bytes, subscription.untakenBytes);
    subscription.untakenBytes -= taken;
    outlet.untakenBytes -= taken;
    if (subscription.isWaiting) outlet.enqueue(subscription);
    this.drain(outlet, nowMs);
    this.resumeIfRoom(subscription, nowMs);
  }

  /** Tells the subscriptions of `outlet` what waits for them, as far as there is room on the way. (V3) */
  drain(outlet: Outlet<Subscription>, nowMs: number): void {
    for (let first = outlet.queue.first; first !== undefined && outlet.hasWindow(1); first = outlet.queue.first) {
      let told = 0;
      while (told < turnMessages && this.#tellNext(first, nowMs)) told += 1;
      this.#holds(first);
      this.resumeIfRoom(first, nowMs);
      if (told === turnMessages) outlet.queue.moveToEnd(first);
      else if (first.isWaiting && first.hasWindow(nextLength(first, nowMs)))
        return; // it is the outlet that has no room
      else {
        outlet.dequeue(first);
        if (!first.isWaiting) this.draining.toldAll(first);
      }
    }
  }

  /** `count` messages that `subscription` may have wanted are missing behind what it was told, or will be. */
  missElsewhere(subscription: Subscription, count: number, from?: Provenance): void {
    const { outlet, number, phase } = subscription;
    if (phase.kind === "gather") return phase.held.hold({ kind: "missing", count, from });
    if (phase.kind === "live" && subscription.isIdle) return this.#sink.missed(outlet.id, number, count);
    this.#bufferOf(subscription).missElsewhere(priorityDefault, count);
  }

  /** `subscription`, for which was gathered, is to be told `replay`, and then what was held back for it and is not part of that. */
  beginReplay(subscription: Subscription, replay: MergedReplay, nowMs: number): void {
    const { phase, outlet } = subscription;
    if (phase.kind !== "gather") return;
    subscription.phase = { kind: "replay", replay };
    outlet.enqueue(subscription);
    for (const each of phase.held.takeAll()) {
      if (each.from !== undefined && replay.covers(each.from)) continue;
      if (each.kind === "missing") this.missElsewhere(subscription, each.count);
      else if (each.expiresMs > nowMs) {
        this.begin(each.body, each.priority, each.expiresMs, nowMs, true);
        this.offer(subscription);
        this.end();
      }
    }
  }

  /** Lets go of what `subscription` holds, once its buffer is empty. */
  released(subscription: Subscription): void {
    this.#holds(subscription);
    this.resume(subscription);
    this.#outlets.release();
  }

  /** Lets those go on who wait for `subscription`. */
  resume(subscription: Subscription): void {
    const { buffer } = subscription;
    if (buffer?.blocking === undefined) return;
    const { blocking } = buffer;
    buffer.blocking = undefined;
    for (const publisher of blocking.publishers) this.#sink.resume(publisher);
  }

  /** Lets those go on who wait for `subscription`, if there is room. (V6) */
  resumeIfRoom(subscription: Subscription, nowMs: number): void {
    const { buffer } = subscription;
    if (buffer?.blocking === undefined || !buffer.isHalfEmpty) return;
    const isAhead = subscription.isIdle && subscription.hasHalfWindow;
    if (isAhead || nowMs - buffer.blocking.sinceMs >= pauseMsMax) this.resume(subscription);
  }

  /** Answers whether something was told. */
  #tellNext(subscription: Subscription, nowMs: number): boolean {
    const { phase, buffer, outlet, number } = subscription;
    if (phase.kind === "gather") return false;
    if (!subscription.hasWindow(1) || !outlet.hasWindow(1)) return false;
    if (phase.kind === "replay") {
      const message = phase.replay.peek(nowMs);
      this.#tellMissed(subscription, phase.replay.takeMissed());
      if (message === undefined) {
        subscription.phase = live;
        this.#sink.replayed?.(outlet.id, number);
        return !subscription.isIdle;
      }
      if (!hasWindows(subscription, message.length)) return false;
      this.#hand(subscription, message);
      phase.replay.take();
      return true;
    }
    if (buffer === undefined) return false;
    const missed = buffer.takeMissed(nowMs);
    if (missed > 0) this.#sink.missed(outlet.id, number, missed);
    const message = buffer.first(nowMs);
    if (message === undefined) return !buffer.isIdle;
    if (!hasWindows(subscription, message.body.length)) return false;
    buffer.shift(nowMs);
    this.#hand(subscription, message.body);
    return true;
  }

  #tellMissed({ outlet, number }: Subscription, count: number): void {
    if (count > 0) this.#sink.missed(outlet.id, number, count);
  }

  #hand(subscription: Subscription, message: Uint8Array): void {
    this.#count(subscription, message.length);
    this.#one[0] = subscription.number;
    this.#sink.deliver(subscription.outlet.id, this.#one, 1, message);
  }

  #count(subscription: Subscription, length: number): void {
    subscription.untakenBytes += length;
    subscription.outlet.untakenBytes += length;
    subscription.tally.handed += 1;
    this.handed += 1; // (V4)
  }

  #wait(subscription: Subscription, length: number): void {
    const { phase } = subscription;
    if (phase.kind === "gather") {
      const message = { body: this.#ownBody(), priority: this.#priority, expiresMs: this.#expiresMs, from: this.#from };
      phase.held.hold({ kind: "message", ...message });
      this.#published.waiting += 1;
      return;
    }
    const buffer = this.#bufferOf(subscription);
    subscription.outlet.enqueue(subscription);
    if (!buffer.hasRoom(length) && !this.#madeRoom(subscription, buffer, length)) {
      this.#published.lost += 1;
      return;
    }
    buffer.push(this.#ownBody(), this.#priority, this.#expiresMs);
    this.#published.waiting += 1;
    this.#holds(subscription);
  }

  /** (V1) */
  #ownBody(): Uint8Array {
    if (!this.#isOwn) this.#body = this.#body.slice();
    this.#isOwn = true;
    return this.#body;
  }

  #bufferOf(subscription: Subscription): SubscriptionBuffer {
    const { terms } = subscription;
    return (subscription.buffer ??= new SubscriptionBuffer(
      terms.bufferMessagesMax,
      terms.bufferBytesMax,
      this.#totals,
    ));
  }

  /** Answers false where the message in hand is the one that is lost. (V5) */
  #madeRoom(subscription: Subscription, buffer: MessageBuffer, length: number): boolean {
    const { dropped } = buffer;
    const hasRoom = this.#makeRoom(subscription, length);
    if (!hasRoom) buffer.lose(this.#priority);
    if (buffer.dropped > dropped) this.#loses(subscription, buffer);
    return hasRoom;
  }

  /** (V5) */
  #loses({ outlet, number, terms }: Subscription, buffer: MessageBuffer): void {
    if (buffer.isLosing || terms.overflow === "disconnect") return; // one that ends rather than lose says that it has ended
    buffer.isLosing = true;
    this.#sink.slow?.(outlet.id, number);
  }

  #makeRoom(subscription: Subscription, length: number): boolean {
    const { overflow } = subscription.terms;
    if (overflow === "disconnect") this.doomed.push({ subscription, why: "overflow" });
    return overflow === "drop-oldest" && this.#bufferOf(subscription).makeRoom(length, this.#priority, this.#nowMs);
  }

  /** (V2) */
  #holds(subscription: Subscription): void {
    const { buffer } = subscription;
    if (buffer === undefined || (buffer.bytes === 0 && buffer.holder === undefined)) return;
    buffer.holder ??= this.#budget.holder(() => {
      this.#evict(subscription);
    });
    buffer.holder.hold(buffer.bytes);
  }

  #evict(subscription: Subscription): void {
    const { overflow } = subscription.terms;
    const { buffer } = subscription;
    const before = buffer?.dropped;
    buffer?.loseAll(this.#nowMs);
    if (buffer !== undefined && buffer.dropped !== before) this.#loses(subscription, buffer);
    if (overflow === "disconnect" || overflow === "block-publisher")
      this.doomed.push({ subscription, why: "overloaded" });
  }
}

const noBytes = new Uint8Array(0);

function hasWindows(subscription: Subscription, length: number): boolean {
  return subscription.hasWindow(length) && subscription.outlet.hasWindow(length);
}

/** How long the message is that `subscription` tells next; 1 where none is known. */
function nextLength({ phase, buffer }: Subscription, nowMs: number): number {
  if (phase.kind === "replay") return phase.replay.peek(nowMs)?.length ?? 1;
  return buffer?.first(nowMs)?.body.length ?? 1;
}
