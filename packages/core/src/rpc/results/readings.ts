/**
 * Readings: streams that programs and handlers of this node read, item by item.
 *
 * (R1) A reading ends once: all has come, it has failed, or its reader has left. Then nothing of it is fetched any more.
 * (R2) Whoever leaves lets go of the stream, whether or not anything of it was read.
 */
import type { MpregError } from "../../base/index.js";
import type { ResultRef } from "../../wire/index.js";
import { type Fetch, type FetchSink, type Fetches, anyWay } from "./fetches.js";

export interface ReadingsHost {
  /** The next bytes of what `reader` reads, and of how many in all, once that is known. */
  streamed(reader: number, bytes: Uint8Array, totalBytes: number | undefined): void;
  streamFailed(reader: number, error: MpregError): void;
  /** What the handler of `invocation` reads has failed; told before its reader is. */
  readingFailed(invocation: number, error: MpregError): void;
}

export interface Reading {
  readonly reader: number;
  readonly stream: ResultRef;
  /** The handler that reads; without one it is the node's program. */
  readonly invocation: number | undefined;
  readonly receivedBytes: number;
  readonly allowedBytes: number;
}

export class Readings {
  readonly #fetches: Fetches;
  readonly #host: ReadingsHost;
  /** By the reader's number. */
  readonly #open = new Map<number, Fetch>();

  constructor(fetches: Fetches, host: ReadingsHost) {
    this.#fetches = fetches;
    this.#host = host;
  }

  /** How many have not ended. */
  get size(): number {
    return this.#open.size;
  }

  /** The reader, which has the first `receivedBytes`, takes up to `allowedBytes`; with the first of them it begins. */
  read({ reader, stream: ref, receivedBytes, allowedBytes, invocation }: Reading, nowMs: number): void {
    const fetch = this.#open.get(reader);
    if (fetch !== undefined) return this.#fetches.allow(fetch, allowedBytes, nowMs, receivedBytes);
    if (receivedBytes > 0) return; // it has ended
    const sink: FetchSink = {
      chunk: (bytes, totalBytes) => {
        received += bytes.length;
        if (received === totalBytes) this.#open.delete(reader);
        this.#host.streamed(reader, bytes, totalBytes);
      },
      failed: (error) => {
        this.#open.delete(reader);
        if (invocation !== undefined) this.#host.readingFailed(invocation, error);
        this.#host.streamFailed(reader, error);
      },
    };
    let received = 0;
    const begun = this.#fetches.start(ref, sink, allowedBytes, anyWay, nowMs);
    if (!begun.isOver) this.#open.set(reader, begun);
  }

  /** The reader wants nothing more of it. (R2) */
  leave(reader: number, ref: ResultRef): void {
    const fetch = this.#open.get(reader);
    this.#open.delete(reader); // (R1)
    if (fetch !== undefined) this.#fetches.stop(fetch);
    this.#fetches.release(ref, anyWay);
  }
}
