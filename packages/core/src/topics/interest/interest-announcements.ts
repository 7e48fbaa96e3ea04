/**
 * Interest as it is announced: one entry per pattern, of this node from what its subscriptions want, of others as they have
 * told it.
 *
 * (N1) What has changed and changed back since the last announcement is no news.
 */
import type { Pattern } from "../../base/index.js";
import {
  AnnouncedSets,
  type AnnouncedSetsHost,
  type Announcing,
  type Heard,
  type SetVersion,
} from "../../catalog/index.js";
import {
  type InterestEntry,
  type InterestMessage,
  type InterestRecord,
  interestMax,
  kinds,
  writeInterestEntry,
} from "../../wire/index.js";
import { type InterestLimits, OwnInterest } from "./own-interest.js";

/** Interest as entries. */
export const announcedInterest: Announcing<InterestEntry> = {
  label: "mpreg.v2 interest\n",
  kind: kinds.interest,
  what: "interest",
  weightMax: interestMax,
  nameOf: ({ interest }) => interest.pattern,
  variantOf: () => "",
  weightOf: ({ interest }) => (interest.plain ? 1 : 0) + interest.groups.length,
  tooMuch: (nodeId, weight) => `node ${nodeId} wants ${weight} patterns and groups; the limit is ${interestMax}`,
};

export class InterestAnnouncements {
  readonly own: OwnInterest;
  readonly #selfId: string;
  readonly #sets: AnnouncedSets<InterestEntry>;

  constructor(selfId: string, limits: InterestLimits, host: AnnouncedSetsHost) {
    this.#selfId = selfId;
    this.own = new OwnInterest(limits);
    this.#sets = new AnnouncedSets(selfId, announcedInterest, host);
  }

  /** How many nodes' interest is known, of those that have any. */
  get size(): number {
    return this.#sets.size;
  }

  /** Patterns of which own interest is announced. */
  get announcedSize(): number {
    return this.#sets.own.size;
  }

  /** What has changed of this node's own interest since the last call, for all to hear, and of which version it is a change. */
  announce(boot: number): { readonly message: Uint8Array; readonly base: number } | undefined {
    for (const { pattern, interest } of this.own.takeChanges()) this.#put(pattern, interest);
    const before = this.versionOf(this.#selfId);
    const message = this.#sets.announce(boot);
    return message && { message, base: before.boot === boot ? before.version : 0 };
  }

  /** Takes what somebody has told of `message.head.nodeId`. */
  apply(message: InterestMessage, mayTell: () => boolean): Heard {
    return this.#sets.apply(message, mayTell);
  }

  /** A change as it came, for others to hear. */
  passedOn(message: InterestMessage): Uint8Array {
    return this.#sets.passedOn(message);
  }

  /** Everything the node wants, as it travels; `undefined` when nothing is known of it. */
  everything(nodeId: string): Uint8Array | undefined {
    return this.#sets.everything(nodeId);
  }

  /** Which interest of the node is known; 0 = none. */
  versionOf(nodeId: string): SetVersion {
    const { boot, version } = this.#sets.versionOf(nodeId);
    return { boot, version };
  }

  /** What the node wants of the pattern. */
  interestOf(nodeId: string, pattern: string): InterestRecord | undefined {
    return this.#sets.setOf(nodeId)?.get(pattern)[0]?.interest;
  }

  *allOf(nodeId: string): Generator<InterestRecord> {
    const known = this.#sets.setOf(nodeId);
    if (known !== undefined) for (const { interest } of known.entries()) yield interest;
  }

  /** The node has begun a life with the incarnation `boot`: what it wanted in earlier ones is void. */
  outlive(nodeId: string, boot: number): void {
    this.#sets.outlive(nodeId, boot);
  }

  forget(nodeId: string): void {
    this.#sets.forget(nodeId);
  }

  #put(pattern: Pattern, interest: InterestRecord | undefined): void {
    const told = this.#sets.own.get(pattern)[0]?.interest;
    if (interest === undefined) {
      if (told !== undefined) this.#sets.withdraw(pattern, []);
      return;
    }
    if (told !== undefined && isSame(told, interest)) return; // (N1)
    const bytes = this.#sets.written((writer) => {
      writeInterestEntry(writer, interest);
    });
    this.#sets.put({ interest, bytes });
  }
}

function isSame(one: InterestRecord, other: InterestRecord): boolean {
  return (
    one.plain === other.plain &&
    one.groups.length === other.groups.length &&
    one.groups.every((group, at) => group === other.groups[at])
  );
}
