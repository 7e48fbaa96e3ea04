/**
 * Item array: all items of a stream as one array, for somebody who cannot take them one by one.
 *
 * (A1) The arrays of one answer take no more than `bytesMax` together; longer streams are refused, not cut.
 * (A2) They take hardly more memory than they have bytes, however small the items, and count with all that is held.
 * (A3) One that may have only so many items is refused at the first beyond.
 */
import { MpregError } from "../../base/index.js";
import type { HeldBytes } from "../held-bytes.js";
import { ItemSplitter } from "./item-splitter.js";

/** What the arrays of one answer may take together, the option that says so, and what works where it is too little. */
export interface ArrayLimit {
  readonly bytesMax: number;
  readonly option: string;
  readonly advice: string;
}

/** What others have taken of the room, where several share it. */
export interface ArrayTotal {
  readonly bytes: number;
  /** Counts that many bytes more, or less. */
  add(bytes: number): void;
}

/** Why a stream may not have that many items, if it may not. */
export type ItemsRefusal = (count: number) => MpregError | undefined;

/** The room that the arrays of one answer share, or those of all that count in `total`. (A1) */
export class ArrayRoom {
  readonly #limit: ArrayLimit;
  readonly #held: HeldBytes;
  readonly #total: ArrayTotal | undefined;
  #bytes = 0;

  constructor(limit: ArrayLimit, held: HeldBytes, total?: ArrayTotal) {
    this.#limit = limit;
    this.#held = held;
    this.#total = total;
  }

  get bytesMax(): number {
    return this.#limit.bytesMax;
  }

  /** Answers why there is no room for so many bytes more. */
  take(bytes: number): MpregError | undefined {
    if ((this.#total?.bytes ?? this.#bytes) + bytes > this.#limit.bytesMax) return this.tooLarge();
    if (!this.#held.hasRoomFor(bytes)) {
      return this.#held.refusal("collect of a stream", bytes, { outcome: "unknown" });
    }
    this.#bytes += bytes;
    this.#total?.add(bytes);
    this.#held.bytes += bytes;
    return undefined;
  }

  /** The arrays are not wanted any more. */
  giveBack(): void {
    this.#total?.add(-this.#bytes);
    this.told();
  }

  /** The arrays are whoever's has asked for them, who counts what is held from now on. */
  told(): void {
    this.#held.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  tooLarge(): MpregError {
    const { bytesMax, option, advice } = this.#limit;
    const message = `A stream of more than ${bytesMax} bytes cannot be collected into an array (${option}); ${advice}`;
    return new MpregError("too-large", message, { outcome: "unknown" });
  }
}

export class ItemArray {
  readonly #room: ArrayRoom;
  readonly #splitter: ItemSplitter;
  readonly #tooMany: ItemsRefusal | undefined;
  #refusal: MpregError | undefined;
  #encoded = new Uint8Array(bytesMin);
  #length = headBytes;
  #count = 0;

  constructor(room: ArrayRoom, tooMany?: ItemsRefusal) {
    this.#room = room;
    this.#tooMany = tooMany;
    this.#splitter = new ItemSplitter(room.bytesMax);
  }

  /** How many bytes of the stream came. */
  get takenBytes(): number {
    return this.#splitter.takenBytes;
  }

  /** Answers why the bytes cannot be taken. */
  push(bytes: Uint8Array): MpregError | undefined {
    const refusal = this.#room.take(bytes.length);
    if (refusal !== undefined) return refusal;
    const tooLong = this.#splitter.push(bytes, (item) => {
      this.#add(item);
    });
    return this.#refusal ?? (tooLong && this.#room.tooLarge());
  }

  /** The encoded array: a MessagePack array of the items as they are. Nothing more is added after that. */
  encode(): Uint8Array {
    const encoded = this.#encoded;
    encoded[0] = array32;
    new DataView(encoded.buffer).setUint32(1, this.#count);
    this.#encoded = new Uint8Array(0);
    return encoded.slice(0, this.#length);
  }

  /** (A2) */
  #add(item: Uint8Array): void {
    this.#refusal ??= this.#tooMany?.(this.#count + 1); // (A3)
    if (this.#refusal !== undefined) return;
    const length = this.#length + item.length;
    if (length > this.#encoded.length) {
      const larger = new Uint8Array(Math.max(length, this.#encoded.length * 2));
      larger.set(this.#encoded.subarray(0, this.#length));
      this.#encoded = larger;
    }
    this.#encoded.set(item, this.#length); // what came is a view of a frame
    this.#length = length;
    this.#count += 1;
  }
}

/** MessagePack's array 32: a byte and a length of four. */
const array32 = 0xdd;
const headBytes = 5;
const bytesMin = 1024;
