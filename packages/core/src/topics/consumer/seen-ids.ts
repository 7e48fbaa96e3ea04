/**
 * Seen ids: which messages a subscription had lately, so that what is told again after a reconnect is taken once.
 *
 * An id is kept with the time of its message, as 53 bits of two hashes: two that a program meets do not share them. Noting one costs
 * no allocation; a map to look in is made when it is needed, after a reconnect.
 *
 * (I1) At most `idsMax` are kept; `forgottenMs` says until when what came may not be known any more. One time is kept for a block of
 *      ids: a client with many subscriptions that are told the same notes each message often, and this memory is its cache's.
 * (I2) What is looked for is only what came before the last `recall`, until as much has come since.
 * (I3) Programs choose ids, and some choose the same again (a counter of each publisher, the number of an order): what has another
 *      time or size is another message, and of those that nothing tells apart as many are known as had come.
 */

const blockIds = 64;
const blockShift = 6;
const idsMin = blockIds;
export const idsMax = 8_192;

export class SeenIds {
  #ids = new Float64Array(idsMin);
  /** Of each block, when the newest of it came. */
  #times = new Float64Array(idsMin / blockIds);
  #count = 0;
  /** How often each may come again. */
  #recalled: Map<number, number> | undefined;
  #recalledUntil = 0;
  /** When the newest of those came that may not be known any more; -Infinity while all are. */
  forgottenMs: number = -Infinity;

  /** Notes `message`, which came at `nowMs`. Answers false if it came before the last {@link recall}: it is known. */
  note(message: Uint8Array, nowMs: number): boolean {
    const id = idOf(message);
    if (this.#recalled !== undefined) {
      const left = this.#recalled.get(id);
      if (left !== undefined && left > 0) {
        this.#recalled.set(id, left - 1); // (I3)
        return false;
      }
      if (this.#count >= this.#recalledUntil) this.#recalled = undefined; // (I2)
    }
    if (this.#count >= this.#ids.length) this.#grow();
    const at = this.#count & (this.#ids.length - 1);
    const block = at >>> blockShift;
    if (this.#count >= idsMax && at % blockIds === 0) this.forgottenMs = this.#times[block] as number; // (I1)
    this.#ids[at] = id;
    this.#times[block] = nowMs;
    this.#count += 1;
    return true;
  }

  /** From now on what was noted is looked for. */
  recall(): void {
    const kept = Math.min(this.#count, idsMax);
    const recalled = new Map<number, number>();
    for (const id of this.#ids.subarray(0, kept)) recalled.set(id, (recalled.get(id) ?? 0) + 1);
    this.#recalled = recalled;
    this.#recalledUntil = this.#count + idsMax;
  }

  #grow(): void {
    if (this.#ids.length >= idsMax) return;
    const [ids, times] = [new Float64Array(this.#ids.length * 2), new Float64Array(this.#times.length * 2)];
    ids.set(this.#ids);
    times.set(this.#times);
    this.#ids = ids;
    this.#times = times;
  }
}

/** 53 bits of the id that stands behind the topic in `message`, of the time behind that and of its size; 0 where there is no id. (I3) */
function idOf(message: Uint8Array): number {
  const size = message.length;
  let at = 0;
  let length = 0;
  // twice a length and a text: of these the second is the id
  for (let text = 0; text < 2; text++) {
    at += length;
    length = 0;
    for (let unit = 1; ; unit *= 0x80) {
      if (at >= size) return 0;
      const byte = message[at++] as number;
      length += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
    }
  }
  let end = Math.min(size, at + length);
  while (end < size && (message[end++] as number) >= 0x80); // a varint: the time
  let first = 0x811c9dc5;
  let second = 0x9e3779b1 ^ length ^ (size << 12);
  // four bytes at a time, multiplied and folded as MurmurHash3 ends (A. Appleby, 2011)
  while (at < end) {
    let word = message[at++] as number;
    if (at < end) word |= (message[at++] as number) << 8;
    if (at < end) word |= (message[at++] as number) << 16;
    if (at < end) word |= (message[at++] as number) << 24;
    first = Math.imul(first ^ word, 0x85ebca6b);
    first ^= first >>> 13;
    second = Math.imul(second ^ word, 0xc2b2ae35);
    second ^= second >>> 16;
  }
  return (first >>> 0) * 0x200000 + (second >>> 11);
}
