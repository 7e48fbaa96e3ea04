/**
 * Set aside: messages of one line that are not handed on any more: their queue has refused them for good, or no node has had it for too long.
 *
 * They stay on the disk and take room, until somebody says that they are to be tried again, or thrown away.
 *
 * (A1) What is tried again has a new number, behind all of its line, by the batch that takes its old row away: it is in one of the two, always.
 * (A2) What was set aside while nobody knew whether its queue had taken it is not tried again before the queue has said that it has not. Nothing is handed
 *      on before that is on the disk: a later number that was taken would stand for it.
 * (A3) What is on its way somewhere is not chosen again.
 */
import { type MpregError, assert } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { MessageEnd } from "../outcomes/listener.js";
import type { Writes } from "../store/writes.js";
import { spoolTables } from "./names.js";
import type { SpoolRows } from "./rows.js";
import type { SetAsideEntry, SpoolEntry, SpoolVerdict, Unsure } from "./types.js";

/** What is told of what was set aside. */
export type SpoolTold = Extract<MessageEnd, `spool-${string}`>;

/** A message that goes back into its line. */
export interface Again {
  readonly operations: readonly Operation[];
  admit(nowMs: number): void;
}

export interface SetAsideHost {
  readonly writes: Writes;
  readonly rows: SpoolRows;
  /** Puts the message behind all others of its line, under a new number; it has its room already. (A1) */
  again(queue: string, entry: SpoolEntry, content: Uint8Array): Again;
  /** Room is free again. */
  left(entry: SpoolEntry): void;
  told(queue: string, how: SpoolTold, message: SetAsideEntry): void;
}

export type SettleSpooledEnd = (settled: number, error: MpregError | undefined, nowMs: number) => void;

/** What is settled by one batch. */
const batchMessages = 256;
const batchBytes = 1_048_576;

export class SetAside {
  readonly #queue: string;
  readonly #host: SetAsideHost;
  readonly #entries = new Set<SetAsideEntry>();
  /** (A3) */
  readonly #leaving = new Set<SetAsideEntry>();
  #unsure: Unsure | undefined;

  constructor(queue: string, host: SetAsideHost) {
    this.#queue = queue;
    this.#host = host;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is in the store. */
  recover(entry: SetAsideEntry): void {
    this.#entries.add(entry);
    const { writes, rows } = this.#host;
    const { store } = writes;
    if (store !== undefined && this.#entries.size === 1)
      this.#unsure = rows.readUnsure((table, key) => store.get(table, key), this.#queue);
  }

  /** What the queue has to be asked about, if anything. (A2) */
  get unsure(): Unsure | undefined {
    return this.#unsure;
  }

  entries(): Iterable<SetAsideEntry> {
    return this.#entries;
  }

  add(entry: SetAsideEntry): void {
    this.#entries.add(entry);
  }

  /** What is written with messages of which the queue may have taken those of these numbers. (A2) */
  putUnsure(more: Unsure): Operation {
    return this.#host.rows.putUnsure(this.#queue, this.#with(more));
  }

  /** It is on the disk. */
  becameUnsure(more: Unsure): void {
    this.#unsure = this.#with(more);
  }

  /** The queue has all up to `taken` of what it may have, and nothing behind that. `end`: that is on the disk, or `error` says why not. (A2) */
  resolve(taken: number, end: (error: MpregError | undefined, nowMs: number) => void, nowMs: number): void {
    const there = [...this.#entries].filter((entry) => this.#isUnsure(entry) && entry.number <= taken);
    const { writes, rows } = this.#host;
    const done = (at: number): void => {
      this.#unsure = undefined;
      for (const entry of there) this.#remove(entry, false);
      end(undefined, at);
    };
    if (writes.store === undefined) return done(nowMs);
    if (writes.frozen !== undefined) return end(writes.frozen, nowMs);
    const operations = there.map(({ number }) => rows.deleteRefused(this.#queue, number));
    writes.write([...operations, rows.deleteUnsure(this.#queue)], { done, failed: end });
  }

  /** Those that can be settled: of these ids, or all. (A2, A3) */
  chosen(verdict: SpoolVerdict, ids: ReadonlySet<string> | undefined): SetAsideEntry[] {
    return [...this.#entries].filter(
      (entry) =>
        (ids === undefined || ids.has(entry.id)) &&
        !this.#leaving.has(entry) &&
        (verdict === "discard" || !this.#isUnsure(entry)),
    );
  }

  /** One batch after the other; `end` is told how many were settled, and what has kept the others from it. */
  settle(verdict: SpoolVerdict, entries: readonly SetAsideEntry[], end: SettleSpooledEnd, nowMs: number): void {
    for (const entry of entries) this.#leaving.add(entry);
    this.#next(verdict, entries, 0, end, nowMs);
  }

  #next(
    verdict: SpoolVerdict,
    entries: readonly SetAsideEntry[],
    settled: number,
    end: SettleSpooledEnd,
    nowMs: number,
  ): void {
    const batch = batchOf(entries, settled);
    if (batch.length === 0) return end(settled, undefined, nowMs);
    const { writes, rows } = this.#host;
    const over = (error: MpregError, at: number): void => {
      for (const entry of entries.slice(settled)) this.#leaving.delete(entry);
      end(settled, error, at);
    };
    if (writes.frozen !== undefined) return over(writes.frozen, nowMs);
    const again =
      verdict === "retry" ? batch.map((entry) => this.#host.again(this.#queue, entry, this.#contentOf(entry))) : [];
    const done = (at: number): void => {
      for (const one of again) one.admit(at);
      for (const entry of batch) {
        this.#leaving.delete(entry);
        this.#remove(entry, verdict === "retry");
        this.#host.told(this.#queue, verdict === "retry" ? "spool-retried" : "spool-discarded", entry);
      }
      this.#next(verdict, entries, settled + batch.length, end, at);
    };
    if (writes.store === undefined) return done(nowMs);
    const operations = batch.map(({ number }) => rows.deleteRefused(this.#queue, number));
    for (const one of again) operations.push(...one.operations);
    writes.write(operations, { done, failed: over });
  }

  #contentOf({ number, content }: SetAsideEntry): Uint8Array {
    const { writes, rows } = this.#host;
    const row =
      content === undefined ? writes.store?.get(spoolTables.refused, rows.key(this.#queue, number)) : undefined;
    assert(row !== undefined || content !== undefined, "what was set aside is on the disk");
    return content ?? rows.read(rows.readRefused(row as Uint8Array).row).content;
  }

  #with({ from, to }: Unsure): Unsure {
    return { from: this.#unsure?.from ?? from, to };
  }

  #isUnsure({ number }: SetAsideEntry): boolean {
    return this.#unsure !== undefined && number >= this.#unsure.from && number <= this.#unsure.to;
  }

  #remove(entry: SetAsideEntry, keepsRoom: boolean): void {
    if (!this.#entries.delete(entry)) return; // told to be taken meanwhile
    if (this.#entries.size === 0) this.#unsure = undefined; // what is written of that is about nothing any more
    if (!keepsRoom) this.#host.left(entry);
  }
}

function batchOf(entries: readonly SetAsideEntry[], from: number): readonly SetAsideEntry[] {
  const batch: SetAsideEntry[] = [];
  let bytes = 0;
  for (let at = from; at < entries.length && batch.length < batchMessages; at++) {
    const entry = entries[at] as SetAsideEntry;
    if (batch.length > 0 && bytes + entry.bytes > batchBytes) break;
    bytes += entry.bytes;
    batch.push(entry);
  }
  return batch;
}
