/**
 * Settle line: acknowledgements and their kin on their way to a queue.
 *
 * (L1) What is settled in one turn, in the same way, travels together.
 * (L2) Each receipt has an end of its own.
 * (L3) Results travel in batches of at most `batchBytes`, one that the queue would not keep not at all: so none is in the way of acknowledgements.
 */
import { MpregError, isA } from "../../base/index.js";
import { type MessageResult, type QueueOperation, defaultQueuesLimits, tooLargeResult } from "../../queues/index.js";
import type { Codec } from "../../values/index.js";
import type { WaitOptions } from "../api.js";
import { cancelled } from "../options.js";
import { within } from "../within.js";
import type { SettledOrRefused } from "./api.js";
import { type PlainEnd, type QueueAsking, errorOf } from "./asking.js";
import { heardOrLate } from "./holders.js";

/** An operation without its receipts. */
export type Settling =
  | { readonly op: "ack" }
  | Omit<Extract<QueueOperation, { readonly op: "release" }>, "receipts">
  | Omit<Extract<QueueOperation, { readonly op: "extend" }>, "receipts">;

/** A queue takes no more at a time. */
const batchReceipts = 1_000;
/** Of results. (L3) */
const batchBytes = 1_048_576;
const { resultBytesMax } = defaultQueuesLimits;

/** Who hears what has become of a receipt. */
export interface SettleEnds {
  readonly told: (end: SettledOrRefused) => void;
  readonly failed: (error: unknown) => void;
}

interface Waiting {
  readonly receipt: string;
  readonly result: MessageResult | undefined;
  readonly ends: SettleEnds;
}

export class SettleLine {
  readonly #asking: QueueAsking;
  /** What waits for the end of the turn, by how it is settled. */
  #waiting = new Map<string, { readonly settling: Settling; readonly entries: Waiting[] }>();

  constructor(asking: QueueAsking) {
    this.#asking = asking;
  }

  /** Settles one receipt; rejects with why it was not. */
  one(settling: Settling, receipt: string, options: WaitOptions, result?: unknown): Promise<void> {
    return this.#patiently(this.#settle(settling, receipt, result), options).then((error) => {
      if (error !== undefined) throw error;
    });
  }

  /** Settles several; answers per receipt, in order. (L2) */
  all(settling: Settling, receipts: readonly string[], options: WaitOptions): Promise<readonly SettledOrRefused[]> {
    return this.#patiently(Promise.all(receipts.map((receipt) => this.#settle(settling, receipt))), options);
  }

  /** Releases what nobody here will work on; is fulfilled once that was heard. Where it is not, the leases end by themselves. */
  giveBack(settling: Settling, receipts: readonly string[]): Promise<void> {
    if (receipts.length === 0) return Promise.resolve();
    return heardOrLate(this.#asking.host.clock, this.all(settling, receipts, {}));
  }

  #patiently<T>(told: Promise<T>, { signal, timeoutMs = 0 }: WaitOptions): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal, "unknown"));
    const late = `The time allowed (${timeoutMs} ms) ran out before queue "${this.#asking.name}" answered`;
    return within(this.#asking.host.clock, told, { timeoutMs, signal, late });
  }

  #settle(settling: Settling, receipt: string, result?: unknown): Promise<SettledOrRefused> {
    return new Promise((told, failed) => {
      this.settle(settling, receipt, result, { told, failed });
    });
  }

  /** The same, for whoever needs no promise: `ends` hears it, later. `value`: the result, for who waits for it. */
  settle(settling: Settling, receipt: string, value: unknown, ends: SettleEnds): void {
    const result = value === undefined ? undefined : resultOf(value, this.#asking.host.codec);
    this.settleWith(settling, receipt, result, ends);
  }

  settleWith(settling: Settling, receipt: string, result: MessageResult | undefined, ends: SettleEnds): void {
    if (this.#waiting.size === 0) {
      this.#asking.host.clock.endOfTurn(() => {
        this.#leave();
      });
    }
    const key = settling.op === "ack" ? "ack" : JSON.stringify(settling); // (L1)
    const group = this.#waiting.get(key);
    if (group === undefined) this.#waiting.set(key, { settling, entries: [{ receipt, result, ends }] });
    else group.entries.push({ receipt, result, ends });
  }

  #leave(): void {
    const all = this.#waiting;
    this.#waiting = new Map();
    for (const { settling, entries } of all.values()) {
      for (const batch of batchesOf(entries)) this.#ask(settling, batch);
    }
  }

  #ask(settling: Settling, entries: readonly Waiting[]): void {
    const receipts = entries.map(({ receipt }) => receipt);
    const results = entries.some(({ result }) => result !== undefined)
      ? entries.map(({ result }) => result)
      : undefined;
    const wish = results === undefined ? { ...settling, receipts } : { ...settling, receipts, results };
    // all three answer alike
    this.#asking.ask<"ack">(wish as { readonly op: "ack"; readonly receipts: string[] }, {}).then(
      (ends) => {
        for (const [index, entry] of entries.entries()) {
          const end = ends[index] as unknown as PlainEnd<object>;
          entry.ends.told(end.kind === "refused" ? errorOf(end.error) : undefined);
        }
      },
      (error: unknown) => {
        for (const entry of entries) entry.ends.failed(error);
      },
    );
  }
}

/** In their order. (L3) */
function batchesOf(entries: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const batches: Waiting[][] = [];
  let batch: Waiting[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const length = bytesOf(entry.result);
    if (batch.length === 0 || batch.length === batchReceipts || bytes + length > batchBytes) {
      batches.push((batch = []));
      bytes = 0;
    }
    batch.push(entry);
    bytes += length;
  }
  return batches;
}

function bytesOf(result: MessageResult | undefined): number {
  return result?.kind === "done" ? (result.value?.length ?? 0) : 0;
}

function resultOf(value: unknown, codec: Codec): MessageResult {
  try {
    const bytes = codec.encode(value, "the result");
    if (bytes.length > resultBytesMax) return tooLargeResult(bytes.length, resultBytesMax); // (L3)
    return { kind: "done", value: bytes.slice() }; // the codec's memory is not for keeping
  } catch (error) {
    return untold(error);
  }
}

/** What was done cannot be undone because nobody can be told of it: that is told instead. Throws what is no error of the result. */
export function untold(error: unknown): MessageResult {
  if (!isA(error, MpregError)) throw error;
  return { kind: "failed", code: error.code, outcome: "applied", error: error.message };
}
