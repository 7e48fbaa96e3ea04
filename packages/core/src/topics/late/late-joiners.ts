/**
 * Late joiners: subscriptions that want to hear of the past, which all nodes have together.
 *
 * Owns what is asked of other nodes and answered to them, and what is known of how complete it is. What this node has is `replays.ts`.
 *
 * (J1) What is told of the past is whole only where every member has answered, none of them, nor this node, has let go of anything of that
 *      time, and no process has gone since: nobody knows what that had.
 * (J2) It is whole for somebody who was served by another node where this one was of the cluster all that time, too.
 * (J3) A node is told of the past where the policy lets it subscribe, for the client for which it asks.
 * (J4) It is told when this node serves what it wants, and has nothing waiting for it: what was published before is told, what comes later
 *      is sent.
 */
import type { Subject } from "../../base/index.js";
import { type BacklogAskMessage, writeBacklogAsk } from "../../wire/index.js";
import type { BacklogPart } from "./backlog-part.js";
import type { Exchange } from "../exchange.js";
import type { Gathering, Question } from "./gathering.js";
import { type GatheringHandle, Gatherings } from "./gatherings.js";
import { HeldBack } from "./held-back.js";
import type { NodeProcess, TopicsHost } from "../host.js";
import type { TopicsLimits } from "../limits.js";
import { originKey } from "./origins.js";
import { authorizeSubscribe } from "../participant.js";
import type { ReplayWish } from "../backlog/replay.js";
import { type Coverage, type Late, aged } from "./replays.js";
import type { GatherPhase } from "../delivery/subscription.js";
import { type SubscriptionWish, checkedReplay, wireFilterOf, wireReplayOf } from "../wish.js";

/** How much of the past a subscription is told. */
export interface Completeness {
  /** All that was published in the time that it wants replayed, and that other subscriptions of this node may have had. (J1) */
  readonly isWhole: boolean;
  /** The same of all nodes, also while it was served elsewhere. (J2) */
  readonly isEverywhere: boolean;
  /** The bounds of a backlog have cut the time that it wants replayed. */
  readonly isCut: boolean;
  /** Nodes that have not answered. */
  readonly unanswered: number;
}

/** How complete it is where no other node was asked. */
export function alone(coverage: Coverage, isComplete: boolean): Completeness {
  const isWhole = coverage === "whole" && isComplete;
  return { isWhole, isEverywhere: false, isCut: coverage === "cut", unanswered: 0 };
}

export type Served = (completeness: Completeness) => void;

/** Who asks another node: the far side of a link, and for whom it works. */
export interface Asker {
  readonly subject: Subject;
  readonly onBehalfOf: Subject | undefined;
}

export interface LateHost {
  exchange(): Exchange;
  hasPassed(nodeId: string, sequence: number): boolean;
}

/** Of one part. */
const partBytesMax = 512 * 1024;

export class LateJoiners {
  readonly #host: TopicsHost;
  readonly #limits: TopicsLimits;
  readonly #topics: LateHost;
  #gatherings: Gatherings | undefined;
  /** The processes of the nodes to which there was a link. */
  readonly #runs = new Map<string, string>();
  /** Since when this node knows others; and when one of them went last. */
  #joinedMs = Infinity;
  #goneMs = -Infinity;

  constructor(host: TopicsHost, limits: TopicsLimits, topics: LateHost) {
    this.#host = host;
    this.#limits = limits;
    this.#topics = topics;
  }

  /** Subscriptions that wait to hear of the past. */
  get size(): number {
    return this.#gatherings?.size ?? 0;
  }

  /** Has other nodes asked; `served` is told when they have answered, and the subscription hears what they have. */
  gather(late: Late, wish: SubscriptionWish, behalf: string | undefined, served: Served | undefined): GatherPhase {
    const question: Question = {
      sinceMs: late.sinceMs,
      write: (writer, id, told, part) => {
        const replay = wireReplayOf(aged(late.terms.wish, this.#host.others.nowMs() - late.sinceMs));
        const kept = wish.replay?.kind === "last" ? wish.replay.filter : undefined;
        writeBacklogAsk(writer, {
          id,
          ...told,
          ...part,
          patterns: late.terms.patterns,
          replay,
          filter: wish.filter && wireFilterOf(wish.filter),
          keptFilter: kept && wireFilterOf(kept),
          behalf,
        });
      },
    };
    const held = new HeldBack(this.#limits.heldBackBytesMax, () => {
      handle.cut();
    });
    const handle: GatheringHandle = this.#gathering.begin(question, (gathering, nowMs) => {
      this.#gathered(late, held, gathering, served, nowMs);
    });
    const left = (): void => {
      handle.leave();
      served?.(alone("unknown", false));
    };
    return { kind: "gather", held, left };
  }

  /** Whether no process has gone that may have had something of the time that is wanted. (J1) */
  isComplete(replay: ReplayWish | undefined, nowMs: number): boolean {
    return replay?.kind === "age" && this.#goneMs < nowMs - replay.ageMs;
  }

  /** What is answered to a node that asks for somebody. Throws `denied` or `invalid-argument`. (J3) */
  answer(from: string, asker: Asker, ask: BacklogAskMessage, bytesMax: number, nowMs: number): BacklogPart {
    const { others } = this.#host;
    authorizeSubscribe(others.policy, asker.subject, ask.patterns, asker.onBehalfOf);
    const terms = checkedReplay(ask, this.#limits, this.#host.utf8);
    const exchange = this.#topics.exchange();
    const forwarded = exchange.forwarding.sentTo(from, others.runOf(from));
    if (forwarded === undefined || !others.serves(from, ask)) return notReady; // (J4)
    return exchange.replays.part(
      { terms, from: ask.from, until: ask.until, forwarded, bytesMax: Math.min(partBytesMax, bytesMax) },
      ({ nodeId, run }) => others.isMember(nodeId) && (others.runOf(nodeId) ?? run) === run,
      nowMs,
    );
  }

  /** Goes on with those that wait, at the end of a turn. */
  advance(nowMs: number): void {
    this.#gatherings?.advance(nowMs);
  }

  linked(nodeId: string, run: string | undefined, nowMs: number): void {
    this.#joinedMs = Math.min(this.#joinedMs, nowMs);
    if (run === undefined) return;
    const known = this.#runs.get(nodeId);
    if (known !== undefined && known !== run) this.#goneMs = nowMs;
    this.#runs.set(nodeId, run);
  }

  unlinked(nodeId: string): void {
    this.#gatherings?.lost(nodeId);
  }

  /** The node is gone. */
  forget(nodeId: string, nowMs: number): void {
    this.#goneMs = nowMs;
    this.#gatherings?.lost(nodeId);
    this.#runs.delete(nodeId);
  }

  /** A process of another node is gone, and there is another one of that node. */
  replaced(nowMs: number): void {
    this.#goneMs = nowMs;
  }

  get #gathering(): Gatherings {
    const { others } = this.#host;
    return (this.#gatherings ??= new Gatherings(
      this.#host,
      {
        others: () => others.others(),
        told: (nowMs) => others.told(nowMs),
        ask: (...asked) => others.ask(...asked),
        originOf: (nodeId) => originKey(nodeId, others.runOf(nodeId)),
        hasPassed: (nodeId, sequence) => this.#topics.hasPassed(nodeId, sequence),
      },
      this.#limits,
    ));
  }

  #gathered(
    late: Late,
    held: HeldBack,
    gathering: Gathering | undefined,
    served: Served | undefined,
    nowMs: number,
  ): void {
    const exchange = this.#topics.exchange();
    const { replays } = exchange;
    const { terms, sinceMs, outlet } = late;
    const unanswered = gathering?.unanswered ?? this.#others;
    const wish = aged(terms.wish, nowMs - sinceMs);
    const isWhole =
      gathering?.isWhole === true && replays.isWhole({ ...terms, wish }, nowMs) && this.isComplete(wish, nowMs);
    const isEverywhere = isWhole && wish.kind === "age" && this.#joinedMs < nowMs - wish.ageMs; // (J2)
    const isCut = gathering?.isCut === true || replays.isCut({ ...terms, wish }, nowMs);
    served?.({ isWhole, isEverywhere, isCut, unanswered });
    const mayHear = ({ nodeId, run }: NodeProcess): boolean =>
      this.#host.others.runOf(nodeId) === run || !this.#topics.hasPassed(nodeId, 0) || held.isOf(nodeId);
    const missed = unanswered > 0 || (isCut && wish.kind === "age") ? Infinity : 0;
    const replay = replays.merged(late, gathering, this.#host.others.ownOrigin(), mayHear, missed, nowMs);
    exchange.gathered(late, replay, nowMs);
    exchange.drain(outlet, nowMs);
  }

  get #others(): number {
    return [...this.#host.others.others()].length;
  }
}

const notReady: BacklogPart = { ready: false, forwarded: 0, until: 0, next: 0, whole: false, origins: [], entries: [] };
