/**
 * Messages that tell how what was asked for gets on, to those who watch it. Layout: docs/protocol.md, "Events".
 */
import { kinds } from "./kinds.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** Coordinator to client: something has happened to the call or request `id`. */
export interface EventMessage {
  readonly kind: "event";
  readonly id: number;
  /** Events before this one that could not be told. */
  readonly missed: number;
  /** The encoded result that the event tells of. */
  readonly value: Uint8Array | undefined;
  /** The encoded event. */
  readonly event: Uint8Array;
}

/** Node to coordinator: what the handler of the step `id` reports while it runs. */
export interface ProgressMessage {
  readonly kind: "progress";
  readonly id: number;
  /** Reports before this one that could not be told. */
  readonly missed: number;
  /** What was reported, encoded; without it and `refusal`, only `missed` is told. */
  readonly value: Uint8Array | undefined;
  /** Why what was reported is not told. */
  readonly refusal: string | undefined;
}

const eventTags = { value: 1 } as const;
const progressTags = { value: 1, refusal: 2 } as const;

export function writeEvent(writer: Writer, { id, missed, value, event }: Omit<EventMessage, "kind">): void {
  writer.begin(kinds.event).u32(id).varint(missed);
  if (value !== undefined) writer.field(eventTags.value).raw(value).endField();
  writer.endFields().raw(event);
}

export function readEvent(reader: Reader): EventMessage {
  const id = reader.u32();
  const missed = reader.varint();
  let value: Uint8Array | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === eventTags.value) value = reader.field();
    reader.skipField();
  }
  return { kind: "event", id, missed, value, event: reader.rest() };
}

export function writeProgress(writer: Writer, { id, missed, value, refusal }: Omit<ProgressMessage, "kind">): void {
  writer.begin(kinds.progress).u32(id).varint(missed);
  if (value !== undefined) writer.field(progressTags.value).raw(value).endField();
  if (refusal !== undefined) writer.field(progressTags.refusal).text(refusal).endField();
  writer.endFields();
}

export function readProgress(reader: Reader): ProgressMessage {
  const id = reader.u32();
  const missed = reader.varint();
  let value: Uint8Array | undefined;
  let refusal: string | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === progressTags.value) value = reader.field();
    else if (tag === progressTags.refusal) refusal = reader.text();
    reader.skipField();
  }
  return { kind: "progress", id, missed, value, refusal };
}
