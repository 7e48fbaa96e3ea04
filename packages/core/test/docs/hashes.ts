/** The hashes of docs/protocol.md, written down once more from its text alone. */
import { createHash } from "node:crypto";

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

const word = 2n ** 32n;

/** The hash of a text, "Hashes of texts". */
export function textHash(text: string): number {
  let hash = 0x811c9dc5n;
  for (let unit = 0; unit < text.length; unit++) {
    hash = ((hash ^ BigInt(text.charCodeAt(unit))) * 0x01000193n) % word;
  }
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) % word;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) % word;
  return Number(hash ^ (hash >> 16n));
}

/** The digest that a head of offers has, "Digest of offers". */
export function offersDigest(
  offers: readonly { readonly fun: string; readonly version?: string | undefined; readonly bytes: Uint8Array }[],
): Uint8Array {
  const parts = Array.from({ length: 64 }, (_, part) => {
    const here = offers.filter(({ fun }) => textHash(fun) % 64 === part);
    const orderOf = ({ fun, version = "" }: (typeof offers)[number]): string => `${utf16Of(fun)} ${utf16Of(version)}`;
    here.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    if (here.length === 0) return Buffer.alloc(32);
    return sha256(Buffer.concat(here.flatMap(({ bytes }) => [lengthOf(bytes), bytes])));
  });
  return sha256(Buffer.concat(parts));
}

/** A text whose order as text is that of its UTF-16 units. */
function utf16Of(text: string): string {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, "0")).join("");
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return length;
}
