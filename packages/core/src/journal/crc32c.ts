/**
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4): the checksum of everything that is kept on disk.
 *
 * Eight bytes at a time ("slicing by 8", Kounavis and Berry 2005). The tables are made when a checksum is first wanted: a node that keeps
 * nothing holds none.
 */

const polynomial = 0x82f63b78; // 0x1edc6f41, its bits in reverse
let tables: Uint32Array | undefined;

/**
 * The checksum of `bytes[from, to)`, as an unsigned integer of 32 bits. `before` is the checksum of what comes before it: that of `a` and then `b` is
 * `crc32c(b, 0, b.length, crc32c(a))`.
 */
export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length, before = 0): number {
  const table = (tables ??= makeTables());
  let crc = ~before;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc ^= octet(bytes, at) | (octet(bytes, at + 1) << 8) | (octet(bytes, at + 2) << 16) | (octet(bytes, at + 3) << 24);
    crc =
      octet(table, 1792 + (crc & 0xff)) ^
      octet(table, 1536 + ((crc >>> 8) & 0xff)) ^
      octet(table, 1280 + ((crc >>> 16) & 0xff)) ^
      octet(table, 1024 + (crc >>> 24)) ^
      octet(table, 768 + octet(bytes, at + 4)) ^
      octet(table, 512 + octet(bytes, at + 5)) ^
      octet(table, 256 + octet(bytes, at + 6)) ^
      octet(table, octet(bytes, at + 7));
  }
  for (; at < to; at++) crc = octet(table, (crc ^ octet(bytes, at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function octet(array: Uint8Array | Uint32Array, at: number): number {
  return array[at] as number;
}

function makeTables(): Uint32Array {
  const made = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) {
    const shorter = octet(made, at - 256);
    made[at] = octet(made, shorter & 0xff) ^ (shorter >>> 8);
  }
  return made;
}
