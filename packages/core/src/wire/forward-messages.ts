/**
 * Messages of topics between nodes: what was published elsewhere, and what becomes of it. Layouts: docs/protocol.md, "Topics
 * between nodes".
 *
 * (P1) The message that was published is the rest of `forward`, as the publisher wrote it.
 */
import { kinds } from "./kinds.js";
import type { ForwardOverMessage, ToldOverMessage } from "./over-messages.js";
import type { Reader } from "./reader.js";
import { type QuestionRelay, readRelayField, relayTag, writeRelayField } from "./resume-messages.js";
import { type TakenMessage, listMax } from "./topic-messages.js";
import type { Writer } from "./writer.js";

/** Node to node: a message on its way from the node where it was published to one that wants it. */
export interface ForwardMessage {
  readonly kind: "forward";
  /** Counts what the node has for the other one, from 1: a gap is what got lost. */
  readonly sequence: number;
  /** Groups for whose members that node has been chosen; the others of the message go elsewhere. */
  readonly groups: readonly string[];
  /** How long it has waited on its way, in ms. */
  readonly waitedMs: number;
  /** Whether the sender wants a `forward-report` of what has become of it. */
  readonly isConfirmed: true | undefined;
  /** Only members of `groups` are to get it, for which these nodes had none; unless it is said, other subscriptions, too. */
  readonly tried: readonly string[] | undefined;
  readonly relay: QuestionRelay | undefined;
  readonly message: Uint8Array;
}

/** Node to node: the number that was used last. */
export interface ForwardedUntilMessage {
  readonly kind: "forwarded-until";
  readonly sequence: number;
}

/** Node to node: what a `forward` has come to where it was sent to, by subscriptions. */
export interface ForwardReportMessage {
  readonly kind: "forward-report";
  /** That of the `forward`. */
  readonly sequence: number;
  readonly handed: number;
  readonly waiting: number;
  readonly lost: number;
}

/** Node to node: a `forward` for groups of which no member here wants the message, back to the node that has sent it. */
export interface HandedBackMessage {
  readonly kind: "handed-back";
  readonly groups: readonly string[];
  /** How long it has waited on its way, in ms. */
  readonly waitedMs: number;
  /** As in the `forward`. */
  readonly tried: readonly string[] | undefined;
  /** The number of the `forward`, where that is to be confirmed. */
  readonly sequence: number | undefined;
  readonly message: Uint8Array;
}

/** What topics are told of by nodes. */
export type NodeTopicsMessage =
  | ForwardMessage
  | ForwardedUntilMessage
  | ForwardReportMessage
  | HandedBackMessage
  | ForwardOverMessage
  | ToldOverMessage
  | TakenMessage;

const forwardTags = { groups: 1, waitedMs: 2, isConfirmed: 3, tried: 4, sequence: 5 } as const;

export function writeForward(writer: Writer, forward: Omit<ForwardMessage, "kind">): void {
  const { sequence, groups, waitedMs, isConfirmed, tried, relay, message } = forward;
  writer.begin(kinds.forward).varint(sequence);
  if (groups.length > 0) writer.field(forwardTags.groups).texts(groups).endField();
  if (waitedMs > 0) writer.field(forwardTags.waitedMs).varint(waitedMs).endField();
  if (isConfirmed === true) writer.field(forwardTags.isConfirmed).endField();
  if (tried !== undefined) writer.field(forwardTags.tried).texts(tried).endField();
  if (relay !== undefined) writeRelayField(writer, relay);
  writer.endFields().raw(message);
}

export function readForward(reader: Reader): ForwardMessage {
  const sequence = reader.varint();
  let groups: readonly string[] = [];
  let waitedMs = 0;
  let isConfirmed: true | undefined;
  let tried: readonly string[] | undefined;
  let relay: QuestionRelay | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === forwardTags.groups) groups = reader.names(listMax);
    else if (tag === forwardTags.waitedMs) waitedMs = reader.varint();
    else if (tag === forwardTags.isConfirmed) isConfirmed = true;
    else if (tag === forwardTags.tried) tried = reader.names(listMax);
    else if (tag === relayTag) relay = readRelayField(reader);
    reader.skipField();
  }
  return { kind: "forward", sequence, groups, waitedMs, isConfirmed, tried, relay, message: reader.rest() };
}

export function writeForwardedUntil(writer: Writer, sequence: number): void {
  writer.begin(kinds.forwardedUntil).varint(sequence).endFields();
}

export function readForwardedUntil(reader: Reader): ForwardedUntilMessage {
  const message: ForwardedUntilMessage = { kind: "forwarded-until", sequence: reader.varint() };
  reader.skipFields();
  return message;
}

export function writeForwardReport(writer: Writer, report: Omit<ForwardReportMessage, "kind">): void {
  const { sequence, handed, waiting, lost } = report;
  writer.begin(kinds.forwardReport).varint(sequence).varint(handed).varint(waiting).varint(lost).endFields();
}

export function readForwardReport(reader: Reader): ForwardReportMessage {
  const sequence = reader.varint();
  const handed = reader.varint();
  const waiting = reader.varint();
  const lost = reader.varint();
  reader.skipFields();
  return { kind: "forward-report", sequence, handed, waiting, lost };
}

export function writeHandedBack(writer: Writer, message: Omit<HandedBackMessage, "kind">): void {
  const { groups, waitedMs, tried, sequence } = message;
  writer.begin(kinds.handedBack).texts(groups);
  if (waitedMs > 0) writer.field(forwardTags.waitedMs).varint(waitedMs).endField();
  if (tried !== undefined) writer.field(forwardTags.tried).texts(tried).endField();
  if (sequence !== undefined) writer.field(forwardTags.sequence).varint(sequence).endField();
  writer.endFields().raw(message.message);
}

export function readHandedBack(reader: Reader): HandedBackMessage {
  const groups = reader.names(listMax);
  let waitedMs = 0;
  let tried: readonly string[] | undefined;
  let sequence: number | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === forwardTags.waitedMs) waitedMs = reader.varint();
    else if (tag === forwardTags.tried) tried = reader.names(listMax);
    else if (tag === forwardTags.sequence) sequence = reader.varint();
    reader.skipField();
  }
  return { kind: "handed-back", groups, waitedMs, tried, sequence, message: reader.rest() };
}
