/**
 * Messages by which results are fetched from where they are kept. Layouts: docs/protocol.md, "Kept results".
 *
 * What is kept is a sequence of bytes that its holder knows by a key. A reader asks for it, from an offset on and up to
 * so many bytes, and allows more as it takes them.
 */
import type { MpregError } from "../base/index.js";
import { readError, writeError } from "./error.js";
import { kinds } from "./kinds.js";
import type { WireLimits } from "./limits.js";
import { type WirePath, readPath, writePath } from "./path.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** A result, or a part of one, that stays on the node that has it. */
export interface ResultRef {
  /** Id of the node that keeps it. */
  readonly holder: string;
  /** What the holder knows it by. */
  readonly key: number;
  /** Bytes of the whole result; 0 for a stream, which nobody knows the end of. */
  readonly bytes: number;
  readonly path: WirePath;
  /** A stream of items, which is not complete yet: its bytes are taken as they come. */
  readonly isStream: boolean;
  /**
   * Of a stream that a program is told of: when the time of its call is over, by the clock of whoever tells. It is not
   * sent: who reads a stream over a link has a clock of its own.
   */
  readonly untilMs?: number | undefined;
}

/** Reader to holder: send the part at `path`, from byte `offset` on, and no more than its first `allowedBytes`. */
export interface FetchMessage {
  readonly kind: "fetch";
  /** The reader's number for it, on this link. */
  readonly id: number;
  /** The node that keeps it, where that need not be the far side: a client knows one node only. */
  readonly holder: string | undefined;
  readonly key: number;
  readonly path: WirePath;
  readonly offset: number;
  readonly allowedBytes: number;
  /** Of a stream: the reader has asked for it before, over a link that is gone, and takes its own place. */
  readonly again?: boolean | undefined;
}

/** Holder to reader: the next bytes. */
export interface ChunkMessage {
  readonly kind: "chunk";
  readonly id: number;
  /** Bytes of the whole part; `undefined` while more of it is being made. */
  readonly totalBytes: number | undefined;
  readonly bytes: Uint8Array;
}

/** Reader to holder: the first `allowedBytes` may be sent by now. */
export interface FetchMoreMessage {
  readonly kind: "fetch-more";
  readonly id: number;
  readonly allowedBytes: number;
  /** Of a stream: so many have come, and need not be kept for the reader. */
  readonly receivedBytes?: number | undefined;
}

/** Holder to reader: the rest will not come. */
export interface FetchFailedMessage {
  readonly kind: "fetch-failed";
  readonly id: number;
  readonly error: MpregError;
}

/** Reader to holder: the rest is not wanted. */
export interface FetchEndMessage {
  readonly kind: "fetch-end";
  readonly id: number;
}

/** To the holder: nobody will ask for what has this key. */
export interface ReleaseMessage {
  readonly kind: "release";
  readonly holder: string | undefined;
  readonly key: number;
}

const flagStream = 1;
const tags = { holder: 1, again: 28, received: 29 } as const;

export function writeRef(writer: Writer, { holder, key, bytes, path, isStream }: ResultRef): Writer {
  writer
    .text(holder)
    .varint(key)
    .varint(bytes)
    .u8(isStream ? flagStream : 0);
  writePath(writer, path);
  return writer;
}

export function readRef(reader: Reader, limits: Pick<WireLimits, "pathSegmentsMax">): ResultRef {
  const holder = reader.name();
  const key = reader.varint();
  const bytes = reader.varint();
  const isStream = (reader.u8() & flagStream) !== 0;
  return { holder, key, bytes, path: readPath(reader, limits), isStream };
}

export function writeFetch(writer: Writer, message: Omit<FetchMessage, "kind">): void {
  const { id, holder, key, path, offset, allowedBytes, again } = message;
  writer.begin(kinds.fetch).u32(id).varint(key).varint(offset).varint(allowedBytes);
  writePath(writer, path);
  if (holder !== undefined) writer.field(tags.holder).text(holder).endField();
  if (again === true) writer.field(tags.again).endField();
  writer.endFields();
}

export function readFetch(reader: Reader, limits: WireLimits): FetchMessage {
  const id = reader.u32();
  const key = reader.varint();
  const offset = reader.varint();
  const allowedBytes = reader.varint();
  const path = readPath(reader, limits);
  let holder: string | undefined;
  let again: boolean | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tags.holder) holder = reader.name();
    else if (tag === tags.again) again = true;
    reader.skipField();
  }
  if (again === undefined) return { kind: "fetch", id, holder, key, path, offset, allowedBytes };
  return { kind: "fetch", id, holder, key, path, offset, allowedBytes, again };
}

export function writeChunk(writer: Writer, id: number, totalBytes: number | undefined, bytes: Uint8Array): void {
  writer
    .begin(kinds.chunk)
    .u32(id)
    .u8(totalBytes === undefined ? 0 : 1);
  if (totalBytes !== undefined) writer.varint(totalBytes);
  writer.endFields().raw(bytes);
}

export function readChunk(reader: Reader): ChunkMessage {
  const id = reader.u32();
  const totalBytes = reader.u8() === 0 ? undefined : reader.varint();
  reader.skipFields();
  return { kind: "chunk", id, totalBytes, bytes: reader.rest() };
}

export function writeFetchMore(writer: Writer, id: number, allowedBytes: number, receivedBytes?: number): void {
  writer.begin(kinds.fetchMore).u32(id).varint(allowedBytes);
  if (receivedBytes === undefined) return;
  writer.field(tags.received).varint(receivedBytes).endField();
  writer.endFields();
}

export function readFetchMore(reader: Reader): FetchMoreMessage {
  const id = reader.u32();
  const allowedBytes = reader.varint();
  let receivedBytes: number | undefined;
  // without any, there is not even the 0 that ends them
  for (let tag = endsAt(reader) ? 0 : reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tags.received) receivedBytes = reader.varint();
    reader.skipField();
  }
  if (receivedBytes === undefined) return { kind: "fetch-more", id, allowedBytes };
  return { kind: "fetch-more", id, allowedBytes, receivedBytes };
}

export function writeFetchFailed(writer: Writer, id: number, error: MpregError): void {
  writeError(writer.begin(kinds.fetchFailed).u32(id), error);
}

export function readFetchFailed(reader: Reader): FetchFailedMessage {
  return { kind: "fetch-failed", id: reader.u32(), error: readError(reader) };
}

export function writeFetchEnd(writer: Writer, id: number): void {
  writer.begin(kinds.fetchEnd).u32(id);
}

export function writeRelease(writer: Writer, holder: string | undefined, key: number): void {
  writer.begin(kinds.release).varint(key);
  if (holder !== undefined) writer.field(tags.holder).text(holder).endField();
  writer.endFields();
}

export function readRelease(reader: Reader): ReleaseMessage {
  const key = reader.varint();
  return { kind: "release", holder: readHolder(reader), key };
}

function endsAt(reader: Reader): boolean {
  return reader.position === reader.end;
}

function readHolder(reader: Reader): string | undefined {
  let holder: string | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === tags.holder) holder = reader.name();
    reader.skipField();
  }
  return holder;
}
