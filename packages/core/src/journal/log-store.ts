/**
 * Log store: a store on any disk that can append and sync. Each commit is one frame behind the last; all keys are in memory, values are read where they lie.
 *
 * Owns commits and compaction. What is found at opening is `log-recovery.ts`'s.
 *
 * (P1) A commit is appended, then synced, then taken into the index, then told.
 * (P2) What a commit that found no room has left in the file is cut off before anything else is written.
 * (P3) A compaction writes what lives to a new file, syncs it, gives it its name, syncs the directory, and only then removes the old one: at any point one of both is whole.
 * (P4) A sync that failed is never asked for again: the store freezes.
 * (P5) A log that is opened is compacted: after a sync that failed, the system may read out what it has dropped, until it is started anew.
 */
import { MpregError, type Random, assert } from "../base/index.js";
import type { Disk, DiskEnd } from "./disk.js";
import { encodeFrame } from "./frame.js";
import { type CommitEnd, GroupCommit, type GroupCommitOptions } from "./group-commit.js";
import { LogIndex, type Place } from "./log-index.js";
import { type CutOff, type LogState, generationOf, headPayloadBytes, logName, recover } from "./log-recovery.js";
import { OrderedMap } from "./ordered-map.js";
import { readU32, recordHeaderBytes, seal, unseal, writeU32 } from "./record.js";
import { crc32c } from "./crc32c.js";
import type { Batch, Entry, Operation, RangeQuery, Store, StoreFigures, Ticket } from "./store.js";

export interface LogStoreOptions extends GroupCommitOptions {
  readonly disk: Disk;
  readonly random: Random;
  /** The file is compacted when it is larger than this and more than half of it is dead. Default 16 MiB. */
  readonly compactBytesMin?: number | undefined;
}

export type LogOpened =
  | { readonly kind: "open"; readonly store: Store; readonly cutOff: CutOff | undefined }
  /** Code `storage-failed`: what is damaged, where, and what helps. */
  | { readonly kind: "failed"; readonly error: MpregError };

const compactBytesMin = 16 * 1_048_576;
const draftSuffix = ".new";
const snapshotFrameBytes = 1_048_576;
const noPlaces = new OrderedMap<Place>();

/** Opens the log of a disk, which is made where there is none; calls `opened`, never at once. */
export function openLogStore(options: LogStoreOptions, opened: (result: LogOpened) => void): void {
  options.later(() => {
    try {
      makeSure(options, recover(options.disk), opened);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      opened({ kind: "failed", error });
    }
  });
}

/** What was read may be what the system remembers and the disk does not have: it is written once more before it is believed. (P5) */
function makeSure(options: LogStoreOptions, found: LogState | undefined, opened: (result: LogOpened) => void): void {
  const { disk } = options;
  for (const name of disk.list()) {
    if (name.endsWith(draftSuffix)) disk.remove(name); // left by a compaction
  }
  const first: LogState = { generation: 0, sequence: 0, index: new LogIndex(), end: 0, seed: 0, cutOff: undefined };
  const state = found ?? first;
  writeLog(options, state, (written) => {
    if (written.kind === "failed") {
      opened({ kind: "failed", error: diskError("write the log anew", written) });
    } else if (written.kind === "full" && found === undefined) {
      opened({ kind: "failed", error: diskError("make the log", written) });
    } else if (written.kind === "full") cutOffInPlace(options, found as LogState, opened);
    else opened({ kind: "open", store: new LogStore(options, written.state), cutOff: state.cutOff });
  });
}

/** Where there is no room for a new file the old one has to do. */
function cutOffInPlace(options: LogStoreOptions, state: LogState, opened: (result: LogOpened) => void): void {
  const { disk } = options;
  const name = logName(state.generation);
  const ended = (what: string, end: DiskEnd, goOn: () => void): void => {
    if (end.kind === "ok") goOn();
    else opened({ kind: "failed", error: diskError(what, end) });
  };
  ended(`cut off ${name} at byte ${state.end}`, disk.truncate(name, state.end), () => {
    disk.sync(name, (synced) => {
      ended(`sync ${name}`, synced, () => {
        disk.syncDirectory((named) => {
          ended("sync the directory", named, () => {
            opened({ kind: "open", store: new LogStore(options, state), cutOff: state.cutOff });
          });
        });
      });
    });
  });
}

class LogStore implements Store {
  readonly #options: LogStoreOptions;
  readonly #disk: Disk;
  readonly #front: GroupCommit;
  #state: LogState;
  /** The file's size at which a compaction is tried. */
  #compactAt: number;

  constructor(options: LogStoreOptions, state: LogState) {
    this.#options = options;
    this.#disk = options.disk;
    this.#state = state;
    this.#compactAt = this.#nextCompaction();
    this.#front = new GroupCommit(options, (group, done) => {
      this.#compactFirst(done, () => {
        this.#commit(group, done);
      });
    });
  }

  write(batch: Batch): Ticket {
    return this.#front.write(batch);
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    const place = this.#places(table).get(key);
    return place && this.#read(key, place);
  }

  range(table: string, query: RangeQuery): Entry[] {
    const { from, to, limit, reverse } = query;
    const places = this.#places(table);
    assert(limit >= 1, "a range of at least one entry is asked for");
    const entries: Entry[] = [];
    for (const [key, place] of reverse === true ? places.reversed(from, to) : places.entries(from, to)) {
      entries.push({ key: key.slice(), value: this.#read(key, place) });
      if (entries.length >= limit) break;
    }
    return entries;
  }

  figures(): StoreFigures {
    return this.#front.figures();
  }

  close(closed: () => void): void {
    this.#front.close(closed);
  }

  #places(table: string): OrderedMap<Place> {
    this.#front.checkTable(table);
    return this.#state.index.tables.get(table) ?? noPlaces;
  }

  #read(key: Uint8Array, place: Place): Uint8Array {
    const value = readValue(this.#disk, this.#state, key, place);
    if (value instanceof MpregError) throw this.#front.freeze(value);
    return value;
  }

  #commit(group: readonly Batch[], done: (end: CommitEnd) => void): void {
    const { generation, seed, index, end } = this.#state;
    const sequence = this.#state.sequence + 1;
    const name = logName(generation);
    const payload = encodeFrame(sequence, group);
    const appended = this.#disk.append(name, seal("commit", payload, seed));
    if (appended.kind === "full") {
      const cut = this.#disk.truncate(name, end); // (P2)
      done(cut.kind === "ok" ? appended : failed(`cut off ${name}`, cut));
      return;
    }
    if (appended.kind === "failed") {
      done(failed(`write to ${name}`, appended));
      return;
    }
    this.#disk.sync(name, (synced) => {
      if (synced.kind !== "ok") {
        done(failed(`sync ${name}`, synced)); // (P4)
        return;
      }
      index.add(end + recordHeaderBytes, payload); // (P1)
      this.#state = { ...this.#state, sequence, end: end + recordHeaderBytes + payload.length };
      done({ kind: "durable", syncs: 1, ms: 0 });
    });
  }

  /** Compacts if it is time to, then goes on. (P3) */
  #compactFirst(done: (end: CommitEnd) => void, goOn: () => void): void {
    if (this.#state.end < this.#compactAt) {
      goOn();
      return;
    }
    const old = this.#state;
    writeLog(this.#options, old, (end) => {
      if (end.kind === "failed") {
        done(failed(`compact ${logName(old.generation)}`, end));
        return;
      }
      if (end.kind === "ok") this.#state = end.state;
      this.#compactAt = this.#nextCompaction(); // where there was no room it goes on as it is, and is tried again later
      goOn();
    });
  }

  #nextCompaction(): number {
    const { end, index } = this.#state;
    const isDue = index.liveBytes * 2 < end;
    return Math.max(this.#options.compactBytesMin ?? compactBytesMin, isDue ? end + end / 4 : index.liveBytes * 2);
  }
}

type Written = { readonly kind: "ok"; readonly state: LogState } | Exclude<DiskEnd, { kind: "ok" }>;

/** Writes what lives in the log `from` to a file of the next generation, and removes all older ones. (P3) */
function writeLog(options: LogStoreOptions, from: LogState, done: (end: Written) => void): void {
  const { disk } = options;
  const generation = from.generation + 1;
  const name = logName(generation);
  const draft = `${name}${draftSuffix}`;
  const seed = readU32(options.random.bytes(4), 0);
  const index = new LogIndex();
  let end = 0;
  const append = (bytes: Uint8Array): DiskEnd => {
    end += bytes.length;
    return disk.append(draft, bytes);
  };
  const abandon = (why: Exclude<DiskEnd, { kind: "ok" }>): void => {
    if (disk.list().includes(draft)) disk.remove(draft);
    done(why);
  };
  const written = appendSnapshot(disk, from, generation, seed, append, (payload) => {
    index.add(end + recordHeaderBytes, payload);
  });
  if (written.kind !== "ok") {
    abandon(written);
    return;
  }
  disk.sync(draft, (synced) => {
    if (synced.kind !== "ok") {
      abandon({ kind: "failed", why: `sync of ${draft}: ${synced.kind}` }); // (P4)
      return;
    }
    const renamed = disk.rename(draft, name);
    if (renamed.kind !== "ok") {
      abandon(renamed);
      return;
    }
    disk.syncDirectory((named) => {
      if (named.kind !== "ok") {
        done({ kind: "failed", why: `sync of the directory: ${named.kind}` });
        return;
      }
      for (const old of disk.list()) {
        if ((generationOf(old) ?? generation) < generation) disk.remove(old); // where that fails it is done again the next time
      }
      done({ kind: "ok", state: { generation, seed, index, sequence: from.sequence, end, cutOff: undefined } });
    });
  });
}

function appendSnapshot(
  disk: Disk,
  from: LogState,
  generation: number,
  seed: number,
  append: (bytes: Uint8Array) => DiskEnd,
  taken: (payload: Uint8Array) => void,
): DiskEnd {
  const head = new Uint8Array(headPayloadBytes);
  writeU32(head, 0, generation);
  writeU32(head, 4, seed);
  let result = append(seal("log", head));
  for (const payload of snapshotFrames(disk, from)) {
    if (result.kind !== "ok") return result;
    if (payload instanceof MpregError) return { kind: "failed", why: payload.message };
    taken(payload);
    result = append(seal("snapshot", payload, seed));
  }
  return result.kind === "ok" ? append(seal("snapshot-end", encodeFrame(from.sequence, []), seed)) : result;
}

/** What lives, in frames of about a mebibyte. */
function* snapshotFrames(disk: Disk, from: LogState): Generator<Uint8Array | MpregError> {
  let puts: Operation[] = [];
  let bytes = 0;
  for (const [table, places] of from.index.tables) {
    for (const [key, place] of places.entries()) {
      const value = readValue(disk, from, key, place);
      if (value instanceof MpregError) {
        yield value;
        return;
      }
      puts.push({ kind: "put", table, key, value });
      bytes += key.length + value.length;
      if (bytes < snapshotFrameBytes) continue;
      yield encodeFrame(from.sequence, [puts]);
      [puts, bytes] = [[], 0];
    }
  }
  if (puts.length > 0) yield encodeFrame(from.sequence, [puts]);
}

/** A value as it was written, or why it cannot be believed. */
function readValue(
  disk: Disk,
  { generation }: LogState,
  key: Uint8Array,
  { at, length }: Place,
): Uint8Array | MpregError {
  const file = logName(generation);
  const read = disk.read(file, at, length);
  if (read.kind === "failed") return diskError(`read ${file} at byte ${at}`, read);
  const record = unseal(read.bytes, crc32c(key));
  if (record.kind === "ok" && record.type === "value" && record.end === length) return record.payload;
  const why = "its checksum does not match: the disk has not kept what was written. Restore the directory from a copy";
  return new MpregError("storage-failed", `Cannot read the value at byte ${at} of ${file}: ${why}`);
}

function failed(what: string, end: Exclude<DiskEnd, { kind: "ok" }>): CommitEnd {
  return { kind: "failed", error: diskError(what, end) };
}

function diskError(what: string, end: Exclude<DiskEnd, { kind: "ok" }>): MpregError {
  const why = end.kind === "full" ? "there is no room on the disk" : end.why;
  return new MpregError("storage-failed", `Cannot ${what}: ${why}. Look after the disk`, { outcome: "unknown" });
}
