/**
 * Changes: what is written of a queue itself, its settings and its lanes, becomes another.
 *
 * The record is written whole, and the disk may refuse any batch. So there is one on its way at a time.
 *
 * (H1) A change is checked against, and made of, what all before it have left: it begins once they are on the disk, or refused.
 * (H2) None is written behind the deletion of its queue, or to a store that has failed.
 */
import { MpregError, quoted } from "../../base/index.js";
import type { Operation } from "../../journal/index.js";
import type { QueueHost } from "../host.js";
import type { QueueRecord } from "../store/record.js";
import type { WriteEnd } from "../store/writes.js";

/** The queue, as far as its changes look at it. */
export interface ChangingQueue {
  readonly name: string;
  readonly id: number;
  readonly durable: boolean;
  readonly host: QueueHost;
  checkUsable(): void;
  record(changes: Partial<QueueRecord>): QueueRecord;
  commit(operations: readonly Operation[], end: WriteEnd, nowMs: number): void;
}

/** One change, once it is its turn. */
export interface Change {
  readonly record: Partial<QueueRecord>;
  /** It is on the disk. */
  done(nowMs: number): void;
}

interface Wish {
  /** What it comes to; `undefined` where nothing has to change. Throws what `failed` is told. */
  readonly begin: () => Change | undefined;
  readonly failed: (error: MpregError) => void;
}

/** Changes of one queue that wait for those before them. `overloaded` beyond. */
const waitingMax = 1_000;

export class Changes {
  readonly #queue: ChangingQueue;
  readonly #waiting: Wish[] = [];
  #isWriting = false;

  constructor(queue: ChangingQueue) {
    this.#queue = queue;
  }

  make(wish: Wish, nowMs: number): void {
    if (!this.#isWriting) {
      this.#begin(wish, nowMs);
      return;
    }
    if (this.#waiting.length >= waitingMax) {
      const message = `${waitingMax} changes of queue ${quoted(this.#queue.name)} wait for the disk; that is the limit`;
      throw new MpregError("overloaded", message);
    }
    this.#waiting.push(wish);
  }

  /** What waits is not begun any more. */
  close(error: MpregError): void {
    for (const { failed } of this.#waiting.splice(0)) failed(error);
  }

  #begin({ begin, failed }: Wish, nowMs: number): void {
    const queue = this.#queue;
    let change: Change | undefined;
    try {
      queue.checkUsable(); // (H2)
      change = begin();
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      failed(error);
      return;
    }
    if (change === undefined) return;
    const operations = queue.durable ? [queue.host.tables.putQueue(queue.id, queue.record(change.record))] : [];
    this.#isWriting = true;
    queue.commit(
      operations,
      {
        done: (at) => {
          this.#isWriting = false;
          change.done(at);
          this.#next(at);
        },
        failed: (error, at) => {
          this.#isWriting = false;
          failed(error);
          this.#next(at);
        },
      },
      nowMs,
    );
  }

  /** (H1) */
  #next(nowMs: number): void {
    while (!this.#isWriting) {
      const wish = this.#waiting.shift();
      if (wish === undefined) return;
      this.#begin(wish, nowMs);
    }
  }
}
