/**
 * Ledger: which generated functions have started and ended, by their tokens.
 *
 * A token that has others inside it (nested calls) is their prefix, with a slash.
 */
import type { LedgerEntries } from "./functions.js";

export interface LedgerRecord {
  /** Nodes on which it started, in their order. */
  readonly startedOn: string[];
  /** How often it ended well, and how often with an error. */
  endedWell: number;
  failed: number;
}

export class Ledger {
  readonly #records = new Map<string, LedgerRecord>();

  /** The entries of one node. */
  of(node: string): LedgerEntries {
    return {
      started: (token) => {
        this.#record(token).startedOn.push(node);
      },
      ended: (token, well) => {
        if (well) this.#record(token).endedWell += 1;
        else this.#record(token).failed += 1;
      },
    };
  }

  get(token: string): LedgerRecord | undefined {
    return this.#records.get(token);
  }

  entries(): IterableIterator<[string, LedgerRecord]> {
    return this.#records.entries();
  }

  #record(token: string): LedgerRecord {
    let record = this.#records.get(token);
    if (record === undefined) this.#records.set(token, (record = { startedOn: [], endedWell: 0, failed: 0 }));
    return record;
  }
}
