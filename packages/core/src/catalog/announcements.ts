/**
 * Announcements: what each node offers, as it has told itself, this node included.
 *
 * Owns the announced sets and their versions. How they travel is membership's gossip; which of them are candidates is
 * decided by the node.
 *
 * (A1) Versions of one run count up by one with every change that is told; a later run (boot) is later than any version
 *      of an earlier one, and voids it as soon as it is known: a restart brings back nothing old.
 * (A2) A change applies only to the version it was made from. Whoever lacks that asks for everything.
 * (A3) What is believed is what the origin has signed: the set, after the change, has the digest of the signed head.
 *      It does not matter who brought it; nobody else becomes its owner, and nothing of it is changed on the way.
 * (A4) A node may offer `offersMax` functions, each version counted.
 */
import { MpregError, type Signer, type Utf8, areSameBytes, quoted } from "../base/index.js";
import { hopsMax, isSigned, sign } from "../membership/index.js";
import {
  type OfferEntry,
  type OfferRecord,
  type OffersMessage,
  Writer,
  offersMax,
  writeOffer,
  writeOffers,
  writeOffersHead,
} from "../wire/index.js";
import { OfferSet } from "./offer-set.js";

const label = "mpreg.v2 offers\n";

/** What became of an announcement. */
export type Heard =
  /** The owner's offers have changed; `replaced` when nothing of what was known before holds. */
  | { readonly kind: "news"; readonly changed: readonly string[]; readonly replaced: boolean }
  | { readonly kind: "known" }
  /** The record of its origin, and with it the key, is still on its way. */
  | { readonly kind: "early" }
  /** It builds on what is not known here. (A2) */
  | { readonly kind: "gap" }
  /** This node has told it in an earlier life, of which it knows nothing. */
  | { readonly kind: "outlived" }
  | { readonly kind: "refused"; readonly reason: string };

/** What one node has announced. */
interface Announced {
  boot: number;
  version: number;
  set: OfferSet;
  digest: Uint8Array;
  /** The signed head, as it travels. */
  signed: Pick<OffersMessage, "hopsLeft" | "signature" | "body">;
}

export interface AnnouncementsHost {
  readonly signer: Signer;
  readonly utf8: Utf8;
  /** The key of a node whose record is known, and the incarnation with which its life began. */
  ownerOf(nodeId: string): { readonly publicKey: Uint8Array; readonly boot: number } | undefined;
}

export class Announcements {
  readonly #selfId: string;
  readonly #host: AnnouncementsHost;
  readonly #writer: Writer;
  readonly #announced = new Map<string, Announced>();
  readonly #own: OfferSet;
  /** Own functions that have changed since the last announcement, and whether something of them was withdrawn. */
  readonly #changed = new Map<string, { readonly isLess: boolean }>();

  constructor(selfId: string, host: AnnouncementsHost) {
    this.#selfId = selfId;
    this.#host = host;
    this.#writer = new Writer(host.utf8);
    this.#own = new OfferSet((bytes) => host.signer.sha256(bytes));
  }

  /** How many nodes' offers are known. */
  get size(): number {
    return this.#announced.size;
  }

  /** This node offers the function; told with the next {@link announce}. Throws `too-large` beyond `offersMax`. (A4) */
  offer(offer: OfferRecord): void {
    const isNew = this.#own.get(offer.fun).every((known) => known.offer.version !== offer.version);
    if (this.#own.size >= offersMax && isNew) {
      throw new MpregError("too-large", `Cannot offer ${quoted(offer.fun)}: a node may offer ${offersMax} functions`);
    }
    writeOffer(this.#writer, offer);
    this.#own.change([{ offer, bytes: this.#writer.take().slice() }], []);
    if (!this.#changed.has(offer.fun)) this.#changed.set(offer.fun, { isLess: false });
  }

  /** This node offers this version of the function no more; told with the next {@link announce}. */
  withdraw(fun: string, version?: string): void {
    const rest = this.#own.get(fun).filter(({ offer }) => offer.version !== version);
    this.#own.change(rest, [fun]);
    this.#changed.set(fun, { isLess: true });
  }

  /** What has changed of this node's own offers since the last call, for all to hear. (A1) */
  announce(boot: number): Uint8Array | undefined {
    const before = this.#announced.get(this.#selfId);
    const isNew = before?.boot !== boot;
    if (this.#changed.size === 0 && !(isNew && before !== undefined)) return undefined;
    const version = isNew ? 1 : before.version + 1;
    const added: OfferEntry[] = [];
    const removed: string[] = [];
    for (const [fun, { isLess }] of this.#changed) {
      if (isLess) removed.push(fun); // all of it, and what is left is added anew
      added.push(...this.#own.get(fun));
    }
    this.#changed.clear();
    const digest = this.#own.digest();
    writeOffersHead(this.#writer, { nodeId: this.#selfId, boot, version, digest });
    const signed = { hopsLeft: hopsMax, ...sign(label, this.#writer.take().slice(), this.#host.signer) };
    this.#announced.set(this.#selfId, { boot, version, set: this.#own, digest, signed });
    if (isNew) return this.everything(this.#selfId);
    return this.#encode({ ...signed, base: before.version, added, addedCount: added.length, removed });
  }

  /** Takes what somebody has told of `message.head.nodeId`. */
  apply(message: OffersMessage, mayTell: () => boolean): Heard {
    const { head, base, added, removed } = message;
    const { nodeId, boot, version } = head;
    if (nodeId === this.#selfId) return this.#applyOwn(message, mayTell);
    const known = this.#announced.get(nodeId);
    if (known !== undefined && (boot < known.boot || (boot === known.boot && version <= known.version))) {
      return { kind: "known" };
    }
    const owner = this.#host.ownerOf(nodeId);
    if (owner === undefined) return { kind: "early" };
    if (boot < owner.boot) return { kind: "known" }; // (A1)
    const forgery = this.#forgery(message, owner.publicKey, mayTell);
    if (forgery !== undefined) return { kind: "refused", reason: forgery };
    const isChange = base > 0;
    if (isChange && (known === undefined || known.boot !== boot || known.version !== base)) return { kind: "gap" }; // (A2)
    const set = isChange && known !== undefined ? known.set : new OfferSet((bytes) => this.#host.signer.sha256(bytes));
    const undo = set.change(added.map(kept), removed);
    const refusal = this.#refusal(nodeId, set, head.digest);
    if (refusal !== undefined) {
      undo();
      return { kind: "refused", reason: refusal };
    }
    const signed = { hopsLeft: message.hopsLeft, signature: message.signature.slice(), body: message.body.slice() };
    this.#announced.set(nodeId, { boot, version, set, digest: head.digest.slice(), signed });
    return { kind: "news", changed: [...removed, ...added.map(({ offer }) => offer.fun)], replaced: !isChange };
  }

  /** A change as it came, for others to hear. */
  passedOn(message: OffersMessage): Uint8Array {
    return this.#encode({ ...message, addedCount: message.added.length });
  }

  /** Everything the node offers, as it travels; `undefined` when nothing is known of it. */
  everything(nodeId: string): Uint8Array | undefined {
    const known = this.#announced.get(nodeId);
    // what has changed since is told with the next announcement: the head is of what was
    if (known === undefined || (nodeId === this.#selfId && this.#changed.size > 0)) return undefined;
    const { set, signed } = known;
    return this.#encode({ ...signed, base: 0, added: set.entries(), addedCount: set.size, removed: [] });
  }

  /** Which offers of the node are known; 0 = none. */
  versionOf(nodeId: string): { readonly boot: number; readonly version: number } {
    return this.#announced.get(nodeId) ?? { boot: 0, version: 0 };
  }

  /** The function in all versions that the node offers. */
  recordsOf(nodeId: string, fun: string): OfferRecord[] {
    return (
      this.#announced
        .get(nodeId)
        ?.set.get(fun)
        .map(({ offer }) => offer) ?? []
    );
  }

  *offersOf(nodeId: string): Generator<OfferRecord> {
    const known = this.#announced.get(nodeId);
    if (known !== undefined) for (const { offer } of known.set.entries()) yield offer;
  }

  countOf(nodeId: string): number {
    return this.#announced.get(nodeId)?.set.size ?? 0;
  }

  /** The node has begun a life with the incarnation `boot`: what it offered in earlier ones is void. (A1) */
  outlive(nodeId: string, boot: number): void {
    if (this.versionOf(nodeId).boot < boot) this.forget(nodeId);
  }

  forget(nodeId: string): void {
    this.#announced.delete(nodeId);
  }

  /** Takes what others know of this node's own offers. */
  #applyOwn(message: OffersMessage, mayTell: () => boolean): Heard {
    const { boot, version, digest } = message.head;
    const own = this.#announced.get(this.#selfId);
    if (own === undefined || boot < own.boot) return { kind: "known" };
    const isEarlier = version < own.version || (version === own.version && areSameBytes(digest, own.digest));
    if (boot === own.boot && isEarlier) return { kind: "known" };
    const forgery = this.#forgery(message, this.#host.signer.publicKey, mayTell);
    return forgery === undefined ? { kind: "outlived" } : { kind: "refused", reason: forgery };
  }

  /** Why the message is not taken for its origin's. (A3) */
  #forgery(message: OffersMessage, publicKey: Uint8Array, mayTell: () => boolean): string | undefined {
    if (!mayTell()) return "more news than one link may bring";
    if (isSigned(label, message, publicKey, this.#host.signer)) return undefined;
    return `offers of node ${message.head.nodeId} that its key has not signed`;
  }

  /** Why the set is not what its origin has signed. (A3) (A4) */
  #refusal(nodeId: string, set: OfferSet, digest: Uint8Array): string | undefined {
    if (set.size > offersMax) return `node ${nodeId} offers ${set.size} functions; the limit is ${offersMax}`;
    if (areSameBytes(set.digest(), digest)) return undefined;
    return `offers of node ${nodeId} that are not those its key has signed`;
  }

  #encode(message: Parameters<typeof writeOffers>[1]): Uint8Array {
    writeOffers(this.#writer, message);
    this.#writer.end();
    return this.#writer.takeLast();
  }
}

/** The entry, and not the frame that it came in. */
function kept({ offer, bytes }: OfferEntry): OfferEntry {
  return { offer, bytes: bytes.slice() };
}
