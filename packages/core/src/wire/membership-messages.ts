/**
 * Messages by which nodes tell each other who there is. Layouts: docs/protocol.md, "Membership".
 *
 * What is signed travels as the bytes that were signed: whoever passes a record on passes these, not what it made of
 * them.
 */
import { MpregError } from "../base/index.js";
import { kinds } from "./kinds.js";
import { type WireCoordinate, readCoordinate, writeCoordinate } from "./coordinate.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** What a node says of itself. */
export interface NodeRecord {
  readonly publicKey: Uint8Array;
  /** Eight random bytes, drawn at every start: two lives of a node that has lost its disk are told apart by them. */
  readonly run: Uint8Array;
  readonly name: string;
  readonly cluster: string;
  /** Where others can dial it; at most 16. */
  readonly urls: readonly string[];
  /** Raised at every start and every time it has to contradict others. */
  readonly incarnation: number;
  /** Counts the changes of the record within one incarnation. */
  readonly sequence: number;
  /** The incarnation it started with: what it offered before is void. */
  readonly boot: number;
  /** It has said goodbye. */
  readonly left: boolean;
  /** It is about to leave: it takes no new work. */
  readonly draining?: true;
  /** It hears what others want of topics, and tells what it wants: a version of this code that knows of them. */
  readonly topics?: true;
  /** Ids of the nodes it keeps links to; empty = all there are. */
  readonly observers: readonly string[];
  /** Where it stood when it wrote this; `undefined` before it has measured anything. */
  readonly coordinate: WireCoordinate | undefined;
  /** Another life of this node that it has met and contradicted; `undefined` when it has met none. */
  readonly outlived: Outlived | undefined;
}

/** What a node says of another process that speaks with its key. Only one that lives at the same time can name its run. */
export interface Outlived {
  /** Of the other one. */
  readonly run: Uint8Array;
  /** The incarnation with which this process began. */
  readonly began: number;
}

/** What is signed, and by whom is said in it. Both views keep the bytes of the message they were read from. */
export interface Signed {
  readonly signature: Uint8Array;
  readonly body: Uint8Array;
}

/** A record on its way. `body` is what `signature` is of. */
export interface RecordMessage extends Signed {
  readonly kind: "record";
  /** How many borders between clusters it may still cross. */
  readonly hopsLeft: number;
  readonly record: NodeRecord;
}

/** That `accuser` does not reach `target`. */
export interface Accusation {
  readonly verdict: "suspect" | "down";
  readonly target: string;
  /** The incarnation of the target that is accused. */
  readonly incarnation: number;
  readonly accuser: string;
}

export interface AccusationMessage extends Signed {
  readonly kind: "accusation";
  readonly accusation: Accusation;
}

/** What a node knows of a member, in a line: enough to see who of two nodes knows more. */
export interface MemberLine {
  readonly nodeId: string;
  readonly incarnation: number;
  /** 0 = present, 1 = down, 2 = left. */
  readonly standing: number;
  readonly sequence: number;
  /** The offers it knows of the member. */
  readonly boot: number;
  readonly version: number;
}

/** Hashes of what the sender knows, one per part of all members. Whoever knows the same says nothing. */
export interface DigestMessage {
  readonly kind: "digest";
  readonly hashes: readonly number[];
}

/** What the sender knows of some members. Whoever knows more of one sends what it knows. */
export interface DigestLinesMessage {
  readonly kind: "digest-lines";
  /** The parts the lines are complete for: whom they leave out the sender does not know. */
  readonly parts: readonly number[];
  readonly lines: readonly MemberLine[];
  /** The sender knows that the far side knows more, and does not want to be asked back. */
  readonly asks: boolean;
}

const urlsMax = 16;
/** Observers that a record may name. */
export const observersMax = 64;
const linesMax = 100_000;
/** Largest record accepted. */
const recordBytesMax = 16 * 1024;
const signatureBytes = 64;
const publicKeyBytes = 32;
const runBytes = 8;
const flagLeft = 1;
const flagDraining = 2;
const flagTopics = 4;
const fieldCoordinate = 1;
const fieldOutlived = 2;
const verdicts = ["suspect", "down"] as const;

/** How many parts a digest has. */
export const digestParts = 64;

/** Writes the part of a record that is signed. */
export function writeRecordBody(writer: Writer, record: NodeRecord): void {
  writer.raw(record.publicKey).raw(record.run).text(record.name).text(record.cluster).texts(record.urls);
  writer.varint(record.incarnation).varint(record.sequence).varint(record.boot).u8(flagsOf(record));
  writer.texts(record.observers);
  if (record.coordinate !== undefined) {
    writer.field(fieldCoordinate);
    writeCoordinate(writer, record.coordinate);
    writer.endField();
  }
  if (record.outlived !== undefined) {
    writer.field(fieldOutlived).raw(record.outlived.run).varint(record.outlived.began).endField();
  }
  writer.endFields();
}

export function writeRecord(writer: Writer, message: Pick<RecordMessage, "hopsLeft" | "signature" | "body">): void {
  writer.begin(kinds.record).u8(message.hopsLeft).raw(message.signature).raw(message.body);
}

export function readRecord(reader: Reader): RecordMessage {
  const hopsLeft = reader.u8();
  const signature = reader.raw(signatureBytes);
  const start = reader.position;
  if (reader.end - start > recordBytesMax) {
    throw new MpregError("too-large", `a record of ${reader.end - start} bytes; the limit is ${recordBytesMax}`);
  }
  const record: NodeRecord = {
    publicKey: reader.raw(publicKeyBytes),
    run: reader.raw(runBytes),
    name: reader.name(),
    cluster: reader.name(),
    urls: reader.names(urlsMax),
    incarnation: reader.varint(),
    sequence: reader.varint(),
    boot: reader.varint(),
    ...readFlags(reader.u8()),
    observers: reader.names(observersMax),
    ...readRecordFields(reader),
  };
  reader.position = start;
  return { kind: "record", hopsLeft, signature, body: reader.rest(), record };
}

function flagsOf({ left, draining, topics }: NodeRecord): number {
  return (left ? flagLeft : 0) | (draining === true ? flagDraining : 0) | (topics === true ? flagTopics : 0);
}

function readFlags(flags: number): Pick<NodeRecord, "left" | "draining" | "topics"> {
  const left = (flags & flagLeft) !== 0;
  return {
    left,
    ...((flags & flagDraining) === 0 ? {} : { draining: true }),
    ...((flags & flagTopics) === 0 ? {} : { topics: true }),
  };
}

function readRecordFields(reader: Reader): Pick<NodeRecord, "coordinate" | "outlived"> {
  let coordinate: WireCoordinate | undefined;
  let outlived: Outlived | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fieldCoordinate) coordinate = readCoordinate(reader);
    else if (tag === fieldOutlived) outlived = { run: reader.raw(runBytes), began: reader.varint() };
    else reader.field();
    reader.skipField();
  }
  return { coordinate, outlived };
}

/** Writes the part of an accusation that is signed. */
export function writeAccusationBody(writer: Writer, { verdict, target, incarnation, accuser }: Accusation): void {
  writer.u8(verdicts.indexOf(verdict)).text(target).varint(incarnation).text(accuser).endFields();
}

export function writeAccusation(writer: Writer, message: Signed): void {
  writer.begin(kinds.accusation).raw(message.signature).raw(message.body);
}

export function readAccusation(reader: Reader): AccusationMessage {
  const signature = reader.raw(signatureBytes);
  const start = reader.position;
  const verdict = verdicts[reader.u8()];
  if (verdict === undefined) throw malformed("an accusation with a verdict that is not known");
  const accusation: Accusation = {
    verdict,
    target: reader.name(),
    incarnation: reader.varint(),
    accuser: reader.name(),
  };
  reader.skipFields();
  reader.position = start;
  return { kind: "accusation", signature, body: reader.rest(), accusation };
}

export function writeDigest(writer: Writer, hashes: readonly number[]): void {
  writer.begin(kinds.digest);
  for (const hash of hashes) writer.u32(hash);
}

export function readDigest(reader: Reader): DigestMessage {
  const hashes: number[] = [];
  for (let part = 0; part < digestParts; part++) hashes.push(reader.u32());
  return { kind: "digest", hashes };
}

export function writeDigestLines(writer: Writer, message: Omit<DigestLinesMessage, "kind">): void {
  writer
    .begin(kinds.digestLines)
    .u8(message.asks ? 1 : 0)
    .varint(message.parts.length);
  for (const part of message.parts) writer.u8(part);
  writer.varint(message.lines.length);
  for (const { nodeId, incarnation, standing, sequence, boot, version } of message.lines) {
    writer.text(nodeId).varint(incarnation).u8(standing).varint(sequence).varint(boot).varint(version);
  }
}

export function readDigestLines(reader: Reader): DigestLinesMessage {
  const asks = reader.u8() !== 0;
  const parts: number[] = [];
  for (let left = reader.count("parts", digestParts); left > 0; left--) parts.push(reader.u8());
  const lines: MemberLine[] = [];
  for (let left = reader.count("lines", linesMax); left > 0; left--) {
    lines.push({
      nodeId: reader.name(),
      incarnation: reader.varint(),
      standing: reader.u8(),
      sequence: reader.varint(),
      boot: reader.varint(),
      version: reader.varint(),
    });
  }
  return { kind: "digest-lines", parts, lines, asks };
}
