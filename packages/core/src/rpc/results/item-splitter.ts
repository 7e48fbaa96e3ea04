/**
 * Item splitter: the bytes of a stream, as they come, become its items again.
 *
 * (T1) Items leave whole and in order, however the bytes were cut.
 * (T2) An item longer than `itemBytesMax` is refused before there is memory for it.
 */
import { MpregError } from "../../base/index.js";
import { lengthBytes } from "./item-bytes.js";

export class ItemSplitter {
  readonly #itemBytesMax: number;
  readonly #head = new Uint8Array(lengthBytes);
  #headBytes = 0;
  #item: Uint8Array | undefined;
  #itemBytes = 0;
  #takenBytes = 0;

  constructor(itemBytesMax: number) {
    this.#itemBytesMax = itemBytesMax;
  }

  /** How many bytes came. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Up to which byte the item goes of which a part is here; where nothing is known of it, the bytes that came. */
  get itemEnd(): number {
    return this.#item === undefined ? this.#takenBytes : this.#takenBytes + this.#item.length - this.#itemBytes;
  }

  /** Whether the last item is whole. */
  get isBetween(): boolean {
    return this.#item === undefined && this.#headBytes === 0;
  }

  /** Takes the next bytes; `take` gets views of them, where an item is whole in them. Answers what is wrong with them. */
  push(bytes: Uint8Array, take: (item: Uint8Array) => void): MpregError | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#item !== undefined) {
        at += this.#fill(this.#item, bytes.subarray(at), take);
        continue;
      }
      this.#head[this.#headBytes] = bytes[at] as number;
      at += 1;
      this.#headBytes += 1;
      this.#takenBytes += 1;
      if (this.#headBytes < lengthBytes) continue;
      this.#headBytes = 0;
      const length = new DataView(this.#head.buffer).getUint32(0);
      if (length > this.#itemBytesMax) return this.#tooLarge(length); // (T2)
      if (at + length <= bytes.length) {
        take(bytes.subarray(at, at + length)); // (T1)
        at += length;
        this.#takenBytes += length;
      } else {
        this.#item = new Uint8Array(length);
        this.#itemBytes = 0;
      }
    }
    return undefined;
  }

  #fill(item: Uint8Array, bytes: Uint8Array, take: (item: Uint8Array) => void): number {
    const count = Math.min(bytes.length, item.length - this.#itemBytes);
    item.set(bytes.subarray(0, count), this.#itemBytes);
    this.#itemBytes += count;
    this.#takenBytes += count;
    if (this.#itemBytes < item.length) return count;
    this.#item = undefined;
    take(item);
    return count;
  }

  #tooLarge(length: number): MpregError {
    const message = `An item of ${length} bytes is too much; the limit is ${this.#itemBytesMax} (limits.valueBytesMax)`;
    return new MpregError("too-large", message, { outcome: "unknown" });
  }
}
