/**
 * The message by which somebody asks what topics of a node come to. Layout: docs/protocol.md, "topic-report".
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import { type QuestionRelay, readRelayField, relayTag, writeRelayField } from "./resume-messages.js";
import type { Writer } from "./writer.js";

/** Client to node, and on to the one that it names: what is subscribed to there, and how much has gone through it? */
export interface TopicReportMessage {
  readonly kind: "topic-report";
  readonly id: number;
  /** How many kinds of subscriptions it is to tell of at most; 0: as many as the node tells of. */
  readonly most: number;
  /** Name or id of the node that is meant; left out: the one that is asked. */
  readonly node: string | undefined;
  /** Address of the client for which a node asks. */
  readonly behalf: string | undefined;
  /** Of nodes only. */
  readonly relay: QuestionRelay | undefined;
}

const tags = { node: 1, behalf: 2 } as const;

export function writeTopicReport(writer: Writer, message: Omit<TopicReportMessage, "kind">): void {
  const { id, most, node, behalf, relay } = message;
  writer.begin(kinds.topicReport).u32(id).varint(most);
  if (node !== undefined) writer.field(tags.node).text(node).endField();
  if (behalf !== undefined) writer.field(tags.behalf).text(behalf).endField();
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields();
}

export function readTopicReport(reader: Reader): TopicReportMessage {
  const id = reader.u32();
  const most = reader.varint();
  let node: string | undefined;
  let behalf: string | undefined;
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tags.node) node = reader.name();
    else if (tag === tags.behalf) behalf = reader.name();
    else if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "topic-report", id, most, node, behalf, relay };
}
