/**
 * Serving: sends what this node keeps to those who fetch it.
 *
 * (S1) No more is sent than the reader allows, and no more is queued on a link than `queuedBytesMax`: other messages of
 *      the link wait for a few chunks, not for a result.
 * (S2) All fetches of this node that may go on take turns, a chunk each.
 * (S3) A fetch that cannot be served is told why; nothing is left of one that has ended, whoever ended it.
 * (S5) A client has at most `fetchesMax` open, and is told when it asks for more, or does not read what it asked for.
 * (S4) What another node keeps is passed on chunk by chunk, at the pace of the reader; nothing of it stays here.
 */
import { MpregError } from "../../base/index.js";
import {
  type FetchMessage,
  type FetchMoreMessage,
  type ResultRef,
  writeChunk,
  writeFetchFailed,
} from "../../wire/index.js";
import type { Channel, Peer } from "../task.js";
import { type Fetch, type FetchSink, type FetchWay, type Fetches, anyWay, directWay } from "./fetches.js";
import type { KeptResults } from "./kept.js";
import { partOf } from "./part.js";
import { Transfers } from "./transfers.js";

const chunkBytesMax = 256 * 1024;
/** How long a value is kept for a client that does not fetch it. */
export const idleMsMax: number = 60_000;
const fetchesMax = 10_000;
const queuedBytesMax = 2 * 1024 * 1024;

/** A fetch of somebody else that this node serves. */
type Served = Sending | Passing;

/** Bytes that are here. */
class Sending {
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

  get mayGoOn(): boolean {
    return this.sentBytes < Math.min(this.allowedBytes, this.part.length);
  }
}

/** Bytes that come from another node. (S4) */
class Passing implements FetchSink {
  readonly kind = "passing";
  readonly channel: Channel;
  readonly id: number;
  fetch: Fetch | undefined = undefined;
  readonly #onEnd: (passing: Passing, error: MpregError | undefined) => void;

  /** `onEnd`: no more comes, or can be passed on for `error`. */
  constructor(channel: Channel, id: number, onEnd: (passing: Passing, error: MpregError | undefined) => void) {
    this.channel = channel;
    this.id = id;
    this.#onEnd = onEnd;
  }

  chunk(bytes: Uint8Array, totalBytes: number | undefined): void {
    if (this.fetch?.isOver === true) this.#onEnd(this, undefined);
    const { outbox } = this.channel.link;
    const bytesMax = chunkBytesOf(this.channel);
    let start = 0;
    do {
      writeChunk(outbox.writer, this.id, totalBytes, bytes.subarray(start, start + bytesMax));
      if (outbox.commitAnswer() === 0) return this.#onEnd(this, unread(outbox.queuedBytes)); // (S5)
      start += bytesMax;
    } while (start < bytes.length);
  }

  failed(error: MpregError): void {
    this.#onEnd(this, error);
  }
}

export class Serving {
  readonly #kept: KeptResults;
  readonly #fetches: Fetches;
  readonly #self: Peer;
  readonly #served = new Transfers<Served>();
  /** Those that have something to send. */
  readonly #ready = new Set<Sending>();
  readonly #passed = (passing: Passing, error: MpregError | undefined): void => {
    const { channel, id } = passing;
    this.#served.take(channel, id);
    this.#end(passing);
    if (error !== undefined) refuse(channel, id, error); // (S3)
  };

  constructor(kept: KeptResults, fetches: Fetches, self: Peer) {
    this.#kept = kept;
    this.#fetches = fetches;
    this.#self = self;
  }

  onFetch(channel: Channel, message: FetchMessage, nowMs: number): void {
    const { id, holder, key, path } = message;
    if (this.#served.has(channel, id))
      throw new MpregError("malformed", `id ${id} is in use by an earlier fetch of this link`);
    channel.usedMs = nowMs;
    if (channel.subject.kind === "client" && channel.transfers >= fetchesMax) {
      const message = `This link has ${channel.transfers} fetches under way; the limit is ${fetchesMax}`;
      return refuse(channel, id, new MpregError("overloaded", message, { node: this.#self.name })); // (S5)
    }
    const node = this.#self.name;
    if (holder !== undefined && holder !== this.#self.nodeId) {
      const way = channel.subject.kind === "client" ? anyWay : directWay; // (F5)
      return this.#pass(message, channel, { holder, key, path, bytes: 0, isStream: false }, way, nowMs);
    }
    const kept = this.#kept.find(key);
    if (kept === undefined) {
      const gone = `Node "${node}" does not have the result any more`;
      return refuse(channel, id, new MpregError("result-lost", gone, { node })); // (S3)
    }
    if (kept.fields.keptFor.kind === "client") this.#kept.renew(key, nowMs + idleMsMax);
    if (!(kept.value instanceof Uint8Array)) return this.#pass(message, channel, kept.value, anyWay, nowMs);
    const part = partOf(kept.value, path, kept.fields.step);
    if (part instanceof MpregError) return refuse(channel, id, part.at({ node }));
    const sending = new Sending(channel, message, part);
    this.#served.set(channel, id, sending);
    this.#ready.add(sending);
  }

  onMore(channel: Channel, { id, allowedBytes }: FetchMoreMessage, nowMs: number): void {
    const served = this.#served.get(channel, id);
    if (served === undefined) return; // it has ended
    if (served.kind === "passing") {
      if (served.fetch !== undefined) this.#fetches.allow(served.fetch, allowedBytes);
      return;
    }
    served.allowedBytes = Math.max(served.allowedBytes, allowedBytes);
    this.#kept.renew(served.key, nowMs + idleMsMax);
    this.#ready.add(served);
  }

  onEnd(channel: Channel, id: number): void {
    const served = this.#served.take(channel, id);
    if (served !== undefined) this.#end(served);
  }

  /** The link is gone. (S3) */
  lost(channel: Channel): void {
    for (const served of this.#served.takeAll(channel)) this.#end(served);
  }

  /** Sends what may be sent. Call it at the end of a turn. */
  pump(): void {
    while (this.#ready.size > 0) {
      let sent = false;
      for (const sending of [...this.#ready]) sent = this.#sendChunk(sending) || sent; // (S2)
      if (!sent) return;
    }
  }

  /** Answers whether it has sent something. */
  #sendChunk(sending: Sending): boolean {
    const { channel, id, part, sentBytes, allowedBytes } = sending;
    const { link } = channel;
    if (link.backlogBytes >= queuedBytesMax) return false; // (S1)
    const end = Math.min(part.length, allowedBytes, sentBytes + chunkBytesOf(channel));
    if (end > sentBytes || part.length === 0) {
      writeChunk(link.outbox.writer, id, part.length, part.subarray(sentBytes, end));
      if (link.outbox.commit() === 0) return false;
    }
    sending.sentBytes = end;
    if (end === part.length) this.#served.take(channel, id);
    if (!sending.mayGoOn) this.#ready.delete(sending);
    return end > sentBytes;
  }

  #pass(message: FetchMessage, channel: Channel, ref: ResultRef, way: FetchWay, nowMs: number): void {
    const { id, offset, allowedBytes } = message;
    const passing = new Passing(channel, id, this.#passed);
    this.#served.set(channel, id, passing);
    passing.fetch = this.#fetches.start(ref, passing, allowedBytes, way, nowMs, offset);
  }

  #end(served: Served): void {
    if (served.kind === "sending") this.#ready.delete(served);
    else if (served.fetch !== undefined) this.#fetches.stop(served.fetch);
  }
}

/** What a chunk takes besides its bytes, generously. */
const chunkHeadBytes = 64;

function chunkBytesOf({ link }: Channel): number {
  return Math.min(chunkBytesMax, link.remoteMessageBytesMax - chunkHeadBytes);
}

/** Tells the reader that no more comes, whatever waits: it would wait for the rest. */
function refuse({ link }: Channel, id: number, error: MpregError): void {
  writeFetchFailed(link.outbox.writer, id, error);
  link.outbox.commitCancel();
}

function unread(queuedBytes: number): MpregError {
  return new MpregError("overloaded", `${queuedBytes} bytes wait to be read on this link; no more is fetched for it`);
}
