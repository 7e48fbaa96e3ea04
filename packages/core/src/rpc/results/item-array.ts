/**
 * Item array: all items of a stream as one array, for somebody who cannot take them one by one.
 *
 * (A1) It takes no more than `bytesMax`; a longer stream is refused, not cut.
 */
import { MpregError } from "../../base/index.js";
import { ItemSplitter } from "./item-splitter.js";

export class ItemArray {
  readonly #bytesMax: number;
  readonly #splitter: ItemSplitter;
  readonly #items: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#splitter = new ItemSplitter(bytesMax);
  }

  /** How many bytes of the stream came. */
  get takenBytes(): number {
    return this.#splitter.takenBytes;
  }

  /** Answers why the bytes cannot be taken. */
  push(bytes: Uint8Array): MpregError | undefined {
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#bytesMax) {
      return this.#splitter.push(bytes, (item) => {
        this.#items.push(item.slice()); // what came is a view of a frame
      });
    }
    const message = `A stream of more than ${this.#bytesMax} bytes cannot be collected into an array (limits.valueBytesMax)`;
    return new MpregError("too-large", message, { outcome: "unknown" }); // (A1)
  }

  /** The encoded array: a MessagePack array of the items as they are. */
  encode(): Uint8Array {
    const size = this.#items.reduce((sum, item) => sum + item.length, headBytes);
    const encoded = new Uint8Array(size);
    encoded[0] = array32;
    new DataView(encoded.buffer).setUint32(1, this.#items.length);
    let at = headBytes;
    for (const item of this.#items) {
      encoded.set(item, at);
      at += item.length;
    }
    return encoded;
  }
}

/** MessagePack's array 32: a byte and a length of four. */
const array32 = 0xdd;
const headBytes = 5;
