/**
 * Tables: what queues write into the store, key by key and byte by byte.
 *
 * Keys begin with the queue's number (u32), then the message's sequence (u64) and the lane's number (u32), all big-endian, so that
 * what belongs together lies together in the order of sequences.
 *
 * (T1) Rows that belong to no message any more are nothing: who reads them forgets them.
 */
import { type Utf8, isErrorCode } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { Reader, TextCache, Writer } from "../../wire/index.js";
import { spoolTables } from "../spool/names.js";
import type { Entry, Lease } from "../message/message.js";
import type { Failure, MessageResult } from "../types.js";

export const tableNames = {
  queues: "queues",
  messages: "queue-messages",
  leases: "queue-leases",
  acks: "queue-acks",
  dedup: "queue-dedup",
  keys: "queue-keys",
  sequences: "queue-sequences",
  moves: "queue-moves",
  feeds: "queue-feeds",
  taken: "queue-taken",
  schedules: "queue-schedules",
  results: "queue-results",
  undone: "queue-undone",
} as const;

/** The tables that the store has to be opened with. */
export const queueTables: readonly string[] = [...Object.values(tableNames), ...Object.values(spoolTables)];

const prefixBytes = 5;

/** No lane has this number: among the acknowledgements it says that what the message waits for was not done. */
export const failedLane = 0xffff_ffff;
/** The value of such a row where that was moved to another queue. */
export const behindMovedMark = 3;

/** What is written of a lease, or of a delay that follows one. */
export interface LeaseRow {
  readonly leased: boolean;
  /** Where it is not: how it ended. */
  readonly ended: "expired" | "released";
  readonly receives: number;
  readonly number: number;
  readonly run: string;
  readonly firstReceivedMs: number;
  /** When it ends, in wall time, and how long it was to be. */
  readonly untilWallMs: number;
  readonly durationMs: number;
  readonly error: string | undefined;
  readonly failure: Failure | undefined;
}

/** What is remembered of an id or a key: until when, and of which message. */
export interface WindowRow {
  readonly untilWallMs: number;
  readonly sequence: number;
  readonly id: string;
}

/** What has become of a message, and until when that is kept. */
export interface ResultRow {
  readonly untilWallMs: number;
  readonly result: MessageResult;
}

/** Fields of a lease's row that not every one has. */
const leaseTags = { code: 1, outcome: 2 } as const;

export class Tables {
  readonly #utf8: Utf8;
  readonly #writer: Writer;
  readonly #reader: Reader;

  constructor(utf8: Utf8) {
    this.#utf8 = utf8;
    this.#writer = new Writer(utf8);
    this.#reader = new Reader(new TextCache(utf8), { nameBytesMax: 1_024 });
  }

  putMessage(queue: number, sequence: number, content: Uint8Array): Operation {
    return { kind: "put", table: tableNames.messages, key: messageKey(queue, sequence), value: content };
  }

  /** All rows of a message that are not in another's: itself, its leases (the one that it has, if any, or those of `lanes`), its acknowledgements. */
  deleteMessage(
    queue: number,
    sequence: number,
    of: { readonly lanes: boolean; readonly lease: boolean },
  ): Operation[] {
    const key = messageKey(queue, sequence);
    const operations: Operation[] = [{ kind: "delete", table: tableNames.messages, key }];
    if (!of.lanes) {
      if (of.lease) operations.push({ kind: "delete", table: tableNames.leases, key: entryKey(queue, sequence, 0) });
      return operations;
    }
    const to = messageKey(queue, sequence + 1);
    operations.push({ kind: "delete-range", table: tableNames.leases, from: key, to });
    operations.push({ kind: "delete-range", table: tableNames.acks, from: key, to });
    return operations;
  }

  /** One row of a lease or an acknowledgement, by what its key reads as. */
  deleteRow(
    table: "leases" | "acks",
    queue: number,
    { sequence, lane }: { readonly sequence: number; readonly lane: number },
  ): Operation {
    return { kind: "delete", table: tableNames[table], key: entryKey(queue, sequence, lane) };
  }

  /** All messages of a queue before `sequence`. */
  deleteMessages(queue: number, sequence: number): Operation[] {
    const from = messageKey(queue, 0);
    const to = messageKey(queue, sequence);
    const tables = [tableNames.messages, tableNames.leases, tableNames.acks];
    return tables.map((table) => ({ kind: "delete-range", table, from, to }));
  }

  /** All messages before `sequence` were purged, whatever rows there are of them: the largest of these counts. */
  putPurged(queue: number, sequence: number): Operation {
    const value = messageKey(0, sequence).slice(4);
    return { kind: "put", table: tableNames.sequences, key: purgedKey(queue), value, frees: true };
  }

  /** A queue is gone, whatever rows there are of it. */
  deleteRecord(queue: number): Operation {
    return { kind: "delete", table: tableNames.queues, key: queueKey(queue) };
  }

  /** All of a queue. */
  deleteQueue(queue: number): Operation[] {
    const from = queueKey(queue);
    const to = queueKey(queue + 1);
    return Object.values(tableNames).map((table) => ({ kind: "delete-range", table, from, to }));
  }

  putLease(
    queue: number,
    entry: Entry,
    lease: Lease,
    ends: { leased: boolean; wallMs: number; durationMs: number },
  ): Operation {
    const writer = this.#writer.begin(1).u8(ends.leased ? 1 : lease.ended === "expired" ? 2 : 0);
    writer
      .varint(lease.receives)
      .varint(lease.number)
      .text(lease.run)
      .varint(Math.max(0, Math.floor(lease.firstReceivedMs)));
    writer.varint(Math.max(0, Math.floor(ends.wallMs + ends.durationMs))).varint(Math.ceil(ends.durationMs));
    writer.text(lease.error ?? "");
    const { failure } = lease;
    if (failure !== undefined) {
      writer.field(leaseTags.code).text(failure.code).endField();
      writer.field(leaseTags.outcome).text(failure.outcome).endField();
    }
    writer.endFields().end();
    const key = entryKey(queue, entry.message.sequence, entry.lane);
    return { kind: "put", table: tableNames.leases, key, value: writer.takeLast() };
  }

  readLease(value: Uint8Array): LeaseRow {
    const reader = this.#reader.open(value, prefixBytes, value.length);
    const state = reader.u8();
    const receives = reader.varint();
    const number = reader.varint();
    const run = reader.text();
    const firstReceivedMs = reader.varint();
    const untilWallMs = reader.varint();
    const durationMs = reader.varint();
    const error = reader.text();
    let [code, outcome] = ["", ""];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === leaseTags.code) code = reader.text();
      else if (tag === leaseTags.outcome) outcome = reader.text();
      reader.skipField();
    }
    return {
      leased: state === 1,
      ended: state === 2 ? "expired" : "released",
      receives,
      number,
      run,
      firstReceivedMs,
      untilWallMs,
      durationMs,
      error: error === "" ? undefined : error,
      failure: code === "" ? undefined : failureOf(code, outcome),
    };
  }

  /** A lane has done with a message: it was acknowledged, or given up. */
  putAck(queue: number, entry: Entry, acknowledged: boolean): Operation {
    const key = entryKey(queue, entry.message.sequence, entry.lane);
    return { kind: "put", table: tableNames.acks, key, value: Uint8Array.of(acknowledged ? 1 : 0), frees: true };
  }

  /** What a message waits for was not done: it never can be; or was moved, and it goes behind that. */
  putFailed(queue: number, sequence: number, why: "failed" | "moved" = "failed"): Operation {
    const key = entryKey(queue, sequence, failedLane);
    const value = Uint8Array.of(why === "failed" ? 2 : behindMovedMark);
    return { kind: "put", table: tableNames.acks, key, value, frees: true };
  }

  /** A message of that id has left, and was not done. */
  putUndone(queue: number, id: string, sequence: number): Operation {
    const value = messageKey(0, sequence).slice(4);
    return { kind: "put", table: tableNames.undone, key: this.#textKey(queue, id), value, frees: true };
  }

  deleteUndone(queue: number, id: string): Operation {
    return { kind: "delete", table: tableNames.undone, key: this.#textKey(queue, id) };
  }

  readUndone(key: Uint8Array, value: Uint8Array): { readonly id: string; readonly sequence: number } {
    return { id: this.#utf8.decode(key, 4, key.length), sequence: this.readSequences(value) };
  }

  putWindow(table: "dedup" | "keys", queue: number, id: string, row: WindowRow): Operation {
    const writer = this.#writer
      .begin(1)
      .varint(Math.max(0, Math.floor(row.untilWallMs)))
      .varint(row.sequence)
      .text(row.id);
    writer.endFields().end();
    return { kind: "put", table: tableNames[table], key: this.#textKey(queue, id), value: writer.takeLast() };
  }

  deleteWindow(table: "dedup" | "keys", queue: number, id: string): Operation {
    return { kind: "delete", table: tableNames[table], key: this.#textKey(queue, id) };
  }

  readWindow(key: Uint8Array, value: Uint8Array): WindowRow & { readonly key: string } {
    const reader = this.#reader.open(value, prefixBytes, value.length);
    const untilWallMs = reader.varint();
    const sequence = reader.varint();
    return { key: this.#utf8.decode(key, 4, key.length), untilWallMs, sequence, id: reader.text() };
  }

  /** One: what has become of a message of that id. */
  putResult(queue: number, id: string, { untilWallMs, result }: ResultRow): Operation {
    const writer = this.#writer.begin(1).varint(Math.max(0, Math.floor(untilWallMs)));
    if (result.kind === "failed") writer.u8(0).text(result.code).text(result.outcome).text(result.error).endFields();
    else
      writer
        .u8(result.value === undefined ? 1 : 2)
        .endFields()
        .raw(result.value ?? noBytes);
    writer.end();
    return { kind: "put", table: tableNames.results, key: this.#textKey(queue, id), value: writer.takeLast() };
  }

  deleteResult(queue: number, id: string): Operation {
    return { kind: "delete", table: tableNames.results, key: this.#textKey(queue, id) };
  }

  readResult(key: Uint8Array, value: Uint8Array): ResultRow & { readonly id: string } {
    const reader = this.#reader.open(value, prefixBytes, value.length);
    const untilWallMs = reader.varint();
    const kind = reader.u8();
    const [code, outcome, error] = kind === 0 ? [reader.text(), reader.text(), reader.text()] : ["", "", ""];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) reader.skipField();
    const result: MessageResult =
      kind === 0
        ? { kind: "failed", ...failureOf(code, outcome), error }
        : { kind: "done", value: kind === 1 ? undefined : reader.rest().slice() };
    return { id: this.#utf8.decode(key, 4, key.length), untilWallMs, result };
  }

  putQueue(queue: number, record: unknown): Operation {
    return {
      kind: "put",
      table: tableNames.queues,
      key: queueKey(queue),
      value: this.#utf8.encode(JSON.stringify(record)),
    };
  }

  readQueue(value: Uint8Array): unknown {
    return JSON.parse(this.#utf8.decode(value, 0, value.length));
  }

  /** No sequence from `sequences` on was ever given to a message. */
  putSequences(queue: number, sequences: number): Operation {
    const value = messageKey(0, sequences).slice(4);
    return { kind: "put", table: tableNames.sequences, key: queueKey(queue), value };
  }

  readSequences(value: Uint8Array): number {
    return getU32(value, 0) * 2 ** 32 + getU32(value, 4);
  }

  /** A task that moves dead letters; `readQueue` reads it. */
  putMove(queue: number, number: number, record: unknown): Operation {
    const value = this.#utf8.encode(JSON.stringify(record));
    return { kind: "put", table: tableNames.moves, key: messageKey(queue, number), value };
  }

  deleteMove(queue: number, number: number): Operation {
    return { kind: "delete", table: tableNames.moves, key: messageKey(queue, number) };
  }

  /** A schedule, and the message that it sends, sealed. */
  putSchedule(queue: number, name: string, record: unknown, message: Uint8Array): Operation {
    const json = this.#utf8.encode(JSON.stringify(record));
    const value = new Uint8Array(4 + json.length + message.length);
    putU32(value, 0, json.length);
    value.set(json, 4);
    value.set(message, 4 + json.length);
    return { kind: "put", table: tableNames.schedules, key: this.#textKey(queue, name), value };
  }

  readSchedule(value: Uint8Array): { readonly record: unknown; readonly message: Uint8Array } {
    const end = 4 + getU32(value, 0);
    return { record: JSON.parse(this.#utf8.decode(value, 4, end)), message: value.slice(end) };
  }

  deleteSchedule(queue: number, name: string): Operation {
    return { kind: "delete", table: tableNames.schedules, key: this.#textKey(queue, name) };
  }

  /** Messages of topics that came in together; `readQueue` reads it. */
  putFeed(queue: number, number: number, record: unknown): Operation {
    const value = this.#utf8.encode(JSON.stringify(record));
    return { kind: "put", table: tableNames.feeds, key: messageKey(queue, number), value };
  }

  /** All before `number`. */
  deleteFeeds(queue: number, number: number): Operation {
    return { kind: "delete-range", table: tableNames.feeds, from: messageKey(queue, 0), to: messageKey(queue, number) };
  }

  /** The last message that was taken of an origin. */
  putTaken(queue: number, origin: string, last: number): Operation {
    const value = messageKey(0, last).slice(4);
    return { kind: "put", table: tableNames.taken, key: this.#textKey(queue, origin), value };
  }

  deleteTaken(queue: number, origin: string): Operation {
    return { kind: "delete", table: tableNames.taken, key: this.#textKey(queue, origin) };
  }

  readTaken(key: Uint8Array, value: Uint8Array): { readonly origin: string; readonly last: number } {
    return { origin: this.#utf8.decode(key, 4, key.length), last: this.readSequences(value) };
  }

  #textKey(queue: number, text: string): Uint8Array {
    return new Uint8Array([...queueKey(queue), ...this.#utf8.encode(text)]);
  }
}

const noBytes = new Uint8Array(0);

/** What a later version has written, and this one does not know, is no worse than unknown. */
function failureOf(code: string, outcome: string): Failure {
  const isKnown = outcome === "applied" || outcome === "not-applied";
  return { code: isErrorCode(code) ? code : "unsupported", outcome: isKnown ? outcome : "unknown" };
}

export function queueKey(queue: number): Uint8Array {
  const key = new Uint8Array(4);
  putU32(key, 0, queue);
  return key;
}

/** Beside what is promised of its sequences. */
export function purgedKey(queue: number): Uint8Array {
  return new Uint8Array([...queueKey(queue), 1]);
}

export function messageKey(queue: number, sequence: number): Uint8Array {
  const key = new Uint8Array(12);
  putU32(key, 0, queue);
  putU32(key, 4, Math.floor(sequence / 2 ** 32));
  putU32(key, 8, sequence);
  return key;
}

function entryKey(queue: number, sequence: number, lane: number): Uint8Array {
  const key = new Uint8Array(16);
  key.set(messageKey(queue, sequence));
  putU32(key, 12, lane);
  return key;
}

/** Sequence and lane of a key; of a message's the lane is 0. */
export function readKey(key: Uint8Array): { readonly sequence: number; readonly lane: number } {
  return { sequence: getU32(key, 4) * 2 ** 32 + getU32(key, 8), lane: key.length < 16 ? 0 : getU32(key, 12) };
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function getU32(bytes: Uint8Array, at: number): number {
  const byte = (offset: number): number => bytes[at + offset] as number;
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
}
