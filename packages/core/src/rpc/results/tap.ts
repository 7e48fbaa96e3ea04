/**
 * Tap: reads a stream of this node, for somebody on the same node.
 *
 * (L1) Its fetch gets no more than it allows, in order, and one end.
 */
import type { MpregError } from "../../base/index.js";
import type { Stream, StreamReader } from "./stream.js";

/** A fetch of what is here. */
export interface LocalFetch {
  readonly isOver: boolean;
  receivedBytes: number;
  readonly allowedBytes: number;
  readonly sink: { chunk(bytes: Uint8Array, totalBytes: number | undefined, nowMs: number): void };
}

export class Tap<F extends LocalFetch> implements StreamReader {
  readonly stream: Stream;
  readonly #fetch: F;
  readonly #ended: (fetch: F, error: MpregError | undefined, nowMs: number) => void;
  #isPouring = false;

  /** `ended`: nothing more comes; with the error that is to be told, if there is one. */
  constructor(stream: Stream, fetch: F, ended: (fetch: F, error: MpregError | undefined, nowMs: number) => void) {
    this.stream = stream;
    this.#fetch = fetch;
    this.#ended = ended;
  }

  wake(nowMs: number): void {
    if (this.#isPouring) return; // whoever takes what comes allows more at once
    this.#isPouring = true;
    while (this.#pour(nowMs));
    this.#isPouring = false;
  }

  replaced(): void {
    // two of one reader never come from the same node
  }

  /** Answers whether there may be more. (L1) */
  #pour(nowMs: number): boolean {
    const { stream } = this;
    const fetch = this.#fetch;
    if (fetch.isOver) return false;
    const bytes = stream.read(fetch.receivedBytes, fetch.allowedBytes - fetch.receivedBytes);
    fetch.receivedBytes += bytes.length;
    const end = stream.endAt(fetch.receivedBytes);
    const isLast = end !== undefined && end.error === undefined;
    if (isLast) this.#ended(fetch, undefined, nowMs);
    if (bytes.length > 0 || isLast) fetch.sink.chunk(bytes, isLast ? fetch.receivedBytes : undefined, nowMs);
    if (end?.error !== undefined) this.#ended(fetch, end.error, nowMs);
    return bytes.length > 0;
  }
}
