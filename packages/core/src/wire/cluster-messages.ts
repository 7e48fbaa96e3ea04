/**
 * Messages by which nodes tell each other who there is and what they offer. Layouts: docs/protocol.md, "Cluster".
 */
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** A node the sender has an open link to. */
export interface MemberRecord {
  readonly nodeId: string;
  readonly name: string;
  readonly urls: readonly string[];
}

/** All nodes the sender has an open link to, itself left out. Replaces what it said before. */
export interface MembersMessage {
  readonly kind: "members";
  readonly members: readonly MemberRecord[];
}

/** One function the sender offers, with its own and the node's resources together. */
export interface OfferRecord {
  readonly fun: string;
  readonly resources: readonly string[];
}

/**
 * What the sender offers: everything (`base` 0), or what changed between its versions `base` and `version`.
 */
export interface CatalogMessage {
  readonly kind: "catalog";
  readonly base: number;
  readonly version: number;
  readonly added: readonly OfferRecord[];
  readonly removed: readonly string[];
}

const membersMax = 10_000;
/** Functions that one node may offer. */
export const offersMax = 100_000;
const urlsMax = 16;

export function writeMembers(writer: Writer, members: readonly MemberRecord[]): void {
  writer.begin(kinds.members).varint(members.length);
  for (const member of members) writer.text(member.nodeId).text(member.name).texts(member.urls).endFields();
}

export function readMembers(reader: Reader): MembersMessage {
  const members: MemberRecord[] = [];
  for (let left = reader.count("members", membersMax); left > 0; left--) {
    members.push({ nodeId: reader.name(), name: reader.name(), urls: reader.names(urlsMax) });
    skipFields(reader);
  }
  return { kind: "members", members };
}

export function writeCatalog(writer: Writer, message: Omit<CatalogMessage, "kind">): void {
  writer.begin(kinds.catalog).varint(message.base).varint(message.version);
  writer.varint(message.added.length);
  for (const offer of message.added) writer.text(offer.fun).texts(offer.resources).endFields();
  writer.texts(message.removed);
}

export function readCatalog(reader: Reader, limits: WireLimits): CatalogMessage {
  const base = reader.varint();
  const version = reader.varint();
  if (version < base) throw malformed("a catalog that goes back in its versions");
  const added: OfferRecord[] = [];
  for (let left = reader.count("offers", offersMax); left > 0; left--) {
    added.push({ fun: reader.name(), resources: reader.names(limits.resourcesMax) });
    skipFields(reader);
  }
  return { kind: "catalog", base, version, added, removed: reader.names(offersMax) };
}

function skipFields(reader: Reader): void {
  while (reader.tag() !== 0) reader.skipField();
}
