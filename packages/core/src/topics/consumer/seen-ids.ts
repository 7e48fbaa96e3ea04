/**
 * Seen ids: which messages a subscription had lately, so that what is told again after a reconnect is taken once.
 *
 * An id is kept as 53 bits of two hashes: two that a program meets do not share them. Noting one costs no allocation; a set to
 * look in is made when it is needed, after a reconnect.
 *
 * (I1) At most `idsMax` are kept; `forgottenMs` says until when what came is not known any more.
 * (I2) What is looked for is only what came before the last `recall`, until as much has come since.
 */

const idsMin = 64;
export const idsMax = 8_192;

export class SeenIds {
  #ids = new Float64Array(idsMin);
  #times = new Float64Array(idsMin);
  #count = 0;
  #recalled: Set<number> | undefined;
  #recalledUntil = 0;
  /** When the newest of those came that are not known any more; -Infinity while all are. */
  forgottenMs: number = -Infinity;

  /** Notes `message`, which came at `nowMs`. Answers false if it came before the last {@link recall}: it is known. */
  note(message: Uint8Array, nowMs: number): boolean {
    const id = idOf(message);
    if (this.#recalled !== undefined) {
      if (this.#recalled.has(id)) return false;
      if (this.#count >= this.#recalledUntil) this.#recalled = undefined; // (I2)
    }
    if (this.#count >= this.#ids.length) this.#grow();
    const at = this.#count & (this.#ids.length - 1);
    if (this.#count >= idsMax) this.forgottenMs = this.#times[at] as number; // (I1)
    this.#ids[at] = id;
    this.#times[at] = nowMs;
    this.#count += 1;
    return true;
  }

  /** From now on what was noted is looked for. */
  recall(): void {
    const kept = Math.min(this.#count, idsMax);
    this.#recalled = new Set(this.#ids.subarray(0, kept));
    this.#recalledUntil = this.#count + idsMax;
  }

  #grow(): void {
    if (this.#ids.length >= idsMax) return;
    const [ids, times] = [new Float64Array(this.#ids.length * 2), new Float64Array(this.#ids.length * 2)];
    ids.set(this.#ids);
    times.set(this.#times);
    this.#ids = ids;
    this.#times = times;
  }
}

/** 53 bits of the id that stands behind the topic in `message`; 0 where there is none. */
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
  const end = Math.min(size, at + length);
  let first = 0x811c9dc5; // FNV-1a, and the same with another multiplier
  let second = 0x9e3779b1;
  for (; at < end; at++) {
    const byte = message[at] as number;
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x85ebca6b);
    second ^= second >>> 15;
  }
  return (first >>> 0) * 0x200000 + (second >>> 11);
}
