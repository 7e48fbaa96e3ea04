/**
 * Consumption: the messages of a queue, one after the other, for a loop that settles each itself.
 *
 * (C1) What was leased ahead and not handed on is released when the loop is left, or the program is about to end its connection: the loop ends then, too.
 * (C2) It ends when its signal aborts, and throws where the queue cannot be received from.
 */
import { onAbort } from "../../structures/index.js";
import type { AbortSource } from "../abort-source.js";
import type { ConsumeOptions, QueueMessage, ReceiveOptions } from "./api.js";
import { givingBack } from "./message.js";
import type { Holders } from "./holders.js";
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
  /** There until its first message was asked for. */
  #holders: Holders | undefined;
  readonly #leaves: (() => void)[] = [];

  constructor(
    receive: Receive<T, A>,
    line: SettleLine,
    { stop, holders }: { readonly stop: AbortSource; readonly holders: Holders },
    options: ConsumeOptions,
  ) {
    this.#receive = receive;
    this.#line = line;
    this.#stop = stop;
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted === true) {
      this.#isOver = true;
      return;
    }
    this.#holders = holders;
    if (signal !== undefined) {
      const leave = onAbort(signal, () => {
        void this.return();
      });
      this.#leaves.push(leave);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<QueueMessage<T, A>, undefined>> {
    if (!this.#isOver && this.#holders !== undefined) {
      this.#leaves.push(this.#holders.add({ leave: () => Promise.all([this.return(), this.#last]) }));
      this.#holders = undefined;
    }
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
        return this.#isOver ? this.#release().then(() => over) : this.#next();
      },
      (error: unknown) => {
        if (this.#isOver) return over;
        void this.return();
        throw error; // (C2)
      },
    );
  }

  /** What waits for a message ends at once; it is fulfilled when the queue has what was not handed on. */
  return(): Promise<IteratorResult<QueueMessage<T, A>, undefined>> {
    if (this.#isOver) return Promise.resolve(over);
    this.#isOver = true;
    for (const leave of this.#leaves.splice(0)) leave();
    this.#stop.abort(undefined);
    return this.#release().then(() => over);
  }

  /** (C1) */
  #release(): Promise<void> {
    const receipts = this.#ready.splice(0).map(({ receipt }) => receipt);
    return this.#line.giveBack(givingBack, receipts);
  }
}
