/**
 * Client session: what a node keeps of one client beyond the link over which it was asked.
 *
 * (M1) Whatever came over an earlier link of the session runs here, or has its end kept here, or its end was admitted by
 *      the client; unless the session is not complete any more, or an earlier one of the client was forgotten. So what is
 *      not here has not been received.
 * (M2) What an earlier link has brought is all there: a link that has ended takes nothing any more.
 * (M3) One that is forgotten keeps no end, and what that refers to is let go: nobody can ask for it. What is detached runs
 *      on to its end all the same.
 */
import { assert, hexOf } from "../../base/index.js";
import { IdMap } from "../../structures/index.js";
import { type SessionHello, eachEnd } from "../../wire/index.js";
import { type EndStore, LinkAsker } from "../link-asker.js";
import { ClientKept } from "../results/client-kept.js";
import { type Left, LeftBehind } from "../left.js";
import type { Channel } from "../task.js";

/**
 * Somebody who asks for the client, over another node; is told the end, or nothing when it will never be known, or that
 * another has taken its place.
 */
export type EndListener = (message: Uint8Array | "replaced" | undefined) => void;

export class ClientSession implements EndStore {
  /** What the client calls itself: 16 bytes, and as text. */
  readonly token: Uint8Array;
  readonly key: string;
  /** What this node keeps for it, over all its links. */
  readonly kept: ClientKept = new ClientKept();
  /** The open link. */
  channel: Channel | undefined;
  /** Nothing that came was dropped. (M1) */
  isComplete = true;
  /** Something has ended that was to outlive its client. */
  hasDetachedEnd = false;
  /** It is forgotten, and the last of what has outlived it has ended. */
  onOver: (() => void) | undefined = undefined;
  readonly #left = new LeftBehind();
  readonly #holds: (bytes: number) => void;
  #isForgotten = false;
  readonly #running: IdMap<LinkAsker>;
  readonly #ends: IdMap<Uint8Array>;
  readonly #listeners = new Map<number, EndListener>();
  #endBytes = 0;

  /** The number of the last ask of which nothing is known here. (M1) */
  readonly #lastAskBefore: number;

  /** `holds` is told how many bytes of ends it keeps. */
  constructor({ token, lastAsk }: SessionHello, seed: number, holds: (bytes: number) => void) {
    this.token = token;
    this.key = hexOf(token);
    this.#lastAskBefore = lastAsk;
    this.#holds = holds;
    this.#running = new IdMap(seed);
    this.#ends = new IdMap(seed);
  }

  /** What is not here under this number has not been received, and never will be over an earlier link. (M1) */
  wouldKnow(id: number): boolean {
    const isLater = id !== this.#lastAskBefore && (id - this.#lastAskBefore) >>> 0 < 2 ** 31; // numbers start again at 0
    return this.isComplete && isLater;
  }

  /** What runs here for a client without a link. */
  get running(): number {
    return this.#running.size;
  }

  /** Whether somebody waits for an end at another node. */
  get isAwaited(): boolean {
    return this.#listeners.size > 0;
  }

  /** Takes over what was asked over a link that has ended, and what of its answers may not have arrived. */
  park(channel: Channel): void {
    for (const batch of channel.link.outbox.takeUnadmitted()) {
      eachEnd(batch, (id, message) => {
        this.#keep(id, message.slice()); // a small part must not keep a large batch in memory
      });
    }
    channel.left.handOn(this);
    for (const asker of channel.asked.takeAll()) {
      assert(asker instanceof LinkAsker, "an ask of a client has another asker than its link");
      if (asker.isPassing) {
        asker.run.abandon();
        continue;
      }
      this.#running.set(asker.id, asker);
      asker.park(this);
      if (!asker.isDetached) asker.run.heard?.(false);
    }
    this.#holds(this.#endBytes);
  }

  left(left: Left): void {
    this.#left.add(left);
  }

  isHeard(id: number): boolean {
    return this.#listeners.has(id);
  }

  wants(id: number): boolean {
    return !this.#isForgotten || this.#listeners.has(id); // (M3)
  }

  ended(id: number, message: Uint8Array | undefined): void {
    if (this.#running.take(id)?.isDetached === true) this.hasDetachedEnd = true;
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    listener?.(message);
    if (this.#isForgotten) {
      if (this.#running.size === 0) this.onOver?.();
      return;
    }
    if (message === undefined) return;
    this.#keep(id, message);
    this.#holds(this.#endBytes);
  }

  /** Gives what is known of the ask to the link over which it was asked again; answers whether anything is. */
  resume(asker: LinkAsker, channel: Channel): boolean {
    const earlier = this.#running.take(asker.id);
    if (earlier !== undefined) {
      earlier.moveTo(channel);
      earlier.run.heard?.(true);
      return true;
    }
    const message = this.#ends.take(asker.id);
    if (message === undefined) return false;
    this.#endBytes -= message.length;
    this.#holds(this.#endBytes);
    asker.endedWith(message);
    return true;
  }

  /** The end of the ask, where it has ended. It is kept on: it may be lost on its way. */
  endOf(id: number): Uint8Array | undefined {
    return this.#ends.get(id);
  }

  asker(id: number): LinkAsker | undefined {
    return this.#running.get(id);
  }

  isListenedToBy(id: number, listener: EndListener): boolean {
    return this.#listeners.get(id) === listener;
  }

  /** `listener` is told the end of what runs under this number. There is one; a later takes its place. */
  listen(id: number, listener: EndListener): void {
    const earlier = this.#listeners.get(id);
    this.#listeners.set(id, listener);
    earlier?.("replaced");
    const asker = this.#running.get(id);
    if (asker !== undefined) asker.run.heard?.(true);
  }

  unlisten(id: number, listener: EndListener): void {
    if (this.#listeners.get(id) !== listener) return;
    this.#listeners.delete(id);
    const asker = this.#running.get(id);
    if (asker?.isDetached === false) asker.run.heard?.(false);
  }

  /** Ends what runs; with `isAll` also what was asked to outlive its client. */
  abandon(isAll: boolean): void {
    this.#left.abandon();
    for (const asker of this.#running.values()) {
      if (asker.isDetached && !isAll) continue;
      this.#running.take(asker.id);
      asker.run.abandon();
    }
  }

  /** Keeps nothing any more. */
  forget(): void {
    this.#isForgotten = true;
    this.dropEnds();
    for (const [id, listener] of [...this.#listeners]) {
      if (this.#running.has(id)) continue; // what is detached runs on to its end
      this.#listeners.delete(id);
      listener(undefined);
    }
  }

  /** Drops the ends that are kept. (M1) */
  dropEnds(): void {
    if (this.#ends.size > 0) this.isComplete = false;
    this.#ends.takeAll();
    this.#endBytes = 0;
  }

  #keep(id: number, message: Uint8Array): void {
    this.#endBytes += message.length - (this.#ends.get(id)?.length ?? 0);
    this.#ends.set(id, message);
  }
}
