/**
 * Results: those that stay where they were made until somebody needs them, and the ways they travel.
 *
 * A result above `inlineBytesMax` is not sent to the coordinator of its request, which would only send it on: it is kept
 * by the node that made it (`kept.ts`), and whoever needs it fetches it there (`fetches.ts`, `serving.ts`; as Ray's and
 * Dask's object stores do). References travel in its place.
 */
import type { MpregError } from "../../base/index.js";
import { type Random, type Timers } from "../../base/index.js";
import {
  type ChunkMessage,
  type FetchEndMessage,
  type FetchFailedMessage,
  type FetchMessage,
  type FetchMoreMessage,
  type ReleaseMessage,
  type ResultRef,
  type Value,
  wholeValue,
} from "../../wire/index.js";
import type { HeldBytes } from "../held-bytes.js";
import type { Channel, Peer } from "../task.js";
import { type FetchWay, Fetches, anyWay, directWay } from "./fetches.js";
import { type ArrayLimit, ArrayRoom, type ArrayTotal, type ItemsRefusal } from "./item-array.js";
import { Gathering } from "./gather.js";
import { KeptResults } from "./kept.js";
import { type LostOutput, type OutputReader, Outputs } from "./outputs.js";
import { Readings, type ReadingsHost } from "./readings.js";
import { Serving } from "./serving.js";

export type ResultMessage =
  FetchMessage | ChunkMessage | FetchMoreMessage | FetchFailedMessage | FetchEndMessage | ReleaseMessage;

export interface ResultsHost extends Timers {
  readonly nodeName: string;
  readonly self: Peer;
  readonly random: Random;
  peer(nodeId: string): Peer | undefined;
  nameOf(nodeId: string): string | undefined;
  reach(peer: Peer, nowMs: number): boolean;
  neighbourOf(peer: Pick<Peer, "nodeId">, avoided: undefined): Peer | undefined;
}

export interface ResultLimits {
  readonly inlineBytesMax: number;
  readonly valueBytesMax: number;
  readonly streamArrayBytesMax: number;
  readonly resumeMs: number;
}

/** How streams become arrays. */
export interface Arrays {
  readonly limit: ArrayLimit;
  /** What all take together that share the limit; without it they are those of one call of {@link Results.gather}. */
  readonly total?: ArrayTotal | undefined;
  /** Why the stream of that index may not have as many items, if it may not. */
  readonly tooMany?: ((index: number) => ItemsRefusal | undefined) | undefined;
  /** The name of the step whose result has that index. */
  readonly stepOf?: ((index: number) => string | undefined) | undefined;
}

function least(one: ArrayLimit, other: ArrayLimit): ArrayLimit {
  return other.bytesMax < one.bytesMax ? other : one;
}

const keptNowhere = { bytes: 0, path: wholeValue, isStream: false } as const;

export class Results {
  readonly limits: ResultLimits;
  readonly kept: KeptResults;
  /** What was told to whoever has asked, and can be made again. */
  readonly outputs: Outputs = new Outputs();
  readonly timers: Timers;
  readonly #selfId: string;
  readonly #held: HeldBytes;
  readonly #fetches: Fetches;
  readonly #serving: Serving;

  constructor(host: ResultsHost, held: HeldBytes, limits: ResultLimits) {
    this.limits = limits;
    this.#held = held;
    this.#selfId = host.self.nodeId;
    const { self, random, schedule, unschedule } = host;
    const release = (ref: ResultRef): void => {
      this.releaseOutput(ref);
    };
    this.timers = { schedule, unschedule };
    this.kept = new KeptResults({ nodeId: self.nodeId, random, held, schedule, unschedule, release });
    this.#fetches = new Fetches({
      self,
      namesHolders: false,
      here: (key) => this.kept.find(key),
      readBefore: (key) => this.kept.readBefore(key, host.self.name),
      release: (key) => {
        this.kept.release(key);
      },
      peer: (nodeId) => host.peer(nodeId),
      nameOf: (nodeId) => host.nameOf(nodeId),
      reach: (peer, nowMs) => host.reach(peer, nowMs),
      neighbourOf: (nodeId) => host.neighbourOf({ nodeId }, undefined),
    });
    this.#serving = new Serving(this.kept, this.#fetches, this.outputs, host.self);
  }

  /** Lets programs and handlers of this node read streams. */
  readings(host: ReadingsHost): Readings {
    return new Readings(this.#fetches, host, this.timers);
  }

  /** What is kept here, and what is fetched. */
  get size(): { readonly kept: number; readonly fetches: number } {
    return { kept: this.kept.size, fetches: this.#fetches.size };
  }

  /**
   * Fetches what is no bytes yet of `values`, for a step of `coordinator` where it is one; `done` or `failed` may be
   * called before this returns. Streams stay references, unless they are collected into `arrays`.
   */
  gather(
    values: readonly (Value | undefined)[],
    coordinator: string | undefined,
    nowMs: number,
    done: (values: readonly (Value | undefined)[], nowMs: number) => void,
    failed: (error: MpregError, nowMs: number) => void,
    arrays?: Arrays,
  ): Gathering {
    const { valueBytesMax } = this.limits;
    const way: FetchWay = coordinator === undefined ? anyWay : { kind: "any", coordinator };
    const remake = (lost: LostOutput, _receivedBytes: number, reader: OutputReader, atMs: number): void => {
      this.outputs.remake(lost, reader, atMs);
    };
    const { stepOf, tooMany } = arrays ?? {};
    const room = arrays && new ArrayRoom(arrays.limit, this.#held, arrays.total);
    const host = { fetches: this.#fetches, valueBytesMax, way, arrays: room, tooMany, stepOf, remake };
    const gathering = new Gathering(host, values, done, failed);
    gathering.start(nowMs);
    return gathering;
  }

  /** The arrays of an answer: whoever is told it may take less than this node allows. */
  arrayLimit(told: ArrayLimit | undefined): ArrayLimit {
    const own = this.collectLimit(
      "clients of the native protocol, and handlers that run in no thread, take its items one by one",
    );
    return told === undefined ? own : least(own, told);
  }

  /** What this node collects of streams, which are values then like others. */
  collectLimit(advice: string): ArrayLimit {
    const { streamArrayBytesMax, valueBytesMax } = this.limits;
    return least(
      { bytesMax: streamArrayBytesMax, option: "limits.streamArrayBytesMax", advice },
      { bytesMax: valueBytesMax, option: "limits.valueBytesMax", advice },
    );
  }

  /** Lets go of a result, wherever it is kept. */
  release(ref: ResultRef, way: FetchWay = anyWay): void {
    this.#fetches.release(ref, way);
  }

  /** Lets go of a result as whoever has asked for it: the run that could make it again does not keep it any more. */
  releaseOutput(ref: ResultRef): void {
    if (!this.outputs.letGo(ref)) this.release(ref);
  }

  onMessage(channel: Channel, message: ResultMessage, nowMs: number): void {
    switch (message.kind) {
      case "fetch":
        return this.#serving.onFetch(channel, message, nowMs);
      case "chunk":
        return this.#fetches.onChunk(channel, message, nowMs);
      case "fetch-more":
        return this.#serving.onMore(channel, message, nowMs);
      case "fetch-failed":
        return this.#fetches.onFailed(channel, message, nowMs);
      case "fetch-end":
        return this.#serving.onEnd(channel, message.id, nowMs);
      case "release": {
        const { holder = this.#selfId, key } = message;
        this.release({ ...keptNowhere, holder, key }, channel.subject.kind === "client" ? anyWay : directWay);
      }
    }
  }

  reached(peer: Peer, nowMs: number): void {
    this.#fetches.reached(peer, nowMs);
  }

  unreachable(peer: Peer, nowMs: number): void {
    this.#fetches.unreachable(peer, nowMs);
  }

  /** `peer` is down: what it keeps is lost, and what is kept for it is of no use. */
  down(peer: Peer, nowMs: number): void {
    this.#fetches.down(peer, nowMs);
    this.kept.nodeLost(peer.nodeId);
  }

  /** The link is gone; `mayReturn`: its client may come back for what it was told of. */
  lost(channel: Channel, mayReturn: boolean, nowMs: number): void {
    this.#serving.lost(channel, nowMs);
    const { resumeMs } = this.limits;
    if (mayReturn) this.kept.clientGone(channel.kept, resumeMs, nowMs);
    else this.kept.clientLost(channel.kept, resumeMs);
    this.#fetches.lost(channel, nowMs);
  }

  /** Sends what may be sent. Call it at the end of a turn. */
  pump(): void {
    this.#serving.pump();
  }
}
