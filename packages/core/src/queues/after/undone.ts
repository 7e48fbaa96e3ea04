/**
 * Undone: ids of messages that have left their queue without being done while others waited for them (`after`).
 *
 * To be gone is to be done, for who is sent. Who comes back from dead letters was told already that what it waits for was not: it may be received only
 * where that has come back, too.
 *
 * (U1) An id is written by the batch that removes its message, and forgotten by the one that acknowledges a message of that id. As long as one is in
 *      the queue, who waits for it waits.
 * (U2) Of a queue the last {@link undoneMax} are known; what is forgotten counts as done.
 */
import type { Operation } from "../../journal/index.js";
import { RecentSet } from "../../structures/index.js";
import type { Message } from "../message/message.js";
import type { Tables } from "../store/tables.js";

/** What it needs of its queue. */
export interface UndoneQueue {
  readonly id: number;
  readonly durable: boolean;
  readonly host: { readonly tables: Tables };
  idOf(message: Message): string;
  note(operations: readonly Operation[]): void;
}

/** (U2) */
export const undoneMax = 10_000;

export class Undone {
  readonly #queue: UndoneQueue;
  readonly #ids = new RecentSet<string>(undoneMax);

  constructor(queue: UndoneQueue) {
    this.#queue = queue;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** What has to be written with what removes it. (U1) */
  operations(message: Message): Operation[] {
    const { durable, id, host } = this.#queue;
    return durable ? [host.tables.putUndone(id, this.#queue.idOf(message), message.sequence)] : [];
  }

  /** It is gone. */
  add(message: Message): void {
    const oldest = this.#ids.add(this.#queue.idOf(message));
    if (oldest !== undefined) this.#queue.note(this.#deletes(oldest)); // (U2)
  }

  /** What has to be written with its acknowledgement. (U1) */
  doneOf(message: Message): Operation[] {
    const id = this.#queue.idOf(message);
    return this.has(id) ? this.#deletes(id) : [];
  }

  /** It is done after all. */
  forget(message: Message): void {
    this.#ids.delete(this.#queue.idOf(message));
  }

  recover(ids: readonly string[]): void {
    for (const id of ids) this.#ids.add(id);
  }

  #deletes(id: string): Operation[] {
    const { durable, id: queue, host } = this.#queue;
    return durable ? [host.tables.deleteUndone(queue, id)] : [];
  }
}
