/**
 * Everywhere: when every live member knows what this node is interested in.
 *
 * Owns which version of this node's interest each member has said to know, who waits for what, and when members are asked.
 * What is said, and how it gets to them, is the node's.
 *
 * (W1) Whoever waits for a version is told when every member that is there and takes part has said itself that it knows that
 *      version or a later one. A member that joins meanwhile is one of them; one that is gone is not.
 * (W2) Members that have not said so are asked at once, and again after `askIntervalMs`, and each time after twice the time, up
 *      to `askIntervalMsMax`. Where nobody waits nobody is asked.
 * (W3) Without waiters and members nothing is left.
 */
import { MpregError, Timer, type Timers } from "../../base/index.js";
import type { SetVersion } from "../../catalog/index.js";
import { isLater } from "./known-versions.js";

/** Another member. What it knows it knows in one life: in the next it knows nothing. */
export interface OtherMember {
  readonly nodeId: string;
  /** The incarnation with which its life began. */
  readonly boot: number;
}

/** Somebody who waits. It is told once, and not while it is added. */
export interface EverywhereWaiter {
  everywhere(nowMs: number): void;
}

export interface EverywhereHost extends Timers {
  /** Other members that are there and take part. */
  members(): Iterable<OtherMember>;
  /** Asks the member which interest of this node it knows. */
  ask(nodeId: string, nowMs: number): void;
}

export interface EverywhereOptions {
  readonly askIntervalMs: number;
  readonly askIntervalMsMax: number;
  /** Who may wait. `overloaded` beyond. */
  readonly waitersMax: number;
}

const none: SetVersion = { boot: 0, version: 0 };

export class Everywhere {
  readonly #options: EverywhereOptions;
  readonly #host: EverywhereHost;
  /** Which version members know, and in which life. */
  readonly #known = new Map<string, { readonly version: SetVersion; readonly life: number }>();
  /** What each waits for, in the order of the versions; `undefined` = what will be announced next. */
  readonly #waiters = new Map<EverywhereWaiter, SetVersion | undefined>();
  #intervalMs = 0;
  readonly #timer = new Timer((nowMs) => {
    this.#askAgain(nowMs);
  });

  constructor(options: EverywhereOptions, host: EverywhereHost) {
    this.#options = options;
    this.#host = host;
  }

  /** Who waits. */
  get size(): number {
    return this.#waiters.size;
  }

  /** Members of which something is remembered. */
  get knowing(): number {
    return this.#known.size;
  }

  get scheduled(): number {
    return this.#timer.heapIndex >= 0 ? 1 : 0;
  }

  /**
   * Waits until all know `version`; `undefined` = what is announced next. `waiter` is new. It is told by a later
   * {@link look}, which has to follow. Throws `overloaded` beyond `waitersMax`.
   */
  wait(waiter: EverywhereWaiter, version: SetVersion | undefined, nowMs: number): void {
    const { waitersMax } = this.#options;
    if (this.#waiters.size >= waitersMax) {
      throw new MpregError("overloaded", `Cannot wait until all nodes know: ${waitersMax} wait for that already`);
    }
    this.#waiters.set(waiter, version);
    if (version !== undefined) this.#ask(nowMs);
  }

  /** It does not wait any more. */
  leave(waiter: EverywhereWaiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.#host.unschedule(this.#timer);
  }

  /** What was to be announced next is announced, as `version`. */
  announced(version: SetVersion, nowMs: number): void {
    let hasNew = false;
    for (const [waiter, waits] of this.#waiters) {
      if (waits?.boot === version.boot) continue; // what was told in another life is void
      this.#waiters.set(waiter, version);
      hasNew = true;
    }
    if (hasNew) this.#ask(nowMs);
  }

  /** The member has said which interest of this node it knows. Those who wait for it are told by the next {@link look}. */
  told(member: OtherMember, version: SetVersion): void {
    if (isLater(version, this.#knownBy(member))) this.#known.set(member.nodeId, { version, life: member.boot });
  }

  /** The member is gone. */
  forget(nodeId: string): void {
    this.#known.delete(nodeId);
  }

  /** Members have joined, or are gone, or know more: tells those whose time has come. (W1) */
  look(nowMs: number): void {
    if (this.#waiters.size === 0) return;
    let least: SetVersion | undefined;
    for (const member of this.#host.members()) {
      const known = this.#knownBy(member);
      if (least === undefined || isLater(least, known)) least = known;
    }
    const done: EverywhereWaiter[] = [];
    for (const [waiter, waits] of this.#waiters) {
      if (waits === undefined || (least !== undefined && isLater(waits, least))) break; // the later ones wait for more
      done.push(waiter);
    }
    for (const waiter of done) this.leave(waiter);
    for (const waiter of done) waiter.everywhere(nowMs);
  }

  /** Nobody waits any more, and nobody is told. */
  stop(): void {
    this.#waiters.clear();
    this.#known.clear();
    this.#host.unschedule(this.#timer);
  }

  /** (W2) */
  #ask(nowMs: number): void {
    this.#intervalMs = this.#options.askIntervalMs;
    this.#askLacking(nowMs);
    this.#host.schedule(this.#timer, nowMs + this.#intervalMs);
  }

  #askAgain(nowMs: number): void {
    if (this.#waiters.size === 0) return;
    this.look(nowMs);
    this.#askLacking(nowMs);
    this.#intervalMs = Math.min(this.#options.askIntervalMsMax, 2 * this.#intervalMs);
    if (this.#waiters.size > 0) this.#host.schedule(this.#timer, nowMs + this.#intervalMs);
  }

  #askLacking(nowMs: number): void {
    let latest: SetVersion | undefined;
    for (const waits of this.#waiters.values()) latest = waits ?? latest;
    if (latest === undefined) return;
    for (const member of [...this.#host.members()]) {
      if (isLater(latest, this.#knownBy(member))) this.#host.ask(member.nodeId, nowMs);
    }
  }

  #knownBy({ nodeId, boot }: OtherMember): SetVersion {
    const known = this.#known.get(nodeId);
    return known?.life === boot ? known.version : none;
  }
}
