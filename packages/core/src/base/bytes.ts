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
