/**
 * Serving: sends what this node keeps to those who fetch it.
 *
 * (S1) No more is sent than the reader allows, and no more is queued on a link than `queuedBytesMax`: other messages of
 *      the link wait for a few chunks, not for a result.
 * (S2) All fetches of this node that may go on take turns, a chunk each.
 * (S3) A fetch that cannot be served is told why; nothing is left of one that has ended, whoever ended it.
 * (S4) What another node keeps is passed on at the pace of the reader (`served.ts`).
 * (S5) A client has at most `fetchesMax` open, and is told when it asks for more, or does not read what it asked for.
 * (S6) What is lost before any of it was sent is made again where that may be, and sent then.
 */
import { MpregError } from "../../base/index.js";
import type { FetchMessage, FetchMoreMessage, ResultRef } from "../../wire/index.js";
import type { Channel, Peer } from "../task.js";
import { type FetchWay, type Fetches, anyWay, directWay } from "./fetches.js";
import type { KeptResults } from "./kept.js";
import type { LostOutput, Outputs } from "./outputs.js";
import { partOf } from "./part.js";
import { Flowing, type Outgoing, Passing, Sending, type Served, refuse } from "./served.js";
import { Stream } from "./stream.js";
import { Transfers } from "./transfers.js";

const fetchesMax = 10_000;
const queuedBytesMax = 2 * 1024 * 1024;

export class Serving {
  readonly #kept: KeptResults;
  readonly #fetches: Fetches;
  readonly #outputs: Outputs;
  readonly #self: Peer;
  readonly #served = new Transfers<Served>();
  /** Those that have something to send. */
  readonly #ready = new Set<Outgoing>();
  readonly #passed = (passing: Passing, error: MpregError | undefined, nowMs: number): void => {
    const { ref, sentBytes } = passing;
    const isLost = error?.code === "result-lost" && !ref.isStream && sentBytes === 0;
    if (isLost) this.#remake(passing, { ref, error }, nowMs);
    else this.#passedOn(passing, error, nowMs);
  };
  readonly #woken = (flowing: Flowing): void => {
    this.#ready.add(flowing);
  };
  readonly #replaced = (flowing: Flowing): void => {
    this.#served.take(flowing.channel, flowing.id);
    this.#ready.delete(flowing);
  };

  constructor(kept: KeptResults, fetches: Fetches, outputs: Outputs, self: Peer) {
    this.#kept = kept;
    this.#fetches = fetches;
    this.#outputs = outputs;
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
      const read = message.again === true ? undefined : this.#kept.readBefore(key, node);
      return refuse(channel, id, read ?? this.#kept.absence(key, node)); // (S3)
    }
    if (kept.fields.keptFor.kind === "client") this.#kept.renew(key, nowMs);
    if (kept.value instanceof Stream) return this.#flow(message, channel, kept.value, nowMs);
    if (!(kept.value instanceof Uint8Array)) return this.#pass(message, channel, kept.value, anyWay, nowMs);
    const part = partOf(kept.value, path, kept.fields.step);
    if (part instanceof MpregError) return refuse(channel, id, part.at({ node }));
    const sending = new Sending(channel, message, part);
    this.#served.set(channel, id, sending);
    this.#ready.add(sending);
  }

  onMore(channel: Channel, { id, allowedBytes, receivedBytes }: FetchMoreMessage, nowMs: number): void {
    const served = this.#served.get(channel, id);
    if (served === undefined) return; // it has ended
    if (served.kind === "passing") {
      if (served.fetch !== undefined) this.#fetches.allow(served.fetch, allowedBytes, nowMs, receivedBytes);
      return;
    }
    served.allowedBytes = Math.max(served.allowedBytes, allowedBytes);
    if (served.kind === "flowing") served.stream.allow(receivedBytes ?? 0, allowedBytes, nowMs);
    else this.#kept.renew(served.key, nowMs);
    this.#ready.add(served);
  }

  onEnd(channel: Channel, id: number, nowMs: number): void {
    const served = this.#served.take(channel, id);
    if (served !== undefined) this.#end(served, nowMs);
  }

  /** The link is gone. (S3) */
  lost(channel: Channel, nowMs: number): void {
    for (const served of this.#served.takeAll(channel)) this.#end(served, nowMs);
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
  #sendChunk(outgoing: Outgoing): boolean {
    const { channel, id } = outgoing;
    if (channel.link.backlogBytes >= queuedBytesMax) return false; // (S1)
    const sentBytes = outgoing.send();
    if (outgoing.isOver) this.#served.take(channel, id);
    if (!outgoing.mayGoOn) this.#ready.delete(outgoing);
    return sentBytes > 0;
  }

  /** Lets the far side read a stream that is made here. */
  #flow(message: FetchMessage, channel: Channel, stream: Stream, nowMs: number): void {
    const flowing = new Flowing(channel, message, stream, this.#woken, this.#replaced);
    this.#served.set(channel, message.id, flowing);
    const refusal = stream.attach(flowing, message, nowMs);
    if (refusal === undefined) return void this.#ready.add(flowing);
    this.#served.take(channel, message.id);
    refuse(channel, message.id, refusal); // (S3)
  }

  #pass(message: FetchMessage, channel: Channel, ref: ResultRef, way: FetchWay, nowMs: number): void {
    const { id, key } = message;
    const passing = new Passing(channel, message, ref, this.#passed);
    this.#served.set(channel, id, passing);
    if (ref.isStream) this.#kept.reading(key);
    this.#fetch(passing, ref, way, nowMs);
  }

  #fetch(passing: Passing, ref: ResultRef, way: FetchWay, nowMs: number): void {
    const { channel, id, key } = passing;
    const { allowedBytes, offset, again } = passing.asked;
    passing.ref = ref;
    const fetch = this.#fetches.start(ref, passing, allowedBytes, way, nowMs, offset, again);
    if (passing.isAwaiting || passing.fetch !== undefined) return; // it is lost, or was, and another one goes on
    passing.fetch = fetch;
    if (!fetch.isOver) return;
    this.#served.take(channel, id); // all of it was here
    this.#kept.renew(key, nowMs);
  }

  /** Nothing more is passed on. */
  #passedOn(passing: Passing, error: MpregError | undefined, nowMs: number): void {
    const { channel, id } = passing;
    this.#served.take(channel, id);
    this.#end(passing, nowMs);
    if (error !== undefined) refuse(channel, id, error); // (S3)
  }

  /** (S6) */
  #remake(passing: Passing, lost: LostOutput, nowMs: number): void {
    const { channel, id } = passing;
    const isWanted = (): boolean => this.#served.get(channel, id) === passing;
    passing.fetch = undefined;
    passing.isAwaiting = true;
    const reader = {
      made: (ref: ResultRef, thenMs: number): void => {
        passing.isAwaiting = false;
        if (isWanted()) this.#fetch(passing, ref, anyWay, thenMs);
      },
      failed: (error: MpregError, thenMs: number): void => {
        if (isWanted()) this.#passedOn(passing, error, thenMs);
      },
    };
    this.#outputs.remake(lost, reader, nowMs);
  }

  #end(served: Served, nowMs: number): void {
    if (served.kind === "sending") this.#ready.delete(served);
    else if (served.kind === "flowing") {
      this.#ready.delete(served);
      served.stream.detach(served, nowMs);
    } else {
      if (served.fetch !== undefined) this.#fetches.stop(served.fetch, nowMs);
      this.#kept.renew(served.key, nowMs);
    }
  }
}
