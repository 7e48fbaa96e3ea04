/** Digest: the MD5 of message attributes, as AWS documents it ("Calculating the MD5 message digest for message attributes"). */
import type { AttributeValue, AttributeValues, SqsPlatform } from "./types.js";

/** `undefined` where there are none. */
export function md5OfAttributes(
  attributes: AttributeValues | undefined,
  { utf8, md5 }: Pick<SqsPlatform, "utf8" | "md5">,
): string | undefined {
  if (attributes === undefined || attributes.size === 0) return undefined;
  const pieces: Uint8Array[] = [];
  const put = (bytes: Uint8Array): void => {
    pieces.push(lengthOf(bytes), bytes);
  };
  const names = [...attributes.keys()].sort(); // by code unit
  for (const name of names) {
    const value = attributes.get(name) as AttributeValue;
    put(utf8.encode(name));
    put(utf8.encode(value.DataType));
    const { BinaryValue: binary } = value;
    pieces.push(binary === undefined ? stringKind : binaryKind);
    put(binary ?? utf8.encode(value.StringValue ?? ""));
  }
  return md5(joined(pieces));
}

const stringKind = Uint8Array.of(1);
const binaryKind = Uint8Array.of(2);

/** In four bytes, the highest first. */
function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
