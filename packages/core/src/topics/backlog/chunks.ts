/**
 * Chunks: the memory in which published messages are kept, in the order in which they came.
 *
 * A message is copied once, when it is kept: what it was received in may be large and is somebody else's. A topic has
 * chunks of its own, so that they leave as its messages do; the first ones are small, as most topics are.
 *
 * (K1) `bytes` is what is allocated for chunks that hold something. Beside them there are spare ones, a quarter as much or 1 MiB:
 *      topics that are published to in turn all need their next chunk at one time, and give back the oldest at another. New memory
 *      for each would make the collector mark everything, several times a second (docs/benchmarks/findings.md).
 */

/** Memory that holds messages of one topic, one behind the other. */
export interface Chunk {
  readonly bytes: Uint8Array;
  used: number;
  /** How many messages it holds. */
  messages: number;
}

const chunkBytesMin = 1024;
const chunkBytesMax = 16 * 1024;
const spareBytesMin = 1024 * 1024;

export class Chunks {
  readonly #spare: Uint8Array[] = [];
  #bytes = 0;
  /** Messages in all chunks; those who put them there count. */
  messages = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** A chunk with room for `length` bytes, for a topic whose last one is `last`. */
  next(length: number, last: Chunk | undefined): Chunk {
    const wanted = Math.max(chunkBytesMin, Math.min(chunkBytesMax, (last?.bytes.length ?? 0) * 2));
    // one that would fill much of a chunk gets one that fits it
    const size = length > wanted / 2 ? Math.max(length, Math.min(wanted, chunkBytesMin)) : wanted;
    const bytes = (size === chunkBytesMax ? this.#spare.pop() : undefined) ?? new Uint8Array(size);
    this.#bytes += size; // (K1)
    return { bytes, used: 0, messages: 0 };
  }

  free({ bytes }: Chunk): void {
    this.#bytes -= bytes.length;
    const spare = this.#spare;
    const spareMax = Math.max(spareBytesMin, this.#bytes / 4) / chunkBytesMax;
    if (bytes.length === chunkBytesMax && spare.length < spareMax)
      spare.push(bytes); // (K1)
    else if (spare.length > spareMax) spare.pop();
  }
}
