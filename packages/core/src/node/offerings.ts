/**
 * Offerings: from what nodes announce to the catalog that calls are routed by.
 *
 * Owns which announced offers are candidates: those of this node, and of members that work may be sent to and that the
 * policy lets offer them.
 *
 * (F1) What this node offers is told once per turn, however much of it has changed.
 * (F2) What took the place of an offer that may be, and may not be itself, is none.
 * (F3) Offers that come before the record of their node are asked for when it is there: they would be missed until the
 *      next comparison. The last thousand such nodes are remembered.
 */
import { type Semver, type Signer, type Utf8, isBuiltInName } from "../base/index.js";
import { Announcements, Catalog, type Heard, type Offer } from "../catalog/index.js";
import type { Member, Membership } from "../membership/index.js";
import type { Peer } from "../rpc/index.js";
import { type Message, type OfferRecord, type OffersMessage, Writer, writeOffersRequest } from "../wire/index.js";
import { EarlyNews } from "./early-news.js";
import { Expected } from "./expected.js";
import { memberSubject } from "./session.js";
import type { NodeOptions } from "./types.js";
import { Withdrawn } from "./withdrawn.js";

export interface OfferingsHost {
  readonly signer: Signer;
  readonly utf8: Utf8;
  readonly semver: Semver;
  readonly membership: () => Membership;
  /** The member or linked node of that id. */
  peer(nodeId: string): Peer | undefined;
  /** Some node has begun to offer `fun`. */
  offered(fun: string, nowMs: number): void;
  /** Queues a whole message on the link to the node; without one it is lost. */
  send(nodeId: string, message: Uint8Array): void;
  /** `from` has told what cannot be believed. */
  refused(from: string, reason: string, nowMs: number): void;
}

export class Offerings {
  readonly catalog: Catalog<Peer>;
  /** What nobody is known to offer and somebody may. */
  readonly expected: Expected = new Expected();
  /** What nobody offers any more. */
  readonly withdrawn: Withdrawn = new Withdrawn();
  readonly #self: Peer;
  readonly #options: NodeOptions;
  readonly #host: OfferingsHost;
  readonly #announcements: Announcements;
  readonly #writer: Writer;
  /** Nodes whose offers came before their record, and who has told them. (F3) */
  readonly #early = new EarlyNews();
  /** Whose offers the catalog shows. */
  readonly #shown = new Set<Peer>();
  /** What own functions were registered with: nobody else is told. */
  readonly #queueMax = new WeakMap<Offer<Peer>, number>();

  constructor(self: Peer, options: NodeOptions, host: OfferingsHost) {
    this.#self = self;
    this.#options = options;
    this.#host = host;
    this.#writer = new Writer(host.utf8);
    this.catalog = new Catalog<Peer>((peer) => peer.nodeId, host.semver);
    this.#announcements = new Announcements(self.nodeId, {
      signer: host.signer,
      utf8: host.utf8,
      ownerOf: (nodeId) => host.membership().get(nodeId)?.record,
    });
  }

  /** How many nodes' offers are remembered. */
  get size(): number {
    return this.#announcements.size;
  }

  register(given: OfferRecord, queueMax: number | undefined, nowMs: number): void {
    const resources = [...new Set([...this.#options.resources, ...given.resources])].sort();
    const offer = { ...given, resources };
    if (given.scope !== "node") this.#announcements.offer(offer);
    this.catalog.add(this.#self, given.fun, resources, given);
    const own = this.catalog.offerOf(this.#self, given.fun, given.version);
    if (own !== undefined && queueMax !== undefined) this.#queueMax.set(own, queueMax);
    this.#offered(given.fun, nowMs);
  }

  unregister(fun: string, version: string | undefined): void {
    this.catalog.remove(this.#self, fun, version);
    this.#announcements.withdraw(fun, version);
    if (this.catalog.offersOf(fun).length === 0) this.withdrawn.add(fun);
  }

  /** What members have announced of `fun`, those that are away included. */
  *announced(fun: string): Generator<{ readonly member: Member; readonly offer: OfferRecord }> {
    for (const member of this.#host.membership().members()) {
      for (const offer of this.#announcements.recordsOf(member.nodeId, fun)) yield { member, offer };
    }
  }

  /** How many calls of its own function may wait on this node, where it was registered with a bound. */
  queueMaxOf(offer: Offer<Peer>): number | undefined {
    return this.#queueMax.get(offer);
  }

  /** Functions that the node offers, without those that are built in. */
  countOf(nodeId: string): number {
    let builtIn = 0;
    if (nodeId === this.#self.nodeId) {
      for (const fun of this.catalog.functionsOf(this.#self)) if (isBuiltInName(fun)) builtIn += 1;
      return this.catalog.countOf(this.#self) - builtIn;
    }
    for (const { fun } of this.#announcements.offersOf(nodeId)) if (isBuiltInName(fun)) builtIn += 1;
    return this.#announcements.countOf(nodeId) - builtIn;
  }

  /** Tells `to` everything that the node offers, if anything is known of it. */
  tell(to: string, nodeId: string): void {
    const message = this.#announcements.everything(nodeId);
    if (message !== undefined) this.#host.send(to, message);
  }

  /** Tells all of own offers that have changed. (F1) */
  announce(nowMs: number): void {
    const membership = this.#host.membership();
    const { nodeId } = this.#self;
    const { boot } = membership.own;
    const message = this.#announcements.announce(boot);
    if (message === undefined) return;
    membership.offers(nodeId, boot, this.#announcements.versionOf(nodeId).version);
    membership.gossip.spreadMember(nodeId, message, undefined, nowMs);
  }

  /** Takes a message of the node `from`; answers whether it was about offers. */
  hear(from: string, message: Message, nowMs: number): boolean {
    if (message.kind === "offers") this.#onOffers(from, message, nowMs);
    else if (message.kind === "offers-request") this.tell(from, message.nodeId);
    else return false;
    return true;
  }

  #onOffers(from: string, message: OffersMessage, nowMs: number): void {
    const heard = this.#apply(from, message, nowMs);
    if (heard.kind === "refused") this.#host.refused(from, heard.reason, nowMs);
    else if (heard.kind === "gap") this.#ask(from, message.head.nodeId);
    else if (heard.kind === "outlived") this.#host.membership().outlive(message.head.boot, nowMs);
  }

  /** Asks `from` for everything that the node offers. */
  #ask(from: string, nodeId: string): void {
    writeOffersRequest(this.#writer, nodeId);
    this.#writer.end();
    this.#host.send(from, this.#writer.takeLast());
  }

  /** Takes what `from` has told of a node's offers, and lets others hear of it when it is news. */
  #apply(from: string, message: OffersMessage, nowMs: number): Heard {
    const { nodeId, boot, version } = message.head;
    const membership = this.#host.membership();
    const heard = this.#announcements.apply(message, () => membership.mayTell(from, nowMs));
    if (heard.kind === "early") this.#early.came(nodeId, from);
    if (heard.kind !== "news") return heard;
    membership.offers(nodeId, boot, version);
    membership.gossip.spreadMember(nodeId, this.#announcements.passedOn(message), from, nowMs);
    const peer = this.#host.peer(nodeId);
    if (peer === undefined || !this.#shown.has(peer)) this.showOrHide(nodeId, nowMs);
    else if (heard.replaced) this.#showAll(peer, nowMs);
    else for (const fun of new Set(heard.changed)) this.#showOne(peer, fun, nowMs);
    return heard;
  }

  /**
   * There is a record of the node in its run `boot`: what it offered before that is void. Where what it offers came before
   * the record, it is asked for. (F3)
   */
  recordCame(nodeId: string, boot: number): void {
    this.#announcements.outlive(nodeId, boot);
    const teller = this.#early.take(nodeId);
    if (teller !== undefined) this.#ask(teller, nodeId);
  }

  /** Shows the node's offers in the catalog as long as work may be sent there. */
  showOrHide(nodeId: string, nowMs: number): void {
    const peer = this.#host.peer(nodeId);
    if (peer === undefined) return;
    const isUsable = this.#host.membership().isUsable(nodeId) && this.#announcements.versionOf(nodeId).version > 0;
    if (!isUsable) this.hide(peer, nowMs);
    else if (!this.#shown.has(peer)) this.#showAll(peer, nowMs);
  }

  hide(peer: Peer, nowMs: number): void {
    if (!this.#shown.delete(peer)) return;
    const member = this.#host.membership().get(peer.nodeId);
    const isLeaving = member?.state === "left" || member?.record.draining === true;
    if (!isLeaving) this.expected.lost(this.catalog.functionsOf(peer), nowMs);
    this.catalog.forget(peer);
  }

  forget(nodeId: string): void {
    this.#announcements.forget(nodeId);
  }

  #showAll(peer: Peer, nowMs: number): void {
    this.#shown.add(peer);
    this.catalog.forget(peer);
    const functions = new Set([...this.#announcements.offersOf(peer.nodeId)].map(({ fun }) => fun));
    for (const fun of functions) this.#showOne(peer, fun, nowMs);
  }

  #showOne(peer: Peer, fun: string, nowMs: number): void {
    const wasOffered = this.catalog.has(peer, fun);
    this.catalog.removeAll(peer, fun); // (F2)
    for (const offer of this.#announcements.recordsOf(peer.nodeId, fun)) {
      if (this.#mayOffer(peer, fun, offer.resources)) this.catalog.add(peer, fun, offer.resources, offer);
    }
    if (this.catalog.has(peer, fun)) this.#offered(fun, nowMs);
    else if (wasOffered && this.catalog.offersOf(fun).length === 0) this.withdrawn.add(fun);
  }

  #offered(fun: string, nowMs: number): void {
    this.withdrawn.offered(fun);
    this.#host.offered(fun, nowMs);
  }

  #mayOffer(peer: Peer, fun: string, resources: readonly string[]): boolean {
    const { cluster, policy } = this.#options;
    return policy(memberSubject(peer, cluster), { kind: "catalog", fun, resources }).allow;
  }
}
