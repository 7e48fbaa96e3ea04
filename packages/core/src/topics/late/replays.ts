/**
 * Replays: what those are told who come late, of this node's backlog and of those of others.
 *
 * Owns which messages are for whom: for a subscription here, and for a node that asks. How they are read is `replay.ts`, in which order
 * they are told `merged-replay.ts`, how other nodes are asked `gathering.ts`.
 *
 * (R1) Another node is told of what was published here, and of what is here of processes that are gone. Those that are there tell themselves.
 * (R2) What is for subscriptions of this node only no other node is told of.
 * (R3) A subscription is told of nothing that is in what another node has told: of a process, one tells all.
 * (R4) By when it was published there: who was served here, or elsewhere, may miss what had waited on its way, or is on it still, and hears
 *      that this is not whole.
 * (R5) Who wants a time of which the bounds of a backlog have cut something is told that messages may be missing, before all others.
 */
import type { Pattern } from "../../base/index.js";
import type { Backlog } from "../backlog/backlog.js";
import type { BacklogPart, PartEntry } from "./backlog-part.js";
import { type CheckedFilter, passing } from "../delivery/filter.js";
import type { Gathering } from "./gathering.js";
import type { Provenance } from "./held-back.js";
import type { NodeProcess } from "../host.js";
import { LateArrivals } from "./late-arrivals.js";
import { MergedReplay } from "./merged-replay.js";
import { type Origin, Origins, localOrigin, ownOrigin, processOf } from "./origins.js";
import { type Passes, Replay, type ReplayWish } from "../backlog/replay.js";
import type { GatherPhase, Subscription } from "../delivery/subscription.js";
import type { TopicMessageReader } from "../topic-message.js";

/** Which messages of the past are wanted. */
export interface ReplayTerms {
  readonly patterns: readonly Pattern[];
  readonly filter: CheckedFilter | undefined;
  /** What else those of the past have to pass. */
  readonly kept: CheckedFilter | undefined;
  readonly wish: ReplayWish;
}

/** A subscription for which other nodes are asked. */
export interface Late {
  readonly outlet: number;
  readonly number: number;
  readonly terms: ReplayTerms;
  /** When it was asked for, and which number the next message here got then: what comes from there on is live. */
  readonly sinceMs: number;
  readonly until: number;
}

/** Has other nodes asked for it. */
export type Gather = (late: Late) => GatherPhase;

/** What is told of a time: all of it; bounds have cut something of it; or nobody knows. */
export type Coverage = "whole" | "cut" | "unknown";

/** A part of what is asked for. */
export interface PartAsk {
  readonly terms: ReplayTerms;
  readonly from: number | undefined;
  readonly until: number | undefined;
  /** The number that the asker was sent last. */
  readonly forwarded: number;
  readonly bytesMax: number;
}

export class Replays {
  readonly #backlog: Backlog;
  readonly #reader: TopicMessageReader;
  readonly origins: Origins = new Origins();
  readonly #late = new LateArrivals();
  readonly #oldestMs: (nowMs: number) => number;

  /** `oldestMs`: since when the oldest message for another node is on its way, or waits. */
  constructor(backlog: Backlog, reader: TopicMessageReader, oldestMs: (nowMs: number) => number) {
    this.#oldestMs = oldestMs;
    this.#backlog = backlog;
    this.#reader = reader;
  }

  /**
   * `subscription` is told what it wants of the past, once others were asked for it by `gather`. Answers what it is told of that without
   * other nodes.
   */
  begin(
    subscription: Subscription,
    terms: ReplayTerms,
    isAlone: boolean,
    gather: Gather | undefined,
    nowMs: number,
  ): Coverage {
    const { outlet, number, group } = subscription;
    if (gather !== undefined && group === undefined && !isAlone) {
      subscription.phase = gather({
        outlet: outlet.id,
        number,
        terms,
        sinceMs: nowMs,
        until: this.#backlog.sequence,
      });
      return "unknown";
    }
    const replay = this.own(terms, nowMs);
    const isCut = this.isCut(terms, nowMs);
    if (isCut) replay.miss(Infinity); // (R5)
    subscription.phase = { kind: "replay", replay };
    outlet.enqueue(subscription);
    if (isCut) return "cut";
    return isAlone && this.isWhole(terms, nowMs) ? "whole" : "unknown";
  }

  /** A message of another node was taken that came to that one at `sinceMs`. */
  took(sinceMs: number, nowMs: number): void {
    this.#late.took(sinceMs, nowMs, this.#backlog.oldestMs(nowMs));
  }

  /** The number of the process from which a message has come. */
  originOf({ nodeId, run }: { readonly nodeId?: string | undefined; readonly run?: string | undefined }): number {
    return nodeId === undefined ? ownOrigin : this.origins.of(nodeId, run);
  }

  /** What this node has. */
  own(terms: ReplayTerms, nowMs: number): Replay {
    return new Replay(this.#backlog, terms.patterns, terms.wish, (message) => this.#passes(terms, message), nowMs);
  }

  /**
   * Whether nothing had left this node that was published here in the time that is asked for, nor was anything taken in it of what other
   * nodes had before; false where no time is. (R4)
   */
  isWhole({ patterns, wish }: ReplayTerms, nowMs: number): boolean {
    if (wish.kind !== "age") return false;
    const sinceMs = nowMs - wish.ageMs;
    if (this.#oldestMs(nowMs) < sinceMs) return false; // who was served there does not have it (R4)
    return this.#late.isNoneSince(sinceMs) && this.#backlog.isWholeSince(patterns, sinceMs, nowMs);
  }

  /** Whether the bounds of the backlog of this node have cut the time that is asked for; false where no time is. (R5) */
  isCut({ patterns, wish }: ReplayTerms, nowMs: number): boolean {
    return wish.kind === "age" && this.#backlog.isCutSince(patterns, nowMs - wish.ageMs, nowMs);
  }

  /** What this node has, and others have told; `ownKey` is the name of this process among origins, and `mayHear` says of which ones something may come here still. */
  merged(
    { terms, sinceMs, until }: Late,
    gathering: Gathering | undefined,
    ownKey: string,
    mayHear: (process: NodeProcess) => boolean,
    missed: number,
    nowMs: number,
  ): MergedReplay {
    const { patterns } = terms;
    const wish = aged(terms.wish, nowMs - sinceMs);
    const read = (passes: Passes): Replay =>
      new Replay(this.#backlog, patterns, wish, passes, nowMs, { from: 0, until });
    const isOf = (isWanted: (key: string | undefined) => boolean): Passes => {
      return (message, log, index) =>
        isWanted(this.origins.get(log.origin(index))?.key) && this.#passes(terms, message);
    };
    const count = (origin: string): number => {
      if (mayHear(processOf(origin))) return Infinity;
      const replay = read(isOf((key) => key === origin));
      let found = 0;
      while (replay.peek(nowMs) !== undefined) {
        replay.take();
        found += 1;
      }
      return found;
    };
    const { lists, told } = gathering?.lists(ownKey, count) ?? nothing;
    const passes = isOf((key) => key === undefined || !told.has(key)); // (R3)
    const covers = (from: Provenance): boolean => gathering?.covers(from) === true;
    return new MergedReplay(read(passes), read(passes), lists, wish, this.#reader, covers, missed, nowMs);
  }

  /** What another node is told; `isThere` says which processes are. */
  part(
    { terms, from, until, forwarded, bytesMax }: PartAsk,
    isThere: (origin: Origin) => boolean,
    nowMs: number,
  ): BacklogPart {
    const end = Math.min(until ?? Infinity, this.#backlog.sequence);
    const passes: Passes = (message, log, index) =>
      this.#isFor(log.origin(index), isThere) && this.#passes(terms, message);
    const span = { from: from ?? 0, until: end };
    const replay = new Replay(this.#backlog, terms.patterns, terms.wish, passes, nowMs, span);
    const origins: string[] = [];
    const entries: PartEntry[] = [];
    let bytes = 0;
    let next = 0;
    for (let message = replay.peek(nowMs); message !== undefined; message = replay.peek(nowMs)) {
      const { log, index } = replay.place as NonNullable<typeof replay.place>;
      bytes += message.length + entryBytes;
      if (bytes > bytesMax && entries.length > 0) {
        next = log.sequence(index);
        break;
      }
      const expiresMs = log.expiresMs(index);
      const leftMs = expiresMs === Infinity ? 0 : expiresMs - nowMs;
      entries.push([message.slice(), nowMs - log.arrivedMs(index), this.#originIn(origins, log.origin(index)), leftMs]);
      replay.take();
    }
    const isCut = replay.takeMissed() > 0 || this.isCut(terms, nowMs);
    const whole = !isCut && this.isWhole(terms, nowMs);
    const told = { ready: true, forwarded, until: end, next, whole, origins, entries };
    return isCut ? { ...told, cut: true } : told;
  }

  /** (R1, R2) */
  #isFor(number: number, isThere: (origin: Origin) => boolean): boolean {
    if (number === ownOrigin) return true;
    const origin = number === localOrigin ? undefined : this.origins.get(number);
    return origin !== undefined && !isThere(origin);
  }

  #originIn(origins: string[], number: number): number {
    const key = this.origins.get(number)?.key;
    if (key === undefined) return 0;
    const known = origins.indexOf(key);
    return known === -1 ? origins.push(key) : known + 1;
  }

  #passes({ filter, kept }: ReplayTerms, message: Uint8Array): boolean {
    return passing(filter, kept, this.#reader)(message);
  }
}

/** Nobody has told anything. */
const nothing = { lists: [], told: new Set<string>() };

/** What is counted of a message beside its bytes. */
const entryBytes = 32;

/** The same time, after `laterMs`. */
export function aged(wish: ReplayWish, laterMs: number): ReplayWish {
  return wish.kind === "age" ? { kind: "age", ageMs: wish.ageMs + laterMs } : wish;
}
