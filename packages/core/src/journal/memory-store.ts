/**
 * Memory store: the store that forgets with its process. For tests, for simulated nodes, and for what need not survive.
 *
 * (M1) A batch that finds no room is taken back change by change: nothing of it stays. (S3)
 * (M2) Nothing in it is the caller's: keys and values are copied when they come and when they go.
 */
import { assert } from "../base/index.js";
import { type CommitEnd, GroupCommit, type GroupCommitOptions } from "./group-commit.js";
import { OrderedMap } from "./ordered-map.js";
import type { Batch, Entry, Operation, RangeQuery, Store, StoreFigures, Ticket } from "./store.js";

export interface MemoryStoreOptions extends GroupCommitOptions {
  /** Keys and values that it may hold; batches that would exceed it are refused as `full`. Default: without limit. */
  readonly bytesMax?: number | undefined;
}

type Table = OrderedMap<Uint8Array>;

export class MemoryStore implements Store {
  readonly #front: GroupCommit;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(options: MemoryStoreOptions) {
    this.#tables = new Map(options.tables.map((table) => [table, new OrderedMap<Uint8Array>()]));
    this.#bytesMax = options.bytesMax ?? Infinity;
    this.#front = new GroupCommit(options, (group, done) => {
      done(this.#commit(group));
    });
  }

  write(batch: Batch): Ticket {
    return this.#front.write(batch);
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    return this.#table(table).get(key)?.slice(); // (M2)
  }

  range(table: string, query: RangeQuery): Entry[] {
    const { from, to, limit, reverse } = query;
    assert(limit >= 1, "a range of at least one entry is asked for");
    const tree = this.#table(table);
    const entries: Entry[] = [];
    for (const [key, value] of reverse === true ? tree.reversed(from, to) : tree.entries(from, to)) {
      entries.push({ key: key.slice(), value: value.slice() });
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

  #table(table: string): Table {
    this.#front.checkTable(table);
    return this.#tables.get(table) as Table;
  }

  #commit(group: readonly Batch[]): CommitEnd {
    const undo: (() => void)[] = [];
    const before = this.#bytes;
    for (const batch of group) for (const operation of batch) this.#apply(operation, undo);
    if (this.#bytes <= this.#bytesMax || this.#bytes <= before) return { kind: "durable", syncs: 0, ms: 0 };
    for (let at = undo.length - 1; at >= 0; at--) (undo[at] as () => void)(); // (M1)
    return { kind: "full" };
  }

  #apply(operation: Operation, undo: (() => void)[]): void {
    const tree = this.#table(operation.table);
    switch (operation.kind) {
      case "put":
        this.#change(tree, operation.key.slice(), operation.value.slice(), undo); // (M2)
        break;
      case "delete":
        this.#change(tree, operation.key.slice(), undefined, undo);
        break;
      case "delete-range": {
        const keys = [...tree.entries(operation.from, operation.to)].map(([key]) => key);
        for (const key of keys) this.#change(tree, key, undefined, undo);
      }
    }
  }

  #change(tree: Table, key: Uint8Array, value: Uint8Array | undefined, undo: (() => void)[]): void {
    const before = this.#replace(tree, key, value);
    undo.push(() => {
      this.#replace(tree, key, before);
    });
  }

  #replace(tree: Table, key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    const before = value === undefined ? tree.delete(key) : tree.set(key, value);
    if (before !== undefined) this.#bytes -= key.length + before.length;
    if (value !== undefined) this.#bytes += key.length + value.length;
    return before;
  }
}
