/**
 * Announcements: what a node says of itself as a set of entries, all of it or what has changed.
 *
 * Owns what announcements have in common, whatever they are of: `catalog-messages.ts` has offers, `interest-messages.ts`
 * interest in topics. An entry travels as the bytes its origin wrote: the digest that the origin signs is of these, so that a
 * node which does not know all fields of an entry can check them and pass them on.
 */
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** What the origin signs: what its set was as of `version` in the run that began with incarnation `boot`. */
export interface AnnouncementHead {
  readonly nodeId: string;
  readonly boot: number;
  readonly version: number;
  /** Digest of all entries. */
  readonly digest: Uint8Array;
}

/** What the set of `head.nodeId` is: everything (`base` 0), or what changed since its version `base`. */
export interface AnnouncementMessage<E> {
  /** How many borders between clusters it may still cross. */
  readonly hopsLeft: number;
  readonly signature: Uint8Array;
  /** The signed bytes of `head`. */
  readonly body: Uint8Array;
  readonly head: AnnouncementHead;
  readonly base: number;
  readonly added: readonly E[];
  /** Names of entries. */
  readonly removed: readonly string[];
}

/** An announcement as it is written: the bytes of its entries are there already. */
export type WritableAnnouncement = Pick<
  AnnouncementMessage<unknown>,
  "hopsLeft" | "signature" | "body" | "base" | "removed"
> & {
  readonly added: Iterable<{ readonly bytes: Uint8Array }>;
  readonly addedCount: number;
};

const signatureBytes = 64;
const digestBytes = 32;

export function writeAnnouncementHead(writer: Writer, { nodeId, boot, version, digest }: AnnouncementHead): void {
  writer.text(nodeId).varint(boot).varint(version).raw(digest).endFields();
}

export function writeAnnouncement(writer: Writer, kind: number, message: WritableAnnouncement): void {
  writer.begin(kind).u8(message.hopsLeft).raw(message.signature).blob(message.body);
  writer.varint(message.base).varint(message.addedCount);
  for (const { bytes } of message.added) writer.blob(bytes);
  writer.texts(message.removed);
}

/** `what` there are at most `max` of, as people are told. */
export function readAnnouncement<E>(
  reader: Reader,
  what: string,
  max: number,
  readEntry: () => E,
): AnnouncementMessage<E & { readonly bytes: Uint8Array }> {
  const hopsLeft = reader.u8();
  const signature = reader.raw(signatureBytes);
  const bodyEnd = reader.varint() + reader.position;
  const start = reader.position;
  const head: AnnouncementHead = {
    nodeId: reader.name(),
    boot: reader.varint(),
    version: reader.varint(),
    digest: reader.raw(digestBytes),
  };
  reader.skipFields();
  if (reader.position !== bodyEnd) throw malformed(`a head of ${what} that is not as long as it says`);
  reader.position = start;
  const body = reader.raw(bodyEnd - start);
  const base = reader.varint();
  if (head.version < base) throw malformed(`${what} that go back in their versions`);
  const added: (E & { readonly bytes: Uint8Array })[] = [];
  for (let left = reader.count(what, max); left > 0; left--) {
    const length = reader.varint();
    const at = reader.position;
    const bytes = reader.raw(length);
    const end = reader.position;
    reader.position = at;
    const entry = readEntry();
    if (reader.position !== end) throw malformed(`an entry of ${what} that is not as long as it says`);
    added.push({ ...entry, bytes });
  }
  return { hopsLeft, signature, body, head, base, added, removed: reader.names(max) };
}
