/**
 * Terms: how one step is to be run, beyond which function and with which resources. They travel with calls, with the steps
 * of requests, and with steps. Layout: docs/protocol.md, "Terms".
 *
 * (T1) What is not given takes no bytes; without any terms there is no object.
 * (T2) Those of calls and steps under way have one shape, whoever made them.
 */
import { type TraceContext, checkedTrace } from "../base/index.js";
import type { WireLimits } from "./limits.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

export interface StepTerms {
  /** How often it may be run again when nobody knows whether it took effect; `undefined` = as often as there is time for. */
  readonly retries?: number | undefined;
  /** What the function recognizes a repetition by. */
  readonly idempotencyKey?: string | undefined;
  /** Of a call or a request's step: the range of versions that will do. Of a step between nodes: the one that was chosen. */
  readonly version?: string | undefined;
  /** Name or id of the only node that may run it. */
  readonly target?: string | undefined;
  /** Resources of which more are better. */
  readonly prefer?: readonly string[] | undefined;
  /** After how many ms it is run a second time elsewhere; 0 = when it takes longer than most there. */
  readonly hedge?: number | undefined;
  /** Which of those that wait with it for their turn goes first: 9 = before all others, 0 = after them. */
  readonly priority?: number | undefined;
  /** The distributed trace that it is part of. */
  readonly trace?: TraceContext | undefined;
  /** Somebody hears what its handler reports. */
  readonly watched?: boolean | undefined;
}

export const priorityMax = 9;

/** Terms that nobody else has yet. */
export type OwnTerms = { -readonly [Name in keyof StepTerms]-?: StepTerms[Name] };

/** A copy of `terms` to be completed, written out: a spread takes ten times as long. (T2) */
export function ownTerms(terms: StepTerms | undefined): OwnTerms {
  return {
    retries: terms?.retries,
    idempotencyKey: terms?.idempotencyKey,
    version: terms?.version,
    target: terms?.target,
    prefer: terms?.prefer,
    hedge: terms?.hedge,
    priority: terms?.priority,
    trace: terms?.trace,
    watched: terms?.watched,
  };
}

const tags = {
  retries: 16,
  idempotencyKey: 17,
  version: 18,
  target: 19,
  prefer: 20,
  hedge: 21,
  priority: 22,
  trace: 23,
  watched: 30,
} as const;

type Tag = (typeof tags)[keyof typeof tags];

function isTerm(tag: number): tag is Tag {
  return (tag >= tags.retries && tag <= tags.trace) || tag === tags.watched;
}

export function writeTerms(writer: Writer, terms: StepTerms | undefined): void {
  if (terms === undefined) return;
  const { retries, idempotencyKey, version, target, prefer, hedge, priority, trace, watched } = terms;
  if (retries !== undefined) writer.field(tags.retries).varint(retries).endField();
  if (idempotencyKey !== undefined) writer.field(tags.idempotencyKey).text(idempotencyKey).endField();
  if (version !== undefined) writer.field(tags.version).text(version).endField();
  if (target !== undefined) writer.field(tags.target).text(target).endField();
  if (prefer !== undefined && prefer.length > 0) writer.field(tags.prefer).texts(prefer).endField();
  if (hedge !== undefined) writer.field(tags.hedge).varint(hedge).endField();
  if (priority !== undefined) writer.field(tags.priority).u8(priority).endField();
  if (trace !== undefined) writer.field(tags.trace).raw(trace).endField();
  if (watched === true) writer.field(tags.watched).endField();
}

/** Reads the field that the reader is at into `terms`, which are answered; as they are, when it is none of theirs. */
export function readTerm(
  reader: Reader,
  tag: number,
  terms: OwnTerms | undefined,
  limits: WireLimits,
): OwnTerms | undefined {
  if (!isTerm(tag)) return terms;
  const read = terms ?? ownTerms(undefined);
  switch (tag) {
    case tags.retries:
      read.retries = reader.varint();
      break;
    case tags.idempotencyKey:
      read.idempotencyKey = reader.name();
      break;
    case tags.version:
      read.version = reader.name();
      break;
    case tags.target:
      read.target = reader.name();
      break;
    case tags.prefer:
      read.prefer = reader.names(limits.resourcesMax);
      break;
    case tags.trace:
      read.trace = checkedTrace(reader.field());
      break;
    case tags.hedge:
      read.hedge = reader.varint();
      break;
    case tags.priority:
      read.priority = Math.min(priorityMax, reader.u8());
      break;
    case tags.watched:
      read.watched = true;
      break;
  }
  return read;
}
