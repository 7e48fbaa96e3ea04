/** Host: what the queues of one node share, and what they are given. */
import type { Cron, MpregError, Random, Timers, Utf8 } from "../base/index.js";
import type { Operation, Store } from "../journal/index.js";
import type { QueuesLimits } from "./limits.js";
import type { Sealer } from "./message/sealed.js";
import type { Courier } from "./spool/types.js";
import type { DeadLetter, OutgoingMessage, QueueEnd } from "./types.js";
import type { QueueListener } from "./outcomes/listener.js";
import type { Sweeping } from "./leaving/sweeping.js";
import type { Tables } from "./store/tables.js";
import type { Writes } from "./store/writes.js";

/** What the queues of a node need. */
export interface QueuesCapabilities {
  readonly timers: Timers;
  readonly random: Random;
  readonly utf8: Utf8;
  /** For deduplication by content. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Wall time, for what people see and what outlives this run. */
  wallMs(): number;
  /** For schedules; without it those by cron expressions are `unsupported`. */
  readonly cron?: Cron | undefined;
  /** Hears what becomes of messages. */
  readonly listener?: QueueListener | undefined;
  /** Opened with {@link queueTables}; `undefined`: no queue here is durable. */
  readonly store: Store | undefined;
  /** Hands messages on to queues of other nodes; without one there are none. */
  readonly courier?: Courier | undefined;
}

/** A message on its way into another queue: what has to be written for it, and what happens once that is. */
export type Transfer =
  | { readonly kind: "refused"; readonly error: MpregError }
  | {
      readonly kind: "prepared";
      readonly operations: readonly Operation[];
      admit(nowMs: number): void;
      giveBack(nowMs: number): void;
    };

/** What takes messages of queues: another queue, or what hands them on to one that is elsewhere. */
export interface TransferTarget {
  prepareTransfer(message: OutgoingMessage, deadLetter: DeadLetter | undefined, nowMs: number): Transfer;
}

/** A queue of this node, which takes messages of what feeds it, too. */
export interface QueueHere extends TransferTarget {
  /** A message that is made here. */
  prepareScheduled(message: OutgoingMessage, nowMs: number): Transfer;
  /** See `send` in `sending.ts`. */
  send(
    messages: readonly OutgoingMessage[],
    end: (end: QueueEnd<"send">) => void,
    nowMs: number,
    also: (isTaken: (index: number) => boolean) => readonly Operation[],
  ): void;
}

/** What one queue sees of the others. */
export interface QueueHost extends QueuesCapabilities {
  readonly limits: QueuesLimits;
  /** Names this run of the node: 12 hexadecimal digits, drawn when the first queue is there. */
  readonly run: string;
  readonly sealer: Sealer;
  readonly tables: Tables;
  readonly writes: Writes;
  readonly sweeping: Sweeping;
  /** Bytes of durable messages that are in memory, too. */
  readonly bodies: { held: number };
  /** The queue of that name, or what hands messages on to it where it is elsewhere. */
  find(name: string): TransferTarget | undefined;
  /** What hands messages on to a queue of that name on another node, where one is known. */
  elsewhere(name: string): TransferTarget | undefined;
  /** A made id as this node has given it, where it comes back from another node; others as they are. */
  madeHere(id: string): string;
  /** The queue of that name, where it is here and takes messages. */
  here(name: string): QueueHere | undefined;
}
