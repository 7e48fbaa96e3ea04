/**
 * Fetches: what this node fetches from where it is kept.
 *
 * (F1) Every fetch ends once: its sink has got all of it, or was told why not, or did not want it any more.
 * (F2) The bytes come in order and without gap: when a link breaks, the rest is asked for over the next one.
 * (F3) No more comes than was allowed: a sink that takes its time does not fill this node.
 * (F4) What is gone with its holder is `result-lost`, and names the node; a stream that was cut is none that ended.
 * (F5) A holder that this node does not know yet, or cannot reach, is asked through a linked node that may know it: the
 *      node that coordinates the step knows all nodes its steps ran on. A node that passes a fetch on asks the holder
 *      itself, or refuses: no fetch travels in circles.
 */
import { MpregError } from "../../base/index.js";
import {
  type ChunkMessage,
  type FetchFailedMessage,
  type ResultRef,
  writeFetch,
  writeFetchEnd,
  writeFetchMore,
  writeRelease,
} from "../../wire/index.js";
import type { Channel, Peer } from "../task.js";
import type { Kept } from "./kept.js";
import { partOf } from "./part.js";
import { Stream } from "./stream.js";
import { Tap } from "./tap.js";
import { Transfers } from "./transfers.js";

const unknown = "is not known here";

/** Takes what is fetched. */
export interface FetchSink {
  /** The next bytes, and how many there are in all, as far as that is known. They may be a view of a frame. */
  chunk(bytes: Uint8Array, totalBytes: number | undefined, nowMs: number): void;
  /** No more comes. (F1) */
  failed(error: MpregError, nowMs: number): void;
}

export class Fetch {
  readonly ref: ResultRef;
  readonly sink: FetchSink;
  receivedBytes = 0;
  allowedBytes: number;
  /** Its number on the link that it uses. */
  id = 0;
  /** The link it uses; without one it waits for one, or is over. */
  channel: Channel | undefined = undefined;
  /** Where it reads a stream of this node. */
  tap: Tap<Fetch> | undefined = undefined;
  /** It was asked for before, by the same reader. */
  again = false;
  isOver = false;
  readonly way: FetchWay;

  constructor(ref: ResultRef, sink: FetchSink, allowedBytes: number, way: FetchWay) {
    this.ref = ref;
    this.sink = sink;
    this.allowedBytes = allowedBytes;
    this.way = way;
  }
}

/** Over which links a fetch may travel. */
export type FetchWay =
  /** Over a link to the holder only: another node has asked this one for it. */
  | { readonly kind: "direct" }
  /** Through another node where need be, the coordinator first where it is known. */
  | { readonly kind: "any"; readonly coordinator: string | undefined };

export const anyWay: FetchWay = { kind: "any", coordinator: undefined };
export const directWay: FetchWay = { kind: "direct" };

export interface FetchesHost {
  /** What is asked for need not be kept by the node that is asked. */
  readonly namesHolders: boolean;
  readonly self: Peer;
  /** A result that is kept here. */
  here(key: number): Kept | undefined;
  /** What is said of a stream that was kept here when somebody else has read it. */
  readBefore(key: number): MpregError | undefined;
  /** Lets go of a result that is kept here. */
  release(key: number): void;
  /** The node of this id, as far as it is linked or a member. */
  peer(nodeId: string): Peer | undefined;
  /** Name of a node that is remembered. */
  nameOf(nodeId: string): string | undefined;
  /** Opens a link to a node that has none; answers whether that can be tried. `reached` or `unreachable` follows. */
  reach(peer: Peer, nowMs: number): boolean;
  /** A linked node that may have a way to that one. */
  neighbourOf(nodeId: string): Peer | undefined;
}

export class Fetches {
  readonly #host: FetchesHost;
  readonly #fetching = new Transfers<Fetch>();
  /** Those that wait for a link. */
  readonly #waiting = new Map<Peer, Set<Fetch>>();
  #size = 0;
  #lastId = 0;

  constructor(host: FetchesHost) {
    this.#host = host;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Begins a fetch from byte `offset` on; up to byte `allowedBytes` may come before {@link allow}. It may end before this
   * returns. `again`: its reader has asked for it before.
   */
  start(
    ref: ResultRef,
    sink: FetchSink,
    allowedBytes: number,
    way: FetchWay,
    nowMs: number,
    offset = 0,
    again = false,
  ): Fetch {
    const fetch = new Fetch(ref, sink, allowedBytes, way);
    fetch.receivedBytes = offset;
    fetch.again = again;
    this.#size += 1;
    const { self } = this.#host;
    if (ref.holder === self.nodeId) this.#takeHere(fetch, nowMs);
    else this.#send(fetch, nowMs);
    return fetch;
  }

  /** Lets the first `allowedBytes` come; of a stream, the reader has got the first `receivedBytes`. (F3) */
  allow(fetch: Fetch, allowedBytes: number, nowMs: number, receivedBytes?: number): void {
    if (fetch.isOver || allowedBytes <= fetch.allowedBytes) return;
    fetch.allowedBytes = allowedBytes;
    const { channel, id, tap } = fetch;
    if (tap !== undefined) {
      tap.stream.allow(receivedBytes ?? 0, allowedBytes, nowMs);
      return tap.wake(nowMs);
    }
    if (channel === undefined) return;
    writeFetchMore(channel.link.outbox.writer, id, allowedBytes, receivedBytes);
    channel.link.outbox.commitCancel(); // a few bytes for many that have come
  }

  /** The rest is not wanted. (F1) `nowMs`: of a stream, whose reader may come back. */
  stop(fetch: Fetch, nowMs?: number): void {
    if (fetch.isOver) return;
    const { channel, id, tap } = fetch;
    tap?.stream.detach(tap, nowMs);
    if (channel !== undefined) {
      writeFetchEnd(channel.link.outbox.writer, id);
      channel.link.outbox.commitCancel();
    }
    this.#end(fetch);
  }

  /** The time of whoever reads the stream is over: the rest is not waited for. */
  giveUp(fetch: Fetch, nowMs: number): void {
    if (fetch.isOver) return;
    const { ref, receivedBytes, sink } = fetch;
    this.stop(fetch);
    const message = `The time allowed ran out before the stream had ended: ${receivedBytes} bytes of it had come`;
    const node = this.#host.nameOf(ref.holder);
    sink.failed(new MpregError("deadline", message, { outcome: "unknown", node }), nowMs); // (F1)
  }

  /** Tells its holder that nobody will ask for the result; where there is no way, its time will run out there. */
  release({ holder, key }: ResultRef, way: FetchWay): void {
    if (holder === this.#host.self.nodeId) return this.#host.release(key);
    const link = this.#host.peer(holder)?.channel;
    const channel = link ?? (way.kind === "direct" ? undefined : this.#channelTowards(holder, way.coordinator));
    if (channel === undefined) return;
    const isNamed = this.#host.namesHolders || link === undefined; // (F5)
    writeRelease(channel.link.outbox.writer, isNamed ? holder : undefined, key);
    channel.link.outbox.commitCancel();
  }

  onChunk(channel: Channel, { id, bytes, totalBytes }: ChunkMessage, nowMs: number): void {
    const fetch = this.#fetching.get(channel, id);
    if (fetch === undefined) return; // not wanted any more
    fetch.receivedBytes += bytes.length;
    const { receivedBytes, allowedBytes } = fetch;
    if (receivedBytes > allowedBytes || (totalBytes !== undefined && receivedBytes > totalBytes)) {
      this.stop(fetch);
      const message = `The node sends more than the ${Math.min(allowedBytes, totalBytes ?? Infinity)} bytes it may`;
      return fetch.sink.failed(new MpregError("malformed", message), nowMs); // (F3)
    }
    if (receivedBytes === totalBytes) this.#end(fetch);
    fetch.sink.chunk(bytes, totalBytes, nowMs);
  }

  onFailed(channel: Channel, { id, error }: FetchFailedMessage, nowMs: number): void {
    const fetch = this.#fetching.get(channel, id);
    if (fetch !== undefined) this.#fail(fetch, error, nowMs);
  }

  /** There is a link to `peer` now. */
  reached(peer: Peer, nowMs: number): void {
    for (const fetch of this.#takeWaiting(peer)) this.#send(fetch, nowMs);
  }

  /** There is no way to `peer`. */
  unreachable(peer: Peer, nowMs: number): void {
    for (const fetch of this.#takeWaiting(peer)) this.#detour(fetch, "cannot be reached", nowMs);
  }

  /** `peer` is down, whatever its link says. */
  down(peer: Peer, nowMs: number): void {
    const there = peer.channel === undefined ? [] : this.#fetching.takeAll(peer.channel);
    for (const fetch of [...there, ...this.#takeWaiting(peer)]) {
      fetch.channel = undefined;
      if (fetch.ref.holder === peer.nodeId) this.#fail(fetch, this.#lost(fetch.ref, "was lost"), nowMs);
      else this.#send(fetch, nowMs); // it only passed it on
    }
  }

  /** The link is gone: what came over it is asked for over another. (F2) */
  lost(channel: Channel, nowMs: number): void {
    for (const fetch of this.#fetching.takeAll(channel)) {
      fetch.channel = undefined;
      this.#send(fetch, nowMs);
    }
  }

  #send(fetch: Fetch, nowMs: number): void {
    const { holder } = fetch.ref;
    const peer = this.#host.peer(holder);
    if (peer === undefined) {
      const isKnown = this.#host.nameOf(holder) !== undefined;
      return isKnown
        ? this.#fail(fetch, this.#lost(fetch.ref, "was lost"), nowMs)
        : this.#detour(fetch, unknown, nowMs);
    }
    const { channel } = peer;
    if (channel === undefined) return this.#wait(fetch, peer, nowMs);
    this.#sendOver(channel, fetch, this.#host.namesHolders, nowMs);
  }

  /** Asks another node, which has a way to the holder perhaps. (F5) */
  #detour(fetch: Fetch, why: string, nowMs: number): void {
    const { ref, way } = fetch;
    const channel = way.kind === "direct" ? undefined : this.#channelTowards(ref.holder, way.coordinator);
    if (channel === undefined) this.#fail(fetch, this.#lost(ref, why), nowMs);
    else this.#sendOver(channel, fetch, true, nowMs);
  }

  #channelTowards(holder: string, coordinator: string | undefined): Channel | undefined {
    const first = coordinator === undefined || coordinator === holder ? undefined : this.#host.peer(coordinator);
    return first?.channel ?? this.#host.neighbourOf(holder)?.channel;
  }

  #sendOver(channel: Channel, fetch: Fetch, namesHolder: boolean, nowMs: number): void {
    const { ref, receivedBytes, allowedBytes } = fetch;
    do fetch.id = this.#lastId = (this.#lastId + 1) >>> 0;
    while (fetch.id === 0 || this.#fetching.has(channel, fetch.id));
    this.#fetching.set(channel, fetch.id, fetch);
    fetch.channel = channel;
    channel.usedMs = nowMs;
    const { key, path } = ref;
    const holder = namesHolder ? ref.holder : undefined;
    const again = fetch.again ? true : undefined;
    fetch.again = true;
    const { id } = fetch;
    writeFetch(channel.link.outbox.writer, { id, holder, key, path, offset: receivedBytes, allowedBytes, again });
    channel.link.outbox.commitCancel();
  }

  #wait(fetch: Fetch, peer: Peer, nowMs: number): void {
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) this.#waiting.set(peer, new Set([fetch]));
    else waiting.add(fetch);
    if (!this.#host.reach(peer, nowMs)) this.unreachable(peer, nowMs);
  }

  /** What this node keeps itself. */
  #takeHere(fetch: Fetch, nowMs: number): void {
    const { ref, sink } = fetch;
    const found = this.#host.here(ref.key);
    if (found?.value instanceof Stream) return this.#tap(fetch, found.value, nowMs);
    if (!(found?.value instanceof Uint8Array)) {
      const read = fetch.again ? undefined : this.#host.readBefore(ref.key);
      return this.#fail(fetch, read ?? this.#lost(ref, "does not have it any more"), nowMs);
    }
    const part = partOf(found.value, ref.path, found.fields.step);
    if (part instanceof MpregError) return this.#fail(fetch, part, nowMs);
    this.#end(fetch);
    sink.chunk(part, part.length, nowMs);
  }

  #tap(fetch: Fetch, stream: Stream, nowMs: number): void {
    const tap = new Tap(stream, fetch, (ended, error, atMs) => {
      if (error === undefined) this.#end(ended);
      else this.#fail(ended, error, atMs);
    });
    const { receivedBytes: offset, allowedBytes, again } = fetch;
    fetch.tap = tap;
    const refusal = stream.attach(tap, { offset, allowedBytes, again }, nowMs);
    if (refusal !== undefined) return this.#fail(fetch, refusal, nowMs);
    tap.wake(nowMs);
  }

  #fail(fetch: Fetch, error: MpregError, nowMs: number): void {
    if (fetch.isOver) return;
    this.#end(fetch);
    fetch.sink.failed(fetch.ref.isStream ? asCut(error) : error, nowMs); // (F1)
  }

  #end(fetch: Fetch): void {
    fetch.isOver = true;
    this.#size -= 1;
    if (fetch.channel !== undefined) this.#fetching.take(fetch.channel, fetch.id);
    fetch.channel = undefined;
    const peer = this.#host.peer(fetch.ref.holder);
    if (peer === undefined) return;
    const waiting = this.#waiting.get(peer);
    if (waiting?.delete(fetch) === true && waiting.size === 0) this.#waiting.delete(peer);
  }

  /** (F4) */
  #lost({ holder, bytes, isStream }: ResultRef, what: string): MpregError {
    const node = this.#host.nameOf(holder);
    const where = node === undefined ? "a node" : `node "${node}"`;
    const result = bytes === 0 ? (isStream ? "It" : "A result") : `A result of ${bytes} bytes`;
    const message = `${result} was kept by ${where}, which ${what}`;
    return new MpregError("result-lost", message, { node });
  }

  #takeWaiting(peer: Peer): readonly Fetch[] {
    const waiting = [...(this.#waiting.get(peer) ?? [])];
    this.#waiting.delete(peer);
    return waiting;
  }
}

/** Why a stream does not go on: the items that came are not all. (F4) */
function asCut(error: MpregError): MpregError {
  const { code, message, outcome, node } = error;
  if (code !== "result-lost" || outcome === "unknown") return error;
  return new MpregError(code, `A stream was cut before its end. ${message}`, { outcome: "unknown", node });
}
