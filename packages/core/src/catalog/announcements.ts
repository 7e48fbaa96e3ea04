/**
 * Announcements: what each node offers, as it has told itself, this node included.
 *
 * Owns what is announced of an offer. Versions, changes and signatures are `announced-sets.ts`; how they travel is
 * membership's gossip; which of them are candidates is decided by the node.
 *
 * (A4) A node may offer `offersMax` functions, each version counted.
 */
import { MpregError, quoted } from "../base/index.js";
import { type OfferEntry, type OfferRecord, type OffersMessage, kinds, offersMax, writeOffer } from "../wire/index.js";
import {
  AnnouncedSets,
  type AnnouncedSetsHost,
  type Announcing,
  type Heard,
  type SetVersion,
} from "./announced-sets.js";

/** Offers as entries: one per function and version. */
export const announcedOffers: Announcing<OfferEntry> = {
  label: "mpreg.v2 offers\n",
  kind: kinds.offers,
  what: "offers",
  weightMax: offersMax,
  nameOf: ({ offer }) => offer.fun,
  variantOf: ({ offer }) => offer.version ?? "",
  weightOf: () => 1,
  tooMuch: (nodeId, weight) => `node ${nodeId} offers ${weight} functions; the limit is ${offersMax}`,
};

export class Announcements {
  readonly #sets: AnnouncedSets<OfferEntry>;

  constructor(selfId: string, host: AnnouncedSetsHost) {
    this.#sets = new AnnouncedSets(selfId, announcedOffers, host);
  }

  /** How many nodes' offers are known. */
  get size(): number {
    return this.#sets.size;
  }

  /** This node offers the function; told with the next {@link announce}. Throws `too-large` beyond `offersMax`. (A4) */
  offer(offer: OfferRecord): void {
    const { own } = this.#sets;
    const isNew = own.get(offer.fun).every((known) => known.offer.version !== offer.version);
    if (own.size >= offersMax && isNew) {
      throw new MpregError("too-large", `Cannot offer ${quoted(offer.fun)}: a node may offer ${offersMax} functions`);
    }
    const bytes = this.#sets.written((writer) => {
      writeOffer(writer, offer);
    });
    this.#sets.put({ offer, bytes });
  }

  /** This node offers this version of the function no more; told with the next {@link announce}. */
  withdraw(fun: string, version?: string): void {
    this.#sets.withdraw(
      fun,
      this.#sets.own.get(fun).filter(({ offer }) => offer.version !== version),
    );
  }

  /** What has changed of this node's own offers since the last call, for all to hear. */
  announce(boot: number): Uint8Array | undefined {
    return this.#sets.announce(boot);
  }

  /** Takes what somebody has told of `message.head.nodeId`. */
  apply(message: OffersMessage, mayTell: () => boolean): Heard {
    return this.#sets.apply(message, mayTell);
  }

  /** A change as it came, for others to hear. */
  passedOn(message: OffersMessage): Uint8Array {
    return this.#sets.passedOn(message);
  }

  /** Everything the node offers, as it travels; `undefined` when nothing is known of it. */
  everything(nodeId: string): Uint8Array | undefined {
    return this.#sets.everything(nodeId);
  }

  /** Which offers of the node are known; 0 = none. */
  versionOf(nodeId: string): SetVersion {
    return this.#sets.versionOf(nodeId);
  }

  /** The function in all versions that the node offers. */
  recordsOf(nodeId: string, fun: string): OfferRecord[] {
    return (
      this.#sets
        .setOf(nodeId)
        ?.get(fun)
        .map(({ offer }) => offer) ?? []
    );
  }

  *offersOf(nodeId: string): Generator<OfferRecord> {
    const known = this.#sets.setOf(nodeId);
    if (known !== undefined) for (const { offer } of known.entries()) yield offer;
  }

  countOf(nodeId: string): number {
    return this.#sets.setOf(nodeId)?.size ?? 0;
  }

  /** The node has begun a life with the incarnation `boot`: what it offered in earlier ones is void. */
  outlive(nodeId: string, boot: number): void {
    this.#sets.outlive(nodeId, boot);
  }

  forget(nodeId: string): void {
    this.#sets.forget(nodeId);
  }
}
