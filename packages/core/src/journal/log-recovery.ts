/**
 * Log recovery: what is in a log's directory after whatever has happened, or why it cannot be believed.
 *
 * A file `log-N` is a head (a record `log`: the number N as u32, and four bytes drawn for this file, the checksums' seed of all behind it), a snapshot (records `snapshot`, one
 * `snapshot-end` with the number of the last commit that is in it), and a record `commit` for each commit since. A file with another name is one that was not finished.
 *
 * (V1) Commits are synced one by one, so that a crash can have damaged only the last: a frame that is broken with a whole one behind it had been synced, and is
 *      corrupt. One with nothing whole behind it is torn: it is cut off, and said.
 * (V2) A snapshot is synced before its file gets its name: one that is broken or has no end is corrupt.
 * (V3) Frames are told from values that look like frames by the seed, which is not known to who writes values.
 * (V4) Of several files the newest counts: it has got its name when all that the others have was in it.
 */
import { MpregError } from "../base/index.js";
import type { Disk } from "./disk.js";
import { sequenceOf } from "./frame.js";
import { LogIndex } from "./log-index.js";
import { type Unsealed, readU32, recordHeaderBytes, recordTypes, recordVersion, unseal } from "./record.js";

/** What was cut off when a log was opened: a commit that was on its way when its process ended. Nobody was told that it was persisted. */
export interface CutOff {
  readonly file: string;
  readonly at: number;
  readonly bytes: number;
}

/** A log's file that is whole. */
export interface LogState {
  readonly generation: number;
  readonly seed: number;
  readonly index: LogIndex;
  /** Number of the last commit. */
  readonly sequence: number;
  /** Where the next frame begins. */
  readonly end: number;
  readonly cutOff: CutOff | undefined;
}

export const headPayloadBytes = 8;
const headBytes = recordHeaderBytes + headPayloadBytes;

export function logName(generation: number): string {
  return `log-${generation}`;
}

/** The generation of a file that is a log's; undefined of any other, those under way among them. */
export function generationOf(name: string): number | undefined {
  const digits = /^log-([1-9]\d{0,8})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The newest log of the directory; undefined when there is none. Throws `storage-failed`. (V4) */
export function recover(disk: Disk): LogState | undefined {
  const generations = disk.list().flatMap((name) => generationOf(name) ?? []);
  if (generations.length === 0) return undefined;
  return readLog(disk, Math.max(...generations));
}

function readLog(disk: Disk, generation: number): LogState {
  const file = logName(generation);
  const size = disk.size(file);
  const head = readRecord(disk, file, 0, 0);
  if (head.kind !== "ok" || head.type !== "log") throw corrupt(file, 0, "its head", head);
  const seed = readU32(head.payload, 4);
  const index = new LogIndex();
  let [at, sequence, isSnapshot] = [headBytes, 0, true];
  while (isSnapshot || at < size) {
    const record = readRecord(disk, file, at, seed);
    const isMeant = record.kind === "ok" && isExpected(record.type, isSnapshot, sequenceOf(record.payload), sequence);
    if (!isMeant) {
      if (isSnapshot) throw corrupt(file, at, "its snapshot", record); // (V2)
      if (record.kind === "newer-version" || hasWholeFrame(disk, file, at + 1, seed, sequence)) {
        throw corrupt(file, at, `its commit ${sequence + 1}`, record); // (V1)
      }
      return { generation, seed, index, sequence, end: at, cutOff: { file, at, bytes: size - at } };
    }
    if (record.type === "snapshot-end") {
      isSnapshot = false;
      sequence = sequenceOf(record.payload);
    } else {
      index.add(at + recordHeaderBytes, record.payload);
      if (record.type === "commit") sequence += 1;
    }
    at += record.end;
  }
  return { generation, seed, index, sequence, end: at, cutOff: undefined };
}

function isExpected(type: string, isSnapshot: boolean, found: number, before: number): boolean {
  if (isSnapshot) return type === "snapshot" || type === "snapshot-end";
  return type === "commit" && found === before + 1;
}

/** The record at `at` of a file; `end` is its length. */
function readRecord(disk: Disk, file: string, at: number, seed: number): Unsealed {
  const header = readBytes(disk, file, at, recordHeaderBytes);
  if (header.length < recordHeaderBytes) return { kind: "torn" };
  const length = recordHeaderBytes + readU32(header, 4);
  if (at + length > disk.size(file)) return { kind: "torn" };
  return unseal(readBytes(disk, file, at, length), seed);
}

function readBytes(disk: Disk, file: string, at: number, length: number): Uint8Array {
  const read = disk.read(file, at, length);
  if (read.kind === "ok") return read.bytes;
  throw new MpregError("storage-failed", `Cannot read ${file} at ${at}: ${read.why}. Look after the disk`);
}

/** Whether a commit later than `sequence` begins at `from` or behind. (V1, V3) */
function hasWholeFrame(disk: Disk, file: string, from: number, seed: number, sequence: number): boolean {
  const rest = readBytes(disk, file, from, disk.size(file) - from);
  for (let at = 0; at + recordHeaderBytes <= rest.length; at++) {
    if (rest[at] !== recordVersion || rest[at + 1] !== recordTypes.commit) continue;
    const record = unseal(rest, seed, at);
    if (record.kind === "ok" && sequenceOf(record.payload) > sequence) return true;
  }
  return false;
}

function corrupt(file: string, at: number, what: string, found: Unsealed): MpregError {
  const why =
    found.kind === "newer-version"
      ? `is of version ${found.version}, which a newer version of mpreg has written: use that one`
      : `is damaged (${found.kind === "corrupt" ? found.why : "not what has to be there"}), and what is behind it cannot be told: restore the directory from a copy`;
  return new MpregError("storage-failed", `Cannot open the log: ${file} at byte ${at}: ${what} ${why}`);
}
