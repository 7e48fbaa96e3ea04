/**
 * Subscription: what one consumer wants, and what is on its way to it.
 *
 * What it is told and when is the exchange's decision (`exchange.ts`, `delivery.ts`).
 *
 * (S1) While it is told of the backlog, what is live waits in its buffer; while others are asked for theirs, it is held back.
 * (S2) A message goes straight on only where nothing waits: nothing overtakes but by its priority.
 * (S3) It has at most `windowBytes` on their way that its consumer has not taken, or one message of any size.
 */
import type { Pattern } from "../../base/index.js";
import type { Holder } from "../../structures/index.js";
import { MessageBuffer, type Overflow } from "./buffer.js";
import type { CheckedFilter } from "./filter.js";
import type { Route } from "../forwarding/route.js";
import type { Group } from "./groups.js";
import type { Outlet, Queued } from "./outlet.js";
import type { HeldBack } from "../late/held-back.js";
import type { Replaying } from "../backlog/replay.js";
import type { Tally } from "./tally.js";

/** Where it is: other nodes are asked what they have for it; it hears of the past; of the present; or it is over. */
export type Phase =
  | GatherPhase
  | { readonly kind: "replay"; readonly replay: Replaying }
  | { readonly kind: "live" }
  | { readonly kind: "over" };

/** It hears nothing, and what is live is held back. */
export interface GatherPhase {
  readonly kind: "gather";
  readonly held: HeldBack;
  /** It is over before it has begun. */
  left(): void;
}

export const live: Phase = { kind: "live" };
export const over: Phase = { kind: "over" };

/** As it was asked for, and checked. Subscriptions that asked for the same share them. */
export interface SubscriptionTerms {
  readonly filter: CheckedFilter | undefined;
  readonly overflow: Overflow;
  readonly bufferMessagesMax: number;
  readonly bufferBytesMax: number;
  readonly windowBytes: number;
}

/** Publishers that wait for it. */
export interface Blocking {
  readonly publishers: Set<number>;
  readonly sinceMs: number;
}

/** What waits for a subscription, and who waits for that. There may be a hundred thousand subscriptions for which nothing ever has. */
export class SubscriptionBuffer extends MessageBuffer {
  blocking: Blocking | undefined = undefined;
  /** What it holds of the bytes that all may hold. */
  holder: Holder | undefined = undefined;
}

export class Subscription implements Queued<Subscription> {
  readonly outlet: Outlet<Subscription>;
  /** Its name on its outlet, given by whoever holds that. */
  readonly number: number;
  /** Its value in the matcher. */
  readonly slot: number;
  readonly terms: SubscriptionTerms;
  readonly group: Group<Subscription | Route> | undefined;
  readonly tally: Tally;
  /** There when something has waited. */
  buffer: SubscriptionBuffer | undefined = undefined;
  phase: Phase = live;
  untakenBytes = 0;
  chosenAt = 0;
  /** Whether it is in its outlet's chain of those that have something to tell. */
  isQueued = false;
  previous: Subscription | undefined = undefined;
  next: Subscription | undefined = undefined;

  constructor(
    outlet: Outlet<Subscription>,
    number: number,
    slot: number,
    terms: SubscriptionTerms,
    group: Group<Subscription | Route> | undefined,
    tally: Tally,
  ) {
    this.tally = tally;
    this.outlet = outlet;
    this.number = number;
    this.slot = slot;
    this.terms = terms;
    this.group = group;
  }

  get patterns(): readonly Pattern[] {
    return this.tally.patterns;
  }

  get waitingBytes(): number {
    return this.untakenBytes + (this.buffer?.bytes ?? 0);
  }

  /** Whether nothing waits in its buffer, not even something to tell. */
  get isIdle(): boolean {
    return this.buffer === undefined || this.buffer.isIdle;
  }

  /** Whether a message of `length` bytes can go to it now. (S1, S2) */
  isReadyFor(length: number): boolean {
    return this.phase.kind === "live" && this.isIdle && this.hasWindow(length) && this.outlet.hasWindow(length);
  }

  /** (S3) */
  hasWindow(length: number): boolean {
    return this.untakenBytes === 0 || this.untakenBytes + length <= this.terms.windowBytes;
  }

  get hasHalfWindow(): boolean {
    return this.untakenBytes * 2 <= this.terms.windowBytes;
  }

  /** Whether it has something to tell. */
  get isWaiting(): boolean {
    return this.phase.kind === "replay" || (this.phase.kind === "live" && !this.isIdle);
  }
}
