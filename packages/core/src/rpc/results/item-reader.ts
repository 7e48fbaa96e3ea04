/**
 * Item reader: the items of a stream, as a program or a handler takes them with `for await`.
 *
 * Owns what has come and was not taken. Where it comes from is its host's business.
 *
 * (R1) No more is asked for than `windowBytes` ahead of what was taken, but always all of the item that is begun: what a
 *      program does not read fills neither its memory nor anybody's.
 * (R2) Items come in order, each once; then the end, or the error that ended the stream, once.
 * (R3) A program that stops (`break`, `return`, a signal) lets go of the stream at once; nothing comes after that.
 * (R4) Nothing is asked for before the program takes the first item.
 * (R6) Its errors name the step whose items they are and the node that was asked, whoever has found them, where the program
 *      knows that.
 * (R5) A second loop over what was read to its end, or left, is refused: it is no stream without items.
 */
import type { ErrorPlace } from "../../base/errors.js";
import { MpregError } from "../../base/index.js";
import { Fifo, onAbort } from "../../structures/index.js";
import type { Codec } from "../../values/index.js";
import type { CancelSignal } from "../graph/call-options.js";
import type { FetchSink } from "./fetches.js";
import { lengthBytes } from "./item-bytes.js";
import { ItemSplitter } from "./item-splitter.js";

/** Bytes that may come before they are taken. */
export const streamWindowBytes: number = 256 * 1024;

export interface ItemReaderHost {
  /** Lets the first `allowedBytes` come, of which `receivedBytes` are here; the first time, it begins. */
  allow(receivedBytes: number, allowedBytes: number): void;
  /** Nothing more is wanted, and nothing of it needed. Called once. */
  leave(): void;
  /** The program waits for what others bring about, until the function that comes back is called. */
  readonly hold?: (() => () => void) | undefined;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined> | Promise<IteratorResult<unknown, undefined>>) => void;
  readonly reject: (reason: unknown) => void;
  readonly release: (() => void) | undefined;
}

const nowhere: ErrorPlace = {};

const done = { done: true, value: undefined } as const;

/** What a second loop gets. (R5) */
function refused(place: ErrorPlace): AsyncIterableIterator<unknown, undefined, undefined> {
  const again: AsyncIterableIterator<unknown, undefined, undefined> = {
    [Symbol.asyncIterator]: () => again,
    next: () => {
      const message =
        "This stream was read to its end already, or left: a stream is read once. Collect its items into an array where they are needed again";
      return Promise.reject(new MpregError("invalid-argument", message, place));
    },
  };
  return again;
}

export class ItemReader implements AsyncIterableIterator<unknown, undefined, undefined>, FetchSink {
  /** What whoever reads them knows of it. (R6) */
  place: ErrorPlace = nowhere;
  readonly #codec: Codec;
  readonly #host: ItemReaderHost;
  readonly #splitter: ItemSplitter;
  readonly #items = new Fifo<Uint8Array>();
  readonly #waiting = new Fifo<Waiting>();
  /** How many have come. */
  #itemsCome = 0;
  #takenBytes = 0;
  #allowedBytes = 0;
  #error: MpregError | undefined;
  /** Nothing more comes. */
  #isEnded = false;
  #hasLeft = false;
  /** The program knows that nothing more comes. */
  #isOver = false;
  #stopListening: (() => void) | undefined;

  constructor(codec: Codec, itemBytesMax: number, host: ItemReaderHost) {
    this.#codec = codec;
    this.#host = host;
    this.#splitter = new ItemSplitter(itemBytesMax);
  }

  /** Ends the reading when `signal` aborts. */
  cancelWith(signal: CancelSignal): void {
    const cancel = (): void => {
      while (this.#items.size > 0) this.#items.shift();
      this.failed(new MpregError("cancelled", "The caller cancelled", { outcome: "unknown", cause: signal.reason }));
    };
    if (signal.aborted) return cancel();
    this.#stopListening = onAbort(signal, cancel);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined, undefined> {
    return this.#isOver ? refused(this.place) : this; // (R5)
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) return this.#take(item);
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined; // (R2)
      this.#isOver = true;
      return Promise.reject(error);
    }
    if (this.#isEnded) {
      this.#isOver = true;
      return Promise.resolve(done);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, release: this.#host.hold?.() });
      this.#allow(); // (R4)
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#leave(); // (R3)
    return Promise.resolve(done);
  }

  /** The next bytes have come. */
  chunk(bytes: Uint8Array, totalBytes: number | undefined): void {
    if (this.#isEnded) return;
    const refusal = this.#splitter.push(bytes, (item) => {
      this.#itemsCome += 1;
      this.#items.push(item);
    });
    this.#serve();
    if (refusal !== undefined) return this.#end(refusal);
    if (this.#splitter.takenBytes !== totalBytes) return this.#allow();
    if (this.#splitter.isBetween) return this.#end(undefined);
    this.#end(new MpregError("malformed", "A stream has ended within an item", { outcome: "unknown" }));
  }

  /** No more comes. */
  failed(error: MpregError): void {
    if (!this.#isEnded) this.#end(error);
  }

  /** The rest is not waited for any more, for want of what `why` says. */
  giveUp(code: "deadline" | "node-lost", why: string): void {
    const message = `${why} before the stream had ended: ${this.#itemsCome} items of it had come`;
    this.failed(new MpregError(code, message, { outcome: "unknown" }));
  }

  #take(item: Uint8Array): Promise<IteratorResult<unknown, undefined>> {
    this.#takenBytes += lengthBytes + item.length;
    if (!this.#isEnded) this.#allow();
    try {
      return Promise.resolve({ done: false, value: this.#codec.decode(item) });
    } catch (error) {
      this.#leave();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the codec throws is told as it is
      return Promise.reject(error);
    }
  }

  /** Gives those who wait what has come. */
  #serve(): void {
    while (this.#waiting.size > 0 && this.#items.size > 0) {
      const waiting = this.#waiting.shift();
      const item = this.#items.shift();
      if (waiting === undefined || item === undefined) return;
      waiting.release?.();
      waiting.resolve(this.#take(item));
    }
  }

  /** (R1) */
  #allow(): void {
    const wanted = Math.max(this.#takenBytes + streamWindowBytes, this.#splitter.itemEnd);
    const isShort = this.#splitter.itemEnd > this.#allowedBytes;
    if (!isShort && wanted - this.#allowedBytes < streamWindowBytes / 2) return;
    this.#allowedBytes = wanted;
    this.#host.allow(this.#splitter.takenBytes, wanted);
  }

  #leave(): void {
    this.#isOver = true;
    while (this.#items.size > 0) this.#items.shift();
    this.#error = undefined;
    this.#end(undefined);
  }

  /** (R2) */
  #end(error: MpregError | undefined): void {
    const wasEnded = this.#isEnded;
    this.#isEnded = true;
    if (!wasEnded) this.#error = error?.at(this.place); // (R6)
    this.#stopListening?.();
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#host.leave();
    }
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      waiting.release?.();
      this.#isOver = true;
      if (this.#error === undefined) waiting.resolve(done);
      else waiting.reject(this.#error);
      this.#error = undefined;
    }
  }
}
