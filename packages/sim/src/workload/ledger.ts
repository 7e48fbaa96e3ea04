/**
 * Ledger: which generated functions have started and ended, by their tokens.
 *
 * A token that has others inside it (nested calls) is their prefix, with a slash.
 */
import type { HandlerSignal } from "@mpreg/core/handlers";
import type { LedgerEntries } from "./functions.js";

export interface LedgerRecord {
  /** Nodes on which it started, in their order. */
  readonly startedOn: string[];
  /** How often it ended well, and how often with an error. */
  endedWell: number;
  failed: number;
  /** The signal of its last start. */
  signal: HandlerSignal;
}

export class Ledger {
  readonly #records = new Map<string, LedgerRecord>();

  /** The entries of one node. */
  of(node: string): LedgerEntries {
    return {
      started: (token, signal) => {
        const record = this.#records.get(token);
        if (record === undefined) this.#records.set(token, { startedOn: [node], endedWell: 0, failed: 0, signal });
        else record.startedOn.push(node);
      },
      ended: (token, well) => {
        const record = this.#records.get(token);
        if (record === undefined) return;
        if (well) record.endedWell += 1;
        else record.failed += 1;
      },
    };
  }

  get(token: string): LedgerRecord | undefined {
    return this.#records.get(token);
  }

  entries(): IterableIterator<[string, LedgerRecord]> {
    return this.#records.entries();
  }

  /** Forgets what it holds: it was judged. */
  clear(): void {
    this.#records.clear();
  }

  /** The tokens that have started, not ended, and were not told to stop. */
  *running(): Generator<string> {
    for (const [token, { startedOn, endedWell, failed, signal }] of this.#records) {
      if (startedOn.length > endedWell + failed && !signal.aborted) yield token;
    }
  }
}
