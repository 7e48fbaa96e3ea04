/**
 * The message by which a node asks another one for what that has in its backlog. Layout: docs/protocol.md, "backlog-ask".
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import { type QuestionRelay, readRelayField, relayTag, writeRelayField } from "./resume-messages.js";
import {
  type WireFilter,
  type WireReplay,
  listMax,
  readFilter,
  readReplay,
  writeFilter,
  writeReplay,
} from "./topic-messages.js";
import type { Writer } from "./writer.js";

/** Node to node: what does the node have for a subscription that has come late? */
export interface BacklogAskMessage {
  readonly kind: "backlog-ask";
  readonly id: number;
  readonly patterns: readonly string[];
  readonly replay: WireReplay;
  /** The version of the asker's interest with which it wants these patterns. */
  readonly boot: number;
  readonly version: number;
  /** The message has to pass both. */
  readonly filter: WireFilter | undefined;
  readonly keptFilter: WireFilter | undefined;
  /** The numbers of the node's backlog that are asked for, once it has named them. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  /** Address of the client for which the node asks. */
  readonly behalf: string | undefined;
  /** How it travels over a neighbour. */
  readonly relay: QuestionRelay | undefined;
}

const tags = { filter: 1, keptFilter: 2, from: 3, until: 4, behalf: 5 } as const;

export function writeBacklogAsk(writer: Writer, message: Omit<BacklogAskMessage, "kind">): void {
  const { id, patterns, replay, boot, version, filter, keptFilter, from, until, behalf, relay } = message;
  writeReplay(writer.begin(kinds.backlogAsk).u32(id).texts(patterns), replay).varint(boot).varint(version);
  if (filter !== undefined) writeFilter(writer, tags.filter, filter);
  if (keptFilter !== undefined) writeFilter(writer, tags.keptFilter, keptFilter);
  if (from !== undefined) writer.field(tags.from).varint(from).endField();
  if (until !== undefined) writer.field(tags.until).varint(until).endField();
  if (behalf !== undefined) writer.field(tags.behalf).text(behalf).endField();
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields();
}

export function readBacklogAsk(reader: Reader): BacklogAskMessage {
  const id = reader.u32();
  const patterns = reader.names(listMax);
  const replay = readReplay(reader);
  const boot = reader.varint();
  const version = reader.varint();
  let filter: WireFilter | undefined;
  let keptFilter: WireFilter | undefined;
  let from: number | undefined;
  let until: number | undefined;
  let behalf: string | undefined;
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tags.filter) filter = readFilter(reader);
    else if (tag === tags.keptFilter) keptFilter = readFilter(reader);
    else if (tag === tags.from) from = reader.varint();
    else if (tag === tags.until) until = reader.varint();
    else if (tag === tags.behalf) behalf = reader.text();
    else if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "backlog-ask", id, patterns, replay, boot, version, filter, keptFilter, from, until, behalf, relay };
}
