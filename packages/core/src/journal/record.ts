/**
 * Record: bytes on a disk that say how long they are, what they are, and whether they are still what was written.
 *
 * Owns the header. What is in a record is whoever's wrote it: values are a store's, frames of a log `frame.ts`'s.
 *
 * (R1) The header is the same in every version, so that a record of a newer one is told from a damaged one.
 * (R2) The checksum covers the header and, through `seed`, where the record belongs: a whole record in a wrong place does not check.
 * (R3) Bytes of every released version can be read for ever.
 */
import { crc32c } from "./crc32c.js";

/** The version that is written, and the newest that is read. */
export const recordVersion = 1;
/** Bytes of a record beside its payload. */
export const recordHeaderBytes = 12;

/** What a record is; on disk the number. */
export const recordTypes = { value: 1, log: 2, commit: 3, snapshot: 4, "snapshot-end": 5 } as const;
export type RecordType = keyof typeof recordTypes;

const typeNames = new Map<number, RecordType>(
  (Object.keys(recordTypes) as RecordType[]).map((type) => [recordTypes[type], type]),
);

export type Unsealed =
  /** `payload` is a view of the bytes that were given; the record ends before `end`. */
  | { readonly kind: "ok"; readonly type: RecordType; readonly payload: Uint8Array; readonly end: number }
  /** The bytes end before the record does. */
  | { readonly kind: "torn" }
  | { readonly kind: "corrupt"; readonly why: string }
  /** Whole, but written by a newer version of the product. */
  | { readonly kind: "newer-version"; readonly version: number };

/** A record of `payload`. `seed` is what its checksum starts from: that of the key of a value, or the number of a log. */
export function seal(type: RecordType, payload: Uint8Array, seed = 0): Uint8Array {
  const record = new Uint8Array(recordHeaderBytes + payload.length);
  sealInto(record, 0, type, payload, seed);
  return record;
}

/** Writes a record to `target` from `at`; answers where it ends. */
export function sealInto(target: Uint8Array, at: number, type: RecordType, payload: Uint8Array, seed = 0): number {
  target[at] = recordVersion;
  target[at + 1] = recordTypes[type];
  target[at + 2] = 0;
  target[at + 3] = 0;
  writeU32(target, at + 4, payload.length);
  target.set(payload, at + recordHeaderBytes);
  const end = at + recordHeaderBytes + payload.length;
  writeU32(target, at + 8, checksum(target, at, end, seed));
  return end;
}

/** Reads the record that begins at `at`. What comes behind it is not looked at. */
export function unseal(bytes: Uint8Array, seed = 0, at = 0): Unsealed {
  if (bytes.length - at < recordHeaderBytes) return { kind: "torn" };
  const end = at + recordHeaderBytes + readU32(bytes, at + 4);
  if (end > bytes.length) return { kind: "torn" };
  if (readU32(bytes, at + 8) !== checksum(bytes, at, end, seed)) {
    return { kind: "corrupt", why: "its checksum does not match" };
  }
  const version = bytes[at] as number;
  const type = typeNames.get(bytes[at + 1] as number);
  const isKnown = version === recordVersion && type !== undefined && bytes[at + 2] === 0 && bytes[at + 3] === 0;
  if (!isKnown) return { kind: "newer-version", version }; // (R1)
  return { kind: "ok", type, payload: bytes.subarray(at + recordHeaderBytes, end), end };
}

/** Of all of the record but the checksum itself. (R2) */
function checksum(bytes: Uint8Array, at: number, end: number, seed: number): number {
  return crc32c(bytes, at + recordHeaderBytes, end, crc32c(bytes, at, at + 8, seed));
}

export function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
