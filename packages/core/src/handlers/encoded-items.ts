/**
 * Encoded items: the items of a stream that a handler makes elsewhere, as its executor hands them over.
 *
 * Owns the turn between whoever asks for an item and the executor that brings it. Where the handler runs, and how it is
 * told, is the executor's.
 *
 * (N1) The executor is asked for an item once, and again only when that has come.
 * (N2) It ends once. An error is an item that is none: it is told as it came, since it was made where the handler ran.
 * (N3) Who leaves is told when nothing of the handler runs any more.
 */
import type { MpregError } from "../base/index.js";

/** What an executor does for the items. */
export interface EncodedItemsHost {
  /** One item is wanted: {@link EncodedItems.made} or {@link EncodedItems.ended} follows. */
  pull(): void;
  /** No more are wanted: {@link EncodedItems.ended} follows. */
  leave(): void;
}

type Step = IteratorResult<Uint8Array | MpregError, undefined>;

const done = { done: true, value: undefined } as const;

export class EncodedItems implements AsyncIterable<Uint8Array | MpregError> {
  readonly #host: EncodedItemsHost;
  #asked: ((step: Step) => void) | undefined;
  #left: (() => void) | undefined;
  #error: MpregError | undefined;
  #isOver = false;

  constructor(host: EncodedItemsHost) {
    this.#host = host;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array | MpregError, undefined> {
    return { next: () => this.#next(), return: () => this.#return() };
  }

  made(item: Uint8Array): void {
    this.#settle({ done: false, value: item });
  }

  /** No more comes. (N2) */
  ended(error: MpregError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    if (this.#asked !== undefined) this.#settle(this.#last());
    this.#left?.(); // (N3)
  }

  #next(): Promise<Step> {
    if (this.#isOver) return Promise.resolve(this.#last());
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#host.pull(); // (N1)
    });
  }

  #return(): Promise<Step> {
    if (this.#isOver) return Promise.resolve(done);
    return new Promise((resolve) => {
      this.#left = () => {
        resolve(done);
      };
      this.#host.leave();
    });
  }

  /** (N2) */
  #last(): Step {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? done : { done: false, value: error };
  }

  #settle(step: Step): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.(step);
  }
}
