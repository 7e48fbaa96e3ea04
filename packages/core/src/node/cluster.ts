/**
 * Cluster: this node's links to others, who they are and what they offer.
 *
 * Ties together membership (who is there), the dialer (who is dialled), sessions (who is linked), announcements (who
 * offers what) and the catalog (which of it work can be sent to). Calls know nothing of links beyond the peers they are
 * given.
 *
 * (G1) A peer has one link that new work takes. A second one, opened because both dialled at once, is kept until
 *      it is idle, so that no work is lost; the one the node with the smaller id dialled stays. There is never a third:
 *      each side has dialled one of them. A link of another process of the node takes the place of all that there were:
 *      behind those nobody may be any more.
 * (G2) A node whose last link is lost offers nothing any more, at once, until somebody has vouched for it or it is back.
 * (G3) Every node hears all own offers, and every change of them, from whoever it has a link to.
 * (G4) What is refused of a link is counted and told; a link that brings too much of it is ended.
 * (G5) An address is this node's own when its far side proves this node's key, and tells of itself what this node does.
 * (G6) A node that yields to another process with its key has no links to nodes any more, and takes none.
 */
import { type Semver, type Signer, type Subject, type Utf8, assert, hexOf } from "../base/index.js";
import type { Catalog } from "../catalog/index.js";
import { type Goodbye, type Remote, nodeIdOf } from "../link/index.js";
import {
  type Dial,
  Dialer,
  type DialerHost,
  type MemberChange,
  Membership,
  type MembershipHost,
  hear,
  isPresent,
} from "../membership/index.js";
import { Channel, Peer } from "../rpc/index.js";
import type { Message } from "../wire/index.js";
import { Interests, type InterestsSize } from "./interests.js";
import { LinkKeeper } from "./link-keeper.js";
import { down, duplicate, left } from "./goodbyes.js";
import { neighbourOf } from "./neighbour.js";
import { Offerings } from "./offerings.js";
import { chosenLink, isWantedThere, keptFirst, newestLink } from "./peer-links.js";
import { Refusals } from "./refusals.js";
import { type Session, isOfSameRun } from "./session.js";
import { type OtherProcess, SharedKeys, isSame } from "./shared-keys.js";
import type { NodeEvent, NodeOptions } from "./types.js";

export interface ClusterHost extends Pick<DialerHost, "schedule" | "unschedule" | "random"> {
  readonly signer: Signer;
  readonly utf8: Utf8;
  readonly semver: Semver;
  dial(dial: Dial, nowMs: number): void;
  report(event: NodeEvent): void;
  /** This node's incarnation is to be remembered over restarts. */
  incarnation(incarnation: number): void;
  /** Handlers that run on this node. */
  running(): number;
  /** Some node has begun to offer `fun`. */
  offered(fun: string, nowMs: number): void;
  /** There is a link to `peer`. */
  reached(peer: Peer, nowMs: number): void;
  /** There is no way to `peer`. */
  unreachable(peer: Peer, nowMs: number): void;
  /** `peer` is down, though it may have a link. */
  down(peer: Peer, nowMs: number): void;
  /** Another process of a member has taken the place of the one that was there. */
  replaced(nodeId: string, run: string, nowMs: number): void;
  /** The far side of `channel` does not read what it has to know. */
  overflowed(channel: Channel): void;
}

export class Cluster {
  readonly self: Peer;
  readonly offerings: Offerings;
  readonly interests: Interests;
  readonly membership: Membership;
  readonly #host: ClusterHost;
  readonly #options: NodeOptions;
  readonly #dialer: Dialer;
  readonly #keeper: LinkKeeper;
  /** Members that are there, and whoever is linked. */
  readonly #peers = new Map<string, Peer>();
  readonly #sessions = new Map<Peer, Set<Session>>();
  readonly #refusals = new Refusals();
  /** Linked nodes that do not take what they have to be told. */
  readonly #withheldFrom = new Set<Peer>();
  readonly sharedKeys: SharedKeys = new SharedKeys();
  #isRunning = false;
  #hasYielded = false;

  constructor(self: Peer, options: NodeOptions, host: ClusterHost) {
    this.self = self;
    this.#host = host;
    this.#options = options;
    this.#dialer = new Dialer(self.nodeId, this.#dialerHost(), options.redial);
    this.#keeper = new LinkKeeper(options.membership.linkIdleMs, {
      schedule: host.schedule,
      unschedule: host.unschedule,
      sessions: () => [...this.#sessions.values()].flatMap((each) => [...each]),
      settle: (nowMs) => {
        this.membership.flush(nowMs);
      },
      isWanted: (nodeId) => this.membership.isWanted(nodeId),
      rechoose: (peer, nowMs) => {
        this.#rechoose(peer);
        if (peer.linked) host.reached(peer, nowMs); // what came while the link was released
      },
    });
    const newsHost = {
      ...host,
      membership: (): Membership => this.membership,
      peer: (nodeId: string): Peer | undefined => this.#peers.get(nodeId),
      isLinked: (nodeId: string): boolean => this.newestTo(nodeId) !== undefined,
      send: (nodeId: string, message: Uint8Array): void => {
        this.#send(nodeId, message);
      },
      refused: (from: string, reason: string, nowMs: number): void => {
        this.#refused(from, reason, true, nowMs);
      },
      tryReach: (peer: Peer, nowMs: number): void => void this.reach(peer, nowMs),
    };
    this.offerings = new Offerings(self, options, newsHost);
    this.interests = new Interests(self.nodeId, options, newsHost);
    const { name, cluster, incarnation, membership } = options;
    const identity = { name, cluster, urls: self.urls };
    this.membership = new Membership(self.nodeId, identity, incarnation, membership, this.#membershipHost());
  }

  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** Handlers that run on this node. */
  get running(): number {
    return this.#host.running();
  }

  /** What is held; for the checks of the simulator. */
  get size(): Readonly<Record<"peers" | "members" | "announced" | "wanted" | "dialing" | keyof InterestsSize, number>> {
    return {
      peers: this.#peers.size,
      members: this.membership.size,
      announced: this.offerings.size,
      ...this.interests.size,
      ...this.#dialer.size,
    };
  }

  /** How much waits for its time. */
  get scheduled(): number {
    return this.#dialer.scheduled + this.membership.scheduled + this.#keeper.scheduled + this.interests.scheduled;
  }

  start(nowMs: number): void {
    this.#isRunning = true;
    this.seeds("peers", this.#options.peers, nowMs);
    this.#dialer.start(nowMs);
    this.membership.start(nowMs);
  }

  stop(nowMs: number): void {
    this.membership.stop(nowMs);
    this.#isRunning = false;
    this.#dialer.stop();
    this.#keeper.stop();
    this.interests.stop();
  }

  /** All addresses that `source` knows; they replace those it named before. */
  seeds(source: string, urls: readonly string[], nowMs: number): void {
    if (urls.length > 0) this.offerings.expected.seek(nowMs);
    this.#dialer.seeds(source, urls, nowMs);
  }

  get catalog(): Catalog<Peer> {
    return this.offerings.catalog;
  }

  dialFailed(attempt: number, reason: string, nowMs: number): void {
    const url = this.#dialFailed(attempt, nowMs);
    if (url !== undefined) this.#host.report({ kind: "dial-failed", url, reason });
  }

  /** Opens a link to `peer` for work that waits; answers whether that can be tried. */
  reach(peer: Peer, nowMs: number): boolean {
    return this.#dialer.reach(peer.nodeId, peer.urls, nowMs);
  }

  /** Dials of the node that have failed since the last link to it that lasted. */
  readonly failedDials: (nodeId: string) => number = (nodeId) => this.#dialer.failuresOf(nodeId);

  /** A linked node that can pass work on to `peer`; none of `avoided`. */
  neighbourOf(peer: Pick<Peer, "nodeId">, avoided?: ReadonlySet<string>): Peer | undefined {
    return neighbourOf(peer, avoided, this.#sessions.keys(), this.membership, this.#host.random);
  }

  /** Why this remote may not be linked; `undefined` when it may. */
  refusal(remote: Remote, attempt: number | undefined): string | undefined {
    if (remote.kind !== "node") return undefined;
    if (this.#hasYielded) return this.#yielding.reason;
    const { name } = remote.identity;
    const wanted = attempt === undefined ? undefined : this.#dialer.wanted(attempt);
    if (wanted !== undefined && wanted !== remote.nodeId) {
      return `node "${name}" is here, and not ${wanted}, which is said to be`;
    }
    return remote.nodeId === this.self.nodeId ? undefined : this.membership.nameRefusal(remote.nodeId, name);
  }

  /** A link to a node has opened. */
  opened(session: Session, remote: Extract<Remote, { kind: "node" }>, subject: Subject, nowMs: number): void {
    const { link } = session;
    assert(link !== undefined, "a session without a link has opened");
    if (remote.nodeId === this.self.nodeId) {
      const { identity } = remote;
      if (!isSame(identity, this.membership.own)) {
        session.phase = { kind: "rival" }; // (G5)
        this.#keyShared(this.self.nodeId, identity, false, nowMs);
        return link.end({ code: "refused", reason: "another process uses the key of this node" }, nowMs);
      }
      session.phase = { kind: "self" };
      return link.end({ code: "self", reason: "this node has reached itself" }, nowMs);
    }
    const channel = new Channel(link, subject, this.#host.random, nowMs);
    const { nodeId, identity } = remote;
    const peer = this.#peers.get(nodeId) ?? this.#createPeer(nodeId, identity.name, identity.urls);
    peer.run = identity.run && hexOf(identity.run);
    session.phase = {
      kind: "node",
      channel,
      peer,
      keeping: { remote: "unwanted", own: "unwanted" },
      hasAcknowledgedDrain: false,
    };
    const sessions = this.#sessions.get(peer);
    if (sessions === undefined) this.#sessions.set(peer, new Set([session]));
    else sessions.add(session);
    for (const each of [...(sessions ?? [])]) {
      if (each === session) continue;
      // the same side has dialled again: it has lost the older link, and so have we (G1)
      if (each.link?.direction === link.direction || !isOfSameRun(each, session)) each.link?.end(duplicate, nowMs);
    }
    const isFirst = sessions === undefined;
    this.#rechoose(peer);
    this.#dialer.linked(nodeId, session.attempt, nowMs);
    if (isFirst) this.#host.report({ kind: "link-opened", nodeId, name: peer.name });
    this.membership.linked(nodeId, link.direction === "dialed", nowMs);
    this.interests.linked(nodeId);
    this.#keeper.changed(nowMs);
    this.#host.reached(peer, nowMs);
    this.offerings.expected.found(nowMs);
    this.offerings.showOrHide(nodeId, nowMs);
  }

  /** A link is gone, opened or not. */
  closed(session: Session, goodbye: Goodbye, nowMs: number): void {
    const { phase, attempt } = session;
    if (phase.kind !== "node") {
      if (attempt === undefined) return;
      if (phase.kind === "self") this.#dialer.reachedSelf(attempt, nowMs);
      else this.#dialFailed(attempt, nowMs);
      return;
    }
    const { peer } = phase;
    const sessions = this.#sessions.get(peer);
    sessions?.delete(session);
    this.#rechoose(peer);
    if (sessions !== undefined && sessions.size > 0) {
      if (peer.linked) this.#host.reached(peer, nowMs); // what was sent over the lost one, or was to be heard, is not awaited
      return;
    }
    this.#sessions.delete(peer);
    this.#refusals.forget(peer.nodeId);
    this.#withheldFrom.delete(peer);
    const { nodeId, name } = peer;
    this.#host.report({ kind: "link-lost", nodeId, name, reason: goodbye, endedBy: session.link?.ended?.by ?? "here" });
    const isMutual = goodbye.code === "idle";
    // first what membership makes of it: it decides whether the node is a member still
    this.membership.unlinked(peer.nodeId, isMutual, nowMs); // (G2)
    this.#dialer.unlinked(peer.nodeId, nowMs);
    this.offerings.showOrHide(peer.nodeId, nowMs);
    this.#letGo(peer, nowMs);
  }

  /** A message of one node to another about the cluster; throws nothing that `from` could not be blamed for. */
  onMessage(session: Session, message: Message, nowMs: number): void {
    if (session.phase.kind !== "node") return;
    const { nodeId } = session.phase.peer;
    if (!this.#isRunning || hear(this.membership, nodeId, message, nowMs)) return;
    if (this.offerings.hear(nodeId, message, nowMs) || this.interests.hear(nodeId, message, nowMs)) return;
    if (message.kind === "keep") this.#keeper.onKeep(session, message.wish, nowMs);
  }

  /** Tells the others what has changed since the last call. */
  flush(nowMs: number): void {
    if (!this.#isRunning) return;
    this.membership.flush(nowMs);
    this.offerings.announce(nowMs);
    this.interests.flush(nowMs);
  }

  #dialFailed(attempt: number, nowMs: number): string | undefined {
    const { nodeId, url } = this.#dialer.dialFailed(attempt, nowMs) ?? {};
    if (nodeId !== undefined) this.membership.dialFailed(nodeId, this.failedDials(nodeId), nowMs);
    return url;
  }

  #createPeer(nodeId: string, name: string, urls: readonly string[]): Peer {
    const peer = new Peer(nodeId, name, urls, () => this.membership.distanceMs(nodeId));
    this.#peers.set(nodeId, peer);
    return peer;
  }

  /** A member was found, or has changed. */
  #changed({ member, before, isReplaced }: MemberChange, nowMs: number): void {
    const { nodeId, record, state } = member;
    const { name, urls } = record;
    const wasPresent = isPresent(before);
    if (isReplaced && wasPresent && isPresent(state)) this.#host.replaced(nodeId, hexOf(record.run), nowMs);
    this.offerings.recordCame(nodeId, record.boot);
    this.interests.recordCame(nodeId, record.boot);
    if (isPresent(state)) {
      const peer = this.#peers.get(nodeId) ?? this.#createPeer(nodeId, name, urls);
      peer.name = name;
      peer.urls = urls;
      if (!wasPresent) this.#host.report({ kind: "node-joined", nodeId, name, urls });
      else if (before !== state) {
        this.#host.report({ kind: state === "suspect" ? "node-suspected" : "node-recovered", nodeId, name });
      }
      if (this.membership.isWanted(nodeId)) this.#dialer.want(nodeId, urls, nowMs);
      return;
    }
    if (wasPresent) this.#host.report({ kind: "node-lost", nodeId, name, reason: state === "left" ? left : down });
    this.#dialer.gone(nodeId, nowMs);
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return;
    if (state === "down") this.#host.down(peer, nowMs);
    this.#letGo(peer, nowMs);
  }

  /** Forgets the peer once there is neither a link to it nor a member behind it. */
  #letGo(peer: Peer, nowMs: number): void {
    if (this.#sessions.has(peer) || this.membership.isPresent(peer.nodeId)) return;
    this.offerings.hide(peer, nowMs);
    this.interests.hide(peer);
    this.#peers.delete(peer.nodeId);
    this.#host.unreachable(peer, nowMs);
  }

  /** Chooses the link that new work takes. (G1) */
  #rechoose(peer: Peer): void {
    peer.channel = chosenLink(this.#sessions.get(peer) ?? [], this.self.nodeId < peer.nodeId);
  }

  /** What `from` tells cannot be believed; or it is not taken here, which it need not know. (G4) */
  #refused(from: string, reason: string, isFault: boolean, nowMs: number): void {
    const peer = this.#peers.get(from);
    if (peer === undefined) return;
    const { count, isTooMany } = this.#refusals.add(from, isFault, nowMs);
    if (count > 1 && !isTooMany) return;
    this.#host.report({ kind: "news-refused", nodeId: from, name: peer.name, reason, count });
    if (!isTooMany) return;
    for (const { link } of [...(this.#sessions.get(peer) ?? [])]) {
      link?.end({ code: "refused", reason: `${count} refused announcements, the last for: ${reason}` }, nowMs);
    }
  }

  /** Two processes use the key of the node. */
  #keyShared(nodeId: string, other: OtherProcess, yields: boolean, nowMs: number): void {
    const isNew = yields && !this.#hasYielded;
    const event = this.sharedKeys.met(nodeId, other, isNew);
    if (event !== undefined) this.#host.report(event);
    if (!isNew) return;
    this.#hasYielded = true; // (G6)
    this.#dialer.stop();
    for (const session of [...this.#sessions.values()].flatMap((each) => [...each])) {
      session.link?.end(this.#yielding, nowMs);
    }
  }

  get #yielding(): Goodbye {
    return {
      code: "refused",
      reason: `another process uses the key of node ${this.self.nodeId}, and was started later`,
    };
  }

  newestTo(nodeId: string): Channel | undefined {
    return newestLink(this.#sessionsOf(nodeId));
  }

  #sessionsOf(nodeId: string): Iterable<Session> {
    const peer = this.#peers.get(nodeId);
    return (peer && this.#sessions.get(peer)) ?? [];
  }

  /** Queues a whole message; whoever does not read is let go, and hears everything when it is back. */
  #send(nodeId: string, message: Uint8Array): void {
    const channel = this.newestTo(nodeId);
    if (channel === undefined) return;
    const { remoteMessageBytesMax: bytesMax } = channel.link;
    if (message.length > bytesMax) return this.#withheld(nodeId, message.length, bytesMax);
    if (channel.link.outbox.addNews(message) === 0) this.#host.overflowed(channel);
  }

  #withheld(nodeId: string, bytes: number, bytesMax: number): void {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined || this.#withheldFrom.has(peer)) return;
    this.#withheldFrom.add(peer);
    this.#host.report({ kind: "news-withheld", nodeId, name: peer.name, bytes, bytesMax });
  }

  *#linked(): Generator<string> {
    for (const { nodeId } of this.#sessions.keys()) yield nodeId;
  }

  #dialerHost(): DialerHost {
    const host = this.#host;
    return {
      schedule: host.schedule,
      unschedule: host.unschedule,
      random: host.random,
      dial: (dial, nowMs) => {
        host.dial(dial, nowMs);
      },
      isPresent: (nodeId) => this.membership.isPresent(nodeId),
      unreachable: (nodeId, nowMs) => {
        const peer = this.#peers.get(nodeId);
        if (peer !== undefined) host.unreachable(peer, nowMs);
      },
    };
  }

  #membershipHost(): MembershipHost {
    const host = this.#host;
    return {
      schedule: host.schedule,
      unschedule: host.unschedule,
      random: host.random,
      signer: host.signer,
      utf8: host.utf8,
      idOf: (publicKey) => nodeIdOf(publicKey, host.signer),
      links: () => this.#linked(),
      isLinked: (nodeId) => this.newestTo(nodeId) !== undefined,
      observers: () => keptFirst(this.#linked(), this.membership, (nodeId) => this.#isKept(nodeId)),
      heardMs: (nodeId) => this.newestTo(nodeId)?.link.heardMs ?? -Infinity,
      send: (nodeId, message) => {
        this.#send(nodeId, message);
      },
      control: (nodeId, write) => {
        const channel = this.newestTo(nodeId);
        if (channel === undefined) return;
        write(channel.link.outbox.writer);
        channel.link.outbox.commitControl();
      },
      running: () => host.running(),
      changed: (change, nowMs) => {
        this.#changed(change, nowMs);
      },
      usable: (nodeId, nowMs) => {
        this.offerings.showOrHide(nodeId, nowMs);
        this.interests.showOrHide(nodeId);
      },
      want: ({ nodeId, record }, wanted, nowMs) => {
        if (wanted) this.#dialer.want(nodeId, record.urls, nowMs);
        else this.#dialer.unwant(nodeId);
        this.#keeper.changed(nowMs);
      },
      tryReach: ({ nodeId, record }, nowMs) => {
        this.#dialer.reach(nodeId, record.urls, nowMs);
      },
      incarnation: (incarnation) => {
        host.incarnation(incarnation);
      },
      refused: (from, reason, isFault, nowMs) => {
        this.#refused(from, reason, isFault, nowMs);
      },
      keyShared: (nodeId, other, yields, nowMs) => {
        this.#keyShared(nodeId, other, yields, nowMs);
      },
      tellOffers: (to, nodeId) => {
        this.offerings.tell(to, nodeId);
      },
      compared: (to) => {
        this.interests.compare(to);
      },
      toldLines: (to, members) => {
        this.interests.tellLines(to, members);
      },
      forgotten: (nodeId) => {
        this.#dialer.forgotten(nodeId);
        this.offerings.forget(nodeId);
        this.interests.forget(nodeId);
        this.sharedKeys.forget(nodeId);
      },
    };
  }

  /** Whether either side wants to keep its link to the node. */
  #isKept(nodeId: string): boolean {
    return this.membership.isWanted(nodeId) || isWantedThere(this.#sessionsOf(nodeId));
  }
}
