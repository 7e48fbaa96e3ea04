/**
 * Consumption: the messages of a queue, one after the other, for a loop that settles each itself.
 *
 * (C1) What was leased ahead and not handed on is released when the loop is left.
 * (C2) It ends when its signal aborts, and throws where the queue cannot be received from.
 */
import { onAbort } from "../../structures/index.js";
import type { AbortSource } from "../abort-source.js";
import type { ConsumeOptions, QueueMessage, ReceiveOptions } from "./api.js";
import { givingBack } from "./message.js";
import type { SettleLine } from "./settle-line.js";

export type Receive<T, A> = (options: ReceiveOptions) => Promise<readonly QueueMessage<T, A>[]>;

const over = { done: true, value: undefined } as const;

export class Consumption<T, A> implements AsyncIterableIterator<QueueMessage<T, A>, undefined> {
  readonly #receive: Receive<T, A>;
  readonly #line: SettleLine;
  readonly #options: ConsumeOptions;
  readonly #stop: AbortSource;
  #ready: QueueMessage<T, A>[] = [];
  #isOver = false;
  /** Calls of `next` wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #leave: () => void = () => undefined;

  constructor(receive: Receive<T, A>, line: SettleLine, stop: AbortSource, options: ConsumeOptions) {
    this.#receive = receive;
    this.#line = line;
    this.#stop = stop;
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted === true) this.#isOver = true;
    else if (signal !== undefined) {
      this.#leave = onAbort(signal, () => {
        void this.return();
      });
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<QueueMessage<T, A>, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => undefined);
    return next;
  }

  #next(): IteratorResult<QueueMessage<T, A>, undefined> | Promise<IteratorResult<QueueMessage<T, A>, undefined>> {
    const value = this.#isOver ? undefined : this.#ready.shift();
    if (value !== undefined) return { done: false, value };
    if (this.#isOver) return over;
    const { prefetch: max = 1, visibilityMs, subscription } = this.#options;
    return this.#receive({ max, groupMax: 1, visibilityMs, subscription, signal: this.#stop.signal }).then(
      (messages) => {
        this.#ready = [...messages];
        if (this.#isOver) this.#release();
        return this.#next();
      },
      (error: unknown) => {
        if (this.#isOver) return over;
        void this.return();
        throw error; // (C2)
      },
    );
  }

  return(): Promise<IteratorResult<QueueMessage<T, A>, undefined>> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#leave();
      this.#stop.abort(undefined);
      this.#release();
    }
    return Promise.resolve(over);
  }

  /** (C1) */
  #release(): void {
    const receipts = this.#ready.splice(0).map(({ receipt }) => receipt);
    this.#line.giveBack(givingBack, receipts);
  }
}
