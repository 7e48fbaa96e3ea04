/** Bytes: whether they are the same, and how they are written as text. */

export function areSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** The two digits of each byte. */
const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The bytes from `start` to before `end`, two digits each. */
export function hexOf(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  let text = "";
  for (let at = start; at < end; at++) text += digits[bytes[at] as number] as string;
  return text;
}

/** The bytes that {@link hexOf} has written so. */
export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
}
