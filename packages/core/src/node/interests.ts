/**
 * Interests: what of topics this node wants, told to all, and what all want, for whoever publishes.
 *
 * Owns how interest travels with membership's gossip, and whose of it counts: that of members that are there. What is
 * announced and compared is `topics/interest`; who subscribes and publishes is the exchange's.
 *
 * (J1) Changes are told together, at most once in a gossip interval; the first ones after as long a time at once.
 * (J2) What is lost on the way is found when two nodes compare: as often as they compare what they know of members.
 * (J3) The interest of a node that is gone is gone; what it wanted in an earlier life is void.
 * (J5) What a node wants counts where this node's policy lets it subscribe to that; it is asked when it hears of it. What is passed on
 *      to others is whole: each decides for itself.
 * (J4) Where nobody has ever subscribed to anything nothing of it is sent.
 */
import { type Pattern, type Random, type Signer, Timer, type Timers, type Utf8 } from "../base/index.js";
import type { Heard, SetVersion } from "../catalog/index.js";
import { type Membership, isPresent } from "../membership/index.js";
import type { Peer } from "../rpc/index.js";
import type { Elsewhere, Wanting } from "../topics/index.js";
import {
  Everywhere,
  type EverywhereWaiter,
  InterestAnnouncements,
  InterestTable,
  type Interested,
  KnownVersions,
  type OtherMember,
  RecentChanges,
  defaultInterestLimits,
  isLater,
} from "../topics/interest/index.js";
import {
  type InterestLine,
  type InterestLinesMessage,
  type InterestMessage,
  type InterestRecord,
  type LinesPurpose,
  type Message,
  type Passing,
  Writer,
  writeInterestDigest,
  writeInterestLines,
} from "../wire/index.js";
import { EarlyNews } from "./early-news.js";
import { memberSubject } from "./session.js";
import type { NodeOptions } from "./types.js";

export interface InterestsHost extends Timers {
  readonly signer: Signer;
  readonly utf8: Utf8;
  readonly random: Random;
  readonly membership: () => Membership;
  /** The member or linked node of that id. */
  peer(nodeId: string): Peer | undefined;
  isLinked(nodeId: string): boolean;
  /** Queues a whole message on the link to the node; without one it is lost. */
  send(nodeId: string, message: Uint8Array): void;
  /** Opens a link to the member, if that can be tried. */
  tryReach(peer: Peer, nowMs: number): void;
  /** `from` has told what cannot be believed. */
  refused(from: string, reason: string, nowMs: number): void;
}

/** What is held. */
export interface InterestsSize {
  /** Patterns that subscriptions of this node want. */
  readonly subscribed: number;
  /** What is known of others: patterns and groups; and nodes that have announced interest, this one included. */
  readonly interest: number;
  readonly interested: number;
  /** Who waits until all know. */
  readonly everywhere: number;
}

type InterestsOptions = Pick<NodeOptions, "membership" | "interest" | "policy" | "cluster">;

export class Interests implements Elsewhere {
  readonly #selfId: string;
  readonly #options: Pick<NodeOptions, "policy" | "cluster">;
  readonly #gossipIntervalMs: number;
  readonly #host: InterestsHost;
  readonly #writer: Writer;
  readonly #announcements: InterestAnnouncements;
  readonly #table: InterestTable<Peer>;
  readonly #known = new KnownVersions();
  readonly #recent = new RecentChanges();
  readonly #early = new EarlyNews();
  readonly #everywhere: Everywhere;
  /** Whose interest the table has. */
  readonly #shown = new Set<Peer>();
  #toldMs = -Infinity;
  /** Who waits may have to be told at the end of the turn. */
  #looks = false;
  readonly #timer = new Timer((nowMs) => {
    this.flush(nowMs);
  });

  constructor(selfId: string, options: InterestsOptions, host: InterestsHost) {
    const { gossipIntervalMs, reconcileIntervalMs } = options.membership;
    const limits = options.interest ?? defaultInterestLimits;
    this.#selfId = selfId;
    this.#options = options;
    this.#gossipIntervalMs = gossipIntervalMs;
    this.#host = host;
    this.#writer = new Writer(host.utf8);
    this.#table = new InterestTable(() => Math.floor(host.random.next() * 2 ** 32));
    this.#announcements = new InterestAnnouncements(selfId, limits, {
      signer: host.signer,
      utf8: host.utf8,
      ownerOf: (nodeId) => this.#membership.get(nodeId)?.record,
    });
    this.#everywhere = new Everywhere(
      {
        askIntervalMs: gossipIntervalMs,
        askIntervalMsMax: reconcileIntervalMs,
        waitersMax: limits.waitersMax,
      },
      {
        schedule: host.schedule,
        unschedule: host.unschedule,
        members: () => this.#others(),
        ask: (nodeId, nowMs) => {
          this.#confirm(nodeId, nowMs);
        },
      },
    );
  }

  get size(): InterestsSize {
    return {
      subscribed: this.#announcements.own.size,
      interest: this.#table.size,
      interested: this.#announcements.size,
      everywhere: this.#everywhere.size,
    };
  }

  get scheduled(): number {
    return this.#everywhere.scheduled + (this.#timer.heapIndex >= 0 ? 1 : 0);
  }

  /**
   * A subscription wants what matches these patterns, each named once; of a group, as a member of it. Others hear of it after
   * the next {@link flush}. Throws `overloaded`, and nothing has changed, beyond `groupsMax`.
   */
  subscribed(patterns: readonly Pattern[], group: string | undefined): void {
    this.#announcements.own.add(patterns, group);
  }

  /** A subscription that was told by {@link subscribed}, with the same, is over. */
  unsubscribed(patterns: readonly Pattern[], group: string | undefined): void {
    this.#announcements.own.remove(patterns, group);
  }

  /** Whether there is no other member that takes part. */
  get isAlone(): boolean {
    return this.#others().next().done === true;
  }

  /** Whether no other node wants anything. */
  get isEmpty(): boolean {
    return this.#table.isEmpty;
  }

  get wantsReserved(): boolean {
    return this.#table.wantsReserved;
  }

  /** Tells which other nodes want what is published to `topic`: each once where it is plain, and once for each group. */
  wanting(topic: string, told: Wanting): void {
    this.#table.tell(topic, told);
  }

  /** Which other nodes want what is published to `topic`. */
  interested(topic: string): Interested<Peer> {
    return this.#table.match(topic);
  }

  /**
   * Tells `waiter` when all that is wanted here at present is known to every live member that takes part; with the next
   * {@link flush} at the earliest. Throws `overloaded` beyond `waitersMax`.
   */
  everywhere(waiter: EverywhereWaiter, nowMs: number): void {
    const isUntold = this.#announcements.own.hasChanged;
    this.#everywhere.wait(waiter, isUntold ? undefined : this.#announcements.versionOf(this.#selfId), nowMs);
    this.#looks = true;
  }

  /** It does not wait any more. */
  leave(waiter: EverywhereWaiter): void {
    this.#everywhere.leave(waiter);
  }

  /** Other members that take part. */
  *others(): Generator<string> {
    for (const { nodeId } of this.#others()) yield nodeId;
  }

  /** Tells others what is wanted here, if it is time for it (J1); answers the version that they were told, `undefined` if there is a newer one. */
  told(nowMs: number): SetVersion | undefined {
    this.flush(nowMs);
    const isTold = !this.#announcements.own.hasChanged && !this.#hasNewBoot;
    return isTold ? this.#announcements.versionOf(this.#selfId) : undefined;
  }

  /** Whether what the node wants in that version counts here. */
  serves(nodeId: string, version: SetVersion): boolean {
    const peer = this.#host.peer(nodeId);
    return peer !== undefined && this.#shown.has(peer) && !isLater(version, this.#announcements.versionOf(nodeId));
  }

  /** Tells others what has changed, if it is time for it. (J1) */
  flush(nowMs: number): void {
    const dueMs = this.#toldMs + this.#gossipIntervalMs;
    if (this.#announcements.own.hasChanged || this.#hasNewBoot) {
      if (nowMs >= dueMs) this.#announce(nowMs);
      else if (this.#timer.heapIndex < 0) this.#host.schedule(this.#timer, dueMs);
    }
    if (!this.#looks) return;
    this.#looks = false;
    this.#everywhere.look(nowMs);
  }

  stop(): void {
    this.#everywhere.stop();
    this.#host.unschedule(this.#timer);
  }

  /** There is a link to the node. Its record may be on its way still: whoever knows nothing of interest skips this. */
  linked(nodeId: string): void {
    const message = this.#announcements.everything(this.#selfId);
    if (message !== undefined) this.#host.send(nodeId, message);
    this.#tellDigest(nodeId);
  }

  /** Takes a message of the node `from`; answers whether it was about interest. */
  hear(from: string, message: Message, nowMs: number): boolean {
    if (message.kind === "interest") this.#onInterest(from, message, nowMs);
    else if (message.kind === "interest-digest") this.#onDigest(from, message.hashes);
    else if (message.kind === "interest-lines") this.#onLines(from, message);
    else return false;
    return true;
  }

  /** What this node knows of members is compared with what `to` knows. (J2) */
  compare(to: string): void {
    if (this.#takesPart(to)) this.#tellDigest(to);
  }

  /** `to` is told that there is news of these members. (J2) */
  tellLines(to: string, members: readonly string[]): void {
    const lines = members.map((nodeId) => this.#known.lineOf(nodeId)).filter(({ version }) => version > 0);
    if (lines.length > 0 && this.#takesPart(to)) this.#tellLines(to, lines, "compare");
  }

  /** There is a record of the node in its run `boot`. (J3) */
  recordCame(nodeId: string, boot: number): void {
    const known = this.#announcements.versionOf(nodeId);
    if (known.version > 0 && known.boot < boot) this.forget(nodeId);
    const teller = this.#early.take(nodeId);
    if (teller !== undefined) this.#ask(teller, nodeId);
  }

  /** Lets the interest of the node count as long as it is a member. (J3) */
  showOrHide(nodeId: string): void {
    const isMember = this.#membership.isPresent(nodeId);
    const version = this.#announcements.versionOf(nodeId);
    this.#known.set(nodeId, isMember ? version : { boot: 0, version: 0 });
    if (!isMember) this.#everywhere.forget(nodeId);
    this.#looks = true;
    const peer = this.#host.peer(nodeId);
    if (peer === undefined) return;
    if (!isMember || version.version === 0) this.hide(peer);
    else if (!this.#shown.has(peer)) this.#showAll(peer);
  }

  hide(peer: Peer): void {
    if (this.#shown.delete(peer)) this.#table.forget(peer);
  }

  /** Nothing is known of the node any more. */
  forget(nodeId: string): void {
    this.#announcements.forget(nodeId);
    this.#recent.forget(nodeId);
    this.showOrHide(nodeId);
  }

  get #membership(): Membership {
    return this.#host.membership();
  }

  /** What was told in the life before this one is void: all of it is told anew. */
  get #hasNewBoot(): boolean {
    const { boot, version } = this.#announcements.versionOf(this.#selfId);
    return version > 0 && boot !== this.#membership.own.boot;
  }

  *#others(): Generator<OtherMember> {
    for (const { nodeId, state, record } of this.#membership.members()) {
      if (nodeId !== this.#selfId && isPresent(state) && record.topics === true) yield { nodeId, boot: record.boot };
    }
  }

  /** Whether the node is known to be of a version that knows of topics. */
  #takesPart(nodeId: string): boolean {
    return this.#membership.get(nodeId)?.record.topics === true;
  }

  #announce(nowMs: number): void {
    this.#host.unschedule(this.#timer);
    const { boot } = this.#membership.own;
    const announced = this.#announcements.announce(boot);
    const version = this.#announcements.versionOf(this.#selfId);
    if (announced !== undefined) {
      this.#toldMs = nowMs;
      this.#recent.add(this.#selfId, version, announced.base, announced.message);
      this.#known.set(this.#selfId, version);
      this.#membership.gossip.spreadMember(this.#selfId, announced.message, undefined, nowMs);
    }
    this.#everywhere.announced(version, nowMs); // behind what was announced, so that the answers tell of it
    this.#looks = true;
  }

  #onInterest(from: string, message: InterestMessage, nowMs: number): void {
    const { nodeId } = message.head;
    const heard = this.#announcements.apply(message, () => this.#membership.mayTell(from, nowMs));
    if (heard.kind === "refused") this.#host.refused(from, heard.reason, nowMs);
    else if (heard.kind === "early") this.#early.came(nodeId, from);
    else if (heard.kind === "gap") this.#ask(from, nodeId);
    else if (heard.kind === "outlived") this.#membership.outlive(message.head.boot, nowMs);
    else if (heard.kind === "news") this.#news(from, message, heard, nowMs);
  }

  #news(from: string, message: InterestMessage, heard: Extract<Heard, { kind: "news" }>, nowMs: number): void {
    const { nodeId } = message.head;
    const passedOn = this.#announcements.passedOn(message);
    this.#recent.add(nodeId, message.head, message.base, passedOn);
    this.#membership.gossip.spreadMember(nodeId, passedOn, from, nowMs);
    const peer = this.#host.peer(nodeId);
    if (heard.replaced && peer !== undefined) this.hide(peer);
    const wasShown = peer !== undefined && this.#shown.has(peer);
    this.showOrHide(nodeId);
    if (peer === undefined || !wasShown || !this.#shown.has(peer)) return;
    for (const pattern of new Set(heard.changed as Pattern[])) {
      const interest = this.#announcements.interestOf(nodeId, pattern);
      if (interest === undefined) this.#table.remove(peer, pattern);
      else this.#show(peer, interest);
    }
  }

  #showAll(peer: Peer): void {
    this.#shown.add(peer);
    for (const interest of this.#announcements.allOf(peer.nodeId)) this.#show(peer, interest);
  }

  /** (J5) */
  #show(peer: Peer, interest: InterestRecord): void {
    const { policy, cluster } = this.#options;
    const { pattern } = interest;
    const decision = policy(memberSubject(peer, cluster), { kind: "subscribe", pattern, onBehalfOf: undefined });
    if (decision.allow) this.#table.set(peer, interest);
    else this.#table.remove(peer, pattern);
  }

  #onDigest(from: string, hashes: readonly number[]): void {
    const parts = this.#known.differing(hashes);
    if (parts.length > 0) this.#tellLines(from, this.#known.linesOf(parts), "compare", undefined, parts);
  }

  #onLines(from: string, message: InterestLinesMessage): void {
    const { passing, purpose, parts, lines } = message;
    if (passing !== undefined && passing.target !== this.#selfId) return this.#passOn(message, passing);
    const origin = passing?.origin ?? from;
    this.#heardOf(origin, lines);
    const back = passing && { target: passing.origin, origin: this.#selfId };
    const { tell, lacks } = this.#known.compare(parts, lines);
    if (passing === undefined) for (const line of tell) this.#tell(from, line);
    if (purpose === "confirm") {
      const own = lines.map(({ nodeId }) => this.#known.lineOf(nodeId));
      this.#tellLines(from, own, "answer", back);
    } else if (purpose === "compare" && lacks.length > 0) this.#tellLines(from, lacks, "answer", back);
  }

  /** `origin` tells which interest of this node it knows. */
  #heardOf(origin: string, lines: readonly InterestLine[]): void {
    const boot = this.#membership.get(origin)?.record.boot;
    const line = lines.find(({ nodeId }) => nodeId === this.#selfId);
    if (boot === undefined || line === undefined || !this.#membership.isPresent(origin)) return;
    this.#everywhere.told({ nodeId: origin, boot }, line);
    this.#looks = true;
  }

  #passOn(message: InterestLinesMessage, { target }: Passing): void {
    if (!this.#host.isLinked(target)) return;
    this.#send(target, (writer) => {
      writeInterestLines(writer, message);
    });
  }

  /** Tells `to` what it lacks of a member's interest. */
  #tell(to: string, line: InterestLine): void {
    const changes = this.#recent.since(line.nodeId, line);
    if (changes !== undefined)
      return changes.forEach((message) => {
        this.#host.send(to, message);
      });
    const message = this.#announcements.everything(line.nodeId);
    if (message !== undefined) this.#host.send(to, message);
  }

  /** Asks `from` for what it knows of the node's interest beyond what is known here. */
  #ask(from: string, nodeId: string): void {
    this.#tellLines(from, [{ nodeId, ...this.#announcements.versionOf(nodeId) }], "answer");
  }

  /** Asks the member which interest of this node it knows: over a neighbour where there is no link. */
  #confirm(nodeId: string, nowMs: number): void {
    const lines = [this.#known.lineOf(this.#selfId)];
    if (this.#host.isLinked(nodeId)) return this.#tellLines(nodeId, lines, "confirm");
    const via = this.#membership.viaOf(nodeId);
    const peer = this.#host.peer(nodeId);
    if (via === undefined) return peer && this.#host.tryReach(peer, nowMs);
    this.#tellLines(via, lines, "confirm", { target: nodeId, origin: this.#selfId });
  }

  #tellDigest(to: string): void {
    if (this.#known.size === 0) return; // (J4)
    this.#send(to, (writer) => {
      writeInterestDigest(writer, this.#known.hashes);
    });
  }

  #tellLines(
    to: string,
    lines: readonly InterestLine[],
    purpose: LinesPurpose,
    passing?: Passing,
    parts: readonly number[] = [],
  ): void {
    this.#send(to, (writer) => {
      writeInterestLines(writer, { purpose, parts, lines, passing });
    });
  }

  #send(to: string, write: (writer: Writer) => void): void {
    write(this.#writer);
    this.#writer.end();
    this.#host.send(to, this.#writer.takeLast());
  }
}
