/**
 * Bigint bytes: two's complement, most significant byte first, of bigints that 64 bits do not hold.
 *
 * Goes through hexadecimal text, which the engine converts in linear time.
 */

/** The shortest two's complement of `value`. */
export function bigintToBytes(value: bigint): Uint8Array {
  const isNegative = value < 0n;
  let hex = (isNegative ? ~value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (hex.charCodeAt(0) > "7".charCodeAt(0)) hex = `00${hex}`; // the first bit is the sign
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = (digit(hex.charCodeAt(2 * i)) << 4) | digit(hex.charCodeAt(2 * i + 1));
    bytes[i] = isNegative ? ~byte : byte;
  }
  return bytes;
}

/** The bigint whose two's complement is `bytes[start, end)`, at least one byte. */
export function bigintFromBytes(bytes: Uint8Array, start: number, end: number): bigint {
  const isNegative = (bytes[start] as number) > 0x7f;
  const parts = ["0x"];
  for (let from = start; from < end; from += bytesAtOnce) {
    const part = Array.from(bytes.subarray(from, Math.min(from + bytesAtOnce, end)), (byte) => {
      return hexOf[isNegative ? 0xff - byte : byte];
    });
    parts.push(part.join(""));
  }
  const value = BigInt(parts.join(""));
  return isNegative ? ~value : value;
}

/** A string that grows byte by byte would take 32 bytes of memory for each. */
const bytesAtOnce = 4096;

const hexOf: readonly string[] = Array.from({ length: 0x100 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The value of a lower-case hexadecimal digit. */
function digit(code: number): number {
  return code < 0x40 ? code - 0x30 : code - 0x57;
}
