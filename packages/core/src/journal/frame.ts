/**
 * Frame: the changes of one commit in a log, or a part of a snapshot, as the payload of a record.
 *
 * Number of the commit (u64), count of tables (u16), each a length (u8) and its name; then changes until the end: what it is (u8: 1 put, 2 delete,
 * 3 delete-range), which of the tables (u16), and
 * - put: the key (u16 length, bytes), the value (u32 length, a sealed record of type `value` whose checksum begins with the key's);
 * - delete: the key;
 * - delete-range: which bounds there are (u8: 1 from, 2 to), and those (u16 length, bytes).
 *
 * All numbers are little endian. (R3) of `record.ts` holds for what is in it, too.
 */
import { crc32c } from "./crc32c.js";
import { readU32, recordHeaderBytes, sealInto, writeU32 } from "./record.js";
import type { Batch, Operation } from "./store.js";

const numbers = { put: 1, delete: 2, "delete-range": 3 } as const;
const wordValues = 2 ** 32;

/** What a frame says of a key: where its sealed value is in the frame's payload, or that it is gone. */
export interface FrameReader {
  put(table: string, key: Uint8Array, valueAt: number, valueLength: number): void;
  delete(table: string, key: Uint8Array): void;
  deleteRange(table: string, from: Uint8Array | undefined, to: Uint8Array | undefined): void;
}

export function encodeFrame(sequence: number, group: readonly Batch[]): Uint8Array {
  const tables = [...new Set(group.flatMap((batch) => batch.map((operation) => operation.table)))];
  const names = tables.map((table) => Uint8Array.from(table, (letter) => letter.charCodeAt(0)));
  let size = 10;
  for (const name of names) size += 1 + name.length;
  for (const batch of group) for (const operation of batch) size += sizeOf(operation);
  const bytes = new Uint8Array(size);
  writeU32(bytes, 0, sequence % wordValues);
  writeU32(bytes, 4, Math.floor(sequence / wordValues));
  writeU16(bytes, 8, tables.length);
  let at = 10;
  for (const name of names) {
    bytes[at++] = name.length;
    bytes.set(name, at);
    at += name.length;
  }
  const indexes = new Map(tables.map((table, index) => [table, index]));
  for (const batch of group) {
    for (const operation of batch) at = encode(bytes, at, operation, indexes.get(operation.table) as number);
  }
  return bytes;
}

function sizeOf(operation: Operation): number {
  switch (operation.kind) {
    case "put":
      return 3 + 2 + operation.key.length + 4 + recordHeaderBytes + operation.value.length;
    case "delete":
      return 3 + 2 + operation.key.length;
    case "delete-range":
      return 4 + keySize(operation.from) + keySize(operation.to);
  }
}

function keySize(key: Uint8Array | undefined): number {
  return key === undefined ? 0 : 2 + key.length;
}

function encode(bytes: Uint8Array, start: number, operation: Operation, table: number): number {
  let at = start;
  bytes[at] = numbers[operation.kind];
  writeU16(bytes, at + 1, table);
  at += 3;
  if (operation.kind === "delete-range") {
    const { from, to } = operation;
    bytes[at++] = (from === undefined ? 0 : 1) | (to === undefined ? 0 : 2);
    if (from !== undefined) at = encodeKey(bytes, at, from);
    return to === undefined ? at : encodeKey(bytes, at, to);
  }
  at = encodeKey(bytes, at, operation.key);
  if (operation.kind === "delete") return at;
  writeU32(bytes, at, recordHeaderBytes + operation.value.length);
  return sealInto(bytes, at + 4, "value", operation.value, crc32c(operation.key));
}

function encodeKey(bytes: Uint8Array, at: number, key: Uint8Array): number {
  writeU16(bytes, at, key.length);
  bytes.set(key, at + 2);
  return at + 2 + key.length;
}

export function sequenceOf(payload: Uint8Array): number {
  return readU32(payload, 0) + readU32(payload, 4) * wordValues;
}

/** Tells `reader` what a frame whose record has checked says, in its order. Keys are copies. */
export function readFrame(payload: Uint8Array, reader: FrameReader): void {
  const tables: string[] = [];
  let at = 10;
  for (let count = readU16(payload, 8); count > 0; count--) {
    const length = payload[at] as number;
    tables.push(String.fromCharCode(...payload.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const key = (): Uint8Array => {
    const length = readU16(payload, at);
    at += 2 + length;
    return payload.slice(at - length, at);
  };
  while (at < payload.length) {
    const kind = payload[at];
    const table = tables[readU16(payload, at + 1)] as string;
    at += 3;
    if (kind === numbers["delete-range"]) {
      const has = payload[at++] as number;
      const from = (has & 1) === 1 ? key() : undefined;
      reader.deleteRange(table, from, (has & 2) === 2 ? key() : undefined);
      continue;
    }
    const changed = key();
    if (kind === numbers.delete) {
      reader.delete(table, changed);
      continue;
    }
    const length = readU32(payload, at);
    reader.put(table, changed, at + 4, length);
    at += 4 + length;
  }
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
