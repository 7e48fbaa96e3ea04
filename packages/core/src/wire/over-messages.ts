/**
 * Messages of topics that go over a neighbour of two nodes which have no link to each other. Layouts: docs/protocol.md, "Topics over a
 * neighbour".
 *
 * (P1) The message that was published is the rest of `forward-over`, as the publisher wrote it; it stands there once, for however many
 *      ends.
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import { listMax } from "./topic-messages.js";
import type { Writer } from "./writer.js";

/** A node for which a message is. */
export interface ForwardEnd {
  readonly target: string;
  /** As in `forward`: counts what the origin has for it. */
  readonly sequence: number;
  readonly groups: readonly string[];
}

/** Node to node: a message on its way to nodes behind the one that gets it. */
export interface ForwardOverMessage {
  readonly kind: "forward-over";
  /** The node where it was published, and 8 bytes of its process. */
  readonly origin: string;
  readonly run: Uint8Array;
  readonly ends: readonly ForwardEnd[];
  /** Of each end the process for which its number is; another one takes nothing of it. */
  readonly runs: readonly Uint8Array[] | undefined;
  /** As in `forward`. */
  readonly waitedMs: number;
  readonly isConfirmed: true | undefined;
  readonly tried: readonly string[] | undefined;
  readonly message: Uint8Array;
}

/** Groups without a member, of a message that went over a neighbour. */
export interface HandedBackOver {
  readonly groups: readonly string[];
  readonly waitedMs: number;
  readonly tried: readonly string[] | undefined;
  readonly sequence: number | undefined;
}

/** What two nodes tell each other of messages that go over a neighbour; each part where there is something to tell. */
export interface OverTold {
  /** The number that `origin` has used last for `target`. */
  readonly until: number | undefined;
  /** Bytes of messages that `origin` has taken. */
  readonly taken: number | undefined;
  readonly report:
    { readonly sequence: number; readonly handed: number; readonly waiting: number; readonly lost: number } | undefined;
  /** `origin` could not be reached by the node that sends this; or it is `origin` that sends this, and its process is not the one that was meant. */
  readonly isUnreached: true | undefined;
  readonly handedBack: HandedBackOver | undefined;
}

/** Node to node, over a neighbour of both. */
export interface ToldOverMessage extends OverTold {
  readonly kind: "told-over";
  /** Who tells it, and 8 bytes of its process. */
  readonly origin: string;
  readonly run: Uint8Array;
  readonly target: string;
  /** The process of `target` that is meant: what is told by numbers and of bytes is nothing to another one. */
  readonly targetRun: Uint8Array | undefined;
  /** The message that is handed back; else empty. */
  readonly message: Uint8Array;
}

const runBytes = 8;
const forwardTags = { waitedMs: 2, isConfirmed: 3, tried: 4, runs: 5 } as const;
const toldTags = {
  until: 1,
  taken: 2,
  report: 3,
  isUnreached: 4,
  handedBack: 5,
  waitedMs: 6,
  tried: 7,
  sequence: 8,
  targetRun: 9,
} as const;

export function writeForwardOver(writer: Writer, forward: Omit<ForwardOverMessage, "kind">): void {
  const { origin, run, ends, runs, waitedMs, isConfirmed, tried, message } = forward;
  writer.begin(kinds.forwardOver).text(origin).raw(run).varint(ends.length);
  for (const { target, sequence, groups } of ends) writer.text(target).varint(sequence).texts(groups);
  if (waitedMs > 0) writer.field(forwardTags.waitedMs).varint(waitedMs).endField();
  if (isConfirmed === true) writer.field(forwardTags.isConfirmed).endField();
  if (tried !== undefined) writer.field(forwardTags.tried).texts(tried).endField();
  if (runs !== undefined) {
    writer.field(forwardTags.runs);
    for (const each of runs) writer.raw(each);
    writer.endField();
  }
  writer.endFields().raw(message);
}

export function readForwardOver(reader: Reader): ForwardOverMessage {
  const origin = reader.name();
  const run = reader.raw(runBytes).slice();
  const ends: ForwardEnd[] = [];
  for (let left = reader.count("ends", listMax); left > 0; left--) {
    ends.push({ target: reader.name(), sequence: reader.varint(), groups: reader.names(listMax) });
  }
  let waitedMs = 0;
  let isConfirmed: true | undefined;
  let tried: readonly string[] | undefined;
  let runs: readonly Uint8Array[] | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === forwardTags.waitedMs) waitedMs = reader.varint();
    else if (tag === forwardTags.isConfirmed) isConfirmed = true;
    else if (tag === forwardTags.tried) tried = reader.names(listMax);
    else if (tag === forwardTags.runs) runs = ends.map(() => reader.raw(runBytes).slice());
    reader.skipField();
  }
  return { kind: "forward-over", origin, run, ends, runs, waitedMs, isConfirmed, tried, message: reader.rest() };
}

export function writeToldOver(writer: Writer, told: Omit<ToldOverMessage, "kind">): void {
  const { origin, run, target, targetRun, until, taken, report, isUnreached, handedBack, message } = told;
  writer.begin(kinds.toldOver).text(origin).raw(run).text(target);
  if (until !== undefined) writer.field(toldTags.until).varint(until).endField();
  if (taken !== undefined) writer.field(toldTags.taken).varint(taken).endField();
  if (report !== undefined) {
    const { sequence, handed, waiting, lost } = report;
    writer.field(toldTags.report).varint(sequence).varint(handed).varint(waiting).varint(lost).endField();
  }
  if (isUnreached === true) writer.field(toldTags.isUnreached).endField();
  if (handedBack !== undefined) {
    const { groups, waitedMs, tried, sequence } = handedBack;
    writer.field(toldTags.handedBack).texts(groups).endField();
    if (waitedMs > 0) writer.field(toldTags.waitedMs).varint(waitedMs).endField();
    if (tried !== undefined) writer.field(toldTags.tried).texts(tried).endField();
    if (sequence !== undefined) writer.field(toldTags.sequence).varint(sequence).endField();
  }
  if (targetRun !== undefined) writer.field(toldTags.targetRun).raw(targetRun).endField();
  writer.endFields().raw(message);
}

export function readToldOver(reader: Reader): ToldOverMessage {
  const origin = reader.name();
  const run = reader.raw(runBytes).slice();
  const target = reader.name();
  let until: number | undefined;
  let taken: number | undefined;
  let report: ToldOverMessage["report"];
  let isUnreached: true | undefined;
  let groups: readonly string[] | undefined;
  let waitedMs = 0;
  let tried: readonly string[] | undefined;
  let sequence: number | undefined;
  let targetRun: Uint8Array | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === toldTags.until) until = reader.varint();
    else if (tag === toldTags.taken) taken = reader.varint();
    else if (tag === toldTags.report) report = readReport(reader);
    else if (tag === toldTags.isUnreached) isUnreached = true;
    else if (tag === toldTags.handedBack) groups = reader.names(listMax);
    else if (tag === toldTags.waitedMs) waitedMs = reader.varint();
    else if (tag === toldTags.tried) tried = reader.names(listMax);
    else if (tag === toldTags.sequence) sequence = reader.varint();
    else if (tag === toldTags.targetRun) targetRun = reader.raw(runBytes).slice();
    reader.skipField();
  }
  const handedBack = groups && { groups, waitedMs, tried, sequence };
  return {
    kind: "told-over",
    origin,
    run,
    target,
    targetRun,
    until,
    taken,
    report,
    isUnreached,
    handedBack,
    message: reader.rest(),
  };
}

function readReport(reader: Reader): NonNullable<ToldOverMessage["report"]> {
  return { sequence: reader.varint(), handed: reader.varint(), waiting: reader.varint(), lost: reader.varint() };
}
