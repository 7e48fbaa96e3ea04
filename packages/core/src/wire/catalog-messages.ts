/**
 * Messages by which nodes tell each other what they offer. Layouts: docs/protocol.md, "Catalog".
 *
 * How a set is announced, and why an entry keeps its bytes, is `announcement-messages.ts`.
 */
import { utf8Length } from "../values/index.js";
import {
  type AnnouncementHead,
  type AnnouncementMessage,
  type WritableAnnouncement,
  readAnnouncement,
  writeAnnouncement,
  writeAnnouncementHead,
} from "./announcement-messages.js";
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** Who may call a function: its own node only (then nobody is told of it), its cluster, or federated ones as well. */
export type OfferScope = "node" | "cluster" | "federation";

/** One function a node offers. */
export interface OfferRecord {
  readonly fun: string;
  /** Its own resources and its node's, together. */
  readonly resources: readonly string[];
  /** Version of the function (semver), where it has one. */
  readonly version: string | undefined;
  readonly tags: readonly string[];
  readonly scope: OfferScope;
  /** Calls of it that may run at a time on its node; `undefined` = as many as the node runs at all. */
  readonly concurrencyMax: number | undefined;
  /** Whether it may be run again when nobody knows whether it took effect. */
  readonly idempotent: Idempotence;
}

/** Which calls of a function may be run twice: none, all, or those with a key by which it recognizes a repetition. */
export type Idempotence = "no" | "yes" | "with-key";

/** An offer and the bytes its origin wrote for it. */
export interface OfferEntry {
  readonly offer: OfferRecord;
  readonly bytes: Uint8Array;
}

/** What the origin signs: what it offered as of `version` in the run that began with incarnation `boot`. */
export type OffersHead = AnnouncementHead;

/** What `head.nodeId` offers: everything (`base` 0), or what changed since its version `base`. */
export interface OffersMessage extends AnnouncementMessage<OfferEntry> {
  readonly kind: "offers";
}

/** Asks for everything that `nodeId` offers, or what changed since the version that is known. */
export interface OffersRequestMessage {
  readonly kind: "offers-request";
  readonly nodeId: string;
}

/** Functions that one node may offer. */
export const offersMax = 100_000;
/** Tags of one function. */
export const tagsMax = 64;
/** The most that an `offers` message has beside its entries. */
export const offersHeadBytesMax = 256;
/** Tag and length. */
const fieldBytes = 5;
const fieldVersion = 1;
const fieldTags = 2;
const fieldScope = 3;
const fieldConcurrencyMax = 4;
const fieldIdempotent = 5;
const idempotences: readonly Idempotence[] = ["no", "yes", "with-key"];
const scopes: readonly OfferScope[] = ["cluster", "federation"];

/** Writes an entry, as its origin does. */
export function writeOffer(writer: Writer, offer: OfferRecord): void {
  const { fun, resources, version, tags, scope, concurrencyMax, idempotent } = offer;
  writer.text(fun).texts(resources);
  if (version !== undefined) writer.field(fieldVersion).text(version).endField();
  if (tags.length > 0) writer.field(fieldTags).texts(tags).endField();
  if (scope !== "cluster") writer.field(fieldScope).u8(scopes.indexOf(scope)).endField();
  if (concurrencyMax !== undefined) writer.field(fieldConcurrencyMax).varint(concurrencyMax).endField();
  if (idempotent !== "no") writer.field(fieldIdempotent).u8(idempotences.indexOf(idempotent)).endField();
  writer.endFields();
}

/** How many bytes {@link writeOffer} writes, behind the length that stands before an entry. */
export function offerBytes(offer: OfferRecord): number {
  const { fun, resources, version, tags, scope, concurrencyMax, idempotent } = offer;
  let bytes = textBytes(fun) + textsBytes(resources) + 1;
  if (version !== undefined) bytes += fieldBytes + textBytes(version);
  if (tags.length > 0) bytes += fieldBytes + textsBytes(tags);
  if (scope !== "cluster") bytes += fieldBytes + 1;
  if (concurrencyMax !== undefined) bytes += fieldBytes + varintBytes(concurrencyMax);
  if (idempotent !== "no") bytes += fieldBytes + 1;
  return varintBytes(bytes) + bytes;
}

function textBytes(text: string): number {
  const bytes = utf8Length(text);
  return varintBytes(bytes) + bytes;
}

function textsBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + textBytes(text), varintBytes(texts.length));
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : 1 + varintBytes(Math.floor(value / 0x80));
}

export function writeOffersHead(writer: Writer, head: OffersHead): void {
  writeAnnouncementHead(writer, head);
}

export function writeOffers(writer: Writer, message: WritableAnnouncement): void {
  writeAnnouncement(writer, kinds.offers, message);
}

export function readOffers(reader: Reader, limits: WireLimits): OffersMessage {
  const message = readAnnouncement(reader, "offers", offersMax, () => ({ offer: readOffer(reader, limits) }));
  return { kind: "offers", ...message };
}

export function writeOffersRequest(writer: Writer, nodeId: string): void {
  writer.begin(kinds.offersRequest).text(nodeId);
}

export function readOffersRequest(reader: Reader): OffersRequestMessage {
  return { kind: "offers-request", nodeId: reader.name() };
}

function readOffer(reader: Reader, limits: WireLimits): OfferRecord {
  const fun = reader.name();
  const resources = reader.names(limits.resourcesMax);
  let version: string | undefined;
  let tags: readonly string[] = [];
  let scope: OfferScope = "cluster";
  let concurrencyMax: number | undefined;
  let idempotent: Idempotence = "no";
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fieldVersion) version = reader.name();
    else if (tag === fieldTags) tags = reader.names(tagsMax);
    else if (tag === fieldScope) scope = scopes[reader.u8()] ?? "cluster";
    else if (tag === fieldConcurrencyMax) concurrencyMax = reader.varint();
    else if (tag === fieldIdempotent) idempotent = idempotences[reader.u8()] ?? "no";
    else reader.field();
    reader.skipField();
  }
  return { fun, resources, version, tags, scope, concurrencyMax, idempotent };
}
