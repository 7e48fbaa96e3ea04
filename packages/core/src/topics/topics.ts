/**
 * Topics: the exchange of a node, with those who publish and subscribe there and with other nodes.
 *
 * Owns what waits of a participant whose publishes are blocked, and what comes from other nodes. Who gets what is the exchange's
 * decision; how native links speak is `topic-links.ts`.
 *
 * (N1) The publishes of one participant are taken in the order in which they came: behind one that has to wait, the others wait.
 * (N2) A publish that is refused is told, whether or not an answer was asked for.
 * (N3) What can never be sent to a participant is missed by its subscriptions, which are told so.
 * (N4) When a participant is gone its subscriptions are, and what it had published and was not taken yet is counted as lost; unless it
 *      has said goodbye (`sources.ts`, S1).
 * (N5) What comes from another node is taken in the order of its numbers, and goes to no third node. A node hears at the end of the
 *      turn how much was taken; what has to wait here keeps its window, never the credit of a link that calls need, too.
 * (N6) A message of another node that this one does not accept is missed, and costs nobody a link.
 * (N7) What is missing of another node is told where it is missing: behind what came before and waits. Where a process of a node is gone
 *      without a goodbye, nobody knows how much of it is missing, and that is told: also where nothing had come of it.
 */
import { MpregError, Timer } from "../base/index.js";
import { Arrivals, late } from "./forwarding/arrivals.js";
import { type Confirmation, Confirmations } from "./forwarding/confirmations.js";
import { LateJoiners, type Served, alone } from "./late/late-joiners.js";
import { Exchange } from "./exchange.js";
import { type TopicsFigures, noFigures } from "./figures.js";
import type { Forwarded, HandedBack, NodeProcess, TopicsHost } from "./host.js";
import type { TopicsLimits } from "./limits.js";
import type { Participant } from "./participant.js";
import { Promises } from "./promised.js";
import type { Outcome, Published, PublishSettled } from "./published.js";
import { type TopicReport, reportOf } from "./report.js";
import type { SubscriptionEnd, TopicSink } from "./sink.js";
import { type Arrival, type Asked, type Gone, type Source, Sources } from "./sources.js";
import { TakenBytes, type WayBack } from "./forwarding/way-back.js";
import type { SubscriptionWish } from "./wish.js";

const tickMs = 1_000;

export class Topics implements TopicSink {
  readonly #host: TopicsHost;
  readonly #limits: TopicsLimits;
  /** There once somebody publishes or subscribes: a node without topics holds next to nothing for them. */
  #exchange: Exchange | undefined;
  readonly #sources = new Sources();
  readonly #arrivals = new Arrivals();
  readonly #taken = new TakenBytes();
  #resumed: number[] = [];
  #gone: Gone[] = [];
  readonly #confirmations: Confirmations;
  readonly #promises = new Promises();
  #blockedPublishes = 0;
  #lostPublishes = 0;
  readonly #clock: Timer;
  /** Those who come late, here and on other nodes. */
  readonly late: LateJoiners;

  constructor(host: TopicsHost, limits: TopicsLimits) {
    this.#host = host;
    this.#limits = limits;
    this.#confirmations = new Confirmations(host, limits, () => {
      this.#exchange?.forwarding.forgetOver();
    });
    this.late = new LateJoiners(host, limits, {
      exchange: () => this.exchange,
      hasPassed: (nodeId, sequence) => this.#hasPassed(nodeId, sequence),
    });
    this.#clock = new Timer((nowMs) => {
      this.exchange.tick(nowMs);
      this.settle(nowMs);
      if (this.exchange.isAging) host.schedule(this.#clock, nowMs + tickMs);
    });
  }

  get exchange(): Exchange {
    const { utf8, seed, elsewhere, ways } = this.#host;
    this.#exchange ??= new Exchange(this, ways, { limits: this.#limits, utf8, seed, elsewhere });
    return this.#exchange;
  }

  get subscriptions(): number {
    return this.#exchange?.subscriptions ?? 0;
  }

  get figures(): TopicsFigures {
    const figures = this.#exchange?.figures ?? noFigures; // who only looks makes none
    const sources = this.#sources.size;
    const waiting = { late: this.late.size, blockedPublishes: this.#blockedPublishes };
    return { ...figures, ...waiting, sources, lostPublishes: this.#lostPublishes };
  }

  /** What the topics of this node, `node`, come to; at most `most` kinds of subscriptions, 0: as many as are ever told of. */
  report(most: number, node: string, nowMs: number): TopicReport {
    const tallies = this.#exchange?.tallies(most) ?? { tallies: [], leftOut: 0 };
    return reportOf(this.figures, tallies, node, nowMs);
  }

  get blockedPublishes(): number {
    return this.#blockedPublishes;
  }

  /** Publishes that wait to hear what other nodes make of them. */
  get confirmations(): number {
    return this.#confirmations.size;
  }

  /** 1 while it waits for its time, which is always as long as anything is kept. */
  get scheduled(): number {
    return this.#clock.heapIndex >= 0 ? 1 : 0;
  }

  /** Whether anybody has subscribed to anything that is reserved: at no cost. */
  get isReservedWanted(): boolean {
    return this.#exchange?.wantsReserved === true || this.#host.elsewhere.wantsReserved;
  }

  /** Whether anybody wants what this node as a part of the cluster publishes to `topic`; `isLocal`: anybody here. Not while something is published. */
  isWanted(topic: string, isLocal: boolean): boolean {
    return this.isReservedWanted && this.exchange.isWanted(topic, isLocal);
  }

  /** Publishes `message` to a reserved topic, for all nodes or, where it `isLocal`, for subscriptions here. */
  announce(message: Uint8Array, isLocal: boolean, nowMs: number): void {
    this.exchange.publish({ id: 0, isCluster: true, isLocal }, message, nowMs);
    this.#keepTime(nowMs);
  }

  /** Publishes `message`, which is not needed any more when this returns. */
  publish(participant: Participant, message: Uint8Array, settled: PublishSettled | undefined, nowMs: number): void {
    this.#take(participant, message, settled && { settled, confirmation: undefined }, nowMs);
  }

  /** Publishes, as {@link publish}; `settled` is told once when all nodes have said what the message has come to, or will not any more. */
  publishConfirmed(participant: Participant, message: Uint8Array, settled: PublishSettled, nowMs: number): void {
    let confirmation: Confirmation;
    try {
      confirmation = this.#confirmations.begin(participant.id, settled);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      return settled(error);
    }
    this.#take(participant, message, { settled, confirmation }, nowMs);
  }

  #take(participant: Participant, message: Uint8Array, asked: Asked | undefined, nowMs: number): void {
    const source = this.#sources.of(participant);
    if (source.waiting.size === 0 && this.#publish(source, participant, message, asked, nowMs)) return;
    source.waiting.push({ kind: "published", message: message.slice(), asked, held: participant.hold() }); // (N1)
    source.waitingBytes += message.length;
    this.#blockedPublishes += 1;
  }

  /**
   * Subscribes; `served` is told once, before anything is heard of the subscription: at once, or when other nodes were asked for what it
   * wants of the past. Nothing is told before {@link drain}, or that. Throws as {@link Exchange.subscribe}.
   */
  subscribe(participant: Participant, number: number, wish: SubscriptionWish, nowMs: number, served?: Served): void {
    this.#sources.of(participant);
    const others = { areAsked: false };
    const coverage = this.exchange.subscribe(participant.id, number, wish, nowMs, (late) => {
      others.areAsked = true;
      return this.late.gather(late, wish, participant.address, served);
    });
    if (!others.areAsked) served?.(alone(coverage, this.late.isComplete(wish.replay, nowMs)));
  }

  /** Tells what waits for the subscriptions of a participant, once it knows that it has them. */
  drain({ id }: Participant, nowMs: number): void {
    this.exchange.drain(id, nowMs);
  }

  /** The consumer of a subscription has taken what is just told: it counts once the input in hand is done. */
  takenAtOnce(participant: number, number: number, bytes: number): void {
    this.#gone.push({ participant, number, bytes });
  }

  /** A participant is gone; `hasLeft`: with its goodbye. (N4) */
  closed(id: number, nowMs: number, hasLeft: boolean = false): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    this.#confirmations.leave(id);
    this.exchange.close(id, nowMs);
    if (hasLeft && this.#sources.left.add(source)) return;
    this.#blockedPublishes -= source.waiting.size;
    this.#lostPublishes += source.waiting.size;
    this.exchange.forget(id);
    this.#sources.delete(id);
  }

  /** Whether something waits of participants that are gone, or is on its way over a neighbour: who drains waits for it. */
  get hasLeftBehind(): boolean {
    return this.#sources.left.size > 0 || this.#exchange?.forwarding.isAwaitingNeighbours === true;
  }

  /** A message of another node. (N5) */
  arrived(from: NodeProcess, forwarded: Forwarded, back: WayBack, nowMs: number): void {
    const { sequence, groups, waitedMs, isConfirmed, tried, message } = forwarded;
    const { nodeId } = from;
    const missing = this.#arrivals.arrived(nodeId, from.run, sequence);
    if (from.isOver === true) this.#arrivals.over(nodeId);
    const confirmedAs = isConfirmed === true ? sequence : 0;
    if (missing === late) {
      report(back, confirmedAs, this.#lostToAll);
      return this.#taken.add(back, message.length);
    }
    this.#missing(nodeId, missing, sequence - 1);
    const sinceMs = nowMs - waitedMs;
    const { run } = from;
    const confirmation = undefined;
    const arrival = { nodeId, run, sequence, back, confirmedAs, groups, tried, confirmation, sinceMs };
    this.#arrive(arrival, message, nowMs);
  }

  /** Another node has no member for these groups of what was sent to it. */
  handedBack(nodeId: string, { groups, waitedMs, tried = [], sequence, message }: HandedBack, nowMs: number): void {
    const confirmation = sequence === undefined ? undefined : this.exchange.forwarding.awaiting(nodeId, sequence);
    confirmation?.hold(); // the node's report may come before it has found a member
    const sinceMs = nowMs - waitedMs;
    const unknown = { run: undefined, sequence: 0, back: undefined, confirmedAs: 0 };
    const arrival = { ...unknown, nodeId, groups, tried: [...tried, nodeId], confirmation, sinceMs };
    this.#arrive(arrival, message, nowMs);
  }

  #arrive(arrival: Arrival, message: Uint8Array, nowMs: number): void {
    const source = this.#sources.ofNode(arrival.nodeId);
    if (source.waiting.size === 0 && this.#receive(source, message, arrival, nowMs)) return;
    source.waiting.push({ kind: "arrived", message: message.slice(), arrival });
    this.#blockedPublishes += 1;
  }

  /** Another node has used the number `sequence` last. */
  forwardedUntil({ nodeId, run, isOver }: NodeProcess, sequence: number): void {
    const missing = this.#arrivals.until(nodeId, run, sequence);
    if (isOver === true) this.#arrivals.over(nodeId);
    this.#missing(nodeId, missing, sequence);
  }

  /** (N7) */
  #missing(nodeId: string, count: number, sequence: number = Infinity): void {
    if (count === 0 || (count === Infinity && this.#exchange === undefined)) return;
    const waiting = this.#sources.waitingOf(nodeId);
    if (waiting === undefined || waiting.size === 0) this.exchange.missedElsewhere(count, { nodeId, sequence });
    else waiting.push({ kind: "missing", nodeId, sequence, count });
  }

  /** Another node tells what a message of this one has come to there. */
  reported(nodeId: string, sequence: number, outcome: Outcome): void {
    this.#exchange?.forwarding.reported(nodeId, sequence, outcome);
  }

  /** The last link to another node is gone; `isComplete`: it ended with what the node said last. */
  unlinked(nodeId: string, isComplete: boolean, nowMs: number): void {
    this.late.unlinked(nodeId);
    this.#exchange?.forwarding.unlinked(nodeId, isComplete, nowMs);
    this.#keepTimeWhileSeeking(nowMs);
    if (this.#arrivals.unlinked(nodeId, isComplete)) this.#missing(nodeId, Infinity); // (N7)
  }

  /** The neighbour `via` cannot pass something on to a node, or has passed on what may be lost. */
  unreached(nodeId: string, via: string, run: string | undefined, nowMs: number): void {
    this.#exchange?.forwarding.unreached(nodeId, via, run, nowMs);
    this.#keepTimeWhileSeeking(nowMs);
  }

  /** The number that was used last for a node; 0 where there was none. */
  lastFor(nodeId: string): number {
    return this.#exchange?.forwarding.lastFor(nodeId) ?? 0;
  }

  /** Whether all has come that a node had sent up to that number, and was taken. */
  #hasPassed(nodeId: string, sequence: number): boolean {
    const waiting = this.#sources.waitingOf(nodeId)?.size ?? 0;
    return waiting === 0 && this.#arrivals.last(nodeId) >= sequence;
  }

  /** This node leaves: the others hear of what waits for them and will not come any more. */
  leave(nowMs: number): void {
    this.#exchange?.forwarding.leave(nowMs);
  }

  /** There is a new link to another node. */
  linked(nodeId: string, nowMs: number): void {
    const run = this.#host.ways.runOf(nodeId);
    this.late.linked(nodeId, run, nowMs);
    if (run !== undefined && this.#arrivals.linked(nodeId, run)) this.#missing(nodeId, Infinity); // (N7)
    if (run !== undefined) this.#exchange?.forwarding.linked(nodeId, run, nowMs);
    this.#keepTimeWhileSeeking(nowMs);
  }

  /** Another node is lost, or has left (`hasLeft`). What has come from it and waits is taken still. */
  forget(nodeId: string, hasLeft: boolean, nowMs: number): void {
    this.late.forget(nodeId, nowMs);
    this.#exchange?.forgetNode(nodeId, nowMs);
    if (this.#arrivals.forget(nodeId, hasLeft)) this.#missing(nodeId, Infinity); // (N7)
    this.#sources.forgetNode(nodeId);
  }

  /** The process `run` of another node has taken the place of the one before, which nobody has taken for lost. */
  replaced(nodeId: string, run: string, nowMs: number): void {
    this.late.replaced(nowMs);
    if (this.#arrivals.replaced(nodeId, run)) this.#missing(nodeId, Infinity); // (N7)
  }

  /** It may have gone while something of it waited. */
  #forgetGone(nodeId: string): void {
    if (!this.#arrivals.has(nodeId)) this.#sources.forgetNode(nodeId);
  }

  /** Goes on with what the last input has made possible. */
  settle(nowMs: number): void {
    while (this.#resumed.length > 0 || this.#gone.length > 0) {
      const gone = this.#gone;
      const resumed = this.#resumed;
      this.#gone = [];
      this.#resumed = [];
      for (const { participant, number, bytes } of gone) this.exchange.taken(participant, number, bytes, nowMs);
      for (const id of resumed) this.#goOn(this.#sources.get(id), nowMs);
    }
  }

  /** Tells other nodes what was taken of theirs in this turn (N5), and asks them for what is wanted of the past. */
  flush(nowMs: number): void {
    this.late.advance(nowMs);
    this.#taken.tell();
  }

  deliver(outlet: number, numbers: readonly number[], count: number, message: Uint8Array): void {
    const participant = this.#participant(outlet);
    const settled = participant.saysWhatItHas === true ? this.#promises.add(count) : undefined;
    if (participant.deliver(numbers, count, message, settled)) return;
    for (const number of numbers.slice(0, count)) {
      participant.missed(number, 1); // (N3)
      this.takenAtOnce(outlet, number, message.length);
    }
  }

  replayed(outlet: number, number: number): void {
    this.#participant(outlet).replayed?.(number);
  }

  missed(outlet: number, number: number, count: number): void {
    this.#participant(outlet).missed(number, count);
    this.#host.missed?.(count);
  }

  slow(): void {
    this.#host.slow?.();
  }

  ended(outlet: number, number: number, why: SubscriptionEnd, lost: number): void {
    this.#participant(outlet).ended(number, why, lost);
    this.#host.ended?.(why, lost);
  }

  drained(outlet: number, number: number): void {
    this.#participant(outlet).drained?.(number);
  }

  resume(publisher: number): void {
    this.#resumed.push(publisher);
  }

  /** Those who have subscriptions are known. */
  #participant(id: number): Participant {
    return this.#sources.get(id)?.participant as Participant;
  }

  /** Answers false where it has to wait. */
  #publish(
    source: Source,
    participant: Participant,
    message: Uint8Array,
    asked: Asked | undefined,
    nowMs: number,
  ): boolean {
    let result: Published | MpregError;
    try {
      const confirmation = asked?.confirmation;
      this.#promises.begin(confirmation !== undefined);
      const published = this.exchange.publish(participant, message, nowMs, confirmation);
      this.#keepTime(nowMs);
      if (published.kind === "blocked") return false;
      if (confirmation !== undefined) {
        confirmation.hold();
        this.#confirmations.published(confirmation, nothing, nowMs);
        this.#promises.end(published, (outcome) => {
          confirmation.told(outcome);
        });
        return true;
      }
      result = published;
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#promises.begin(false);
      if (asked === undefined) participant.refused(this.exchange.idOf(message), error); // (N2)
      result = error;
    }
    asked?.settled(result);
    return true;
  }

  /** Takes a message of another node; answers false where it has to wait. */
  #receive(source: Source, message: Uint8Array, arrival: Arrival, nowMs: number): boolean {
    const { back, confirmedAs } = arrival;
    if (back === undefined) return this.#handOn(source, message, arrival, nowMs);
    try {
      this.#promises.begin(confirmedAs > 0);
      const result = this.exchange.receive(source, message, arrival, nowMs);
      if (result.kind === "blocked") return false;
      const { handed, waiting } = result;
      const lost = result.lost + this.#handBack(message, back, arrival, nowMs);
      if (confirmedAs > 0)
        this.#promises.end({ handed, waiting, lost }, (outcome) => {
          report(back, confirmedAs, outcome);
        });
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.#promises.begin(false);
      report(back, confirmedAs, this.#lostToAll);
      this.exchange.missedElsewhere(1, arrival); // (N6)
    }
    this.#keepTime(nowMs);
    this.#taken.add(back, message.length);
    return true;
  }

  /** Hands what was received back for the groups that have no member for it here; answers to how many of them it is lost. */
  #handBack(message: Uint8Array, back: WayBack, { confirmedAs, tried, sinceMs }: Arrival, nowMs: number): number {
    const groups = this.exchange.unchosen;
    if (groups.length === 0) return 0;
    const waitedMs = Math.ceil(nowMs - sinceMs);
    const sequence = confirmedAs === 0 ? undefined : confirmedAs;
    if (back.handBack({ groups, waitedMs, tried, sequence, message })) return 0;
    this.exchange.lostToGroups(groups.length);
    return groups.length;
  }

  /** Finds other members for what was handed back; answers false where it has to wait. */
  #handOn(source: Source, message: Uint8Array, arrival: Arrival, nowMs: number): boolean {
    const { groups, confirmation } = arrival;
    try {
      const result = this.exchange.handOn(source, message, arrival, nowMs);
      if (result.kind === "blocked") return false;
      confirmation?.told(result);
    } catch (error) {
      if (!(error instanceof MpregError)) throw error;
      this.exchange.lostToGroups(groups.length);
      confirmation?.told({ handed: 0, waiting: 0, lost: groups.length });
    }
    return true;
  }

  #goOn(source: Source | undefined, nowMs: number): void {
    for (let next = source?.waiting.first; source !== undefined && next !== undefined; next = source.waiting.first) {
      if (next.kind === "missing") {
        source.waiting.shift();
        this.exchange.missedElsewhere(next.count, next); // (N7)
        this.#forgetGone(next.nodeId);
        continue;
      }
      const participant = source.participant as Participant;
      const isTaken =
        next.kind === "arrived"
          ? this.#receive(source, next.message, next.arrival, nowMs)
          : this.#publish(source, participant, next.message, next.asked, nowMs);
      if (!isTaken) return;
      source.waiting.shift();
      this.#blockedPublishes -= 1;
      if (next.kind === "published") {
        source.waitingBytes -= next.message.length;
        participant.admit(next.held);
      } else this.#forgetGone(next.arrival.nodeId);
    }
    if (source === undefined || !this.#sources.left.has(source)) return;
    this.#sources.left.remove(source); // it is gone, and all of it was taken
    this.closed(source.id, nowMs);
  }

  /** Each subscription is told that it misses one: nobody knows who would have got it. */
  get #lostToAll(): Outcome {
    return { handed: 0, waiting: 0, lost: this.subscriptions };
  }

  #keepTimeWhileSeeking(nowMs: number): void {
    if (this.#exchange?.forwarding.isSeeking === true) this.#keepTime(nowMs);
  }

  #keepTime(nowMs: number): void {
    if (this.#clock.heapIndex < 0) this.#host.schedule(this.#clock, nowMs + tickMs);
  }
}

const nothing: Outcome = { handed: 0, waiting: 0, lost: 0 };

function report(back: WayBack, sequence: number, outcome: Outcome): void {
  if (sequence > 0) back.report(sequence, outcome);
}
