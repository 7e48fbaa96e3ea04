/**
 * Slab: memory for small byte arrays, cut out of larger chunks one behind the other.
 *
 * An ArrayBuffer of its own costs several times as much as what 128 bytes are copied for (docs/benchmarks/findings.md). As with
 * Node's `Buffer`, who keeps one of these keeps its chunk.
 *
 * (S1) No two arrays overlap, and none is handed out twice.
 * (S2) What is larger than 1 KiB has memory of its own.
 */

/** Memory for `length` bytes, all of them 0. */
export type ByteMemory = (length: number) => Uint8Array<ArrayBuffer>;

const chunkBytes = 32 * 1024;
const smallBytesMax = 1024;

/**
 * A slab over the chunks that `newChunk` makes: whoever can keeps them from being transferred, and with them what others hold. The first chunk has
 * `firstBytes`, each further one twice as many as that before it, at most 32 KiB: one that little is asked of holds little.
 */
export function createSlab(newChunk: ByteMemory, firstBytes: number = chunkBytes): ByteMemory {
  let { buffer, byteOffset, length: room } = new Uint8Array(0);
  let used = 0;
  let nextBytes = firstBytes;
  return (length) => {
    if (length > smallBytesMax) return new Uint8Array(length); // (S2)
    if (used + length > room) {
      ({ buffer, byteOffset, length: room } = newChunk(Math.max(nextBytes, length)));
      nextBytes = Math.min(chunkBytes, nextBytes * 2);
      used = 0;
    }
    const start = byteOffset + used;
    used += length; // (S1)
    return new Uint8Array(buffer, start, length); // `subarray` would first look for the constructor to be used
  };
}
