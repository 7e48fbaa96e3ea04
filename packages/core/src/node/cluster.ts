/**
 * Cluster: this node's links to others, who they are and what they offer.
 *
 * Ties together membership (who is wanted), sessions (who is there) and the catalog (who offers what). Calls know
 * nothing of links beyond the peers they are given.
 *
 * (G1) A peer has one link that new work takes. A second one, opened because both dialled at once, is kept until
 *      it is idle, so that no work is lost; the one the node with the smaller id dialled stays. There is never a third:
 *      each side has dialled one of them.
 * (G2) A node whose last link is gone offers nothing any more, at once.
 * (G3) Every link to a node hears all own offers when it opens, and every change after.
 * (G4) Two links of a node are two streams that do not know how far the other is: the catalog shows what one of them has
 *      told, the one that new work takes, or the other as long as that has told nothing.
 * (G5) An address counts as this node's own when the far side has proved this node's key; what it says is no proof.
 */
import { MpregError, type Subject, assert } from "../base/index.js";
import { type Announcement, Catalog, OwnOffers, nextVersion } from "../catalog/index.js";
import type { Goodbye, Remote } from "../link/index.js";
import { Membership, type MembershipHost } from "../membership/index.js";
import { Channel, type DueItem, Peer } from "../rpc/index.js";
import {
  type CatalogMessage,
  type MemberRecord,
  type MembersMessage,
  offersMax,
  writeCatalog,
  writeMembers,
} from "../wire/index.js";
import { Retirement, type Session, duplicate } from "./session.js";
import type { NodeEvent, NodeOptions } from "./types.js";

/** How long both sides of a redundant link have to notice that it is one. */
const retireMs = 1_000;

export interface ClusterHost extends MembershipHost {
  schedule(item: DueItem, dueMs: number): void;
  unschedule(item: DueItem): void;
  report(event: NodeEvent): void;
  /** Some node has begun to offer `fun`. */
  offered(fun: string, nowMs: number): void;
  /** The far side of `channel` does not read what it has to know. */
  overflowed(channel: Channel): void;
}

export class Cluster {
  readonly self: Peer;
  readonly catalog: Catalog<Peer> = new Catalog<Peer>((peer) => peer.nodeId);
  readonly #host: ClusterHost;
  readonly #options: NodeOptions;
  readonly #membership: Membership;
  readonly #own = new OwnOffers();
  readonly #peers = new Map<string, Peer>();
  readonly #sessions = new Map<Peer, Set<Session>>();
  /** Whose offers the catalog shows. (G4) */
  readonly #shown = new Map<Peer, Session>();
  /** Redundant links that this node is to end. */
  readonly #retirements = new Map<Session, Retirement>();
  /** The linked nodes have changed since the others were told. */
  #membersChanged = false;

  constructor(self: Peer, options: NodeOptions, host: ClusterHost) {
    this.self = self;
    this.#host = host;
    this.#options = options;
    this.#membership = new Membership(self.nodeId, options.peers, host, options.redial);
  }

  get peers(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** What is held; for the checks of the simulator. */
  get size(): {
    readonly peers: number;
    readonly reported: number;
    readonly reports: number;
    readonly dialing: number;
  } {
    return { peers: this.#peers.size, ...this.#membership.size };
  }

  /** How many wanted nodes wait for their time. */
  get scheduled(): number {
    return this.#membership.scheduled;
  }

  start(nowMs: number): void {
    this.#membership.start(nowMs);
  }

  stop(): void {
    this.#membership.stop();
  }

  isRegistered(fun: string): boolean {
    return this.#own.has(fun);
  }

  register(fun: string, resources: readonly string[], nowMs: number): void {
    const all = [...this.#options.resources, ...resources];
    this.catalog.add(this.self, fun, all);
    this.#announce(this.#own.add(fun, all)); // (G3)
    this.#host.offered(fun, nowMs);
  }

  unregister(fun: string): void {
    this.catalog.remove(this.self, fun);
    this.#announce(this.#own.remove(fun)); // (G3)
  }

  dialFailed(attempt: number, reason: string, nowMs: number): void {
    const url = this.#membership.dialFailed(attempt, nowMs);
    if (url !== undefined) this.#host.report({ kind: "dial-failed", url, reason });
  }

  /** Why this remote is not the one that was dialled; `undefined` when it may be. */
  refusal(remote: Remote, attempt: number | undefined): string | undefined {
    if (remote.kind !== "node" || attempt === undefined) return undefined;
    const wanted = this.#membership.wanted(attempt);
    if (wanted === undefined || wanted === remote.nodeId) return undefined;
    return `node "${remote.identity.name}" is here, and not ${wanted}, which is said to be`;
  }

  /** A link to a node has opened. */
  opened(session: Session, remote: Extract<Remote, { kind: "node" }>, subject: Subject, nowMs: number): void {
    const { link } = session;
    assert(link !== undefined, "a session without a link has opened");
    if (remote.nodeId === this.self.nodeId) {
      session.phase = { kind: "self" }; // (G5)
      return link.end({ code: "self", reason: "this node has reached itself" }, nowMs);
    }
    const channel = new Channel(link, subject, this.#host.random);
    const { nodeId, identity } = remote;
    const known = this.#peers.get(nodeId);
    for (const each of known === undefined ? [] : [...(this.#sessions.get(known) ?? [])]) {
      // the same side has dialled again: it has lost the older link, and so have we (G1)
      if (each.link?.direction === link.direction) each.link.end(duplicate, nowMs);
    }
    const peer = this.#peers.get(nodeId) ?? this.#join(nodeId, identity.name, identity.urls);
    peer.name = identity.name;
    peer.urls = identity.urls;
    session.phase = { kind: "node", channel, peer, heardVersion: 0, offers: new Map() };
    (this.#sessions.get(peer) as Set<Session>).add(session);
    this.#prefer(peer, channel, nowMs);
    this.#membership.linked(nodeId, session.attempt, nowMs);
    this.#tellAll(channel);
    this.#membersChanged = true;
  }

  /** A link is gone, opened or not. */
  closed(session: Session, goodbye: Goodbye, nowMs: number): void {
    const { phase, attempt } = session;
    if (phase.kind !== "node") {
      if (attempt === undefined) return;
      if (phase.kind === "self") this.#membership.reachedSelf(attempt, nowMs);
      else this.#membership.dialFailed(attempt, nowMs);
      return;
    }
    const { peer, channel } = phase;
    const sessions = this.#sessions.get(peer);
    sessions?.delete(session);
    this.#endRetirement(session);
    if (peer.channel === channel) {
      peer.channel = undefined;
      for (const other of sessions ?? []) if (other.phase.kind === "node") peer.channel = other.phase.channel;
    }
    if (peer.channel === undefined) return this.#leave(peer, goodbye, nowMs); // (G2)
    this.#show(peer, nowMs);
    this.#membersChanged = true; // what was told last may have come over the link that is left before what was told first
  }

  onMembers(session: Session, message: MembersMessage, nowMs: number): void {
    if (session.phase.kind === "node") this.#membership.report(session.phase.peer.nodeId, message.members, nowMs);
  }

  /** Throws `malformed` when the announcement does not follow the one before, `too-large` when too much is offered. */
  onCatalog(session: Session, message: CatalogMessage, subject: Subject, nowMs: number): void {
    const { phase } = session;
    if (phase.kind !== "node") return;
    const { peer, offers } = phase;
    session.phase = { ...phase, heardVersion: nextVersion(phase.heardVersion, message) };
    const changed = new Set(message.removed);
    if (message.base === 0) offers.clear();
    for (const fun of message.removed) offers.delete(fun);
    for (const { fun, resources } of message.added) {
      changed.add(fun);
      // what took the place of an offer that may be, and may not be itself, is none
      if (this.#options.policy(subject, { kind: "catalog", fun, resources }).allow) offers.set(fun, resources);
      else offers.delete(fun);
    }
    if (offers.size > offersMax) {
      throw new MpregError("too-large", `a node may offer ${offersMax} functions; this one offers ${offers.size}`);
    }
    if (this.#show(peer, nowMs) || this.#shown.get(peer) !== session) return; // (G4)
    if (message.base === 0) return this.#showAll(peer, offers, nowMs);
    for (const fun of changed) {
      const resources = offers.get(fun);
      if (resources === undefined) this.catalog.remove(peer, fun);
      else this.#showOne(peer, fun, resources, nowMs);
    }
  }

  /** Tells the others what has changed since the last call. */
  flush(): void {
    if (!this.#membersChanged) return;
    this.#membersChanged = false;
    for (const { channel, peer } of this.#channels()) {
      const members: MemberRecord[] = [];
      for (const { nodeId, name, urls } of this.#peers.values())
        if (nodeId !== peer.nodeId) members.push({ nodeId, name, urls });
      writeMembers(channel.link.outbox.writer, members);
      this.#queue(channel);
    }
  }

  #join(nodeId: string, name: string, urls: readonly string[]): Peer {
    const peer = new Peer(nodeId, name, urls);
    this.#peers.set(nodeId, peer);
    this.#sessions.set(peer, new Set());
    this.#host.report({ kind: "node-joined", nodeId, name, urls });
    return peer;
  }

  #leave(peer: Peer, reason: Goodbye, nowMs: number): void {
    this.catalog.forget(peer);
    this.#peers.delete(peer.nodeId);
    this.#sessions.delete(peer);
    this.#shown.delete(peer);
    this.#membersChanged = true;
    this.#host.report({ kind: "node-lost", nodeId: peer.nodeId, name: peer.name, reason });
    this.#membership.unlinked(peer.nodeId, nowMs);
  }

  /** Chooses the link that new work takes, and retires the other. (G1) */
  #prefer(peer: Peer, channel: Channel, nowMs: number): void {
    const older = peer.channel;
    if (older === undefined) {
      peer.channel = channel;
      return;
    }
    const keepDialed = this.self.nodeId < peer.nodeId;
    const keepNew = (channel.link.direction === "dialed") === keepDialed;
    if (keepNew) peer.channel = channel;
    for (const each of this.#sessions.get(peer) ?? []) {
      const isLoser = each.phase.kind === "node" && each.phase.channel === (keepNew ? older : channel);
      // the side that dialled the loser closes it, once it is idle
      if (!isLoser || each.link?.direction !== "dialed") continue;
      this.#endRetirement(each);
      const retirement = new Retirement(each, this.#retire);
      this.#retirements.set(each, retirement);
      this.#host.schedule(retirement, nowMs + retireMs);
    }
  }

  readonly #retire = (retirement: Retirement, nowMs: number): void => {
    const { phase, link } = retirement.session;
    // the other link may be gone meanwhile: then this one is not redundant any more
    const isRedundant = phase.kind === "node" && phase.peer.channel !== phase.channel;
    if (!isRedundant || link === undefined) return this.#endRetirement(retirement.session);
    const isIdle = phase.channel.asked.size === 0 && phase.channel.sent.size === 0;
    if (isIdle) link.end(duplicate, nowMs);
    else this.#host.schedule(retirement, nowMs + retireMs);
  };

  #endRetirement(session: Session): void {
    const retirement = this.#retirements.get(session);
    if (retirement === undefined) return;
    this.#retirements.delete(session);
    this.#host.unschedule(retirement);
  }

  /** Chooses whose offers of `peer` the catalog shows; answers whether they are another link's now. (G4) */
  #show(peer: Peer, nowMs: number): boolean {
    let source: { readonly session: Session; readonly offers: ReadonlyMap<string, readonly string[]> } | undefined;
    for (const session of this.#sessions.get(peer) ?? []) {
      const { phase } = session;
      if (phase.kind !== "node" || phase.heardVersion === 0) continue;
      if (source === undefined || phase.channel === peer.channel) source = { session, offers: phase.offers };
    }
    if (source === undefined || source.session === this.#shown.get(peer)) return false;
    this.#shown.set(peer, source.session);
    this.#showAll(peer, source.offers, nowMs);
    return true;
  }

  #showAll(peer: Peer, offers: ReadonlyMap<string, readonly string[]>, nowMs: number): void {
    this.catalog.forget(peer);
    for (const [fun, resources] of offers) this.#showOne(peer, fun, resources, nowMs);
  }

  #showOne(peer: Peer, fun: string, resources: readonly string[], nowMs: number): void {
    this.catalog.add(peer, fun, resources);
    this.#host.offered(fun, nowMs);
  }

  /** Tells all own offers. (G3) */
  #tellAll(channel: Channel): void {
    writeCatalog(channel.link.outbox.writer, this.#own.snapshot());
    this.#queue(channel);
  }

  #announce(announcement: Announcement): void {
    for (const { channel } of this.#channels()) {
      writeCatalog(channel.link.outbox.writer, announcement);
      this.#queue(channel);
    }
  }

  /** Queues the message begun last. Whoever misses one is let go, and hears everything when it is back. (G3) */
  #queue(channel: Channel): void {
    if (channel.link.outbox.commit() === 0) this.#host.overflowed(channel);
  }

  *#channels(): Generator<{ readonly channel: Channel; readonly peer: Peer }> {
    for (const [peer, sessions] of this.#sessions) {
      for (const { phase } of sessions) if (phase.kind === "node") yield { channel: phase.channel, peer };
    }
  }
}
