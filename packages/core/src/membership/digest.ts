/**
 * Digest: what a node knows of all members, as hashes that two nodes compare before they send anything else.
 *
 * The hashes find differences between honest nodes; they protect nothing (records are signed).
 *
 * (G1) Equal knowledge has equal hashes, in whatever order it was heard.
 * (G2) A change of one member costs one exclusive or, not a walk over all.
 * (G3) A suspicion is no difference: it ends by itself, and what comes of it is one. Nor is the memory of members that
 *      are gone: whoever never knew them need not.
 */
import { hash32 } from "../structures/index.js";
import { type MemberLine, digestParts } from "../wire/index.js";
import type { Entry } from "./types.js";

/** Present, down and left, as they travel. */
const standings = { alive: 0, suspect: 0, down: 1, left: 2 } as const;

/** What is known of a member, as two nodes compare it. (G3) */
export function lineOf({ nodeId, record, state, boot, version }: Entry): MemberLine {
  const { incarnation, sequence } = record;
  return { nodeId, incarnation, standing: standings[state], sequence, boot, version };
}

/** The part that `nodeId` belongs to. */
export function partOf(nodeId: string): number {
  return hash32(nodeId) % digestParts;
}

/** Whether one node's record or verdict of a member is later than another's. */
export function isLater(one: Omit<MemberLine, "nodeId">, other: Omit<MemberLine, "nodeId">): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation;
  if (one.standing !== other.standing) return one.standing > other.standing;
  return one.sequence > other.sequence;
}

/** Whether one node knows later offers of a member than another. */
export function hasLaterOffers(one: Omit<MemberLine, "nodeId">, other: Omit<MemberLine, "nodeId">): boolean {
  return one.boot > other.boot || (one.boot === other.boot && one.version > other.version);
}

export class Digest {
  readonly #sums = new Uint32Array(digestParts);
  readonly #hashes = new Map<string, number>();

  /** What holds of the member now; `undefined` when it is forgotten. (G2) */
  set(nodeId: string, line: MemberLine | undefined): void {
    const part = partOf(nodeId);
    const hash = line === undefined || line.standing !== standings.alive ? 0 : hashOf(line); // (G3)
    this.#sums[part] = (this.#sums[part] as number) ^ (this.#hashes.get(nodeId) ?? 0) ^ hash;
    if (hash === 0) this.#hashes.delete(nodeId);
    else this.#hashes.set(nodeId, hash);
  }

  get hashes(): readonly number[] {
    return [...this.#sums];
  }

  /** The parts in which another's hashes differ from these. */
  differing(hashes: readonly number[]): number[] {
    const parts: number[] = [];
    this.#sums.forEach((sum, part) => {
      if (sum !== hashes[part]) parts.push(part);
    });
    return parts;
  }
}

function hashOf({ nodeId, incarnation, standing, sequence, boot, version }: MemberLine): number {
  return hash32(`${nodeId} ${incarnation} ${standing} ${sequence} ${boot} ${version}`);
}
