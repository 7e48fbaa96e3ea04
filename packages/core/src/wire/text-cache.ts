/**
 * Text cache: short texts that come again and again (function names, resources) are decoded once.
 *
 * A direct-mapped table: a slot holds the last text whose hash fell on it. Finding a text costs one pass over its
 * bytes and no allocation, and the same string instance comes back, with its hash already computed for a `Map`.
 *
 * (T1) What comes back equals the decoding of the bytes: the hash only chooses the slot, the bytes decide.
 * (T2) The memory is bounded: `slots` texts of at most `cachedBytesMax` bytes.
 */
import type { Utf8 } from "../base/index.js";

const slots = 1024;
const cachedBytesMax = 64;

interface Slot {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class TextCache {
  readonly #utf8: Utf8;
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(slots).fill(undefined);

  constructor(utf8: Utf8) {
    this.#utf8 = utf8;
  }

  decode(bytes: Uint8Array, start: number, end: number): string {
    if (start === end) return "";
    if (end - start > cachedBytesMax) return this.#utf8.decode(bytes, start, end);
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    const index = (hash ^ (hash >>> 15)) & (slots - 1);
    const slot = this.#slots[index];
    if (slot !== undefined && equal(slot.bytes, bytes, start, end)) return slot.text; // (T1)
    const text = this.#utf8.decode(bytes, start, end);
    this.#slots[index] = { bytes: bytes.slice(start, end), text };
    return text;
  }
}

function equal(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0, at = start; at < end; i++, at++) if (known[i] !== bytes[at]) return false;
  return true;
}
