/**
 * Item bytes: the items of a stream as one sequence of bytes, of which the beginning is let go.
 *
 * Each item is its encoded value with its length before it (u32, big-endian). Small items share blocks, so that as many
 * as fit travel together.
 *
 * (Y1) What was read stays as it was: bytes are only added behind what there is.
 * (Y2) No more is kept than there is, but for one block.
 */

/** Bytes of an item's length. */
export const lengthBytes = 4;

const blockBytes = 16 * 1024;

interface Block {
  readonly start: number;
  readonly bytes: Uint8Array;
  length: number;
}

export class ItemBytes {
  #blocks: Block[] = [];
  #start = 0;
  #end = 0;

  /** How many bytes there were in all; those from {@link start} on are here. */
  get end(): number {
    return this.#end;
  }

  get start(): number {
    return this.#start;
  }

  /** Adds an item; answers how many bytes that makes. */
  add(item: Uint8Array): number {
    const size = lengthBytes + item.length;
    const block = this.#blockFor(size);
    const { bytes, length } = block;
    new DataView(bytes.buffer, bytes.byteOffset + length).setUint32(0, item.length);
    bytes.set(item, length + lengthBytes); // (Y1)
    block.length += size;
    this.#end += size;
    return size;
  }

  /** A view of bytes from `from` on: at least one where there is one, and `bytesMax` at most. */
  read(from: number, bytesMax: number): Uint8Array {
    const block = this.#blocks.find(({ start, length }) => from < start + length);
    if (block === undefined || bytesMax <= 0) return nothing;
    const at = from - block.start;
    return block.bytes.subarray(at, Math.min(block.length, at + bytesMax));
  }

  /** Lets go of what is before `before`; answers how many bytes that was. (Y2) */
  trim(before: number): number {
    const start = Math.min(this.#end, Math.max(before, this.#start));
    const trimmed = start - this.#start;
    this.#start = start;
    const isLeft = this.#blocks.findIndex((block) => block.start + block.length > start);
    if (isLeft !== 0) this.#blocks = isLeft < 0 ? [] : this.#blocks.slice(isLeft);
    return trimmed;
  }

  #blockFor(size: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.length + size <= last.bytes.length) return last;
    const block = { start: this.#end, bytes: new Uint8Array(Math.max(size, blockBytes)), length: 0 };
    this.#blocks.push(block);
    return block;
  }
}

const nothing = new Uint8Array(0);
