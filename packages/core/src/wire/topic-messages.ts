/**
 * Messages of topics: what is published, who wants it, what is told of it. Layouts: docs/protocol.md, "Topics". What nodes tell each
 * other is `forward-messages.ts`.
 *
 * (P1) The message that was published is the rest of `publish`, `publish-confirmed`, `forward` and `deliver`, as the
 *      publisher wrote it: nothing of it is read or written here.
 * (P2) What is on a node's most travelled way, `publish` and `deliver`, has no list of optional fields: what may come later
 *      goes into the message itself, which has one.
 * (P3) What is asked for in words that are not known here is refused as `unsupported`, never granted as something else.
 */
import { MpregError } from "../base/index.js";
import { readError, writeError } from "./error.js";
import { kinds } from "./kinds.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** Client to node: publishes, and wants no answer. */
export interface PublishMessage {
  readonly kind: "publish";
  readonly message: Uint8Array;
}

/** When a publish is answered: when the node has it, or when it is known what it has come to for all subscriptions. */
export type ConfirmLevel = "local" | "subscribers";

const confirmLevels: readonly ConfirmLevel[] = ["local", "subscribers"];

/** Client to node: publishes, and wants to know. */
export interface PublishConfirmedMessage {
  readonly kind: "publish-confirmed";
  readonly id: number;
  readonly confirm: ConfirmLevel;
  readonly message: Uint8Array;
}

/** Node to client: a `publish` was refused, and nobody gets it. */
export interface PublishRefusedMessage {
  readonly kind: "publish-refused";
  /** The id of the message that was published; empty where it could not be read. */
  readonly messageId: string;
  readonly error: MpregError;
}

/** What a subscription wants of the headers: a value by name, or `undefined` where the header only has to be there. */
export interface WireFilter {
  readonly match: "all" | "any";
  readonly headers: readonly (readonly [name: string, value: string | undefined])[];
}

/** What a subscription wants of the backlog: `value` is an age in ms or a count, an integer, and 0 of the last values. */
export interface WireReplay {
  readonly kind: "age" | "count" | "last";
  readonly value: number;
}

/** Client to node: subscribes, under a number of its choice. */
export interface SubscribeMessage {
  readonly kind: "subscribe";
  readonly id: number;
  readonly number: number;
  readonly patterns: readonly string[];
  readonly filter: WireFilter | undefined;
  readonly group: string | undefined;
  readonly replay: WireReplay | undefined;
  readonly overflow: string | undefined;
  readonly bufferMessagesMax: number | undefined;
  readonly bufferBytesMax: number | undefined;
  readonly windowBytes: number | undefined;
}

/** Client to node: answered when the whole cluster serves the subscription. */
export interface EverywhereMessage {
  readonly kind: "everywhere";
  readonly id: number;
  readonly number: number;
}

/** Client to node: the subscription is over. */
export interface UnsubscribeMessage {
  readonly kind: "unsubscribe";
  readonly number: number;
  /** What waits for it is told first. */
  readonly drains?: boolean | undefined;
}

/**
 * Client to node: the consumer of a subscription has taken messages of so many bytes since it was last said. Costs no credit:
 * what holds the link's credit back may wait for it.
 */
export interface TakenMessage {
  readonly kind: "taken";
  readonly number: number;
  readonly bytes: number;
}

/** Node to client: a message for these subscriptions. */
export interface DeliverMessage {
  readonly kind: "deliver";
  readonly numbers: readonly number[];
  readonly message: Uint8Array;
}

/** Node to client: so many messages of a subscription are missing just here. */
export interface MissedMessage {
  readonly kind: "missed";
  readonly number: number;
  /** Infinity, which is written as 0: nobody knows how many, perhaps none. */
  readonly count: number;
}

/** Node to client: the subscription is over, which nobody has asked for. */
export interface SubscriptionEndedMessage {
  readonly kind: "subscription-ended";
  readonly number: number;
  readonly why: string;
  /** Messages that waited for it. */
  readonly lost: number;
}

/** What topics are told of by clients, and by nodes in the place of clients. */
export type TopicsMessage =
  PublishMessage | PublishConfirmedMessage | SubscribeMessage | EverywhereMessage | UnsubscribeMessage | TakenMessage;

const subscribeTags = {
  filter: 1,
  group: 2,
  replay: 3,
  overflow: 4,
  bufferMessagesMax: 5,
  bufferBytesMax: 6,
  windowBytes: 7,
} as const;

const unsubscribeTags = { drains: 1 } as const;

const replayKinds: readonly WireReplay["kind"][] = ["age", "count", "last"];
const filterMatches: readonly WireFilter["match"][] = ["all", "any"];
/** What a condition of a filter is: that a header is there, or that it is there with this value. */
const conditionKinds = { present: 0, equal: 1 } as const;

/** Patterns, conditions of a filter and groups that one message may name; who reads them has limits of its own. */
export const listMax = 1024;

export function writePublish(writer: Writer, message: Uint8Array): void {
  writer.begin(kinds.publish).raw(message);
}

export function readPublish(reader: Reader): PublishMessage {
  return { kind: "publish", message: reader.rest() };
}

/** Begins a `publish`, into which the message is to be written. */
export function beginPublish(writer: Writer): Writer {
  return writer.begin(kinds.publish);
}

/** Begins a `publish-confirmed`, into which the message is to be written. */
export function beginPublishConfirmed(writer: Writer, id: number, confirm: ConfirmLevel): Writer {
  return writer.begin(kinds.publishConfirmed).u32(id).u8(confirmLevels.indexOf(confirm)).endFields();
}

export function readPublishConfirmed(reader: Reader): PublishConfirmedMessage {
  const id = reader.u32();
  const confirm = known("level of confirmation", confirmLevels, reader.u8());
  reader.skipFields();
  return { kind: "publish-confirmed", id, confirm, message: reader.rest() };
}

export function writeSubscribe(writer: Writer, message: Omit<SubscribeMessage, "kind">): void {
  const { id, number, patterns, filter, group, replay, overflow } = message;
  writer.begin(kinds.subscribe).u32(id).varint(number).texts(patterns);
  if (filter !== undefined) writeFilter(writer, subscribeTags.filter, filter);
  if (group !== undefined) writer.field(subscribeTags.group).text(group).endField();
  if (replay !== undefined) writeReplay(writer.field(subscribeTags.replay), replay).endField();
  if (overflow !== undefined) writer.field(subscribeTags.overflow).text(overflow).endField();
  for (const name of ["bufferMessagesMax", "bufferBytesMax", "windowBytes"] as const) {
    const bound = message[name];
    if (bound !== undefined) writer.field(subscribeTags[name]).varint(bound).endField();
  }
  writer.endFields();
}

export function readSubscribe(reader: Reader): SubscribeMessage {
  const id = reader.u32();
  const number = reader.varint();
  const patterns = reader.names(listMax);
  let filter: WireFilter | undefined;
  let group: string | undefined;
  let replay: WireReplay | undefined;
  let overflow: string | undefined;
  let bufferMessagesMax: number | undefined;
  let bufferBytesMax: number | undefined;
  let windowBytes: number | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === subscribeTags.filter) filter = readFilter(reader);
    else if (tag === subscribeTags.group) group = reader.name();
    else if (tag === subscribeTags.replay) replay = readReplay(reader);
    else if (tag === subscribeTags.overflow) overflow = reader.name();
    else if (tag === subscribeTags.bufferMessagesMax) bufferMessagesMax = reader.varint();
    else if (tag === subscribeTags.bufferBytesMax) bufferBytesMax = reader.varint();
    else if (tag === subscribeTags.windowBytes) windowBytes = reader.varint();
    reader.skipField();
  }
  return {
    kind: "subscribe",
    id,
    number,
    patterns,
    filter,
    group,
    replay,
    overflow,
    bufferMessagesMax,
    bufferBytesMax,
    windowBytes,
  };
}

/** The optional field `tag`, with a filter. */
export function writeFilter(writer: Writer, tag: number, { match, headers }: WireFilter): void {
  writer.field(tag).u8(filterMatches.indexOf(match)).varint(headers.length);
  for (const [name, value] of headers) {
    writer.text(name).u8(value === undefined ? conditionKinds.present : conditionKinds.equal);
    if (value !== undefined) writer.text(value);
  }
  writer.endField();
}

export function readFilter(reader: Reader): WireFilter {
  const match = known("match of a filter", filterMatches, reader.u8());
  const headers: [string, string | undefined][] = [];
  for (let left = reader.count("conditions", listMax); left > 0; left--) {
    const name = reader.text();
    const condition = reader.u8();
    if (condition === conditionKinds.present) headers.push([name, undefined]);
    else if (condition === conditionKinds.equal) headers.push([name, reader.text()]);
    else throw unknown("condition of a filter", condition);
  }
  return { match, headers };
}

export function writeReplay(writer: Writer, { kind, value }: WireReplay): Writer {
  return writer.u8(replayKinds.indexOf(kind)).varint(value);
}

export function readReplay(reader: Reader): WireReplay {
  return { kind: known("replay", replayKinds, reader.u8()), value: reader.varint() };
}

/** What a later version means by a word of its own must not be taken for another one. (P3) */
function known<T>(what: string, words: readonly T[], index: number): T {
  const word = words[index];
  if (word === undefined) throw unknown(what, index);
  return word;
}

function unknown(what: string, number: number): MpregError {
  return new MpregError("unsupported", `The ${what} with the number ${number} is not known here`);
}

export function writeEverywhere(writer: Writer, id: number, number: number): void {
  writer.begin(kinds.everywhere).u32(id).varint(number).endFields();
}

export function readEverywhere(reader: Reader): EverywhereMessage {
  const message: EverywhereMessage = { kind: "everywhere", id: reader.u32(), number: reader.varint() };
  reader.skipFields();
  return message;
}

export function writeUnsubscribe(writer: Writer, number: number, drains: boolean = false): void {
  writer.begin(kinds.unsubscribe).varint(number);
  if (drains) writer.field(unsubscribeTags.drains).endField();
  writer.endFields();
}

export function readUnsubscribe(reader: Reader): UnsubscribeMessage {
  const number = reader.varint();
  let drains: boolean | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === unsubscribeTags.drains) drains = true;
    reader.skipField();
  }
  return { kind: "unsubscribe", number, drains };
}

export function writeTaken(writer: Writer, number: number, bytes: number): void {
  writer.begin(kinds.taken).varint(number).varint(bytes);
}

export function readTaken(reader: Reader): TakenMessage {
  return { kind: "taken", number: reader.varint(), bytes: reader.varint() };
}

/** `message` for the first `count` of `numbers`. */
export function writeDeliver(writer: Writer, numbers: readonly number[], count: number, message: Uint8Array): void {
  writer.begin(kinds.deliver).varint(count);
  for (let at = 0; at < count; at++) writer.varint(numbers[at] as number);
  writer.raw(message);
}

export function readDeliver(reader: Reader): DeliverMessage {
  const count = reader.count("subscriptions", Infinity);
  if (count === 0) throw malformed("a message is delivered to nobody");
  const numbers = [reader.varint()];
  for (let left = count - 1; left > 0; left--) numbers.push(reader.varint());
  return { kind: "deliver", numbers, message: reader.rest() };
}

export function writeMissed(writer: Writer, number: number, count: number): void {
  writer
    .begin(kinds.missed)
    .varint(number)
    .varint(count === Infinity ? 0 : count)
    .endFields();
}

export function readMissed(reader: Reader): MissedMessage {
  const message: MissedMessage = { kind: "missed", number: reader.varint(), count: reader.varint() || Infinity };
  reader.skipFields();
  return message;
}

export function writeSubscriptionEnded(writer: Writer, number: number, why: string, lost: number): void {
  writer.begin(kinds.subscriptionEnded).varint(number).text(why).varint(lost).endFields();
}

export function readSubscriptionEnded(reader: Reader): SubscriptionEndedMessage {
  const number = reader.varint();
  const why = reader.name();
  const lost = reader.varint();
  reader.skipFields();
  return { kind: "subscription-ended", number, why, lost };
}

export function writePublishRefused(writer: Writer, messageId: string, error: MpregError): void {
  writer.begin(kinds.publishRefused).text(messageId);
  writeError(writer, error);
  writer.endFields();
}

export function readPublishRefused(reader: Reader): PublishRefusedMessage {
  const message: PublishRefusedMessage = {
    kind: "publish-refused",
    messageId: reader.text(),
    error: readError(reader),
  };
  reader.skipFields();
  return message;
}
