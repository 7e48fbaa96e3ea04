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
import type { MemberLine } from "../wire/index.js";
import { PartSums } from "./part-sums.js";
import type { Entry } from "./types.js";

/** Present, down and left, as they travel. */
const standings = { alive: 0, suspect: 0, down: 1, left: 2 } as const;

/** What is known of a member, as two nodes compare it. (G3) */
export function lineOf({ nodeId, record, state, boot, version }: Entry): MemberLine {
  const { incarnation, sequence } = record;
  return { nodeId, incarnation, standing: standings[state], sequence, boot, version };
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
  readonly #sums = new PartSums();

  /** What holds of the member now; `undefined` when it is forgotten. (G2) */
  set(nodeId: string, line: MemberLine | undefined): void {
    this.#sums.set(nodeId, line === undefined || line.standing !== standings.alive ? 0 : hashOf(line)); // (G3)
  }

  get hashes(): readonly number[] {
    return this.#sums.hashes;
  }

  /** The parts in which another's hashes differ from these. */
  differing(hashes: readonly number[]): number[] {
    return this.#sums.differing(hashes);
  }
}

function hashOf({ nodeId, incarnation, standing, sequence, boot, version }: MemberLine): number {
  return hash32(`${nodeId} ${incarnation} ${standing} ${sequence} ${boot} ${version}`);
}
