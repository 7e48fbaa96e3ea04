/**
 * Messages by which nodes tell each other which topics they are interested in. Layouts: docs/protocol.md, "Interest in topics".
 *
 * How a set is announced, and why an entry keeps its bytes, is `announcement-messages.ts`.
 */
import { MpregError, type Pattern, parsePattern } from "../base/index.js";
import { type AnnouncementMessage, readAnnouncement } from "./announcement-messages.js";
import { kinds } from "./kinds.js";
import { digestParts } from "./membership-messages.js";
import { type Reader, malformed } from "./reader.js";
import type { Writer } from "./writer.js";

/** Who wants what matches a pattern, on one node. */
export interface InterestRecord {
  /** In normal form. */
  readonly pattern: Pattern;
  /** There are subscriptions that share it with nobody. */
  readonly plain: boolean;
  /** The groups that have members there, in the order of the texts, each once. */
  readonly groups: readonly string[];
}

/** An interest and the bytes its origin wrote for it. */
export interface InterestEntry {
  readonly interest: InterestRecord;
  readonly bytes: Uint8Array;
}

/** What `head.nodeId` is interested in: everything (`base` 0), or what changed since its version `base`. */
export interface InterestMessage extends AnnouncementMessage<InterestEntry> {
  readonly kind: "interest";
}

/** Hashes of which interest the sender knows, one per part of all members. */
export interface InterestDigestMessage {
  readonly kind: "interest-digest";
  readonly hashes: readonly number[];
}

/** Which interest of a member is known. */
export interface InterestLine {
  readonly nodeId: string;
  /** 0 = none. */
  readonly boot: number;
  readonly version: number;
}

/**
 * `compare`: whoever knows more sends it, and asks for what it lacks. `answer`: the same, but whoever gets it does not ask.
 * `confirm`: the sender wants to hear the receiver's lines of these members, whatever they are.
 */
export type LinesPurpose = "compare" | "answer" | "confirm";

/** Between which nodes lines are passed on by one that has links to both. */
export interface Passing {
  readonly target: string;
  readonly origin: string;
}

/** Which interest the sender knows of some members. */
export interface InterestLinesMessage {
  readonly kind: "interest-lines";
  readonly purpose: LinesPurpose;
  /** The parts the lines are complete for: of whom they leave out the sender knows none. */
  readonly parts: readonly number[];
  readonly lines: readonly InterestLine[];
  /** `undefined` when they are between the two sides of the link. */
  readonly passing: Passing | undefined;
}

/** What the interest of one node may count: its patterns, each once where it is plain and once for each group. */
export const interestMax = 100_000;
const linesMax = 100_000;
const flagPlain = 1;
const fieldPassing = 1;
const purposes: readonly LinesPurpose[] = ["compare", "answer", "confirm"];
/** A reader takes what another node's limits have let through. */
const anyLength = { bytesMax: Infinity, wordsMax: Infinity };

/** Writes an entry, as its origin does. */
export function writeInterestEntry(writer: Writer, { pattern, plain, groups }: InterestRecord): void {
  writer
    .text(pattern)
    .u8(plain ? flagPlain : 0)
    .texts(groups)
    .endFields();
}

export function readInterest(reader: Reader): InterestMessage {
  const message = readAnnouncement(reader, "interest", interestMax, () => ({ interest: readEntry(reader) }));
  return { kind: "interest", ...message };
}

export function writeInterestDigest(writer: Writer, hashes: readonly number[]): void {
  writer.begin(kinds.interestDigest);
  for (const hash of hashes) writer.u32(hash);
}

export function readInterestDigest(reader: Reader): InterestDigestMessage {
  const hashes: number[] = [];
  for (let part = 0; part < digestParts; part++) hashes.push(reader.u32());
  return { kind: "interest-digest", hashes };
}

export function writeInterestLines(writer: Writer, message: Omit<InterestLinesMessage, "kind">): void {
  writer.begin(kinds.interestLines).u8(purposes.indexOf(message.purpose)).varint(message.parts.length);
  for (const part of message.parts) writer.u8(part);
  writer.varint(message.lines.length);
  for (const { nodeId, boot, version } of message.lines) writer.text(nodeId).varint(boot).varint(version);
  const { passing } = message;
  if (passing !== undefined) writer.field(fieldPassing).text(passing.target).text(passing.origin).endField();
  writer.endFields();
}

export function readInterestLines(reader: Reader): InterestLinesMessage {
  const purpose = purposes[reader.u8()] ?? "compare";
  const parts: number[] = [];
  for (let left = reader.count("parts", digestParts); left > 0; left--) parts.push(reader.u8());
  const lines: InterestLine[] = [];
  for (let left = reader.count("lines", linesMax); left > 0; left--) {
    lines.push({ nodeId: reader.name(), boot: reader.varint(), version: reader.varint() });
  }
  let passing: Passing | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fieldPassing) passing = { target: reader.name(), origin: reader.name() };
    else reader.field();
    reader.skipField();
  }
  return { kind: "interest-lines", purpose, parts, lines, passing };
}

function readEntry(reader: Reader): InterestRecord {
  const pattern = checked(reader.name());
  const plain = (reader.u8() & flagPlain) !== 0;
  const groups = reader.names(interestMax);
  reader.skipFields();
  return { pattern, plain, groups };
}

/** The pattern, if it is one in normal form: another spelling would be a second one that matches the same. */
function checked(text: string): Pattern {
  const pattern = parsed(text);
  if (pattern !== text) throw malformed(`interest in a pattern that is not in normal form`);
  return pattern;
}

function parsed(text: string): Pattern | undefined {
  try {
    return parsePattern(text, anyLength);
  } catch (error) {
    if (error instanceof MpregError) return undefined; // which has been said of the sender's user, long ago
    throw error;
  }
}
