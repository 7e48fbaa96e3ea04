/**
 * Known versions: which interest of each member this node knows, to be compared with what another knows.
 *
 *     digest ─▶ lines of the parts that differ ─▶ what the other lacks, and lines of what it knows more of ─▶ that
 *
 * (V1) Only members that are there are compared: whoever never knew the others need not.
 * (V2) Only what differs is sent.
 */
import type { SetVersion } from "../../catalog/index.js";
import { PartSums, partOf } from "../../membership/index.js";
import { hash32 } from "../../structures/index.js";
import type { InterestLine } from "../../wire/index.js";

export interface InterestComparison {
  /** Members of whose interest the other side knows less, and what it knows. */
  readonly tell: readonly InterestLine[];
  /** This node's lines of members of whose interest the other side knows more. */
  readonly lacks: readonly InterestLine[];
}

const nothing: SetVersion = { boot: 0, version: 0 };

/** Whether one version is later than another. */
export function isLater(one: SetVersion, other: SetVersion): boolean {
  return one.boot > other.boot || (one.boot === other.boot && one.version > other.version);
}

export class KnownVersions {
  readonly #sums = new PartSums();
  readonly #versions = new Map<string, SetVersion>();

  /** How many members' interest is known. */
  get size(): number {
    return this.#versions.size;
  }

  get hashes(): readonly number[] {
    return this.#sums.hashes;
  }

  /** Which interest of the member is known, of a member that is there; else version 0. (V1) */
  set(nodeId: string, { boot, version }: SetVersion): void {
    if (version === 0) this.#versions.delete(nodeId);
    else this.#versions.set(nodeId, { boot, version });
    this.#sums.set(nodeId, version === 0 ? 0 : hash32(`${nodeId} ${boot} ${version}`));
  }

  lineOf(nodeId: string): InterestLine {
    const { boot, version } = this.#versions.get(nodeId) ?? nothing;
    return { nodeId, boot, version };
  }

  /** The parts in which another's hashes differ from these. */
  differing(hashes: readonly number[]): number[] {
    return this.#sums.differing(hashes);
  }

  /** The lines of all members of `parts` of whom interest is known. */
  linesOf(parts: readonly number[]): InterestLine[] {
    const wanted = new Set(parts);
    return [...this.#versions.keys()]
      .filter((nodeId) => wanted.has(partOf(nodeId)))
      .map((nodeId) => this.lineOf(nodeId));
  }

  /** Compares what this node knows with `theirs`, which is complete for `parts`. (V2) */
  compare(parts: readonly number[], theirs: readonly InterestLine[]): InterestComparison {
    const tell: InterestLine[] = [];
    const lacks: InterestLine[] = [];
    for (const their of theirs) {
      const own = this.lineOf(their.nodeId);
      if (isLater(own, their)) tell.push(their);
      else if (isLater(their, own)) lacks.push(own);
    }
    const named = new Set(theirs.map(({ nodeId }) => nodeId));
    for (const { nodeId } of this.linesOf(parts)) if (!named.has(nodeId)) tell.push({ nodeId, ...nothing });
    return { tell, lacks };
  }
}
