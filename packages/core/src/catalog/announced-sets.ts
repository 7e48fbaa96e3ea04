/**
 * Announced sets: what each node has told of itself as a set of entries, this node included.
 *
 * Owns the sets and their versions, whatever they are of: what nodes offer is `announcements.ts`, what of topics they are
 * interested in `topics/interest`. How they travel is membership's gossip.
 *
 * (A1) Versions of one run count up by one with every change that is told; a later run (boot) is later than any version
 *      of an earlier one, and voids it as soon as it is known: a restart brings back nothing old.
 * (A2) A change applies only to the version it was made from. Whoever lacks that asks for everything.
 * (A3) What is believed is what the origin has signed: the set, after the change, has the digest of the signed head.
 *      It does not matter who brought it; nobody else becomes its owner, and nothing of it is changed on the way.
 * (A4) A set that weighs more than `weightMax` is refused.
 */
import { type Signer, type Utf8, areSameBytes } from "../base/index.js";
import { hopsMax, isSigned, sign } from "../membership/index.js";
import { type AnnouncementMessage, Writer, writeAnnouncement, writeAnnouncementHead } from "../wire/index.js";
import { EntrySet, type EntryTraits, type Written } from "./entry-set.js";

/** What became of an announcement. */
export type Heard =
  /** The owner's set has changed, at these names; `replaced` when nothing of what was known before holds. */
  | { readonly kind: "news"; readonly changed: readonly string[]; readonly replaced: boolean }
  | { readonly kind: "known" }
  /** The record of its origin, and with it the key, is still on its way. */
  | { readonly kind: "early" }
  /** It builds on what is not known here. (A2) */
  | { readonly kind: "gap" }
  /** This node has told it in an earlier life, of which it knows nothing. */
  | { readonly kind: "outlived" }
  | { readonly kind: "refused"; readonly reason: string };

/** Which version of a set; of run 0 there is none. */
export interface SetVersion {
  readonly boot: number;
  readonly version: number;
}

/** What the sets are of. */
export interface Announcing<E extends Written> extends EntryTraits<E> {
  /** What is signed begins with it. */
  readonly label: string;
  /** The kind of the messages. */
  readonly kind: number;
  /** What people are told it is, as in `offers of node …`. */
  readonly what: string;
  /** (A4) */
  readonly weightMax: number;
  /** How people are told that a node has too much of it. */
  tooMuch(nodeId: string, weight: number): string;
}

/** What one node has announced. */
interface Announced<E extends Written> {
  boot: number;
  version: number;
  set: EntrySet<E>;
  digest: Uint8Array;
  /** The signed head, as it travels. */
  signed: Pick<AnnouncementMessage<E>, "hopsLeft" | "signature" | "body">;
}

export interface AnnouncedSetsHost {
  readonly signer: Signer;
  readonly utf8: Utf8;
  /** The key of a node whose record is known, and the incarnation with which its life began. */
  ownerOf(nodeId: string): { readonly publicKey: Uint8Array; readonly boot: number } | undefined;
}

export class AnnouncedSets<E extends Written> {
  /** What this node is to tell. */
  readonly own: EntrySet<E>;
  readonly #selfId: string;
  readonly #announcing: Announcing<E>;
  readonly #host: AnnouncedSetsHost;
  readonly #writer: Writer;
  readonly #announced = new Map<string, Announced<E>>();
  /** Names at which the own set has changed since the last announcement, and whether something of them was withdrawn. */
  readonly #changed = new Map<string, { readonly isLess: boolean }>();

  constructor(selfId: string, announcing: Announcing<E>, host: AnnouncedSetsHost) {
    this.#selfId = selfId;
    this.#announcing = announcing;
    this.#host = host;
    this.#writer = new Writer(host.utf8);
    this.own = this.#newSet();
  }

  /** How many nodes' sets are known. */
  get size(): number {
    return this.#announced.size;
  }

  /** Whether there is something to {@link announce}. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** What `write` writes, as the bytes of an entry. */
  written(write: (writer: Writer) => void): Uint8Array {
    write(this.#writer);
    return this.#writer.take().slice();
  }

  /** The own entry takes the place of the one of its name and variant; told with the next {@link announce}. */
  put(entry: E): void {
    const name = this.#announcing.nameOf(entry);
    this.own.change([entry], []);
    if (!this.#changed.has(name)) this.#changed.set(name, { isLess: false });
  }

  /** Of the own entries of that name only `rest` are left; told with the next {@link announce}. */
  withdraw(name: string, rest: readonly E[]): void {
    this.own.change(rest, [name]);
    this.#changed.set(name, { isLess: true });
  }

  /** What has changed of this node's own set since the last call, for all to hear. (A1) */
  announce(boot: number): Uint8Array | undefined {
    const before = this.#announced.get(this.#selfId);
    const isNew = before?.boot !== boot;
    if (this.#changed.size === 0 && !(isNew && before !== undefined)) return undefined;
    const version = isNew ? 1 : before.version + 1;
    const added: E[] = [];
    const removed: string[] = [];
    for (const [name, { isLess }] of this.#changed) {
      if (isLess) removed.push(name); // all of it, and what is left is added anew
      added.push(...this.own.get(name));
    }
    this.#changed.clear();
    const digest = this.own.digest();
    writeAnnouncementHead(this.#writer, { nodeId: this.#selfId, boot, version, digest });
    const signed = {
      hopsLeft: hopsMax,
      ...sign(this.#announcing.label, this.#writer.take().slice(), this.#host.signer),
    };
    this.#announced.set(this.#selfId, { boot, version, set: this.own, digest, signed });
    if (isNew) return this.everything(this.#selfId);
    return this.#encode({ ...signed, base: before.version, added, addedCount: added.length, removed });
  }

  /** Takes what somebody has told of `message.head.nodeId`. */
  apply(message: AnnouncementMessage<E>, mayTell: () => boolean): Heard {
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
    const set = isChange && known !== undefined ? known.set : this.#newSet();
    const undo = set.change(added.map(kept), removed);
    const refusal = this.#refusal(nodeId, set, head.digest);
    if (refusal !== undefined) {
      undo();
      return { kind: "refused", reason: refusal };
    }
    const signed = { hopsLeft: message.hopsLeft, signature: message.signature.slice(), body: message.body.slice() };
    this.#announced.set(nodeId, { boot, version, set, digest: head.digest.slice(), signed });
    const changed = [...removed, ...added.map((entry) => this.#announcing.nameOf(entry))];
    return { kind: "news", changed, replaced: !isChange };
  }

  /** A change as it came, for others to hear. */
  passedOn(message: AnnouncementMessage<E>): Uint8Array {
    return this.#encode({ ...message, addedCount: message.added.length });
  }

  /** All that the node has told of itself, as it travels; `undefined` when nothing is known of it. */
  everything(nodeId: string): Uint8Array | undefined {
    const known = this.#announced.get(nodeId);
    // what has changed since is told with the next announcement: the head is of what was
    if (known === undefined || (nodeId === this.#selfId && this.#changed.size > 0)) return undefined;
    const { set, signed } = known;
    return this.#encode({ ...signed, base: 0, added: set.entries(), addedCount: set.size, removed: [] });
  }

  /** Which version of the node's set is known; 0 = none. */
  versionOf(nodeId: string): SetVersion {
    return this.#announced.get(nodeId) ?? none;
  }

  /** The node's set as it is known. */
  setOf(nodeId: string): EntrySet<E> | undefined {
    return this.#announced.get(nodeId)?.set;
  }

  /** The node has begun a life with the incarnation `boot`: what it told in earlier ones is void. (A1) */
  outlive(nodeId: string, boot: number): void {
    if (this.versionOf(nodeId).boot < boot) this.forget(nodeId);
  }

  forget(nodeId: string): void {
    this.#announced.delete(nodeId);
  }

  #newSet(): EntrySet<E> {
    return new EntrySet((bytes) => this.#host.signer.sha256(bytes), this.#announcing);
  }

  /** Takes what others know of this node's own set. */
  #applyOwn(message: AnnouncementMessage<E>, mayTell: () => boolean): Heard {
    const { boot, version, digest } = message.head;
    const own = this.#announced.get(this.#selfId);
    if (own === undefined || boot < own.boot) return { kind: "known" };
    const isEarlier = version < own.version || (version === own.version && areSameBytes(digest, own.digest));
    if (boot === own.boot && isEarlier) return { kind: "known" };
    const forgery = this.#forgery(message, this.#host.signer.publicKey, mayTell);
    return forgery === undefined ? { kind: "outlived" } : { kind: "refused", reason: forgery };
  }

  /** Why the message is not taken for its origin's. (A3) */
  #forgery(message: AnnouncementMessage<E>, publicKey: Uint8Array, mayTell: () => boolean): string | undefined {
    if (!mayTell()) return "more news than one link may bring";
    const { label, what } = this.#announcing;
    if (isSigned(label, message, publicKey, this.#host.signer)) return undefined;
    return `${what} of node ${message.head.nodeId} that its key has not signed`;
  }

  /** Why the set is not what its origin has signed. (A3) (A4) */
  #refusal(nodeId: string, set: EntrySet<E>, digest: Uint8Array): string | undefined {
    const { what, weightMax } = this.#announcing;
    if (set.weight > weightMax) return this.#announcing.tooMuch(nodeId, set.weight);
    if (areSameBytes(set.digest(), digest)) return undefined;
    return `${what} of node ${nodeId} that are not those its key has signed`;
  }

  #encode(message: Parameters<typeof writeAnnouncement>[2]): Uint8Array {
    writeAnnouncement(this.#writer, this.#announcing.kind, message);
    this.#writer.end();
    return this.#writer.takeLast();
  }
}

/** The entry, and not the frame that it came in. */
function kept<E extends Written>(entry: E): E {
  return { ...entry, bytes: entry.bytes.slice() };
}

const none: SetVersion = { boot: 0, version: 0 };
