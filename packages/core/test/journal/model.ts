/** The naive model of a store: tables as sorted lists of texts; and random histories for it. */
import fc from "fast-check";
import type { Batch, Operation } from "../../src/journal/index.js";
import { drop, dropRange, put } from "./store-owner.js";

const decoder = new TextDecoder();

export class Model {
  readonly tables = new Map<string, Map<string, string>>();

  apply(batch: Batch): void {
    for (const operation of batch) this.#change(operation);
  }

  /** As `content` of `store-owner.ts` tells it. */
  content(table: string): string[] {
    const entries = [...(this.tables.get(table) ?? [])];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
  }

  copy(): Model {
    const copy = new Model();
    for (const [name, table] of this.tables) copy.tables.set(name, new Map(table));
    return copy;
  }

  #change(operation: Operation): void {
    const table = this.tables.get(operation.table) ?? new Map<string, string>();
    this.tables.set(operation.table, table);
    switch (operation.kind) {
      case "put":
        table.set(decoder.decode(operation.key), decoder.decode(operation.value));
        break;
      case "delete":
        table.delete(decoder.decode(operation.key));
        break;
      case "delete-range": {
        const [from, to] = [operation.from, operation.to].map((key) => key && decoder.decode(key));
        for (const key of [...table.keys()]) {
          if ((from === undefined || key >= from) && (to === undefined || key < to)) table.delete(key);
        }
      }
    }
  }
}

const tables = fc.constantFrom("a", "b");
const keys = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom("a", "b", "c", "~") });
const bounds = fc.option(keys, { nil: undefined });

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(keys, fc.string({ maxLength: 40 }), tables).map((all) => put(...all)) },
  { weight: 3, arbitrary: fc.tuple(keys, tables).map((all) => drop(...all)) },
  { weight: 1, arbitrary: fc.tuple(bounds, bounds, tables).map((all) => dropRange(...all)) },
);

export const batches: fc.Arbitrary<Batch> = fc.array(operations, { maxLength: 8 });

/** What is handed in from one wait to the next. */
export const histories: fc.Arbitrary<Batch[][]> = fc.array(fc.array(batches, { maxLength: 6 }), { maxLength: 10 });
