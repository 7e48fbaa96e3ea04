/** A disk that does one batch at a time when it is told to, and keeps what it has when its node crashes. */
import {
  type Batch,
  MemoryStore,
  type RangeQuery,
  type Store,
  type StoreFigures,
  type Ticket,
} from "../../src/journal/index.js";
import { queueTables } from "../../src/queues/index.js";
import type { QueueWorld } from "./support.js";

export class StepDisk implements Store {
  readonly #later: (() => void)[] = [];
  readonly #inner = new MemoryStore({
    tables: queueTables,
    later: (run) => this.#later.push(run),
    events: { persisted: () => undefined, refused: () => undefined, frozen: () => undefined },
  });
  #waiting: { readonly ticket: Ticket; readonly batch: Batch }[] = [];
  #tickets = 0;
  /** Who hears of it now. */
  owner: QueueWorld | undefined;

  get waiting(): number {
    return this.#waiting.length;
  }

  write(batch: Batch): Ticket {
    this.#waiting.push({ ticket: ++this.#tickets, batch });
    return this.#tickets;
  }

  /** The next `count` batches are on the disk. */
  commit(count: number, told: boolean = true): void {
    for (const { ticket, batch } of this.#waiting.splice(0, count)) {
      this.#inner.write(batch);
      for (let run = this.#later.shift(); run !== undefined; run = this.#later.shift()) run();
      if (told) this.owner?.persisted(ticket);
    }
  }

  /** There is no room for the next batch. */
  refuse(): void {
    const first = this.#waiting.shift();
    if (first !== undefined) this.owner?.refused(first.ticket, "full");
  }

  /** The node is gone: of what was on its way, the first `kept` batches are on the disk. */
  crash(kept: number): void {
    this.commit(kept, false);
    this.#waiting = [];
    this.owner = undefined;
    this.#tickets = 0;
  }

  commitAll(): void {
    while (this.#waiting.length > 0) this.commit(1);
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    return this.#inner.get(table, key);
  }

  range(table: string, query: RangeQuery): ReturnType<Store["range"]> {
    return this.#inner.range(table, query);
  }

  figures(): StoreFigures {
    return this.#inner.figures();
  }

  close(closed: () => void): void {
    closed();
  }
}
