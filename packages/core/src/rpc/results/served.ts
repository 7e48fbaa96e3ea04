/**
 * Served: fetches of others that this node serves, each with what it needs: bytes that are here, items of a stream that
 * is made here, or what comes from another node.
 *
 * (V1) What another node keeps is passed on chunk by chunk, at the pace of the reader; nothing of it stays here.
 * (V2) No chunk is longer than the far side takes.
 */
import { MpregError } from "../../base/index.js";
import { type FetchMessage, type ResultRef, writeChunk, writeFetchFailed } from "../../wire/index.js";
import type { Channel } from "../task.js";
import type { Fetch, FetchSink } from "./fetches.js";
import type { Stream, StreamReader } from "./stream.js";

const chunkBytesMax = 256 * 1024;
/** What a chunk takes besides its bytes, generously. */
const chunkHeadBytes = 64;

/** A fetch of somebody else that this node serves. */
export type Served = Sending | Flowing | Passing;

/** What is sent from here, chunk by chunk. */
export type Outgoing = Sending | Flowing;

/** Bytes that are here. */
export class Sending {
  readonly kind = "sending";
  readonly channel: Channel;
  readonly id: number;
  readonly key: number;
  readonly part: Uint8Array;
  sentBytes: number;
  allowedBytes: number;

  constructor(channel: Channel, { id, key, offset, allowedBytes }: FetchMessage, part: Uint8Array) {
    this.channel = channel;
    this.id = id;
    this.key = key;
    this.part = part;
    this.sentBytes = Math.min(offset, part.length);
    this.allowedBytes = allowedBytes;
  }

  /** Queues the next chunk, if there is one and room for it; answers how many bytes that were. */
  send(): number {
    const { channel, id, part, sentBytes } = this;
    const { outbox } = channel.link;
    const end = Math.min(part.length, this.allowedBytes, sentBytes + chunkBytesOf(channel));
    if (end > sentBytes || part.length === 0) {
      writeChunk(outbox.writer, id, part.length, part.subarray(sentBytes, end));
      if (outbox.commit() === 0) return 0;
    }
    this.sentBytes = end;
    return end - sentBytes;
  }

  /** Nothing more comes. */
  get isOver(): boolean {
    return this.sentBytes === this.part.length;
  }

  get mayGoOn(): boolean {
    return this.sentBytes < Math.min(this.allowedBytes, this.part.length);
  }
}

/** Items that are made here. */
export class Flowing implements StreamReader {
  readonly kind = "flowing";
  readonly channel: Channel;
  readonly id: number;
  readonly stream: Stream;
  sentBytes: number;
  allowedBytes: number;
  /** The far side has heard of the end. */
  isOver = false;
  readonly #woken: (flowing: Flowing) => void;
  readonly #replaced: (flowing: Flowing) => void;

  constructor(
    channel: Channel,
    { id, offset, allowedBytes }: FetchMessage,
    stream: Stream,
    woken: (flowing: Flowing) => void,
    replaced: (flowing: Flowing) => void,
  ) {
    this.channel = channel;
    this.id = id;
    this.stream = stream;
    this.sentBytes = offset;
    this.allowedBytes = allowedBytes;
    this.#woken = woken;
    this.#replaced = replaced;
  }

  wake(): void {
    this.#woken(this);
  }

  replaced(): void {
    this.#replaced(this);
  }

  /** Queues the next chunk, or the end. */
  send(): number {
    const { channel, id, stream, sentBytes } = this;
    const { outbox } = channel.link;
    const bytes = stream.read(sentBytes, Math.min(this.allowedBytes - sentBytes, chunkBytesOf(channel)));
    const all = sentBytes + bytes.length;
    const end = stream.endAt(all);
    const isLast = end !== undefined && end.error === undefined;
    if (bytes.length > 0 || isLast) {
      writeChunk(outbox.writer, id, isLast ? all : undefined, bytes);
      if (outbox.commit() === 0) return 0;
    }
    this.sentBytes = all;
    this.isOver = end !== undefined;
    if (end?.error !== undefined) refuse(channel, id, end.error);
    return bytes.length;
  }

  get mayGoOn(): boolean {
    if (this.isOver) return false;
    if (this.stream.endAt(this.sentBytes) !== undefined) return true;
    return this.stream.read(this.sentBytes, this.allowedBytes - this.sentBytes).length > 0;
  }
}

/** Bytes that come from another node. (V1) */
export class Passing implements FetchSink {
  readonly kind = "passing";
  readonly channel: Channel;
  readonly id: number;
  /** What this node knows it by. */
  readonly key: number;
  readonly asked: FetchMessage;
  /** Where it is fetched. */
  ref: ResultRef;
  fetch: Fetch | undefined = undefined;
  /** Up to where it was sent, by this fetch or those before it. */
  sentBytes: number;
  /** It is lost, and being made again. */
  isAwaiting = false;
  readonly #onEnd: (passing: Passing, error: MpregError | undefined, nowMs: number) => void;

  /** `onEnd`: no more comes, or can be passed on for `error`. */
  constructor(
    channel: Channel,
    asked: FetchMessage,
    ref: ResultRef,
    onEnd: (passing: Passing, error: MpregError | undefined, nowMs: number) => void,
  ) {
    this.channel = channel;
    this.id = asked.id;
    this.key = asked.key;
    this.asked = asked;
    this.ref = ref;
    this.sentBytes = asked.offset;
    this.#onEnd = onEnd;
  }

  chunk(bytes: Uint8Array, totalBytes: number | undefined, nowMs: number): void {
    this.sentBytes += bytes.length;
    if (this.fetch?.isOver === true) this.#onEnd(this, undefined, nowMs);
    const { outbox } = this.channel.link;
    const bytesMax = chunkBytesOf(this.channel);
    let start = 0;
    do {
      writeChunk(outbox.writer, this.id, totalBytes, bytes.subarray(start, start + bytesMax));
      if (outbox.commitAnswer() === 0) return this.#onEnd(this, unread(outbox.queuedBytes), nowMs);
      start += bytesMax;
    } while (start < bytes.length);
  }

  failed(error: MpregError, nowMs: number): void {
    this.#onEnd(this, error, nowMs);
  }
}

/** (V2) */
function chunkBytesOf({ link }: Channel): number {
  return Math.min(chunkBytesMax, link.remoteMessageBytesMax - chunkHeadBytes);
}

/** Tells the reader that no more comes, whatever waits: it would wait for the rest. */
export function refuse({ link }: Channel, id: number, error: MpregError): void {
  writeFetchFailed(link.outbox.writer, id, error);
  link.outbox.commitCancel();
}

function unread(queuedBytes: number): MpregError {
  return new MpregError("overloaded", `${queuedBytes} bytes wait to be read on this link; no more is fetched for it`);
}
