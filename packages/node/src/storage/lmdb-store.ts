/**
 * LMDB store: the store of a node, in a directory of its own, on LMDB (docs/decisions/0015).
 *
 * Owns the database and how groups are written to it. Tickets, limits and the freeze are `GroupCommit`'s, the form of values `record.ts`'s,
 * what LMDB's failures mean `lmdb-failure.ts`'s.
 *
 * (L1) A group is one transaction of LMDB, and the next begins when it has ended: LMDB's promise is kept once the data are synced and the page that
 *      makes them valid is written through (no `overlappingSync`, no `noMetaSync`).
 * (L2) Every value is sealed with its key: what has rotted, or lies under another key, is not believed, and the store freezes.
 * (L3) Every promise of LMDB is listened to, those of a failed commit among them.
 * (L4) One process at a time; the lock of one that was killed is free at once.
 * (L5) No group is begun for which the disk may have no room, and the last of it is for what frees some (`room.ts`).
 * (L6) What is left of a store is neither opened nor taken for a new one (`lmdb-state.ts`, `lmdb-file.ts`).
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MpregError, assert } from "@mpreg/core/base";
import {
  type Batch,
  type CommitEnd,
  type Entry,
  GroupCommit,
  type Operation,
  type RangeQuery,
  type Store,
  type StoreEvents,
  type StoreFigures,
  type StoreLimits,
  type Ticket,
  compareKeys,
  crc32c,
  recordHeaderBytes,
  sealInto,
  unseal,
} from "@mpreg/core/journal";
import { type Database, type RangeOptions, type RootDatabase, open } from "lmdb";
import { type Lock, takeLock } from "../identity/lock.js";
import { commitEndOf, storageFailed } from "./lmdb-failure.js";
import { type FileRoom, type TreePages, fileRoomOf, hasRoom, roomIn } from "./room.js";
import { checkStore } from "./lmdb-state.js";

export interface LmdbStoreOptions {
  /** The node's data directory; the store is in its folder `store`. */
  readonly dataDir: string;
  /** All tables, those of earlier runs that are not named are left alone. At most 64. */
  readonly tables: readonly string[];
  readonly events: StoreEvents;
  readonly limits?: Partial<StoreLimits> | undefined;
}

type Root = RootDatabase<Uint8Array, Buffer>;
type Table = Database<Uint8Array, Buffer>;

const tablesMax = 64;
const binary = { encoding: "binary", keyEncoding: "binary" } as const;

/**
 * Opens the store, and makes it where there is none. Rejects with `invalid-argument` while another process has it, and with `storage-failed` when it cannot be
 * read.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  assert(options.tables.length <= tablesMax, `a store has at most ${tablesMax} tables`);
  const folder = join(options.dataDir, "store");
  const lock = await takeFolder(folder); // (L4)
  let root: Root | undefined;
  try {
    const opened = await checkStore(folder); // (L6)
    root = openRoot(folder);
    const tables = new Map<string, Table>();
    for (const name of options.tables) tables.set(name, root.openDB<Uint8Array, Buffer>(name, binary));
    await opened();
    return new LmdbStore(options, folder, lock, root, tables);
  } catch (cause) {
    await root?.close();
    await lock.release();
    throw storageFailed(`Cannot open the store in ${folder}`, cause);
  }
}

function openRoot(folder: string): Root {
  return open<Uint8Array, Buffer>({
    path: folder,
    noSubdir: false,
    overlappingSync: false, // (L1)
    eventTurnBatching: false, // (L3) it makes a promise that nobody gets to see
    maxDbs: tablesMax,
    ...binary,
  });
}

async function takeFolder(folder: string): Promise<Lock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await takeLock(folder);
  } catch (cause) {
    if (cause instanceof MpregError) throw cause;
    throw storageFailed(`Cannot use the folder ${folder}`, cause);
  }
}

/** What LMDB tells of all its trees: of the one that names the tables, and of the one of free pages. */
interface AllPages {
  readonly lastPageNumber: number;
  readonly root: TreePages;
  readonly free: TreePages;
}

class LmdbStore implements Store {
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #root: Root;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #front: GroupCommit;
  #committing: Promise<void> = Promise.resolve();
  /** What LMDB has promised of the last operation. */
  #ordered: Promise<unknown> | undefined;

  constructor(options: LmdbStoreOptions, folder: string, lock: Lock, root: Root, tables: ReadonlyMap<string, Table>) {
    this.#folder = folder;
    this.#lock = lock;
    this.#root = root;
    this.#tables = tables;
    const { limits, events } = options;
    this.#front = new GroupCommit({ tables: options.tables, events, limits, later: setImmediate }, (group, done) => {
      this.#committing = this.#commit(group).then(done);
    });
  }

  write(batch: Batch): Ticket {
    return this.#front.write(batch);
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    const sealed = this.#table(table).getBinary(bufferOf(key));
    return sealed && this.#unseal(table, key, sealed);
  }

  range(table: string, query: RangeQuery): Entry[] {
    const { from, to, limit, reverse } = query;
    assert(limit >= 1, "a range of at least one entry is asked for");
    const [first, last] = [from && bufferOf(from), to && bufferOf(to)];
    const range: RangeOptions =
      reverse === true
        ? { ...bounds(last, first), exclusiveStart: true, inclusiveEnd: true, reverse, limit }
        : { ...bounds(first, last), limit };
    const entries: Entry[] = [];
    if (from !== undefined && to !== undefined && compareKeys(from, to) >= 0) return entries;
    for (const { key, value } of this.#table(table).getRange(range)) {
      entries.push({ key: plain(key), value: this.#unseal(table, key, value) });
    }
    return entries;
  }

  figures(): StoreFigures {
    return this.#front.figures();
  }

  close(closed: (error?: MpregError) => void): void {
    this.#front.close(() => {
      this.#release().then(
        () => {
          closed();
        },
        (cause: unknown) => {
          closed(storageFailed(`Cannot close the store in ${this.#folder}`, cause));
        },
      );
    });
  }

  async #release(): Promise<void> {
    try {
      await this.#committing; // of a store that has frozen
      await this.#root.close();
    } finally {
      await this.#lock.release();
    }
  }

  #table(table: string): Table {
    this.#front.checkTable(table);
    return this.#tables.get(table) as Table;
  }

  /** (L2) */
  #unseal(table: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
    const record = unseal(sealed, crc32c(key));
    if (record.kind === "ok" && record.type === "value" && record.end === sealed.length) {
      return plain(record.payload);
    }
    const why =
      record.kind === "newer-version"
        ? `it is of version ${record.version}, which a newer version of mpreg has written: use that one`
        : "its checksum does not match: the disk has not kept what was written. Restore the folder from a copy, or remove it";
    const what = `Cannot read a value of the table "${table}" in ${this.#folder}: ${why}`;
    throw this.#front.freeze(new MpregError("storage-failed", what));
  }

  /** (L1) */
  async #commit(group: readonly Batch[]): Promise<CommitEnd> {
    if (!hasRoom(roomIn(this.#folder), group, () => this.#fileRoom())) return { kind: "full" }; // (L5)
    const startMs = performance.now();
    try {
      await this.#root.batch(() => {
        this.#apply(group);
      });
      this.#root.resetReadTxn(); // what is told next can be read
      return { kind: "durable", syncs: 2, ms: performance.now() - startMs };
    } catch (error) {
      return commitEndOf(error, this.#folder); // (L3)
    }
  }

  #fileRoom(): FileRoom {
    const all = this.#root.getStats() as AllPages;
    const trees = [...this.#tables.values()].map((table) => table.getStats() as TreePages);
    return fileRoomOf(all.lastPageNumber, [all.root, all.free, ...trees]);
  }

  #apply(group: readonly Batch[]): void {
    const slab = new Slab(group);
    const puts = new PutsBefore(group);
    for (const batch of group) {
      for (const operation of batch) {
        this.#change(operation, slab, puts);
        puts.follow(operation);
      }
    }
  }

  /** What is ordered here is done by LMDB's thread, in this order. */
  #change(operation: Operation, slab: Slab, puts: PutsBefore): void {
    const table = this.#table(operation.table);
    switch (operation.kind) {
      case "put":
        this.#order(table.put(keyOf(operation), slab.sealed(operation)));
        break;
      case "delete":
        this.#order(table.remove(keyOf(operation)));
        break;
      case "delete-range": {
        const { from, to } = operation;
        if (from === undefined && to === undefined) {
          this.#order(table.clearAsync());
          break;
        }
        if (from !== undefined && to !== undefined && compareKeys(from, to) >= 0) break;
        const range = bounds(from && bufferOf(from), to && bufferOf(to));
        for (const key of table.getKeys(range)) this.#order(table.remove(key)); // as it was before the group
        for (const key of puts.in(operation)) this.#order(table.remove(bufferOf(key)));
      }
    }
  }

  /** Its end is that of the whole transaction; LMDB rejects these promises too, of which many operations have one. (L3) */
  #order(promise: Promise<unknown>): void {
    if (promise === this.#ordered) return;
    this.#ordered = promise;
    promise.catch(noted);
  }
}

/** The failure is told by the promise of the batch. */
const noted = (): void => undefined;

/** Values of a group, sealed in one piece of memory, whose address LMDB has to ask for only once. */
class Slab {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(group: readonly Batch[]) {
    let size = 0;
    for (const batch of group) {
      for (const operation of batch) if (operation.kind === "put") size += recordHeaderBytes + operation.value.length;
    }
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  sealed(operation: Extract<Operation, { kind: "put" }>): Uint8Array {
    const from = this.#at;
    this.#at = sealInto(this.#bytes, from, "value", operation.value, crc32c(operation.key));
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + from, this.#at - from); // `subarray` would look for the constructor first
  }
}

/** Keys that a group has put before a range of it is deleted: LMDB's own ranges do not show them yet. */
class PutsBefore {
  readonly #keys: Map<string, Uint8Array[]> | undefined;

  constructor(group: readonly Batch[]) {
    const hasRanges = group.some((batch) => batch.some((operation) => operation.kind === "delete-range"));
    this.#keys = hasRanges ? new Map() : undefined;
  }

  follow(operation: Operation): void {
    if (this.#keys === undefined || operation.kind !== "put") return;
    const keys = this.#keys.get(operation.table);
    if (keys === undefined) this.#keys.set(operation.table, [operation.key]);
    else keys.push(operation.key);
  }

  in(range: Extract<Operation, { kind: "delete-range" }>): Uint8Array[] {
    const { table, from, to } = range;
    return (this.#keys?.get(table) ?? []).filter(
      (key) => (from === undefined || compareKeys(key, from) >= 0) && (to === undefined || compareKeys(key, to) < 0),
    );
  }
}

/** LMDB takes a bound that is there and undefined for one. */
function bounds(start: Buffer | undefined, end: Buffer | undefined): RangeOptions {
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

/** The same bytes without the methods of Buffer, which would go on into messages and comparisons. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** LMDB copies a key at once, and takes any bytes for it; a view of it would be memory of its own for a few bytes that have none. */
function keyOf({ key }: { readonly key: Uint8Array }): Buffer {
  return key as Buffer;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
