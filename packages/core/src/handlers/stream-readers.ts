/**
 * Stream readers: the streams that the program and the handlers of one node read, for the driver that runs them.
 *
 * (S1) Each stream that somebody was given is let go once: at its end, by its reader, or when the handler that was given
 *      it has ended.
 * (S2) What comes for a reader that has left changes nothing.
 */
import { MpregError } from "../base/index.js";
import { ItemReader, type Settled, isStream } from "../rpc/index.js";
import type { Codec } from "../values/index.js";
import type { ResultRef } from "../wire/index.js";

const readerIsGone = "The handler that was given the stream has ended";

/** What is handed to the node's machine. */
export type ReadInput =
  | {
      readonly kind: "read";
      readonly reader: number;
      readonly stream: ResultRef;
      readonly invocation: number | undefined;
      readonly receivedBytes: number;
      readonly allowedBytes: number;
    }
  | { readonly kind: "leave"; readonly reader: number; readonly stream: ResultRef };

/** To whom a stream is given. */
export interface StreamTaker {
  /** The handler, by its invocation; without one, the node's program. */
  readonly invocation?: number | undefined;
  /** How it says that it waits; see `ContextHost.hold`. */
  readonly hold?: (() => () => void) | undefined;
}

export class StreamReaders {
  readonly #codec: Codec;
  readonly #itemBytesMax: number;
  readonly #enter: (input: ReadInput) => void;
  readonly #readers = new Map<number, ItemReader>();
  /** The readers of each handler. */
  readonly #ofHandlers = new Map<number, Set<ItemReader>>();
  #last = 0;

  constructor(codec: Codec, itemBytesMax: number, enter: (input: ReadInput) => void) {
    this.#codec = codec;
    this.#itemBytesMax = itemBytesMax;
    this.#enter = enter;
  }

  /** How many have not ended. */
  get size(): number {
    return this.#readers.size;
  }

  /** A reader of the stream. */
  open(stream: ResultRef, { invocation, hold }: StreamTaker): ItemReader {
    const number = ++this.#last;
    const reader: ItemReader = new ItemReader(this.#codec, this.#itemBytesMax, {
      allow: (receivedBytes, allowedBytes) => {
        this.#enter({ kind: "read", reader: number, stream, invocation, receivedBytes, allowedBytes });
      },
      leave: () => {
        this.#readers.delete(number);
        if (invocation !== undefined) this.#ofHandlers.get(invocation)?.delete(reader);
        this.#enter({ kind: "leave", reader: number, stream }); // (S1)
      },
      hold,
    });
    this.#readers.set(number, reader);
    if (invocation === undefined) return reader;
    const readers = this.#ofHandlers.get(invocation);
    if (readers === undefined) this.#ofHandlers.set(invocation, new Set([reader]));
    else readers.add(reader);
    return reader;
  }

  /** Nobody is told of that end: what streams there are in it nobody reads. (S1) */
  unwanted(settled: Settled): void {
    if (settled.kind === "failed") return;
    for (const value of settled.kind === "results" ? settled.outputs : [settled.value]) {
      if (isStream(value)) this.#enter({ kind: "leave", reader: ++this.#last, stream: value });
    }
  }

  streamed(number: number, bytes: Uint8Array, totalBytes: number | undefined): void {
    this.#readers.get(number)?.chunk(bytes, totalBytes); // (S2)
  }

  failed(number: number, error: MpregError): void {
    this.#readers.get(number)?.failed(error); // (S2)
  }

  /** The handler has ended, or nobody waits for it: nothing of what it was given is read any more. (S1) */
  handlerEnded(invocation: number, reason?: MpregError): void {
    if (this.#ofHandlers.size === 0) return;
    const readers = this.#ofHandlers.get(invocation);
    this.#ofHandlers.delete(invocation);
    // not an end: it was none
    for (const reader of [...(readers ?? [])]) reader.failed(reason ?? new MpregError("cancelled", readerIsGone));
  }

  /** Nothing comes any more. */
  end(error: MpregError): void {
    for (const reader of [...this.#readers.values()]) reader.failed(error);
  }
}
