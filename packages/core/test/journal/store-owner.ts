/** Who owns a store in tests: hears how batches end, in which order, and waits for it. */
import type { Batch, Freeze, Operation, Refusal, Store, StoreEvents, Ticket } from "../../src/journal/index.js";

export type End = "persisted" | Refusal;

export class StoreOwner implements StoreEvents {
  /** By ticket. */
  readonly ends = new Map<Ticket, End>();
  readonly told: string[] = [];
  freeze: Freeze | undefined;
  /** While it is true nothing may be told. */
  isBusy = false;
  store!: Store;
  readonly #turn: () => Promise<void>;

  /** `turn` lets something happen; default: a turn of the event loop. */
  constructor(turn: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve))) {
    this.#turn = turn;
  }

  persisted(upTo: Ticket): void {
    this.#tell(`persisted ${upTo}`);
    for (let ticket = upTo; ticket > 0 && !this.ends.has(ticket); ticket--) this.ends.set(ticket, "persisted");
  }

  refused(ticket: Ticket, why: Refusal): void {
    this.#tell(`refused ${ticket} ${why}`);
    if (this.ends.has(ticket)) throw new Error(`batch ${ticket} ends twice`);
    this.ends.set(ticket, why);
  }

  frozen(freeze: Freeze): void {
    this.#tell("frozen");
    this.freeze = freeze;
  }

  write(batch: Batch): Ticket {
    this.isBusy = true;
    const ticket = this.store.write(batch);
    this.isBusy = false;
    return ticket;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#turn();
  }

  async end(ticket: Ticket): Promise<End> {
    await this.until(() => this.ends.has(ticket));
    return this.ends.get(ticket) as End;
  }

  /** Writes, and waits for the end. */
  done(batch: Batch): Promise<End> {
    return this.end(this.write(batch));
  }

  async close(): Promise<void> {
    let isClosed = false;
    this.isBusy = true;
    this.store.close(() => {
      if (this.isBusy) throw new Error("close calls back at once");
      isClosed = true;
    });
    this.isBusy = false;
    await this.until(() => isClosed);
  }

  #tell(what: string): void {
    if (this.isBusy) throw new Error(`told from within a call of the owner: ${what}`);
    this.told.push(what);
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

export const put = (key: string, value: string, table = "a"): Operation => ({
  kind: "put",
  table,
  key: bytes(key),
  value: bytes(value),
});
export const drop = (key: string, table = "a"): Operation => ({ kind: "delete", table, key: bytes(key) });
export const dropRange = (from?: string, to?: string, table = "a"): Operation => ({
  kind: "delete-range",
  table,
  from: from === undefined ? undefined : bytes(from),
  to: to === undefined ? undefined : bytes(to),
});

/** What a table holds, as `key=value`. */
export function content(store: Store, table = "a", limit = 100_000): string[] {
  return store.range(table, { limit }).map(({ key, value }) => `${text(key)}=${text(value)}`);
}
