/**
 * Membership: the machine that knows who there is.
 *
 * SWIM (Das, Gupta, Motivala, DSN 2002) with Lifeguard's amendments (Dadgar, Phillips, Currey, 2018), over links that are
 * open anyway. Owns this node's own record, the table of members, and who is linked, probed, suspected and told. Links
 * themselves, and what members offer, are the node's.
 *
 * (B4) Whoever hears that it is suspected itself contradicts at once, to all it has links to.
 * (B5) A node that is new on a link is told first what is believed of it, so that it can contradict, and see whether it
 *      is taken for an earlier life of itself.
 * (B6) Work is not sent to a member that is down, has left, or does not answer this node and nobody has vouched for.
 * (B7) Refused news are told to the host with the link that brought them. So are more news than one link may bring. What
 *      is genuine and only not taken here is no fault of that link.
 * (B8) A suspicion that is about to end is compared with what a few others know: what contradicts it may have been missed.
 */
import { Timer } from "../base/index.js";
import { Allowance } from "../structures/index.js";
import {
  type AccusationMessage,
  type DigestLinesMessage,
  type DigestMessage,
  type NodeRecord,
  type RecordMessage,
  observersMax,
} from "../wire/index.js";
import { distanceMs, isCoordinate } from "./coordinates.js";
import { Gossip, sample } from "./gossip.js";
import type { MembershipHost } from "./host.js";
import { type Applied, Members } from "./members.js";
import { Observers } from "./observers.js";
import { type OwnIdentity, OwnRecord, areRivals } from "./own-record.js";
import { Prober } from "./prober.js";
import { compare } from "./reconcile.js";
import { isGenuineAccusation, isGenuineRecord } from "./records.js";
import { Teller } from "./teller.js";
import { type Member, type MemberChange, type MembershipOptions, isPresent } from "./types.js";
import { View } from "./view.js";

/** Probe intervals after which a change of observers is told: while a cluster forms they change all the time. */
const settleIntervals = 5;

/** Gossip intervals before a node that has found others compares for the first time. */
const firstPeriodIntervals = 5;

export class Membership {
  readonly gossip: Gossip;
  readonly #selfId: string;
  readonly #options: MembershipOptions;
  readonly #host: MembershipHost;
  readonly #own: OwnRecord;
  readonly #members: Members;
  /** Takes what is said about probes. */
  readonly prober: Prober;
  /** Knows who keeps links to whom. */
  readonly observers: Observers;
  readonly #teller: Teller;
  readonly #view: View;
  /** Members that do not answer this node, and that nobody has vouched for since. (B6) */
  readonly #doubted = new Set<string>();
  /** What each link may still tell. (B7) */
  readonly #allowances = new Map<string, Allowance>();
  readonly #reconcileTimer = new Timer((nowMs) => {
    this.#reconcile(nowMs);
  });
  readonly #ownTimer = new Timer((nowMs) => {
    this.#updateOwn(nowMs);
  });
  /** A node that is new compares often, later less. */
  #periodMs = 0;
  #isRunning = false;

  constructor(
    selfId: string,
    self: OwnIdentity,
    incarnation: number,
    options: MembershipOptions,
    host: MembershipHost,
  ) {
    this.#selfId = selfId;
    this.#options = options;
    this.#host = host;
    this.#own = new OwnRecord(self, incarnation, host.random.bytes(8), host.signer, host.utf8);
    this.#members = new Members(selfId, options, this.#membersHost());
    this.observers = new Observers(selfId, this.#members, options, (nodeId) => host.isLinked(nodeId));
    this.#teller = new Teller(selfId, this.#members, host);
    this.#view = new View(selfId, options, {
      members: this.#members,
      isLinked: (nodeId) => host.isLinked(nodeId),
      want: (member, wanted, nowMs) => {
        host.want(member, wanted, nowMs);
      },
    });
    this.gossip = new Gossip(options, {
      schedule: host.schedule,
      unschedule: host.unschedule,
      random: host.random,
      links: () => host.links(),
      observes: (nodeId, other) => this.observers.observes(nodeId, other),
      present: () => this.#members.present,
      isFullMesh: () => this.observers.isFullMesh,
      drained: () => {
        for (const nodeId of sample([...host.links()], 1, host.random)) this.#teller.compare(nodeId);
      },
      tellLines: (nodeId, members) => {
        this.#teller.newsOf(nodeId, members);
      },
      send: (nodeId, message) => {
        host.send(nodeId, message);
      },
    });
    this.prober = new Prober(selfId, options, this.#members, {
      schedule: host.schedule,
      unschedule: host.unschedule,
      random: host.random,
      links: () => host.links(),
      isLinked: (nodeId) => host.isLinked(nodeId),
      heardMs: (nodeId) => host.heardMs(nodeId),
      control: (nodeId, write) => {
        host.control(nodeId, write);
      },
      running: () => host.running(),
      observes: (nodeId, other) => this.observers.observes(nodeId, other),
      silent: (target, nowMs) => {
        this.#silent(target, nowMs);
      },
      answered: (target, nowMs) => {
        this.#trust(target, nowMs);
      },
    });
  }

  /** How many timers there are. */
  get scheduled(): number {
    const own = [this.#reconcileTimer, this.#ownTimer].filter(({ heapIndex }) => heapIndex >= 0).length;
    return this.prober.detector.size + this.#members.scheduled + this.gossip.scheduled + own;
  }

  get size(): number {
    return this.#members.size;
  }

  /** What this node says of itself. */
  get own(): NodeRecord {
    return this.#own.record;
  }

  members(): IterableIterator<Member> {
    return this.#members.all();
  }

  get(nodeId: string): Member | undefined {
    return this.#members.get(nodeId);
  }

  isPresent(nodeId: string): boolean {
    return this.#members.isPresent(nodeId);
  }

  /** Whether a link to the node is to be kept. */
  isWanted(nodeId: string): boolean {
    return this.#view.has(nodeId);
  }

  /** Whether work may be sent to the member. (B6) */
  isUsable(nodeId: string): boolean {
    const { state, record } = this.#members.get(nodeId) ?? {};
    if (this.#doubted.has(nodeId) || record?.draining === true) return false;
    // others may have lost it; this node has not
    return state === "alive" || (state === "suspect" && this.#host.isLinked(nodeId));
  }

  /** The id of the member of that name that is there. */
  idOf(name: string): string | undefined {
    return this.#members.idOf(name);
  }

  nameRefusal(nodeId: string, name: string): string | undefined {
    return this.#members.nameRefusal(nodeId, name);
  }

  /** The estimated round trip to the member, in ms; `undefined` before it is known where both stand. */
  distanceMs(nodeId: string): number | undefined {
    const entry = this.#members.get(nodeId);
    const coordinate = entry?.coordinate ?? entry?.record.coordinate;
    if (coordinate === undefined || !this.prober.position.isKnown) return undefined;
    return nodeId === this.#selfId ? 0 : distanceMs(this.prober.position.coordinate, coordinate);
  }

  /** Median of the round trips measured last to a linked member, in ms. */
  roundTripMs(nodeId: string): number | undefined {
    return this.prober.position.roundTripMs(nodeId);
  }

  /** A linked node that has told it has a link to the member; not `avoided`. */
  viaOf(nodeId: string, avoided?: ReadonlySet<string>): string | undefined {
    for (const linked of this.#host.links()) {
      if (avoided?.has(linked) !== true && this.observers.observes(linked, nodeId)) return linked;
    }
    return undefined;
  }

  /** How much this node doubts itself: 0 = not at all. */
  get doubt(): number {
    return this.prober.detector.health.score;
  }

  start(nowMs: number): void {
    this.#isRunning = true;
    this.#tellOwn(nowMs);
  }

  /** Says that this node takes no new work: every linked node hears it before whatever is sent to it next. */
  drain(nowMs: number): void {
    if (!this.#isRunning) return;
    this.#own.drain();
    this.#tellOwn(nowMs);
    for (const nodeId of this.#host.links()) this.#teller.record(nodeId, this.#own);
  }

  /** Says that this node leaves. */
  stop(nowMs: number): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#own.leave();
    this.#tellOwn(nowMs);
    this.gossip.stop();
    this.prober.stop();
    this.#members.clear();
    this.#view.clear();
    this.#doubted.clear();
    this.#host.unschedule(this.#reconcileTimer);
    this.#host.unschedule(this.#ownTimer);
  }

  /** There is a link to `nodeId`; of the two sides the one that `initiates` compares what both know. */
  linked(nodeId: string, initiates: boolean, nowMs: number): void {
    this.prober.detector.watch(nodeId, nowMs);
    this.#view.linked(nodeId);
    this.#trust(nodeId, nowMs);
    if (!this.#allowances.has(nodeId)) {
      const { newsPerSecondMax } = this.#options;
      this.#allowances.set(nodeId, new Allowance(newsPerSecondMax, newsPerSecondMax * 10, nowMs));
    }
    const entry = this.#members.get(nodeId);
    if (entry !== undefined) this.#teller.state(nodeId, entry); // (B5)
    this.#teller.record(nodeId, this.#own);
    this.#host.tellOffers(nodeId, this.#selfId);
    if (initiates) this.#teller.digest(nodeId);
    if (this.#reconcileTimer.heapIndex < 0) {
      this.#periodMs = firstPeriodIntervals * this.#options.gossipIntervalMs;
      this.#host.schedule(this.#reconcileTimer, nowMs + this.#nextPeriodMs());
    }
    this.#observersChanged(nowMs);
  }

  /** The last link to `nodeId` is gone; `isMutual` when both sides wanted it so. */
  unlinked(nodeId: string, isMutual: boolean, nowMs: number): void {
    this.#allowances.delete(nodeId);
    this.prober.position.forget(nodeId);
    this.#view.changed();
    if (isMutual) this.#trust(nodeId, nowMs); // it has said goodbye, and nobody will ask for it
    if (isMutual || !this.#members.isPresent(nodeId) || !this.#isRunning) this.prober.detector.unwatch(nodeId);
    else {
      this.#doubt(nodeId, nowMs);
      this.prober.detector.lost(nodeId, nowMs);
    }
    this.#observersChanged(nowMs);
  }

  /** A dial of the member has failed. */
  dialFailed(nodeId: string, failures: number, nowMs: number): void {
    if (!this.#isRunning || this.#host.isLinked(nodeId)) return;
    this.#view.unreached(nodeId, failures, nowMs);
    if (this.#members.get(nodeId)?.state === "alive") this.prober.detector.lost(nodeId, nowMs);
  }

  /** Decides anew whom to keep links to, if anything has changed. */
  flush(nowMs: number): void {
    if (this.#isRunning) this.#view.update(nowMs);
  }

  onRecord(from: string, message: RecordMessage, nowMs: number): void {
    const { record } = message;
    const nodeId = this.#host.idOf(record.publicKey);
    const isGenuine = (): boolean => isGenuineRecord(record, message, this.#host.signer);
    if (nodeId === this.#selfId) return this.#onOwnRecord(from, message, isGenuine, nowMs);
    if (record.cluster !== this.#own.record.cluster) {
      return this.#host.refused(from, `a record of cluster "${record.cluster}"`, true, nowMs);
    }
    if (record.coordinate !== undefined && !isCoordinate(record.coordinate)) {
      return this.#host.refused(from, `a record of node ${nodeId}, which stands nowhere`, true, nowMs);
    }
    const entry = this.#members.get(nodeId);
    const [before, accusers] = [entry?.record, entry?.suspicion?.accusers];
    const applied = this.#apply(from, nowMs, (check) =>
      this.#members.record(nodeId, message, () => check(isGenuine), nowMs),
    );
    if (applied.kind !== "news") return;
    if (before !== undefined && areRivals(before, record)) this.#host.keyShared(nodeId, before, false, nowMs);
    this.#teller.spreadRecord(this.gossip, applied.entry, from, nowMs, accusers);
  }

  onAccusation(from: string, { accusation, signature, body }: AccusationMessage, nowMs: number): void {
    const accuser = this.#members.get(accusation.accuser);
    if (accuser === undefined) return; // its record is still on its way
    const signed = { signature, body };
    const isGenuine = (): boolean => isGenuineAccusation(signed, accuser.record.publicKey, this.#host.signer);
    if (accusation.target === this.#selfId) {
      if (accusation.incarnation !== this.#own.record.incarnation || !this.#isRunning) return;
      if (!this.#isProved(from, `an accusation that ${accusation.accuser} has not signed`, isGenuine, nowMs)) return;
      this.prober.detector.health.failed();
      this.#own.refute(accusation.incarnation);
      return this.#tellOwn(nowMs); // (B4)
    }
    const applied = this.#apply(from, nowMs, (check) =>
      this.#members.accusation(accusation, () => check(isGenuine), nowMs),
    );
    if (applied.kind === "news") {
      const { target, accuser: by } = accusation;
      this.#teller.spreadAccusation(this.gossip, target, { accuser: by, signed }, from, nowMs);
    }
  }

  onDigest(from: string, { hashes }: DigestMessage): void {
    const parts = this.#members.digest.differing(hashes);
    if (parts.length === 0) return;
    const { lines } = compare(this.#members.all(), parts, []);
    this.#teller.lines(from, { parts, lines, asks: false });
  }

  onDigestLines(from: string, message: DigestLinesMessage): void {
    const { parts, lines } = message;
    const few =
      parts.length === 0 ? lines.flatMap(({ nodeId }) => this.#members.get(nodeId) ?? []) : this.#members.all();
    const { states, offers, asks } = compare(few, parts, lines);
    for (const entry of states) this.#teller.state(from, entry);
    for (const { nodeId } of offers) this.#host.tellOffers(from, nodeId);
    // whoever is asked does not ask back
    if (!message.asks && asks.length > 0) this.#teller.lines(from, { parts: [], lines: asks, asks: true });
  }

  /** Which offers of the member this node knows. */
  offers(nodeId: string, boot: number, version: number): void {
    this.#members.offers(nodeId, boot, version);
  }

  /** Answers whether `from` may tell one more piece of news. (B7) */
  mayTell(from: string, nowMs: number): boolean {
    return this.#allowances.get(from)?.take(nowMs) ?? true;
  }

  /** Others know this node from a life that it knows nothing of: this one is later than `incarnation`. */
  outlive(incarnation: number, nowMs: number, run?: Uint8Array): void {
    if (!this.#isRunning) return;
    this.#own.outlive(Math.max(incarnation, this.#own.record.incarnation), run);
    this.#tellOwn(nowMs);
  }

  #onOwnRecord(from: string, { record }: RecordMessage, isGenuine: () => boolean, nowMs: number): void {
    if (!this.#own.isOutlived(record)) return;
    if (!this.#isProved(from, "a record of this node that its key has not signed", isGenuine, nowMs)) return;
    const rival = this.#own.rivalOf(record);
    if (rival !== "yields") this.outlive(record.incarnation, nowMs, record.run);
    if (rival !== undefined) this.#host.keyShared(this.#selfId, record, rival === "yields", nowMs);
  }

  /** Whether news of this node itself are genuine; `refusal` says what is wrong with those that are not. (B7) */
  #isProved(from: string, refusal: string, isGenuine: () => boolean, nowMs: number): boolean {
    const isFlood = !this.mayTell(from, nowMs);
    if (!isFlood && isGenuine()) return true;
    this.#host.refused(from, isFlood ? this.#floodRefusal : refusal, true, nowMs);
    return false;
  }

  get #floodRefusal(): string {
    return `more than ${this.#options.newsPerSecondMax} news per second`;
  }

  /** Applies news from `from`; what is refused is told. (B7) */
  #apply(from: string, nowMs: number, apply: (check: (isGenuine: () => boolean) => boolean) => Applied): Applied {
    let isFlood = false as boolean;
    const applied = apply((isGenuine) => {
      isFlood = !this.mayTell(from, nowMs);
      return !isFlood && isGenuine();
    });
    if (applied.kind === "declined") this.#host.refused(from, applied.reason, false, nowMs);
    if (applied.kind === "refused") {
      this.#host.refused(from, isFlood ? this.#floodRefusal : applied.reason, true, nowMs);
    }
    return applied;
  }

  /** This node's own record has changed. */
  #tellOwn(nowMs: number): void {
    const { record, message } = this.#own;
    const applied = this.#members.record(this.#selfId, { ...message, record }, () => true, nowMs);
    if (applied.kind !== "news") return;
    this.#host.incarnation(record.incarnation);
    this.#teller.spreadRecord(this.gossip, applied.entry, undefined, nowMs);
  }

  #updateOwn(nowMs: number): void {
    const observers = this.observers.isComplete ? [] : [...this.#host.observers()].slice(0, observersMax).sort();
    if (this.#own.update(observers, this.prober.position.coordinate)) this.#tellOwn(nowMs);
  }

  /** Who observes this node is told after a while, since such changes come in groups. */
  #observersChanged(nowMs: number): void {
    if (!this.#isRunning || this.#ownTimer.heapIndex >= 0) return;
    this.#host.schedule(this.#ownTimer, nowMs + settleIntervals * this.#options.probeIntervalMs);
  }

  /** Compares what it knows with somebody, and looks after those that nobody may look after. */
  #reconcile(nowMs: number): void {
    const { random } = this.#host;
    const links = [...this.#host.links()];
    if (links.length === 0) return; // the next link starts it again
    this.#host.schedule(this.#reconcileTimer, nowMs + this.#nextPeriodMs());
    for (const nodeId of sample(links, 1, random)) this.#teller.compare(nodeId);
    this.#view.changed(); // partners that were passed over may be reached now
    if (this.#periodMs < this.#options.reconcileIntervalMs) return; // others are still being found
    // members that nobody may look after: one that is down and may be back, one that may be gone and not missed
    for (const state of ["down", "alive"] as const) {
      for (const entry of sample(this.observers.unlinked(state), 1, random)) this.#host.tryReach(entry, nowMs);
    }
    this.#observersChanged(nowMs);
  }

  /** The time to the next comparison; varied so that nodes do not all compare at the same time. */
  #nextPeriodMs(): number {
    const { reconcileIntervalMs } = this.#options;
    const periodMs = this.#periodMs;
    this.#periodMs = Math.min(reconcileIntervalMs, periodMs * 2);
    return periodMs * (0.75 + this.#host.random.next() / 2);
  }

  #doubt(nodeId: string, nowMs: number): void {
    if (this.#doubted.has(nodeId)) return;
    this.#doubted.add(nodeId);
    this.#host.usable(nodeId, nowMs);
  }

  #trust(nodeId: string, nowMs: number): void {
    if (this.#doubted.delete(nodeId)) this.#host.usable(nodeId, nowMs);
  }

  #membersHost(): ConstructorParameters<typeof Members>[2] {
    return {
      schedule: this.#host.schedule,
      unschedule: this.#host.unschedule,
      changed: (change, nowMs) => {
        this.#changed(change, nowMs);
      },
      ending: ({ nodeId }) => {
        const others = sample([...this.#host.links()], 2 * this.#options.gossipFanout, this.#host.random);
        for (const other of others) this.#teller.linesOf(other, [nodeId]); // (B8)
      },
      expired: (entry, nowMs) => {
        const isAccuser = entry.suspicion?.accusers.has(this.#selfId) === true;
        this.#members.down(entry, nowMs);
        if (!isAccuser) return; // those that have accused it say so
        this.#teller.spreadAccusation(this.gossip, entry.nodeId, this.#teller.accuse(entry, "down"), undefined, nowMs);
      },
      forgotten: (nodeId) => {
        this.#doubted.delete(nodeId);
        this.#view.forgotten(nodeId);
        this.#host.forgotten(nodeId);
      },
    };
  }

  #changed(change: MemberChange, nowMs: number): void {
    const { member, before } = change;
    const { nodeId, state } = member;
    if (nodeId === this.#selfId) return;
    // a new incarnation is a sign of life
    if (before === "suspect" && state === "alive" && !this.#host.isLinked(nodeId)) this.#doubted.delete(nodeId);
    if (state === "down" || state === "left") {
      this.#doubted.delete(nodeId);
      this.prober.detector.unwatch(nodeId);
    } else if (before !== undefined && this.#host.isLinked(nodeId)) {
      if (before === "down" || before === "left") this.prober.detector.watch(nodeId, nowMs); // it was there all the time
    }
    if (isPresent(before) !== isPresent(state)) this.#view.changed();
    this.#host.changed(change, nowMs);
    this.#host.usable(nodeId, nowMs);
  }

  #silent(target: string, nowMs: number): void {
    const entry = this.#members.get(target);
    if (entry === undefined || !this.#members.isPresent(target)) return;
    this.#doubt(target, nowMs);
    const applied = this.#members.accusation(this.#teller.accusation(entry, "suspect"), () => true, nowMs);
    if (applied.kind !== "news") return;
    this.#teller.spreadAccusation(this.gossip, target, this.#teller.accuse(entry, "suspect"), undefined, nowMs);
  }
}
