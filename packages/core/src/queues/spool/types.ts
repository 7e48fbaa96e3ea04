/** Spool types: what a node hands on to the owner of a queue, and what it hears (docs/decisions/0018-spool.md). */
import type { MpregError, MpregErrorJson } from "../../base/index.js";

/** What a message is: sent, sent with a delay of its own, or moved here from another queue. */
export type SpooledForm = 0 | 1 | 2;
export const sentForm = 0;
export const delayedForm = 1;
export const movedForm = 2;

/** A message that waits. */
export interface SpoolEntry {
  readonly number: number;
  readonly form: SpooledForm;
  readonly bytes: number;
  /** Only where there is no store. */
  readonly content: Uint8Array | undefined;
}

/** One that is not handed on any more. */
export interface SetAsideEntry extends SpoolEntry {
  readonly id: string;
  /** Wall time. */
  readonly sentMs: number;
  readonly why: string;
}

/** Numbers of which a queue may have taken some, both included. */
export interface Unsure {
  readonly from: number;
  readonly to: number;
}

/** What is to become of messages that were set aside. */
export type SpoolVerdict = "retry" | "discard";

/** A message on its way from the spool of a node to its queue. */
export interface TransferItem {
  readonly number: number;
  readonly form: SpooledForm;
  /** Sealed, as messages lie in a store. */
  readonly content: Uint8Array;
}

/** What has become of a transfer. */
export interface TransferAnswer {
  /** Everything of the origin up to this number is settled here. */
  readonly taken: number;
  /** Number of the last call of that origin: where it is another one, this call came too late and has done nothing. */
  readonly call: number;
  /** The first that was not taken, and why; nothing behind it was looked at. */
  readonly refused?: { readonly number: number; readonly error: MpregErrorJson };
}

/** Hands messages on to where their queue is. */
export interface Courier {
  /** Whether another node has the queue, is remembered to have it on its disk, or neither; `gone`: it had one, and has told that it does not any more. */
  whereIs(queue: string): "there" | "away" | "unknown" | "gone";
  /** Ends once, unless it is given up; what it answers gives it up. */
  transfer(
    queue: string,
    transfer: {
      readonly origin: string;
      readonly call: number;
      readonly messages: readonly TransferItem[];
      readonly kept: number;
      readonly over?: boolean;
    },
    end: (end: CourierEnd) => void,
    nowMs: number,
  ): () => void;
}

export type CourierEnd =
  | { readonly kind: "answered"; readonly answer: TransferAnswer; readonly nowMs: number }
  | { readonly kind: "failed"; readonly error: MpregError; readonly nowMs: number };

/** What waits on a node for one queue that is elsewhere. */
export interface SpooledFor {
  readonly queue: string;
  readonly messages: number;
  readonly bytes: number;
  /** Wall time at which the first of them came. */
  readonly sinceMs: number | undefined;
  /** Why they have not been handed on; `undefined` where nothing is known to be in their way. */
  readonly error: string | undefined;
  /**
   * Messages that were set aside, because the queue has refused them for good, or no node has had it for too long; they stay until somebody has them tried
   * again, or discards them. Of those the first 100 are shown.
   */
  readonly refused: number;
  readonly refusals: readonly { readonly id: string; readonly error: string }[];
}
