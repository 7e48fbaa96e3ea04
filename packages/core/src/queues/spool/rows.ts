/**
 * Spool rows: what the spool writes into the store.
 *
 * Keys are the queue's name, a zero byte, and the number (u64, big-endian): a line lies together, in its order. A value is one byte for the form, then
 * the sealed message; of one that was refused JSON of why lies before that, behind its length (u32).
 */
import type { Utf8 } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import { getU32, messageKey } from "../store/tables.js";
import { spoolTables } from "./names.js";
import type { SpooledForm, Unsure } from "./types.js";

/** What the spool of a store is: whose numbers they are, and that none from `numbers` on was ever given. */
export interface SpoolState {
  readonly origin: string;
  readonly numbers: number;
}

export interface SpooledRow {
  readonly queue: string;
  readonly number: number;
}

/** What is known of a message that was refused for good. */
export interface RefusedHead {
  readonly number: number;
  readonly form: SpooledForm;
  readonly why: string;
}

const stateKey = Uint8Array.of(1);
/** Keys of the state that are about one queue begin with it. */
const unsureMark = 2;
const numberBytes = 8;

export class SpoolRows {
  readonly #utf8: Utf8;

  constructor(utf8: Utf8) {
    this.#utf8 = utf8;
  }

  key(queue: string, number: number): Uint8Array {
    const name = this.#utf8.encode(queue);
    const key = new Uint8Array(name.length + 1 + numberBytes);
    key.set(name);
    key.set(messageKey(0, number).subarray(4), name.length + 1);
    return key;
  }

  readKey(key: Uint8Array): SpooledRow {
    const at = key.length - numberBytes;
    return { queue: this.#utf8.decode(key, 0, at - 1), number: getU32(key, at) * 2 ** 32 + getU32(key, at + 4) };
  }

  put(queue: string, number: number, form: SpooledForm, content: Uint8Array): Operation {
    return { kind: "put", table: spoolTables.waiting, key: this.key(queue, number), value: rowOf(form, content) };
  }

  /** The form and the message of a row. */
  read(value: Uint8Array): { readonly form: SpooledForm; readonly content: Uint8Array } {
    return { form: value[0] as SpooledForm, content: value.subarray(1) };
  }

  /** All up to `number` have left the line of that queue. */
  deleteUpTo(queue: string, number: number): Operation {
    const [from, to] = [this.key(queue, 0), this.key(queue, number + 1)];
    return { kind: "delete-range", table: spoolTables.waiting, from, to };
  }

  putRefused(queue: string, { number, form, why }: RefusedHead, content: Uint8Array): Operation {
    const row = rowOf(form, content);
    const text = this.#utf8.encode(why);
    const value = new Uint8Array(4 + text.length + row.length);
    value.set(messageKey(0, text.length).subarray(8));
    value.set(text, 4);
    value.set(row, 4 + text.length);
    return { kind: "put", table: spoolTables.refused, key: this.key(queue, number), value };
  }

  readRefused(value: Uint8Array): { readonly why: string; readonly row: Uint8Array } {
    const end = 4 + getU32(value, 0);
    return { why: this.#utf8.decode(value, 4, end), row: value.subarray(end) };
  }

  deleteRefused(queue: string, number: number): Operation {
    return { kind: "delete", table: spoolTables.refused, key: this.key(queue, number) };
  }

  /** The queue may have taken messages of these numbers, all of which were set aside. */
  putUnsure(queue: string, unsure: Unsure): Operation {
    const value = this.#utf8.encode(JSON.stringify(unsure));
    return { kind: "put", table: spoolTables.state, key: this.#unsureKey(queue), value, frees: true };
  }

  deleteUnsure(queue: string): Operation {
    return { kind: "delete", table: spoolTables.state, key: this.#unsureKey(queue) };
  }

  readUnsure(get: (table: string, key: Uint8Array) => Uint8Array | undefined, queue: string): Unsure | undefined {
    const value = get(spoolTables.state, this.#unsureKey(queue));
    return value === undefined ? undefined : (JSON.parse(this.#utf8.decode(value, 0, value.length)) as Unsure);
  }

  #unsureKey(queue: string): Uint8Array {
    return Uint8Array.of(unsureMark, ...this.#utf8.encode(queue));
  }

  putState(state: SpoolState): Operation {
    return { kind: "put", table: spoolTables.state, key: stateKey, value: this.#utf8.encode(JSON.stringify(state)) };
  }

  readState(get: (table: string, key: Uint8Array) => Uint8Array | undefined): SpoolState | undefined {
    const value = get(spoolTables.state, stateKey);
    return value === undefined ? undefined : (JSON.parse(this.#utf8.decode(value, 0, value.length)) as SpoolState);
  }
}

function rowOf(form: SpooledForm, content: Uint8Array): Uint8Array {
  const row = new Uint8Array(1 + content.length);
  row[0] = form;
  row.set(content, 1);
  return row;
}
