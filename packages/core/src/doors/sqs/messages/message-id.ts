/**
 * Message ids, as clients of SQS know them: what they may also use as the id of an entry in a batch, and as a key across queues.
 *
 * (I1) An id that a client could have chosen itself is told as it is; all others as a UUID, always the same one: of the queue where the message was
 *      sent first, which a dead letter names.
 */
import type { SqsPlatform } from "../types.js";

/** What the id of an entry may be (`BatchEntryIds`). */
const plain = /^[A-Za-z0-9_-]{1,80}$/;
/** What a queue itself calls a message: its own number and that of the message, to the base 36. */
const made = /^~([0-9a-z]{1,9})\.([0-9a-z]{1,10})$/;

export function messageIdOf(id: string, queue: string, { sha256, utf8 }: Pick<SqsPlatform, "sha256" | "utf8">): string {
  if (id[0] !== "~" && plain.test(id)) return id;
  const parts = made.exec(id);
  if (parts === null) {
    const hash = sha256(utf8.encode(`${queue}\n${id}`));
    return uuid(hash.slice(0, 12), hash.slice(12, 30));
  }
  // no digest: this is done for each message that is sent or received
  const of = hex(hashOf(queue), 8) + hex(Number.parseInt(parts[1] as string, 36) % 0x1_0000, 4);
  return uuid(of, hex(Number.parseInt(parts[2] as string, 36), 18));
}

/** A UUID of version 4 by its form, of 12 and 18 digits. */
function uuid(high: string, low: string): string {
  return `${high.slice(0, 8)}-${high.slice(8)}-4${low.slice(0, 3)}-8${low.slice(3, 6)}-${low.slice(6)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** FNV-1a, 32 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
