/**
 * Store: what everything durable stands on. Tables of ordered binary keys, written in atomic batches.
 *
 * This is the contract; `memory-store.ts` and `log-store.ts` keep it, and in `@mpreg/node` a store on LMDB. What they have in common (tickets, limits, who is told what
 * in which order) is `group-commit.ts`.
 *
 * (S1) A batch is applied whole or not at all, and batches in the order of their tickets.
 * (S2) `persisted` comes after the disk has said that the batch is on it, never before.
 * (S3) Of a refused batch nothing is applied. The store goes on, and batches behind it may be applied: who builds on a batch waits for its end, or puts
 *      both into one.
 * (S4) After a failure of the disk the store is frozen: nothing is acknowledged any more, and every write is refused.
 * (S5) Ends are told in the order of tickets, each once, and never from within a call of the store's owner.
 * (S6) Reads see what is durable and nothing else; all of what was told to be persisted is among it.
 */
import type { MpregError } from "../base/index.js";

/** One change. Ranges go from `from` (included; without it the table's first key) to `to` (not included; without it all the rest). */
export type Operation =
  | {
      readonly kind: "put";
      readonly table: string;
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      /** It takes little, and something can be deleted because of it: a store that keeps room for deletes keeps it for this, too. */
      readonly frees?: true;
    }
  | { readonly kind: "delete"; readonly table: string; readonly key: Uint8Array }
  | {
      readonly kind: "delete-range";
      readonly table: string;
      readonly from?: Uint8Array | undefined;
      readonly to?: Uint8Array | undefined;
    };

/**
 * Changes that are applied together, in their order. One without any is a mark: it ends when all before it have. Its bytes must not be written to until its end
 * is told.
 */
export type Batch = readonly Operation[];

/** Whether a batch leaves no more behind than it takes away: a store on a disk that is full should find room for it. */
export function freesRoom(batch: Batch): boolean {
  let balance = 0;
  for (const operation of batch) balance += operation.kind === "put" && operation.frees !== true ? 1 : -1;
  return batch.length > 0 && balance <= 0;
}

/** Number of a batch: 1 for the first that is handed to a store once it is open, then one more each. */
export type Ticket = number;

/** Why a batch was not applied. Each can be handed in again, but for `too-large`, and for `frozen` and `closed` not to this store. */
export type Refusal =
  /** The disk, or what the store may take of it, has no room for it. Deletes may still find some. */
  | "full"
  /** More bytes wait than `waitingBytesMax`. */
  | "busy"
  /** A key, a value or the batch exceeds its limit. */
  | "too-large"
  /** The disk has failed: {@link StoreEvents.frozen} has said how. */
  | "frozen"
  | "closed";

/** A store that has frozen. */
export interface Freeze {
  /** Code `storage-failed`; says what failed, where, and what helps. */
  readonly error: MpregError;
  /** The batches that were on their way, both included: nobody knows which of them will be found when the store is opened again. */
  readonly unknown: { readonly from: Ticket; readonly to: Ticket } | undefined;
}

/** What a store's owner hears, once per batch and in the order of tickets. (S5) */
export interface StoreEvents {
  /** All batches up to this one, but for those refused, are on the disk. (S2) */
  persisted(upTo: Ticket): void;
  refused(ticket: Ticket, why: Refusal): void;
  /** Comes once. (S4) */
  frozen(freeze: Freeze): void;
}

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface RangeQuery {
  /** Included; without it from the table's first key. */
  readonly from?: Uint8Array | undefined;
  /** Not included; without it to the table's last key. */
  readonly to?: Uint8Array | undefined;
  /** How many entries at most: at least 1. To go on, ask from the last key and a zero byte (or, in reverse, to the last key). */
  readonly limit: number;
  /** From the largest key down. */
  readonly reverse?: boolean | undefined;
}

export interface StoreFigures {
  /** Groups of batches that went to the disk together. */
  readonly commits: number;
  /** Batches that were persisted. */
  readonly batches: number;
  /** Changes in them. */
  readonly operations: number;
  /** Bytes of their keys and values. */
  readonly bytes: number;
  readonly refused: number;
  /** How often the disk was asked to make sure of what it has. */
  readonly syncs: number;
  /** Time that commits took, in ms; 0 where there is no clock. */
  readonly commitMs: number;
  /** Bytes that have been handed in and have no end yet. */
  readonly waitingBytes: number;
}

export interface StoreLimits {
  /** Longest key; at least one byte always. Default 1,024, more than which LMDB would not take. */
  readonly keyBytesMax: number;
  /** Largest value. Default 16 MiB. */
  readonly valueBytesMax: number;
  /** Keys and values of one batch. Default 64 MiB. */
  readonly batchBytesMax: number;
  /** What may wait, that on its way included: beyond it batches are refused as `busy`. The one that exceeds it is still taken. Default 64 MiB. */
  readonly waitingBytesMax: number;
  /** How much goes into one commit, but for a single batch that is larger. Default 8 MiB. */
  readonly groupBytesMax: number;
}

const mebibyte = 1_048_576;

export const defaultStoreLimits: StoreLimits = {
  keyBytesMax: 1_024,
  valueBytesMax: 16 * mebibyte,
  batchBytesMax: 64 * mebibyte,
  waitingBytesMax: 64 * mebibyte,
  groupBytesMax: 8 * mebibyte,
};

export interface Store {
  /** Hands in a batch; its end is told through {@link StoreEvents}. A table that was not named at opening, or an empty key, is a mistake of the program. */
  write(batch: Batch): Ticket;
  /** The value of a key, as bytes of its own. Throws `storage-failed`, and freezes, when what is on the disk does not check. (S6) */
  get(table: string, key: Uint8Array): Uint8Array | undefined;
  /** Entries in the order of their keys (bytes as unsigned numbers, a prefix first), as bytes of their own. Throws as `get` does. (S6) */
  range(table: string, query: RangeQuery): Entry[];
  figures(): StoreFigures;
  /** Finishes what was handed in and gives the disk back, then calls `closed`, with an error where that failed. Writes from now on are refused. */
  close(closed: (error?: MpregError) => void): void;
}
