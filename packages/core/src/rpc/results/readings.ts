/**
 * Readings: streams that programs and handlers of this node read, item by item.
 *
 * (R1) A reading ends once: all has come, it has failed, or its reader has left. Then nothing of it is fetched any more.
 * (R2) Whoever leaves lets go of the stream, whether or not anything of it was read.
 * (R3) It ends when the time of the call that has given it is over (`untilMs` of the reference), whatever is heard of the
 *      node that makes it.
 */
import { type MpregError, Timer, type Timers } from "../../base/index.js";
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

interface OpenReading {
  readonly fetch: Fetch;
  /** (R3) */
  readonly end: Timer;
}

export class Readings {
  readonly #fetches: Fetches;
  readonly #host: ReadingsHost;
  readonly #timers: Timers;
  /** By the reader's number. */
  readonly #open = new Map<number, OpenReading>();

  constructor(fetches: Fetches, host: ReadingsHost, timers: Timers) {
    this.#fetches = fetches;
    this.#host = host;
    this.#timers = timers;
  }

  /** How many have not ended. */
  get size(): number {
    return this.#open.size;
  }

  /** The reader, which has the first `receivedBytes`, takes up to `allowedBytes`; with the first of them it begins. */
  read({ reader, stream: ref, receivedBytes, allowedBytes, invocation }: Reading, nowMs: number): void {
    const open = this.#open.get(reader);
    if (open !== undefined) return this.#fetches.allow(open.fetch, allowedBytes, nowMs, receivedBytes);
    if (receivedBytes > 0) return; // it has ended
    const sink: FetchSink = {
      chunk: (bytes, totalBytes) => {
        received += bytes.length;
        if (received === totalBytes) this.#ended(reader);
        this.#host.streamed(reader, bytes, totalBytes);
      },
      failed: (error) => {
        this.#ended(reader);
        if (invocation !== undefined) this.#host.readingFailed(invocation, error);
        this.#host.streamFailed(reader, error);
      },
    };
    let received = 0;
    const fetch = this.#fetches.start(ref, sink, allowedBytes, anyWay, nowMs);
    if (fetch.isOver) return;
    const end = new Timer((dueMs) => {
      this.#fetches.giveUp(fetch, dueMs);
    });
    this.#open.set(reader, { fetch, end });
    if (ref.untilMs !== undefined) this.#timers.schedule(end, ref.untilMs);
  }

  /** The reader wants nothing more of it. (R2) */
  leave(reader: number, ref: ResultRef): void {
    const open = this.#ended(reader);
    if (open !== undefined) this.#fetches.stop(open.fetch);
    this.#fetches.release(ref, anyWay);
  }

  /** Nothing of it is read any more. (R1) */
  #ended(reader: number): OpenReading | undefined {
    const open = this.#open.get(reader);
    if (open === undefined) return undefined;
    this.#open.delete(reader);
    this.#timers.unschedule(open.end);
    return open;
  }
}
