/** Large values whose bytes are known, and made and checked as fast as memory is copied: the benchmark is of what lies between. */

const pattern = Buffer.from(Array.from({ length: 65_521 }, (_, index) => (index * 131) % 251));

/** @param {number} bytes */
export function fill(bytes) {
  return new Uint8Array(Buffer.alloc(bytes, pattern).buffer, 0, bytes);
}

/**
 * A copy whose first byte is another one.
 *
 * @param {Uint8Array} value
 */
export function turned(value) {
  const copy = new Uint8Array(value.length);
  copy.set(value);
  copy[0] ^= 0xff;
  return copy;
}

/**
 * @param {Uint8Array} value
 * @param {{ isTurned: boolean }} how
 * @returns {number} its length; throws for a byte that is not what it should be
 */
export function assertMade(value, { isTurned }) {
  const given = Buffer.from(value.buffer, value.byteOffset, value.length);
  const first = isTurned ? pattern[0] ^ 0xff : pattern[0];
  if (given[0] !== first) throw new Error(`Byte 0 is ${given[0]} instead of ${first}`);
  for (let at = 0; at < given.length; at += pattern.length) {
    const from = at === 0 ? 1 : 0;
    const to = Math.min(pattern.length, given.length - at);
    if (pattern.compare(given, at + from, at + to, from, to) !== 0) {
      throw new Error(`The ${pattern.length} bytes from ${at} on are not those that were made`);
    }
  }
  return given.length;
}
