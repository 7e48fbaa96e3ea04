/**
 * Subscription: one subscription of a program: of a client, over one connection after the other; of a node, within it.
 *
 *     asking ──the node serves it──▶ open ──connection lost──▶ unasked ──next connection──▶ asking …
 *                                     └──drain──▶ draining ──▶ over
 *
 * What it has had and what is missing is `core/topics/consumer/intake.ts`, what waits for the loop `inbox.ts` beside that.
 *
 * (U1) It is over once, and `closed` says so once all that had come was taken or dropped.
 * (U2) Where it ends and nobody wanted that, each loop over it throws why; with a callback `closed` rejects, which nobody can overlook.
 * (U3) What comes over another connection than the one over which it was asked for last is not looked at.
 * (U4) What waits here for long keeps nothing alive but itself.
 * (U5) A drain is fulfilled when the node has said that nothing more is on its way, and rejects where nobody can say so.
 * (U6) `unsubscribe` waits for nobody: callbacks that have not ended may wait for it, or never end. `closed` and a drain wait for them.
 */
import { MpregError, areSameBytes, thrownText } from "../base/index.js";
import { type CancelSignal, checkListeners } from "../rpc/index.js";
import { Broadcast, onAbort } from "../structures/index.js";
import {
  Inbox,
  type InboxOwner,
  Intake,
  type MessageOpener,
  ReceivedMessage,
  type TopicMessage,
} from "../topics/index.js";
import type { ResumePlace, WireReplay } from "../wire/index.js";
import type { Subscription, SubscriptionEvent, WaitOptions } from "./api.js";
import type { Clock } from "./clock.js";
import { type Wish, cancelled, waitMsOf } from "./options.js";
import { within } from "./within.js";

/** Messages that wait longer get bytes of their own; those that came before are soon taken, or few. (U4) */
const heldMs = 5;

const eventsMax = 1_000;

/** The way to a node: a client's connection, or the node itself. */
export interface SubscriptionWay {
  readonly nodeName: string | undefined;
  /** The process at its end, where that keeps what is asked of it beyond this way. */
  readonly place: ResumePlace | undefined;
  /** When something was heard over it last. */
  readonly heardMs: number;
}

/** What is asked of a node: a wish, and from when it wants to hear. */
export type NumberedWish = Wish & { readonly number: number; readonly replay: WireReplay | undefined };

export interface SubscriptionHost<W extends SubscriptionWay> {
  readonly opener: MessageOpener;
  readonly reconnects: boolean;
  readonly clock: Clock;
  nowMs(): number;
  /**
   * Asks for it: {@link TopicSubscription.asked} says what for, each time that it is asked, and `served` is told when it is
   * granted, before what comes behind that is looked at.
   */
  ask(subscription: TopicSubscription<W>, timeoutMs: number, signal: CancelSignal | undefined): Promise<unknown>;
  /** Resolves when all nodes serve it. */
  everywhere(number: number, timeoutMs: number, signal: CancelSignal | undefined): Promise<unknown>;
  /** Wants nothing new. Resolves when all has been heard of it that had waited for it at the node, or was on its way. */
  drain(way: W, number: number): Promise<unknown>;
  /** Tells the node that nothing more is wanted, where there is one still. */
  leave(way: W, number: number): void;
  /** Something of it was taken, or ought to be told as taken. */
  hasTaken(subscription: TopicSubscription<W>): void;
  forget(subscription: TopicSubscription<W>): void;
}

export class TopicSubscription<W extends SubscriptionWay> implements Subscription, InboxOwner {
  readonly number: number;
  readonly patterns: readonly string[];
  readonly closed: Promise<void>;
  readonly intake: Intake;
  /** When it tells what was taken, where it has something to tell: at the end of the turn, or a little later. The host's. */
  telling: "now" | "soon" | undefined = undefined;
  readonly #host: SubscriptionHost<W>;
  readonly #wish: Wish;
  readonly #listener: ((message: TopicMessage) => unknown) | undefined;
  readonly #inbox: Inbox;
  readonly #events = new Broadcast<SubscriptionEvent>(eventsMax);
  #phase: "asking" | "open" | "unasked" | "draining" | "over" = "asking";
  #connection: W | undefined;
  #place: ResumePlace | undefined;
  /** Messages whose callback has not ended. */
  #underWay = 0;
  #failure: MpregError | undefined;
  #settle: () => void = () => undefined;
  #stopListening: (() => void) | undefined;
  /** Who waits until it is served. */
  #onServed: (() => void)[] = [];

  constructor(
    host: SubscriptionHost<W>,
    number: number,
    wish: Wish,
    replay: WireReplay | undefined,
    listener: ((message: TopicMessage) => unknown) | undefined,
  ) {
    this.number = number;
    this.patterns = wish.patterns;
    this.#host = host;
    this.#wish = wish;
    this.#listener = listener;
    this.#inbox = new Inbox(this);
    const { windowBytes = 0, group } = wish;
    this.intake = new Intake({ windowBytes, replay, mayReplay: group === undefined, remembers: host.reconnects });
    this.closed = new Promise((resolve, reject) => {
      this.#settle = () => {
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
    });
    if (listener === undefined) this.closed.catch(() => undefined); // the loop throws it (U2)
  }

  get missed(): number {
    return this.intake.missed;
  }

  get unknownGaps(): number {
    return this.intake.unknownGaps;
  }

  get expired(): number {
    return this.intake.expired;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /** The connection over which it was asked for last. */
  get connection(): W | undefined {
    return this.#connection;
  }

  /** Asks for it the first time. Rejects with why it cannot be. */
  begin(timeoutMs: number, signal: CancelSignal | undefined): Promise<void> {
    return this.#host.ask(this, timeoutMs, signal).then(
      () => {
        if (signal?.aborted === true) return this.unsubscribe();
        if (signal !== undefined) this.#stopListening = onAbort(signal, () => void this.unsubscribe());
        return undefined;
      },
      (error: unknown) => {
        this.#leave();
        this.#phase = "over";
        this.#host.forget(this);
        this.#settle();
        throw error;
      },
    );
  }

  /** There is a connection that can be asked for it. */
  resume(): void {
    if (this.#phase !== "unasked") return;
    this.#phase = "asking";
    this.#host.ask(this, 0, undefined).catch((error: unknown) => {
      if (this.#phase !== "asking") return;
      const isUnreached = error instanceof MpregError && error.code === "not-connected";
      if (isUnreached && this.#host.reconnects) this.#phase = "unasked";
      else this.#end(asError(error));
    });
  }

  /** The connection is gone. One that is asked for is asked for again by itself. */
  lost(connection: W): void {
    if (this.#connection !== connection) return;
    if (this.#phase === "draining") return this.#end(brokenDrain()); // no more can come, and there may have been more (U5)
    if (this.#phase !== "open") return;
    this.#suspend(connection);
  }

  /** Another connection takes its place. */
  moved(): void {
    if (this.#phase !== "open" || this.#connection === undefined) return;
    this.#leave(); // the one before may stay open for what else was asked over it
    this.#suspend(this.#connection);
  }

  delivered(connection: W, bytes: Uint8Array, nowMs: number): void {
    if (this.#connection !== connection || this.#phase === "over") return; // (U3)
    if (!this.intake.delivered(bytes, nowMs)) return this.#hasTaken();
    const missed = this.intake.takeMissedBefore();
    if (this.#listener !== undefined) {
      return this.#call(this.#listener, new ReceivedMessage(bytes, this.#host.opener, missed));
    }
    const inbox = this.#inbox;
    const isHeld = inbox.size > 0 && nowMs - inbox.waitingSinceMs > heldMs;
    inbox.push(new ReceivedMessage(isHeld ? bytes.slice() : bytes, this.#host.opener, missed), nowMs); // (U4)
  }

  wasMissed(connection: W, count: number): void {
    if (this.#connection !== connection || this.#phase === "over") return; // (U3)
    if (!this.intake.wasMissed(count)) return;
    this.#events.publish({ kind: "messages-lost", count });
  }

  /** The node has ended it. */
  wasEnded(connection: W, why: string, lost: number): void {
    if (this.#connection !== connection || this.#phase === "over") return; // (U3)
    this.intake.wasMissed(lost);
    this.#end(endedError(why, lost, connection.nodeName));
  }

  /** The client is closed, or its connection is gone for good: `error` says why. */
  clientEnded(error: MpregError | undefined): void {
    this.#end(error);
  }

  taken(bytes: number): void {
    this.intake.taken(bytes);
    this.#hasTaken();
  }

  expiredHere(bytes: number): void {
    this.intake.expired += 1;
    this.taken(bytes);
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  left(): void {
    void this.unsubscribe();
  }

  unsubscribe(options?: WaitOptions): Promise<void> {
    return this.#waited(() => this.#dropped(), options, "unsubscribe");
  }

  drain(options?: WaitOptions): Promise<void> {
    return this.#waited(() => this.#drained(), options, "drain");
  }

  /** What `end` begins, for whoever waits with `options`: it goes on when he does not any more. */
  #waited(end: () => Promise<void>, options: WaitOptions | undefined, who: string): Promise<void> {
    if (options === undefined) return end();
    return new Promise((resolve, reject) => {
      const timeoutMs = waitMsOf(options, who);
      const { signal } = options;
      if (signal?.aborted === true) return reject(cancelled(signal, "not-applied"));
      const late = `The time allowed (${timeoutMs} ms) ran out before all that had come was taken`;
      within(this.#host.clock, end(), { timeoutMs, signal, late }).then(resolve, reject);
    });
  }

  #dropped(): Promise<void> {
    if (this.#phase !== "over") {
      this.#leave();
      this.#inbox.drop();
      this.#end(undefined);
      return Promise.resolve(); // a callback that has not ended may be what waits for this (U6)
    }
    this.#inbox.drop();
    return this.#listener === undefined ? Promise.resolve() : this.#told();
  }

  /** Why it is over, where no loop throws it. (U2) */
  #told(): Promise<void> {
    return this.#failure === undefined ? Promise.resolve() : this.closed;
  }

  #drained(): Promise<void> {
    if (this.#phase === "draining") return this.closed;
    if (this.#phase !== "open" || this.#connection === undefined) {
      this.#leave();
      this.#end(undefined);
      return this.closed;
    }
    this.#phase = "draining";
    return this.#host.drain(this.#connection, this.number).then(
      () => {
        this.#end(undefined);
        return this.closed;
      },
      (error: unknown) => {
        this.#end(asError(error)); // (U5)
        return this.closed;
      },
    );
  }

  everywhere(options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeoutMs = waitMsOf(options, "everywhere");
      const untilMs = timeoutMs === 0 ? Infinity : this.#host.nowMs() + timeoutMs;
      const ask = (): void => {
        if (this.#phase === "asking" || this.#phase === "unasked") {
          this.#onServed.push(ask);
          return;
        }
        if (this.#phase !== "open") return reject(new MpregError("closed", "The subscription is over"));
        const leftMs = untilMs === Infinity ? 0 : Math.max(1, untilMs - this.#host.nowMs());
        this.#host.everywhere(this.number, leftMs, options.signal).then(
          () => {
            resolve();
          },
          (error: unknown) => {
            if (!(error instanceof MpregError) || error.code !== "node-lost" || this.isOver) reject(asError(error));
            else ask();
          },
        );
      };
      ask();
    });
  }

  status(options: { readonly signal?: CancelSignal | undefined } = {}): AsyncIterableIterator<SubscriptionEvent> {
    checkListeners(options, "status");
    return this.#events.read(options.signal);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<TopicMessage, undefined> {
    if (this.#listener !== undefined) {
      throw new MpregError(
        "invalid-argument",
        "The messages of a subscription with onMessage are not iterated over as well",
      );
    }
    return this.#inbox.begin();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }

  #hasTaken(): void {
    const { telling } = this;
    if (telling === undefined || (telling === "soon" && this.intake.isPressing)) {
      this.#host.hasTaken(this);
    }
  }

  /** It is asked for over `way`; answers with what. */
  asked(way: W | undefined): NumberedWish {
    this.#connection = way;
    return { ...this.#wish, number: this.number, replay: this.intake.replay(this.#host.nowMs()) };
  }

  /** The node has granted it, with this answer. */
  served(answer: unknown): void {
    if (this.#phase !== "asking") return;
    const { place, nodeName: node = "" } = this.#connection as W;
    const isSameRun = place !== undefined && this.#place !== undefined && areSameBytes(place.run, this.#place.run);
    const isAll = says(answer, "whole") && (isSameRun || says(answer, "everywhere"));
    const isTold = says(answer, "unanswered") || says(answer, "cut");
    const gap = this.intake.answered(isAll, isTold, this.#host.nowMs());
    this.#place = place;
    this.#phase = "open";
    this.#events.publish(gap === undefined ? { kind: "subscribed", node } : { kind: "resubscribed", node, gap });
    this.#tellWaiting();
  }

  #suspend(connection: W): void {
    this.#phase = "unasked";
    this.#connection = undefined;
    this.intake.lost(connection.heardMs);
    this.#events.publish({ kind: "disconnected" });
  }

  #call(listener: (message: TopicMessage) => unknown, message: ReceivedMessage): void {
    let result: unknown;
    try {
      result = listener(message);
    } catch (cause) {
      return this.#listenerFailed(cause);
    }
    if (!isThenable(result)) return this.taken(message.bytes);
    this.#underWay += 1;
    const settled = (): void => {
      this.#underWay -= 1;
      this.taken(message.bytes);
      this.#settleIfDone();
    };
    result.then(settled, (cause: unknown) => {
      settled();
      this.#listenerFailed(cause);
    });
  }

  #listenerFailed(cause: unknown): void {
    this.#leave();
    this.#end(new MpregError("handler-error", `The callback of a subscription threw: ${thrownText(cause)}`, { cause }));
  }

  /** Tells the node that nothing more is wanted. */
  #leave(): void {
    if (this.#connection !== undefined) this.#host.leave(this.#connection, this.number);
  }

  /** (U1) */
  #end(error: MpregError | undefined): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#failure = error;
    this.#stopListening?.();
    this.#host.forget(this);
    this.#inbox.end(error);
    this.#events.publish({ kind: "ended", error });
    this.#events.end();
    this.#tellWaiting();
    this.#inbox.whenEmpty(() => {
      this.#settleIfDone();
    });
  }

  #settleIfDone(): void {
    if (this.#phase === "over" && this.#inbox.size === 0 && this.#underWay === 0) this.#settle();
  }

  #tellWaiting(): void {
    const waiting = this.#onServed;
    this.#onServed = [];
    for (const served of waiting) served();
  }
}

/**
 * Whether the node says that what it replays is all that there was: `whole`, for whoever it has served before; `everywhere`, for those
 * whom other nodes have served, too. One that does not say so does not know. `unanswered`: that others have not told what they have;
 * `cut`: that bounds of a backlog have left out something of the time.
 */
function says(answer: unknown, what: "whole" | "everywhere" | "unanswered" | "cut"): boolean {
  return typeof answer === "object" && answer !== null && Boolean((answer as Readonly<Record<string, unknown>>)[what]);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function asError(error: unknown): MpregError {
  if (error instanceof MpregError) return error;
  return new MpregError("malformed", `The subscription has ended: ${thrownText(error)}`, { cause: error });
}

function endedError(why: string, lost: number, node: string | undefined): MpregError {
  const messages = `${lost} message${lost === 1 ? "" : "s"} that waited for it ${lost === 1 ? "is" : "are"} lost`;
  const reasons: Record<string, string> = {
    overflow: 'more came than its buffer holds, and its overflow is "disconnect"',
    stalled: "it has kept publishers waiting for too long",
    overloaded: "too much waits at the node, most of it for this subscription",
  };
  return new MpregError("overloaded", `The subscription has ended: ${reasons[why] ?? why}; ${messages}`, { node });
}

function brokenDrain(): MpregError {
  const message = "The connection broke before the node had told all that was on its way to the subscription";
  return new MpregError("node-lost", message, { outcome: "unknown" });
}
