/**
 * Messages by which somebody looks at requests that others have asked for. Layout: docs/protocol.md, "Watching".
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import { type QuestionRelay, readRelayField, relayTag, writeRelayField } from "./resume-messages.js";
import type { Writer } from "./writer.js";

/** Client to node, and on to the coordinator: what becomes of this request? */
export interface WatchMessage {
  readonly kind: "watch";
  readonly id: number;
  readonly requestId: string;
  /** Answer at once with what is known, and tell no events. */
  readonly now: boolean;
  /** Tell small intermediate results with their events. */
  readonly intermediates: boolean;
  /** Address of the client for which a node asks. */
  readonly behalf: string | undefined;
  /** Of nodes only. */
  readonly relay: QuestionRelay | undefined;
}

const watchTags = { now: 1, intermediates: 2, behalf: 3 } as const;

export function writeWatch(writer: Writer, message: Omit<WatchMessage, "kind">): void {
  const { id, requestId, now, intermediates, behalf, relay } = message;
  writer.begin(kinds.watch).u32(id).text(requestId);
  if (now) writer.field(watchTags.now).endField();
  if (intermediates) writer.field(watchTags.intermediates).endField();
  if (behalf !== undefined) writer.field(watchTags.behalf).text(behalf).endField();
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields();
}

export function readWatch(reader: Reader): WatchMessage {
  const id = reader.u32();
  const requestId = reader.name();
  let now = false;
  let intermediates = false;
  let behalf: string | undefined;
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === watchTags.now) now = true;
    else if (tag === watchTags.intermediates) intermediates = true;
    else if (tag === watchTags.behalf) behalf = reader.name();
    else if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "watch", id, requestId, now, intermediates, behalf, relay };
}

/** Client to node, and on to the one that it names: which requests do you coordinate, or have coordinated lately? */
export interface RequestsMessage {
  readonly kind: "requests";
  readonly id: number;
  /** Name or id of the node whose requests are meant; left out: of the one that is asked. */
  readonly node: string | undefined;
  /** Address of the client for which a node asks. */
  readonly behalf: string | undefined;
  /** Of nodes only. */
  readonly relay: QuestionRelay | undefined;
}

const requestsTags = { node: 1, behalf: 2 } as const;

export function writeRequests(writer: Writer, { id, node, behalf, relay }: Omit<RequestsMessage, "kind">): void {
  writer.begin(kinds.requests).u32(id);
  if (node !== undefined) writer.field(requestsTags.node).text(node).endField();
  if (behalf !== undefined) writer.field(requestsTags.behalf).text(behalf).endField();
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields();
}

export function readRequests(reader: Reader): RequestsMessage {
  const id = reader.u32();
  let node: string | undefined;
  let behalf: string | undefined;
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === requestsTags.node) node = reader.name();
    else if (tag === requestsTags.behalf) behalf = reader.name();
    else if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "requests", id, node, behalf, relay };
}
